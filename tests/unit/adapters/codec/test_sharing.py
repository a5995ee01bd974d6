"""Equal texts of two documents are one object, wherever thousands of documents are kept."""

from __future__ import annotations

import json
from typing import Any

import pytest

from stoker.adapters.codec.crd import decode_status
from stoker.adapters.codec.sharing import LONGEST, shared

COMMIT = "0123456789abcdef" * 2 + "01234567"


def again(document: object) -> Any:
    """The same document, as another message brings it."""
    return json.loads(json.dumps(document))


@pytest.mark.parametrize("text", ["", "main", COMMIT, "x" * LONGEST, "ÿ€"])
def test_equal_texts_are_one(text: str) -> None:
    one, other = again(text), again(text)
    assert shared(one) == text
    assert shared(one) is shared(other)


def test_long_texts_are_left_as_they_are() -> None:
    text = "x" * (LONGEST + 1)
    assert shared(text) is text


def test_only_plain_text_is_shared() -> None:
    class Name(str):
        __slots__ = ()

    name = Name("main")
    assert shared(name) is name


def test_rows_that_were_read_share_what_they_say() -> None:
    row = {
        "name": "gw-0",
        "namespace": "site-north",
        "podName": "gw-0",
        "syncedCommit": COMMIT,
        "projectsSynced": ["compressors"],
    }
    status = decode_status({"discoveredGateways": [again(row), again(row)]})
    one, other = status.discovered_gateways
    assert one.synced_commit is other.synced_commit
    assert one.name is one.pod_name
    assert one.projects_synced[0] is other.projects_synced[0]
