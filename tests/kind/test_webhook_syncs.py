"""GatewaySyncs as the API server takes them while the webhook is asked: errors, warnings, the rest.

What the definition's own rules can say is `test_crd.py`'s; here are templates, globs, patches and
places, which only the webhook can judge. All is seen as kubectl shows it.

Broken on purpose, and seen to fail: what was wrong before is refused again, a spec that did not
change is judged, no right on the configurations.
"""

from __future__ import annotations

import json
from typing import Any, Final

import pytest
from kit import Space, eventually
from kit.kubectl import Document, Said
from kit.plants import gateway_sync
from kit.webhooks import VALIDATING, Webhooks

REPO: Final = "https://localhost:1/plant.git"
MAPPINGS: Final = "spec.sync.profiles.default.mappings"

WRONG: Final[dict[str, tuple[Document, str, str]]] = {
    "a template": (
        {"source": "projects/{{ .GatewayName", "destination": "projects"},
        f"{MAPPINGS}[0].source",
        "the action is not closed",
    ),
    "a place of the gateway's own": (
        {"source": "db", "destination": "db"},
        f"{MAPPINGS}[1].destination",
        "it lies in 'db/', the gateway's internal database (choose another destination",
    ),
    "a glob": (
        {
            "source": "c",
            "destination": "config/a",
            "type": "dir",
            "patches": [{"file": "[z-a", "set": {"a": "b"}}],
        },
        f"{MAPPINGS}[2].patches[0].file",
        "the glob pattern is malformed",
    ),
    "the template of a value": (
        {
            "source": "d",
            "destination": "config/b",
            "type": "dir",
            "patches": [{"file": "*.json", "set": {"a": "{{ end }}"}}],
        },
        f"{MAPPINGS}[3].patches[0].set.a",
        "unexpected {{end}} in the template",
    ),
    "a mapping twice": (
        {"source": "./db", "destination": "db/"},
        f"{MAPPINGS}[4]",
        f"has the same source and destination as {MAPPINGS}[1]",
    ),
    "a variable that is misspelt": (
        {"source": "{{ .Vars.sitee }}", "destination": "config/c", "template": True},
        f"{MAPPINGS}[5].source",
        "did you mean site?",
    ),
}
UNWISE: Final[dict[str, tuple[Document, list[str]]]] = {
    "a branch": ({}, ["spec.git.ref", "is a branch"]),
    "no known hosts": (
        {
            "git": {
                "repo": "git@localhost:plant.git",
                "auth": {"sshKey": {"secretRef": {"name": "key", "key": "ssh-privatekey"}}},
            }
        },
        ["spec.git.auth.sshKey", "has no knownHosts"],
    ),
    "no limit": (
        {
            "sync": {
                "defaults": {"pruneLimitPercent": 100},
                "profiles": {"default": {"mappings": [{"source": "a", "destination": "b"}]}},
            }
        },
        ["spec.sync.defaults.pruneLimitPercent", "switches the guard off"],
    ),
}


def sync_of(*mappings: Document) -> Document:
    defaults = {"vars": {"site": "north"}}
    return {"defaults": defaults, "profiles": {"default": {"mappings": list(mappings)}}}


def bad(name: str, number: int = len(WRONG)) -> Document:
    mappings = [mapping for mapping, _, _ in WRONG.values()]
    return gateway_sync(name, REPO, sync=sync_of(*mappings[:number]))


def tried(space: Space, document: Document, verb: str = "apply", *more: str) -> Said:
    return space.kubectl.tried(verb, *more, "--filename", "-", stdin=json.dumps(document))


def merged(space: Space, name: str, change: Any, *more: str) -> Said:
    words = ("patch", "gatewaysync", name, "--type", "merge", "--patch", json.dumps(change), *more)
    return space.kubectl.tried(*words)


@pytest.fixture(scope="module")
def webhook(admission: Webhooks) -> Webhooks:
    """One that is asked; with GatewaySyncs that came while it was not."""
    space = admission.space
    admission.unconditionally(VALIDATING)
    admission.there[0].stop()
    space.apply(bad("old"), bad("leaving"))
    held = {"metadata": {"finalizers": ["stoker.io/finalizer"]}}
    assert merged(space, "leaving", held).status == 0
    admission.there[0].start().ready()

    def asked() -> bool:
        return tried(space, bad("new"), "create", "--dry-run=server").status == 1

    eventually(asked, what="the API server asks about GatewaySyncs", tell=[admission.tell])
    return admission


@pytest.fixture
def floor(webhook: Webhooks) -> Space:
    return webhook.space


