"""Resources as the API server holds them, whatever a definition has let in."""

from __future__ import annotations

from typing import Any

import pytest

from stoker.adapters.codec.crd import decode_seen
from stoker.adapters.codec.plain import MAX_DEPTH, MAX_VALUES
from stoker.core.errors import InvalidDocument
from stoker.core.spec import GatewaySyncSpec, GatewaySyncStatus
from support.specs import a_document


def nested(levels: int) -> Any:
    made: Any = "deep"
    for _ in range(levels):
        made = [made]
    return made


def seen_with(**spec: Any) -> GatewaySyncSpec | InvalidDocument:
    document = a_document()
    document["spec"] |= spec
    return decode_seen(document).spec


def test_a_whole_one() -> None:
    assert isinstance(seen_with(), GatewaySyncSpec)


def test_what_is_too_deep_is_said_to_be_so_where_it_is() -> None:
    spec = seen_with(polling=nested(5 * MAX_DEPTH))
    assert isinstance(spec, InvalidDocument)
    (problem,) = spec.problems
    assert problem.path.startswith("spec.polling[0][0]")
    assert problem.message == f"the document is nested more than {MAX_DEPTH} levels deep"


def test_what_is_too_big_is_said_to_be_so() -> None:
    spec = seen_with(polling=[0] * (MAX_VALUES + 1))
    assert isinstance(spec, InvalidDocument)
    (problem,) = spec.problems
    assert problem.path == "spec"
    assert problem.message == f"the document holds more than {MAX_VALUES} values"


@pytest.mark.parametrize("status", ["text", [], 5, {"conditions": 5}, {"conditions": nested(900)}])
def test_a_status_that_cannot_be_read_is_none(status: Any) -> None:
    seen = decode_seen(a_document() | {"status": status})
    assert seen.status == GatewaySyncStatus()
    assert isinstance(seen.spec, GatewaySyncSpec)
