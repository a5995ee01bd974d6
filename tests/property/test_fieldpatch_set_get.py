"""Law 14: set then get; setting twice is setting once; sets of disjoint members commute; and every
byte outside the value that is set stays.
"""  # noqa: D205 - the rule is one sentence

from __future__ import annotations

from hypothesis import assume, given
from hypothesis import strategies as st

from property.strategies.json_documents import blanks, changes, keys, located, part_for, texts
from stoker.core.errors import PatchError
from stoker.core.fieldpatch import get_field, set_field, set_fields
from stoker.core.fieldpatch.bytetext import to_bytes, to_text
from stoker.core.fieldpatch.value import infer


def written(value: str) -> str:
    return to_text(infer(to_bytes(value)))


@given(located(), changes)
def test_what_is_set_is_read(place: tuple[str, str], value: str) -> None:
    """A value that was set at a path is what the path reads.

    Broken on purpose: `_set_plain` cut one byte more behind the value.
    """
    document, path = place
    assert get_field(set_field(document, path, value), path) == written(value)


@given(located(), keys, changes)
def test_what_is_added_is_read(place: tuple[str, str], key: str, value: str) -> None:
    """The same for a new member of whatever a path leads to; a list takes no key.

    Broken on purpose: `created` put the new member behind the brace.
    """
    document, path = place
    below = f"{path}.{part_for(key)}"
    assume((get_field(document, path) or "")[0] not in '["' and not key.isdecimal())
    assert get_field(set_field(document, below, value), below) == written(value)


@given(located(), changes)
def test_setting_twice_is_setting_once(place: tuple[str, str], value: str) -> None:
    """The second time changes nothing.

    Broken on purpose: `_set_plain` wrote a blank before the value.
    """
    document, path = place
    once = set_field(document, path, value)
    assert set_field(once, path, value) == once


@given(located(), changes)
def test_bytes_outside_the_value_stay(place: tuple[str, str], value: str) -> None:
    """Replacing a value changes its own bytes and no other, blanks and order included.

    Broken on purpose: `set_fields` stripped the document before it set anything.
    """
    document, path = place
    old, new = get_field(document, path) or "", written(value)
    after = set_field(document, path, value)
    assert any(
        document[at : at + len(old)] == old
        and after == document[:at] + new + document[at + len(old) :]
        for at in range(len(document))
    )


@given(
    st.dictionaries(keys, texts, min_size=2, max_size=4),
    blanks,
    st.tuples(changes, changes),
)
def test_sets_of_different_members_commute(
    members: dict[str, str], blank: str, values: tuple[str, str]
) -> None:
    """Two members that exist can be set in either order.

    Broken on purpose: `_member` took the first member whatever its key.
    """
    quoted = {key: written(key if not key.isdecimal() else f'"{key}"') for key in members}
    assume(all(text.startswith('"') for text in quoted.values()))
    document = "{" + ",".join(f"{quoted[key]}:{blank}{text}" for key, text in members.items()) + "}"
    first, second = (part_for(key) for key in list(members)[:2])
    there = set_field(set_field(document, first, values[0]), second, values[1])
    back = set_field(set_field(document, second, values[1]), first, values[0])
    assert there == back == set_fields(document, {first: values[0], second: values[1]})


@given(located(), changes)
def test_appending_grows_a_list_by_one(place: tuple[str, str], value: str) -> None:
    """`-1` puts the value behind the last item and keeps the items before it.

    Broken on purpose: `created` left the comma out when it appended.
    """
    document, path = place
    listed = set_field(document, path, "[1, [2]]")
    after = set_field(listed, f"{path}.-1", value)
    assert get_field(after, path) == f"[1,[2],{written(value)}]"
    try:
        set_field(listed, f"{path}.x", value)
    except PatchError as error:
        assert error.kind == "bad_path"