# --- Errors ---


def test_all_that_is_wrong_is_said_at_once_by_its_path(floor: Space) -> None:
    said = tried(floor, bad("new"))
    assert said.status == 1
    first, *lines = said.err.strip().splitlines()
    assert first.strip() == 'The GatewaySync "new" is invalid:'
    for what, (_, path, words) in WRONG.items():
        assert [one for one in lines if one.startswith(f"* {path}: ") and words in one], what
    # The mapping that is there twice is in a wrong place twice.
    assert len(lines) == len(WRONG) + 1, lines
    assert "new" not in floor.kubectl("get", "gatewaysyncs", "--output", "name")


def test_what_is_right_is_taken(floor: Space) -> None:
    mapping = {"source": "projects/{{ .Vars.site }}", "destination": "projects"}
    document = gateway_sync("right", REPO, ref="v1.2.3", sync=sync_of(mapping))
    for verb in ("create", "apply"):
        said = tried(floor, document, verb)
        assert (said.status, said.warnings) == (0, []) or verb == "apply", said.err
    said = merged(floor, "right", {"spec": {"sync": sync_of(WRONG["a template"][0])}})
    assert said.status == 1
    assert f"{MAPPINGS}[0].source" in said.err
    assert merged(floor, "right", {"spec": {"git": {"ref": "v1.2.4"}}}).status == 0


def test_a_dry_run_is_judged_as_well(floor: Space) -> None:
    said = tried(floor, bad("new"), "apply", "--dry-run=server")
    assert f"{MAPPINGS}[0].source" in said.err
    assert said.status == 1


# --- Warnings ---


@pytest.mark.parametrize("what", UNWISE)
def test_what_is_unwise_is_taken_with_a_warning(what: str, floor: Space) -> None:
    changes, words = UNWISE[what]
    document = gateway_sync("unwise", changes.get("git", {}).get("repo", REPO), **changes)
    said = tried(floor, document, "create", "--dry-run=server")
    assert said.status == 0, said.err
    assert [one for one in said.warnings if all(word in one for word in words)], said.err


# --- What came in before ---


def test_metadata_of_one_that_is_invalid_can_be_changed(floor: Space, webhook: Webhooks) -> None:
    asked = webhook.there[0].metric("stoker_webhook_validations_total")
    for change in (
        {"annotations": {"stoker.io/requested-ref": "v2"}},
        {"labels": {"team": "north"}},
        {"annotations": {"stoker.io/requested-ref": None}, "finalizers": ["stoker.io/finalizer"]},
    ):
        said = merged(floor, "old", {"metadata": change})
        assert (said.status, said.warnings) == (0, []), said.err
    assert merged(floor, "old", {"metadata": {"finalizers": None}}).status == 0
    assert webhook.there[0].metric("stoker_webhook_validations_total") >= asked + 4


def test_its_status_can_be_written(floor: Space) -> None:
    said = merged(floor, "old", {"status": {"lastSyncRef": "main"}}, "--subresource", "status")
    assert said.status == 0, said.err


def test_who_changes_something_else_need_not_put_it_right_first(floor: Space) -> None:
    """Who pauses it in a hurry has no time for that; what becomes worse is refused."""
    said = merged(floor, "old", {"spec": {"paused": True}})
    assert said.status == 0, said.err
    wrong = [one for one in said.warnings if one.startswith(f"wrong already: {MAPPINGS}")]
    assert len(wrong) >= len(WRONG), said.err
    mapping = {"source": "{{", "destination": "projects"}
    profiles = {"another": {"mappings": [mapping]}}
    said = merged(floor, "old", {"spec": {"sync": {"profiles": profiles}}})
    assert said.status == 1
    assert "spec.sync.profiles.another.mappings[0].source" in said.err
    right = sync_of({"source": "projects", "destination": "projects"})
    said = merged(floor, "old", {"spec": {"sync": right}})
    assert said.status == 0, said.err
    assert not [one for one in said.warnings if "wrong already" in one]


def test_one_that_is_invalid_can_go_and_lose_its_finalizer(floor: Space) -> None:
    floor.kubectl("delete", "gatewaysync", "leaving", "--wait=false")
    found = floor.kubectl.json("get", "gatewaysync", "leaving")
    assert found["metadata"]["deletionTimestamp"]
    said = merged(floor, "leaving", {"metadata": {"finalizers": None}})
    assert (said.status, said.warnings) == (0, []), said.err
    assert "leaving" not in floor.kubectl("get", "gatewaysyncs", "--output", "name")
