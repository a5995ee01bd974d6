"""Deliveries as others have recorded them, each sent with the headers and the proof of its system.

The samples are those of a Go module that reads webhooks. It comes by Go's own client on first use,
pinned by its version and checked against Go's checksum database, and is read where Go keeps it.
"""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path

import pytest

from integration.receiver.running import GLOBAL, Running
from stoker.core.payload import sign
from support.server_processes import program

MODULE = "github.com/go-playground/webhooks/v6@v6.4.0"
REF, BY = "stoker.io/requested-ref", "stoker.io/requested-by"


@cache
def samples() -> Path:
    told = subprocess.run(  # noqa: S603 - a known program
        [program("go", "golang"), "mod", "download", "-json", MODULE],
        capture_output=True, check=True, cwd="/", env={**os.environ, "GO111MODULE": "on"},
    )  # fmt: skip
    return Path(json.loads(told.stdout)["Dir"], "testdata")


def signed(body: bytes) -> dict[str, str]:
    return {"X-Hub-Signature-256": sign(body, GLOBAL)}


def github(event: str, body: bytes) -> dict[str, str]:
    return {
        "User-Agent": "GitHub-Hookshot/044aadd",
        "X-GitHub-Event": event.replace("-", "_"),
        "X-GitHub-Delivery": "72d3162e-cc78-11e3-81ab-4c9367dc0958",
        "X-GitHub-Hook-ID": "292430182",
        "X-Hub-Signature": "sha1=7d38cdd689735b008b3c702edd92eea23791c5f6",
        **signed(body),
    }


def gitlab(event: str, _: bytes) -> dict[str, str]:
    kind = event.removesuffix("-event").replace("-", " ").title()
    return {
        "User-Agent": "GitLab/17.5.0",
        "X-Gitlab-Event": f"{kind} Hook",
        "X-Gitlab-Event-UUID": "13792a34-cac6-4fda-95a8-c58e00a3954e",
        "X-Gitlab-Instance": "https://gitlab.example",
        "X-Gitlab-Token": GLOBAL,
    }


def bitbucket(event: str, body: bytes) -> dict[str, str]:
    return {
        "User-Agent": "Bitbucket-Webhooks/2.0",
        "X-Event-Key": event.replace("-", ":", 1),
        "X-Request-UUID": "95f1ed1f-b86a-4ae7-a6b9-6a45a2b8bd11",
        "X-Hook-UUID": "b36ae2a4-0b5e-4d70-a1e8-7a3a3b5f7d1b",
        "X-Hub-Signature": sign(body, GLOBAL),
    }


def gitea(event: str, body: bytes) -> dict[str, str]:
    kind = event.removesuffix("-event").replace("-", "_")
    names = {f"X-{system}-Event": kind for system in ("GitHub", "Gitea", "Gogs")}
    plain = sign(body, GLOBAL).removeprefix("sha256=")
    return {**names, "X-Gitea-Signature": plain, "X-Gogs-Signature": plain, **signed(body)}


SYSTEMS: dict[str, tuple[str, Callable[[str, bytes], dict[str, str]]]] = {
    "github": ("github", github),
    "gitlab": ("gitlab", gitlab),
    "bitbucket": ("bitbucket", bitbucket),
    "bitbucket-server": ("bitbucket", bitbucket),
    "gitea": ("gitea", gitea),
    "gogs": ("gitea", gitea),
}


def all_of(system: str) -> Iterator[tuple[str, bytes]]:
    found = sorted((samples() / system).glob("*.json"))
    assert len(found) >= 8
    for file in found:
        yield file.stem, file.read_bytes()


@pytest.mark.parametrize("system", SYSTEMS)
def test_every_delivery_is_taken_and_only_releases_set_a_ref(shared: Running, system: str) -> None:
    """Seen to fail with the events of GitHub's Apps, which have no repository, without the header.

    Systems switch a webhook off that answers with errors.
    """
    source, headers = SYSTEMS[system]
    for event, body in all_of(system):
        before = shared.api.annotations("site").get(REF)
        answer = shared.post(body, headers(event, body), secret=None)
        assert answer.status == 202, (event, answer.raw)
        assert shared.meter.counted[-1][:2] == (source, 202), event
        after = shared.api.annotations("site").get(REF)
        assert "release" in event or after == before, event


@pytest.mark.parametrize(
    ("system", "event", "ref"),
    [
        ("github", "release", "0.0.1"),
        ("gitlab", "release-event", "v1.1"),
        ("gitea", "release-event", "example"),
        ("gogs", "release-event", "v1.0.0"),
    ],
)
def test_a_release_sets_its_tag(running: Running, system: str, event: str, ref: str) -> None:
    body = (samples() / system / f"{event}.json").read_bytes()
    source, headers = SYSTEMS[system]
    answer = running.post(body, headers(event, body), secret=None)
    assert answer.body == {"accepted": True, "ref": ref}
    written = running.api.annotations("site")
    assert (written[REF], written[BY]) == (ref, source)


@pytest.mark.parametrize(
    ("system", "event", "branch"),
    [
        ("github", "push", "master"),
        ("gitlab", "push-event", "master"),
        ("bitbucket", "repo-push", "name-of-branch"),
        ("bitbucket-server", "repo-refs-changed", "feature/wip"),
        ("gitea", "push-event", "master"),
        ("gogs", "push-event", "develop"),
    ],
)
def test_a_push_of_what_is_followed_is_a_look(
    running: Running, system: str, event: str, branch: str
) -> None:
    git = {"repo": "https://git.example/plant/files.git", "ref": branch}
    running.api.make("line-a", git=git)
    running.knows("line-a")
    body = (samples() / system / f"{event}.json").read_bytes()
    source, headers = SYSTEMS[system]
    sent = headers(event, body)
    answer = running.post(body, sent, "/webhook/plant/line-a", secret=None)
    assert answer.body == {"accepted": True, "ref": f"refs/heads/{branch}"}
    written = running.api.annotations("line-a")
    assert REF not in written
    assert written[BY] == source
    assert running.post(body, sent, secret=None).body["message"] == "ignored"


@pytest.mark.parametrize("system", SYSTEMS)
def test_a_delivery_whose_body_was_changed_is_refused(shared: Running, system: str) -> None:
    event, body = next(all_of(system))
    _, headers = SYSTEMS[system]
    sent = headers(event, body)
    wrong = {**sent, "X-Gitlab-Token": "wrong"} if system == "gitlab" else sent
    assert shared.post(body + b" ", wrong, secret=None).status == 401
