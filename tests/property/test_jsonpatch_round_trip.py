"""The difference of two JSON values, applied to the one, gives the other."""

from __future__ import annotations

import copy
import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from property.strategies.json_documents import values
from stoker.core.jsonpatch import Operation, apply, diff


def canonical(value: Any) -> str:
    """Text that tells true from 1, and not 1 from 1.0."""
    numbers = json.loads(json.dumps(value), parse_int=float)
    return json.dumps(numbers, sort_keys=True)


@given(values(), values())
def test_the_difference_leads_from_one_value_to_the_other(before: Any, after: Any) -> None:
    """Law: apply(a, diff(a, b)) is b, and neither is changed.

    Broken on purpose: `_below` did not escape `~`.
    """
    kept = copy.deepcopy((before, after))
    assert canonical(apply(before, diff(before, after))) == canonical(after)
    assert (before, after) == kept


@given(values())
def test_equal_values_differ_in_nothing(value: Any) -> None:
    """No operation for a value and its copy.

    Broken on purpose: `_compare` replaced every scalar.
    """
    assert diff(value, copy.deepcopy(value)) == ()
    shuffled = json.loads(json.dumps(value, sort_keys=True))
    assert diff(value, shuffled) == ()


@given(st.lists(values(4), max_size=5), values(4), st.integers(0, 5))
def test_an_item_put_into_a_list_is_one_operation(items: list[Any], new: Any, place: int) -> None:
    """One `add` for one new item, wherever it is put, and one `remove` back.

    Broken on purpose: `_compare_lists` did not look for a common end.
    """
    more = [*items[:place], new, *items[place:]]
    (there,) = diff(items, more)
    (back,) = diff(more, items)
    assert (there.op, back.op) == ("add", "remove")
    assert there.path == back.path


@given(st.dictionaries(st.text(max_size=4), values(4), min_size=1), st.data())
def test_untouched_members_give_no_operation(members: dict[str, Any], data: st.DataObject) -> None:
    """A change of one member is seen in operations at or below its pointer only.

    Broken on purpose: `_compare` replaced a whole object when any member differed.
    """
    key = data.draw(st.sampled_from(sorted(members)))
    operations = diff(members, {**members, key: data.draw(values(4))})
    pointer = "/" + key.replace("~", "~0").replace("/", "~1")
    assert all(isinstance(operation, Operation) for operation in operations)
    assert all(f"{operation.path}/".startswith(f"{pointer}/") for operation in operations)
