"""Rules about where the files come from."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from stoker.core.errors import UrlError
from stoker.core.refs import RefName, SemverRange, check_repo_url
from stoker.core.spec.problems import Finding, Place, refusal

if TYPE_CHECKING:
    from collections.abc import Iterator

    from stoker.core.spec.rules.site import Site
    from stoker.core.spec.types import GitAuth, GitHubAppAuth, GitSource, Polling

MIN_INTERVAL: Final = 5
"""Seconds between two looks at a repository; a git server is not ours to flood."""

_API_URL: Final = re.compile(
    r"https://[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?(?::[0-9]{1,5})?(?:/[A-Za-z0-9._~/-]*)?"
)


def git_source(git: GitSource, place: Place, site: Site) -> Iterator[Finding]:
    """The address, and what is synced of it."""
    yield from refusal(
        (*place, "repo"), lambda text: check_repo_url(text, site.allowed_protocols), git.repo
    )
    if git.ref is not None:
        yield from refusal((*place, "ref"), RefName.parse, git.ref)
    if git.semver is not None:
        yield from refusal((*place, "semver"), SemverRange.parse, git.semver)
    if git.ref is None and git.semver is None:
        yield Finding(
            place,
            "has neither ref nor semver",
            "name a branch, a tag or a commit in ref, or a range of versions in semver",
        )
    if git.ref and git.semver:
        yield Finding(
            (*place, "semver"), "is given together with ref", "keep one of ref and semver"
        )


def git_auth(auth: GitAuth, place: Place, _: Site) -> Iterator[Finding]:
    """At most one method."""
    methods = {"token": auth.token, "sshKey": auth.ssh_key, "githubApp": auth.github_app}
    given = [name for name, method in methods.items() if method is not None]
    if len(given) > 1:
        listed = " and ".join(given)
        yield Finding(place, f"has more than one method: {listed}", "keep one of them")


def github_app(app: GitHubAppAuth, place: Place, _: Site) -> Iterator[Finding]:
    """An address that the private key's signatures may be sent to."""
    yield from refusal((*place, "apiBaseURL"), _check_api_url, app.api_base_url)


def _check_api_url(text: str) -> None:
    if not _API_URL.fullmatch(text):
        raise UrlError(
            "is not the https address of a GitHub API",
            cure="write https://api.github.com, or https://HOST/api/v3 for your own server",
        )


def polling(settings: Polling, place: Place, _: Site) -> Iterator[Finding]:
    """An interval that a git server can bear."""
    if settings.interval.seconds < MIN_INTERVAL:
        yield Finding(
            (*place, "interval"),
            f"is {settings.interval.text}, but must be at least {MIN_INTERVAL}s",
            "choose a longer interval; a webhook makes syncs start at once",
        )
