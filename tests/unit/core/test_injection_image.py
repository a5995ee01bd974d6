"""Which image the agent runs."""

from __future__ import annotations

import pytest
from attrs import evolve

from stoker.core.errors import Problem
from stoker.core.injection import ImageSettings
from stoker.core.injection.image import Image, choose_image
from stoker.core.spec.types import AgentImage, PullPolicy
from support.pods import SETTINGS

NONE = AgentImage()
DIGEST = "sha256:" + "0a" * 32
OURS = "ghcr.io/stoker/agent"
THEIRS = "registry.local:5000/stoker/agent"


def wanted(annotation: str, override: AgentImage = NONE) -> Image | Problem:
    return choose_image(SETTINGS, override, annotation)


@pytest.mark.parametrize(
    ("override", "reference", "policy"),
    [
        (NONE, f"{OURS}:1.0.0", "IfNotPresent"),
        (AgentImage(tag="2.0"), f"{OURS}:2.0", "IfNotPresent"),
        (AgentImage(tag=DIGEST), f"{OURS}@{DIGEST}", "IfNotPresent"),
        (AgentImage(repository="r/a"), "r/a:1.0.0", "IfNotPresent"),
        (AgentImage("r/a", "2", PullPolicy.NEVER), "r/a:2", "Never"),
    ],
)
def test_the_crs_image_overrides_the_controllers(
    override: AgentImage, reference: str, policy: str
) -> None:
    assert choose_image(SETTINGS, override, None) == Image(reference, policy)


def test_no_policy() -> None:
    settings = evolve(SETTINGS, image=ImageSettings("a", "1"))
    assert choose_image(settings, NONE, None) == Image("a:1", None)


@pytest.mark.parametrize(
    ("annotation", "reference"),
    [
        ("1.2.3", f"{OURS}:1.2.3"),
        ("latest", f"{OURS}:latest"),
        ("_x", f"{OURS}:_x"),
        ("v" + "1" * 127, f"{OURS}:v" + "1" * 127),
        (f"@{DIGEST}", f"{OURS}@{DIGEST}"),
        (f"1.2.3@{DIGEST}", f"{OURS}:1.2.3@{DIGEST}"),
        (f"{OURS}:9", f"{OURS}:9"),
        (f"{OURS}@{DIGEST}", f"{OURS}@{DIGEST}"),
        (f"{OURS}:9@{DIGEST}", f"{OURS}:9@{DIGEST}"),
        (f"{THEIRS}:9", f"{THEIRS}:9"),
        (f"{THEIRS}@{DIGEST}", f"{THEIRS}@{DIGEST}"),
    ],
)
def test_what_a_pod_may_choose(annotation: str, reference: str) -> None:
    assert wanted(annotation) == Image(reference, "IfNotPresent")


def test_a_tag_is_one_of_the_crs_repository() -> None:
    override = AgentImage(repository="r/a", tag="1")
    assert wanted("2", override) == Image("r/a:2", "IfNotPresent")
    assert wanted("r/a:2", override) == Image("r/a:2", "IfNotPresent")
    assert wanted(f"{OURS}:2", override) == Image(f"{OURS}:2", "IfNotPresent")


def refusal(message: str, cure: str) -> Problem:
    return Problem("metadata.annotations[stoker.io/agent-image]", message, cure)


@pytest.mark.parametrize(
    ("annotation", "repository"),
    [
        ("evil:1", "evil"),
        ("evil/agent:1", "evil/agent"),
        (f"evil/agent@{DIGEST}", "evil/agent"),
        (f"{OURS}x:1", f"{OURS}x"),
        (f"{OURS}/x:1", f"{OURS}/x"),
        (f"x/{OURS}:1", f"x/{OURS}"),
        ("GHCR.io/stoker/agent:1", "GHCR.io/stoker/agent"),
        (f"docker.io/{OURS}:1", f"docker.io/{OURS}"),
        ("registry.local/stoker/agent:1", "registry.local/stoker/agent"),
        ("registry.local:5001/stoker/agent:1", "registry.local:5001/stoker/agent"),
        (f" {OURS}:1", f" {OURS}"),
        (f"{OURS}/:1", f"{OURS}/"),
        ("localhost:5000", "localhost"),
    ],
)
def test_other_repositories_are_refused(annotation: str, repository: str) -> None:
    assert wanted(annotation) == refusal(
        f"the repository '{repository}' is not allowed",
        f"use one of: {OURS}, {THEIRS}; or have agentImage.allowedRepositories extended",
    )


@pytest.mark.parametrize("annotation", [OURS, THEIRS, "evil/agent", f"{OURS}:"])
def test_an_image_without_a_tag(annotation: str) -> None:
    assert wanted(annotation) == refusal(
        f"'{annotation}' names no tag", "add the tag, such as :1.2.3"
    )


@pytest.mark.parametrize(
    "annotation",
    [
        "a b",
        "-x",
        ".x",
        "1.2.3\n",
        "v" + "1" * 128,
        "ü",
        "1@sha256:abc",
        "1@sha512:" + "0" * 128,
        "1@" + DIGEST.upper(),
        f"1@{DIGEST}@{DIGEST}",
        f"1@{DIGEST}\n",
        f"{OURS}:1:2",
        f"{OURS}:a b",
        f"{OURS}@",
        f"{OURS}:1@",
        "@",
    ],
)
def test_what_is_no_image(annotation: str) -> None:
    shown = annotation if len(annotation) < 61 else annotation[:60] + "…"
    assert wanted(annotation) == refusal(f"{shown!r} is not an image", "write a tag such as 1.2.3")


@pytest.mark.parametrize("tag", ["sha256:abc", DIGEST + "0", "x" + DIGEST])
def test_a_tag_that_is_no_digest_stays_a_tag(tag: str) -> None:
    assert choose_image(SETTINGS, AgentImage(tag=tag), None) == Image(
        f"{OURS}:{tag}", "IfNotPresent"
    )
