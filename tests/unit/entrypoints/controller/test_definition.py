"""What an older definition drops is told, once; `test_chart_lifecycle.py` has a real one.

Broken on purpose, and seen to fail: lists that are not looked into, a word for each write.
"""

from __future__ import annotations

import copy
from typing import Any

from hypothesis import given

from property.strategies.specs import statuses
from stoker.adapters.codec.owned import status_object
from stoker.core.spec import GatewaySyncStatus, ObjectMeta
from stoker.entrypoints.controller.definition import Definition, lost

SENT: dict[str, Any] = {
    "status": {
        "lastSyncRef": "main",
        "discoveredGateways": [{"name": "a", "drift": False}, {"name": "b", "drift": True}],
    }
}


def without(path: str) -> dict[str, Any]:
    kept = copy.deepcopy(SENT)
    if path == "drift":
        for one in kept["status"]["discoveredGateways"]:
            del one["drift"]
    else:
        del kept["status"][path]
    return kept


def test_a_member_that_is_not_kept_is_told_once() -> None:
    told: list[str] = []
    definition = Definition(told.append)
    definition.took(SENT, SENT)
    assert told == []
    definition.took(SENT, without("drift"))
    definition.took(SENT, without("lastSyncRef"))
    (word,) = told
    assert word.startswith(
        "the definition of GatewaySync does not know status.discoveredGateways[0]"
    )
    assert "kubectl apply --server-side --force-conflicts" in word


def test_what_others_add_is_no_loss() -> None:
    kept = copy.deepcopy(SENT)
    kept["status"]["theirs"] = {"a": 1}
    assert lost(SENT["status"], kept["status"], "status") == ""
    assert lost(SENT["status"], {}, "status") == "status.lastSyncRef"


@given(statuses)
def test_what_comes_back_as_it_was_sent_is_never_told(status: GatewaySyncStatus) -> None:
    told: list[str] = []
    sent = status_object(ObjectMeta(name="a", namespace="plant"), status)
    Definition(told.append).took(sent, copy.deepcopy(sent))
    assert told == []
