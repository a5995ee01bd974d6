"""What the agents have listed, and what speaks against relying upon it."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from stoker.core.errors import StokerError
from stoker.core.paths import RelPath
from stoker.core.report import ChangeList
from stoker.core.spec import GatewaySyncStatus
from stoker.core.spec.status import DiscoveredGateway
from stoker.entrypoints.cli.plugin import diff_text
from stoker.entrypoints.cli.plugin.diffing import Listed, chosen, document, listing
from stoker.entrypoints.cli.standing.layout import Look
from support.standing import COMMIT, NOW, OTHER, ago, row, status

TARGET = ("plant", "line-a")


def changes(*added: str, commit: str = COMMIT, **more: Any) -> ChangeList:
    paths = tuple(map(RelPath, added))
    return ChangeList(**{"commit": commit, "added": paths, "total_added": len(paths), **more})


def shown(*listed: Listed, held: GatewaySyncStatus | None = None, full: bool = False) -> str:
    manner = diff_text.Manner(NOW, Look(), full=full)
    return diff_text.text(TARGET, held or status(), listed, manner)


def test_gateways_with_the_same_changes_are_shown_together() -> None:
    some = changes("projects/a", modified=(RelPath("b"),), total_modified=1)
    two = [Listed(row=row(name), changes=some, written=ago(minutes=3)) for name in ("a-0", "a-1")]
    other = Listed(row=row("a-2"), changes=changes())
    assert shown(*two, other).splitlines() == [
        "plant/line-a: main is 6113728",
        "",
        "a-0, a-1  sync of 6113728, 3m ago: 1 added, 1 modified, 0 deleted",
        "  + projects/a",
        "  ~ b",
        "",
        "a-2  sync of 6113728: nothing changed",
    ]


def test_a_dry_run_says_what_would_be() -> None:
    dry = changes("a", dry_run=True, deleted=(RelPath("z\u202e"),), total_deleted=1)
    one = Listed(row=row("a-0", "DryRun", synced_commit=""), changes=dry)
    told = shown(one)
    assert "a-0  dry run of 6113728: would be 1 added, 0 modified, 1 deleted\n" in told
    assert "  - z\\u202e\n" in told
    assert "!" not in told
    nothing = Listed(row=row("a-0", "DryRun"), changes=changes(dry_run=True))
    assert "dry run of 6113728: nothing to change" in shown(nothing)


def remarks(one: Listed, **more: Any) -> list[str]:
    return list(diff_text.remarks(one, status(**more)))


def test_what_speaks_against_a_list() -> None:
    old = Listed(row=row(status="Error", synced_commit=OTHER), changes=changes(commit=OTHER))
    assert remarks(old) == [
        "the list is old: 6113728 is in force by now",
        "the gateway is at 0a2c7e1 (Error)",
    ]
    assert remarks(Listed(row=row(), changes=changes())) == []
    cut = Listed(row=row(), changes=changes("a", total_added=3))
    assert remarks(cut) == ["the list is cut: 2 paths are not in it"]
    dry = Listed(row=row(), changes=changes(commit=OTHER, dry_run=True))
    assert remarks(dry) == ["the dry run is old: 6113728 is in force by now"]
    pinned = Listed(row=row(synced_ref="try", synced_commit=OTHER), changes=changes(commit=OTHER))
    assert remarks(pinned) == ["the gateway follows a ref of its own, try"]
    never = Listed(row=row(status="Pending", synced_commit="", synced_ref=""), changes=changes())
    assert remarks(never) == ["the gateway is at no commit (Pending)"]
    assert remarks(Listed(row=row())) == []
    assert remarks(old, last_sync_commit="") == []


def test_gateways_without_a_list() -> None:
    told = shown(
        Listed(row=row("a-0", "Pending")),
        Listed(row=row("a-1", "MissingSidecar")),
        Listed(row=row("a-2"), unreadable="it is cut\noff"),
    )
    assert "a-0  nothing has been listed yet (Pending)\n" in told
    assert "a-1  no agent, and so no list\n" in told
    assert "a-2  the list cannot be read: it is cut off\n" in told
    assert shown(held=status(last_sync_commit="")) == (
        "plant/line-a: no commit is known yet\n\nThere is no gateway.\n"
    )


def test_a_long_list_is_counted_unless_all_of_it_is_wanted() -> None:
    many = Listed(row=row(), changes=changes(*(f"p{number:02}" for number in range(50))))
    assert "  + p39\n  + … and 10 more (--full lists more)\n" in shown(many)
    assert "  + p49\n" in shown(many, full=True)
    cut = Listed(row=row(), changes=changes("a", total_added=3))
    assert "  + a\n  + … and 2 more\n" in shown(cut, full=True)


# --- From the ConfigMap ---


def config_map(text: str | None, **metadata: Any) -> dict[str, Any]:
    named = {"name": "stoker-changes-line-a-a-0", **metadata}
    return {"metadata": named, "data": None if text is None else {"changes": text}}


def found(document_: dict[str, Any]) -> Listed:
    return listing("line-a", row("a-0"), {document_["metadata"]["name"]: document_})


def test_what_an_agent_has_written_is_read_with_the_time_of_it() -> None:
    text = json.dumps({"commit": COMMIT, "added": ["a"], "totals": {"added": 1}})
    fields = [
        {"manager": "stoker-controller", "time": "2026-01-31T02:59:00Z", "fieldsV1": {"f:m": {}}},
        {"manager": "stoker-agent", "time": "2026-01-31T02:50:00Z", "fieldsV1": {"f:data": {}}},
        {"manager": "odd", "fieldsV1": {"f:data": {}}},
    ]
    one = found(config_map(text, managedFields=fields))
    assert one.changes == changes("a")
    assert one.written == datetime(2026, 1, 31, 2, 50, tzinfo=UTC)
    assert found(config_map(text)).written is None


def test_what_is_no_list_is_told() -> None:
    assert found(config_map(None)) == Listed(row=row("a-0"))
    assert listing("line-a", row("b-0"), {}) == Listed(row=row("b-0"))
    assert "not JSON" in found(config_map("half")).unreadable


def test_the_document_has_all_paths() -> None:
    one = Listed(row=row("a-0"), changes=changes("a", "b"), written=NOW)
    other = Listed(row=row("a-1"), unreadable="no")
    made = document(TARGET, status(), (one, other))
    assert json.loads(json.dumps(made)) == made
    assert (made["result"], made["commit"], made["error"]) == ("listed", COMMIT, None)
    first, second = made["gateways"]
    assert first["changes"]["added"] == ["a", "b"]
    assert first["written"] == "2026-01-31T03:00:00Z"
    assert (second["changes"], second["unreadable"]) == (None, "no")


# --- Which gateway ---


@pytest.mark.parametrize(
    ("gateway", "pods"),
    [("", ["a-0", "a-1", "b-0"]), ("north", ["a-0", "a-1"]), ("b-0", ["b-0"])],
)
def test_a_gateway_is_named_by_itself_or_its_pod(gateway: str, pods: list[str]) -> None:
    rows = (row("b-0"), row("a-1", name="north"), row("a-0", name="north"))
    listed: list[DiscoveredGateway] = sorted(
        chosen(status(*rows), gateway, TARGET), key=lambda one: one.pod_name
    )
    assert [one.pod_name for one in listed] == pods


def test_a_gateway_that_is_not_there_is_told_with_what_may_be_meant() -> None:
    for gateway, cure in (
        ("line-a0", "did you mean line-a-0"),
        ("zz", "its gateways are: line-a-0"),
    ):
        with pytest.raises(StokerError, match="there is no gateway") as caught:
            chosen(status(row()), gateway, TARGET)
        assert cure in caught.value.cure
    with pytest.raises(StokerError) as caught:
        chosen(status(), "x", TARGET)
    assert caught.value.cure == "its gateways are: none"
