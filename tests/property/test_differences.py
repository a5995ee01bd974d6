"""Laws of differences: of two documents, of two texts, of a plan, and of what is shown of them."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from itertools import pairwise
from typing import Any

from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from stoker.core.differences import (
    Differences,
    Sign,
    State,
    compare,
)
from stoker.core.differences.alignment import align
from stoker.core.differences.changes import Added, Change, Element, carry_out, inverse
from stoker.core.differences.comparison import compare_documents
from stoker.core.differences.documents import read_document
from stoker.core.differences.limits import MAX_CHANGES, MAX_LINE, MAX_LINES
from stoker.core.differences.texts import compare_texts
from stoker.core.exactjson import Json
from stoker.core.manifest import Mode
from stoker.core.paths import RelPath
from stoker.core.planning import Create, Delete, Op, Plan, RemoveDirectory, Replace
from stoker.entrypoints.cli.presenting import Occasion, document, markdown, text
from support.plant import entry_of, reading, stamped

_NAMES = ("a", "name", "id", "meta", "children", "value", "password", "tags", "b c")
_SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-3, 3),
    st.sampled_from(["", "A", "B", "C", "x\ny\n", "x\nz\n", "a long text " * 12, "1"]),
)
_DOCUMENTS = st.recursive(
    _SCALARS,
    lambda inner: st.one_of(
        st.lists(inner, max_size=5),
        st.dictionaries(st.sampled_from(_NAMES), inner, max_size=4),
        st.lists(
            st.builds(
                lambda name, value: {"name": name, "value": value}, st.sampled_from("ABCDEF"), inner
            ),
            max_size=6,
            unique_by=lambda element: element["name"],
        ),
    ),
    max_leaves=20,
)
_TEXTS = st.lists(st.sampled_from(["a", "b", "c", "", "d e"]), max_size=14).map("\n".join)
_LINES = [f"{number}\n" for number in range(25)]
_EDITED_LINES = st.dictionaries(
    st.integers(0, 24), st.sampled_from(["", "new\n", "one\ntwo\n"]), max_size=5
).map(lambda edits: "".join(edits.get(at, line) for at, line in enumerate(_LINES)))
_NASTY = st.text(
    st.sampled_from(
        [*"ab `|<>&*_[]()#@!\\\"'$~:/.-", "\n", "\r", "\t", "\x1b", "\u202e", "é", "\0"]
    ),
    max_size=12,
)
_PLACES = st.sampled_from(
    [
        "projects/p/com.inductiveautomation.perspective/views/V/view.json",
        "projects/p/com.inductiveautomation.perspective/views/V/resource.json",
        "projects/p/org.x/y/z/code.py",
        "projects/q/project.json",
        "config/resources/core/ignition/tag-definition/default/T/tags.json",
        "config/resources/core/ignition/tag-type-definition/default/udts.json",
        "config/resources/core/ignition/images/a.png/data.bin",
        "user-lib/x.txt",
        "x.json",
    ]
)
_CONTENTS = st.one_of(
    st.binary(max_size=40),
    _DOCUMENTS.map(lambda value: json.dumps(value).encode()),
    _TEXTS.map(str.encode),
)
_STAMPED = st.integers(1, 3).map(stamped)


def parsed(value: Any) -> Any:
    return read_document(json.dumps(value))


@st.composite
def edited(draw: st.DrawFn, value: Any) -> Any:
    """Something like `value`: most of it is the same."""
    if draw(st.integers(0, 5)) == 0:
        return draw(_DOCUMENTS)
    if isinstance(value, list):
        elements = [draw(edited(each)) for each in value if draw(st.integers(0, 4))]
        if draw(st.booleans()):
            elements.insert(draw(st.integers(0, len(elements))), draw(_SCALARS))
        return draw(st.permutations(elements)) if draw(st.integers(0, 3)) == 0 else elements
    if isinstance(value, dict):
        return {name: draw(edited(each)) for name, each in value.items() if draw(st.integers(0, 4))}
    return value


@st.composite
def pairs(draw: st.DrawFn) -> tuple[Any, Any]:
    before = draw(_DOCUMENTS)
    if isinstance(before, list) and draw(st.booleans()):
        return parsed(before), parsed(draw(st.permutations(before)))
    return parsed(before), parsed(draw(edited(before)))


@given(pairs())
def test_changes_carried_out_give_the_new_document(both: tuple[Any, Any]) -> None:
    """Seen to fail with moves forgotten, and with additions put in from behind."""
    before, after = both
    assert carry_out(before, compare_documents(before, after)) == after


@given(_DOCUMENTS)
def test_equal_documents_have_no_changes(value: Any) -> None:
    """Whatever the order of members. Seen to fail with members compared in their order."""

    def turned(inner: Any) -> Any:
        if isinstance(inner, dict):
            return {name: turned(inner[name]) for name in reversed(list(inner))}
        return [turned(each) for each in inner] if isinstance(inner, list) else inner

    assert compare_documents(parsed(value), parsed(turned(value))) == ()


@given(pairs())
def test_turned_round_every_change_is_its_inverse(both: tuple[Any, Any]) -> None:
    """Seen to fail without an order of the sides of an alignment that is their own."""
    before, after = both
    there = [_bare(inverse(change)) for change in compare_documents(before, after)]
    back = [_bare(change) for change in compare_documents(after, before)]
    assert sorted(map(repr, there)) == sorted(map(repr, back))


def _bare(change: Change) -> Change:
    # An element that changed may be known by another name on the other side.
    path = tuple(
        evolve(step, label="") if isinstance(step, Element) else step for step in change.path
    )
    return evolve(change, path=path)


@given(pairs(), st.integers(0, 3))
def test_an_inserted_element_is_one_addition(both: tuple[Any, Any], at: int) -> None:
    """Though all the others changed. Seen to fail with elements matched by position alone."""
    before: list[Json] = [{"name": name, "value": both[0]} for name in "ABC"]
    after: list[Json] = [{"name": name, "value": both[1]} for name in "ABC"]
    after.insert(at, {"name": "new", "value": both[1]})
    whole = [change for change in compare_documents(before, after) if len(change.path) < 2]
    assert whole == [Added((Element(None, at, "new"),), after[at])]


@given(
    st.lists(st.sampled_from("abcde"), max_size=30), st.lists(st.sampled_from("abcde"), max_size=30)
)
def test_an_alignment_is_a_rising_run_of_equal_elements(
    before: list[str], after: list[str]
) -> None:
    """Seen to fail with the way back through the edits one step off."""
    found = align(before, after)
    assert all(before[here] == after[there] for here, there in found)
    for (here, there), (next_here, next_there) in pairwise(found):
        assert here < next_here
        assert there < next_there
    assert [(there, here) for here, there in align(after, before)] == found
    assert len(align(before, before)) == len(before)


@given(st.tuples(_TEXTS, _TEXTS) | st.tuples(st.just("".join(_LINES)), _EDITED_LINES))
def test_hunks_carried_out_give_the_new_text(both: tuple[str, str]) -> None:
    """Seen to fail with hunks that overlap, and with line numbers one off."""
    before, after = both
    old, new = (value.removesuffix("\n").split("\n") if value else [] for value in (before, after))
    changes = compare_texts(before, after)
    result: list[str] = []
    at = 0
    for hunk in changes.hunks:
        start = hunk.before - 1 if hunk.before else 0
        result += old[at:start]
        at = start
        for line in hunk.lines:
            if line.sign is not Sign.ADDED:
                assert old[at] == line.text
                at += 1
            if line.sign is not Sign.REMOVED:
                result.append(line.text)
    assert result + old[at:] == new


@given(_PLACES, _CONTENTS, _CONTENTS)
def test_any_bytes_can_be_compared(place: str, before: bytes, after: bytes) -> None:
    """Nothing raises, and lines are bounded. Seen to fail with bytes taken for UTF-8 unseen."""
    plan = Plan(ops=(Replace(RelPath(place), entry_of(after), entry_of(before)),))
    found = compare(plan, lambda _: before, lambda _: after)
    ((resource,),) = (home.resources for home in found.homes)
    (file,) = resource.files
    assert file.weight <= max(MAX_LINES, MAX_CHANGES * (1 + MAX_LINES))
    for shown in (text(found, Occasion()), markdown(found, Occasion())):
        assert all(len(line) <= 4 * MAX_LINE + 600 for line in shown.split("\n"))


@st.composite
def plans(draw: st.DrawFn) -> tuple[Plan, dict[str, bytes], dict[str, bytes]]:
    before: dict[str, bytes] = {}
    after: dict[str, bytes] = {}
    ops: list[Op] = [RemoveDirectory(RelPath("projects/gone"))]
    names = st.one_of(_PLACES, st.sampled_from("abc").map(lambda name: f"projects/p/m/t/{name}/f"))
    for name in draw(st.sets(names, max_size=7)):
        path = RelPath(name)
        old, new = draw(st.tuples(_CONTENTS, _CONTENTS) | st.tuples(_STAMPED, _STAMPED))
        kind = draw(st.sampled_from(["create", "replace", "delete"]))
        if kind == "create":
            ops.append(Create(path, entry_of(new)))
        elif kind == "delete":
            ops.append(Delete(path, entry_of(old)))
        else:
            mode = draw(st.sampled_from(list(Mode)))
            ops.append(Replace(path, entry_of(new, mode), entry_of(old)))
        before[name], after[name] = old, new
    drifted = tuple(op.path for op in ops if isinstance(op, Replace) and draw(st.booleans()))
    return Plan(ops=tuple(ops), drifted=drifted), before, after


def files(found: Differences) -> Iterator[tuple[RelPath, State]]:
    for home in found.homes:
        for resource in home.resources:
            yield from ((file.path, file.state) for file in resource.files)


@given(plans(), st.randoms(use_true_random=False))
def test_every_file_of_a_plan_is_in_exactly_one_place(
    drawn: tuple[Plan, dict[str, bytes], dict[str, bytes]], random: Any
) -> None:
    """And the numbers are the plan's, and the order of operations does not matter.

    Seen to fail with operations taken as they come, and with restamped files dropped.
    """
    plan, before, after = drawn
    found = compare(plan, reading(before), reading(after))
    assert sorted(path for path, _ in files(found)) == sorted(
        (*plan.added, *plan.modified, *plan.deleted)
    )
    assert (found.totals.added, found.totals.modified, found.totals.deleted) == (
        len(plan.added),
        len(plan.modified),
        len(plan.deleted),
    )
    ops = list(plan.ops)
    random.shuffle(ops)
    assert compare(evolve(plan, ops=tuple(ops)), reading(before), reading(after)) == found


@given(plans())
def test_the_plan_back_has_added_and_removed_the_other_way_round(
    drawn: tuple[Plan, dict[str, bytes], dict[str, bytes]],
) -> None:
    """Seen to fail with a resource called added, and not removed, by any of its files."""
    plan, before, after = drawn
    back = Plan(ops=tuple(_undone(op) for op in plan.ops))
    turned = {State.ADDED: State.REMOVED, State.REMOVED: State.ADDED}
    there = compare(plan, reading(before), reading(after))
    here = compare(back, reading(after), reading(before))
    assert {(path, turned.get(state, state)) for path, state in files(there)} == set(files(here))
    for home, other in zip(there.homes, here.homes, strict=True):
        assert [turned.get(each.state, each.state) for each in home.resources] == [
            each.state for each in other.resources
        ]


def _undone(op: Op) -> Op:
    match op:
        case Create(path, entry):
            return Delete(path, entry)
        case Delete(path, entry):
            return Create(path, entry)
        case Replace(path, new, old):
            return Replace(path, old, new)
        case _:
            return op


_SECRET = "planted4secret2nobody"


@st.composite
def holding_a_secret(draw: st.DrawFn, secret: str) -> Any:
    """A document with the secret below a telling name, at any depth, among anything."""
    name = draw(
        st.sampled_from(["password", "apiKey", "clientSecret", "access_token", "ciphertext"])
    )
    value: Any = draw(
        st.sampled_from([secret, [secret], {"data": {"x": secret}}, [{"name": secret}]])
    )
    value = {**draw(st.dictionaries(st.sampled_from("abc"), _SCALARS, max_size=2)), name: value}
    for _ in range(draw(st.integers(0, 3))):
        value = draw(
            st.sampled_from([{"a": value}, [value], {"name": "N", "children": [1, value]}])
        )
    return value


@given(st.data())
def test_a_planted_secret_is_in_no_output(data: st.DataObject) -> None:
    """Added, removed or changed. Seen to fail with secrets shown inside larger values."""
    one = data.draw(st.one_of(holding_a_secret(_SECRET), _DOCUMENTS))
    other = data.draw(st.one_of(holding_a_secret(f"{_SECRET}2"), edited(one)))
    path = data.draw(_PLACES.filter(lambda name: name.endswith(".json")))
    before, after = json.dumps(one).encode(), json.dumps(other).encode()
    plan = Plan(ops=(Replace(RelPath(path), entry_of(after), entry_of(before)),))
    found = compare(plan, lambda _: before, lambda _: after)
    outputs = (
        repr(found),
        text(found, Occasion()),
        markdown(found, Occasion()),
        json.dumps(document(found, Occasion())),
    )
    assert not any("planted4" in output for output in outputs)


@st.composite
def nasty_plans(draw: st.DrawFn) -> tuple[Differences, Occasion]:
    """Names and contents that try to be markup or commands of a terminal, all with a canary."""
    canary = st.builds("{}canary{}".format, _NASTY, _NASTY)
    segment = canary.map(lambda name: re.sub(r"[\x00-\x1f\x7f\\/]", "", name))
    homes = ("projects/{}/{}/t/{}/f.json", "config/resources/{}/m/{}/{}/f.json", "{}/{}/{}.txt")
    path = RelPath(draw(st.sampled_from(homes)).format(*(draw(segment) for _ in range(3))))
    other = RelPath(f"projects/p/{draw(segment)}/a/b/c.py")
    key = draw(canary)
    before = {path: json.dumps({key: draw(canary)}).encode()}
    after = {path: json.dumps({key: draw(canary)}).encode()}
    same = draw(st.sampled_from(["```", "````", "``` ", "~~~", ""]))
    before[other], after[other] = (f"{same}\n{draw(canary)}".encode() for _ in range(2))
    ops = tuple(Replace(each, entry_of(after[each]), entry_of(before[each])) for each in before)
    plan = Plan(ops=ops, drifted=(path,))
    found = compare(plan, before.get, after.get)
    words = {name: draw(canary) for name in ("commit", "ref", "gateway", "profile")}
    return found, Occasion(**words)  # type: ignore[arg-type]


@given(nasty_plans())
def test_no_output_holds_a_character_that_a_terminal_obeys(
    drawn: tuple[Differences, Occasion],
) -> None:
    """Seen to fail with names, and with lines of a file, printed as they are."""
    for shown in (text(*drawn), markdown(*drawn)):
        assert all(char.isprintable() or char in "\n\t" for char in shown)


@given(nasty_plans())
def test_nothing_breaks_out_of_its_place_in_markdown(drawn: tuple[Differences, Occasion]) -> None:
    """Outside of fences and `<code>` there is no text but ours, and nothing inside can end them.

    Seen to fail with three backticks as every fence, and with `<`, `|` or `@` left as they are.
    """
    outside = []
    fence = ""
    for line in markdown(*drawn).split("\n"):
        opening = re.match(r"(`{3,})diff$", line)
        if not fence and opening:
            fence = opening.group(1)
        elif fence and line == fence:
            fence = ""
        elif fence:
            assert not re.match(rf" {{0,3}}{fence}", line)
        else:
            outside.append(line)
    assert not fence
    ours = re.sub(r"<code>(?:[\w /.,-]|&#\d+;)*…?</code>", "", "\n".join(outside))
    assert "canary" not in ours
    assert "@" not in ours
    assert set(re.findall(r"<[^>]*>", ours)) <= {
        *("<!-- stoker-plan -->", "<details open>", "</details>", "<summary>", "</summary>"),
        *("<b>", "</b>"),
    }
    assert all(line.count("|") == 4 for line in ours.split("\n") if line.startswith("|"))
