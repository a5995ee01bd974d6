"""Which image the agent runs: the controller's, changed by the CR, changed by the pod.

A pod's author may pick a version, not a program: `stoker.io/agent-image` is another tag or digest
of the configured repository, or an image whose repository the controller allows. Repositories are
compared as they are written, because what a short name stands for depends on the node.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from attrs import frozen

from stoker.core import names
from stoker.core.errors import Problem
from stoker.core.pods.annotations import annotation_problem, quoted
from stoker.core.pods.ownership import listed

if TYPE_CHECKING:
    from stoker.core.injection.settings import InjectionSettings
    from stoker.core.spec.types import AgentImage

_TAG: Final = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}")
_DIGEST: Final = re.compile(r"sha256:[0-9a-f]{64}")


@frozen
class Image:
    """An image as a container names it."""

    reference: str
    pull_policy: str | None


def choose_image(
    settings: InjectionSettings, override: AgentImage, wanted: str | None
) -> Image | Problem:
    """The agent's image for a pod whose annotation wants `wanted`."""
    repository = override.repository or settings.image.repository
    policy = override.pull_policy or settings.image.pull_policy
    tag = override.tag or settings.image.tag
    if wanted is None:
        separator = "@" if _DIGEST.fullmatch(tag) else ":"
        return Image(f"{repository}{separator}{tag}", policy)
    allowed = {repository, settings.image.repository, *settings.allowed_repositories}
    reference = _reference(wanted, repository, allowed)
    return reference if isinstance(reference, Problem) else Image(reference, policy)


def _reference(wanted: str, repository: str, allowed: set[str]) -> str | Problem:
    name, at, digest = wanted.partition("@")
    chosen, tag = _split(name)
    if (tag and not _TAG.fullmatch(tag)) or (at and not _DIGEST.fullmatch(digest)):
        return _refusal(f"{quoted(wanted)} is not an image", "write a tag such as 1.2.3")
    if not tag and not at:
        return _refusal(f"{quoted(wanted)} names no tag", "add the tag, such as :1.2.3")
    if not chosen:
        return f"{repository}{':' if tag else ''}{wanted}"
    if chosen not in allowed:
        return _refusal(
            f"the repository {quoted(chosen)} is not allowed",
            f"use one of: {listed(allowed)}; or have agentImage.allowedRepositories extended",
        )
    return wanted


def _split(name: str) -> tuple[str, str]:
    """Repository and tag; a single word is a tag."""
    if "/" not in name and ":" not in name:
        return "", name
    path, slash, last = name.rpartition("/")
    word, _, tag = last.partition(":")
    return f"{path}{slash}{word}", tag


def _refusal(message: str, cure: str) -> Problem:
    return annotation_problem(names.AGENT_IMAGE, message, cure)
