"""YAML documents, put together from the parser's events.

Events are taken one by one, so that everything about the result is known: it has bounded depth and
size, no key twice, no object of a Python class, and an alias can neither multiply nor contain
itself. Nothing recurses, so no text can exhaust the stack.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from attrs import define, field

from stoker.adapters.codec.documents import Document, Documents, Fault, too_deep, twice
from stoker.adapters.codec.plain import MAX_DEPTH, MAX_VALUES
from stoker.adapters.codec.yaml_words import plain_value
from stoker.core.spec.problems import Finding, Place, shown

if TYPE_CHECKING:
    from collections.abc import Iterator

    from yaml import Event, MarkedYAMLError

_TEXT_TAGS: Final = {"!", "tag:yaml.org,2002:str"}
_PLAIN_TAGS: Final = {"!", "tag:yaml.org,2002:map", "tag:yaml.org,2002:seq"}
_MERGE: Final = "<<"
_MERGING: Final = object()
"""Stands for the key of a merge, which no key of a document can equal."""

_CHARACTERS_OF_A_VALUE: Final = 100
"""So much text costs what one more value does: big texts are not to be multiplied either."""


def read_yaml(text: str) -> Documents:
    """The documents of `text`, as far as it can be read."""
    reader = _Reader()
    try:
        for event in _events(text):
            reader.hear(event)
    except _Stopped as stopped:
        return Documents(tuple(reader.documents), stopped.fault)
    return Documents(tuple(reader.documents))


class _Stopped(Exception):
    """Carries what is wrong to the top."""

    def __init__(self, finding: Finding, line: int) -> None:
        super().__init__(finding.message)
        self.fault = Fault(finding, line)


def _events(text: str) -> Iterator[Event]:
    # Only who reads YAML pays for it.
    import yaml  # noqa: PLC0415

    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    try:
        yield from yaml.parse(text, Loader=loader)
    except yaml.MarkedYAMLError as error:
        raise _unreadable(error) from None
    except yaml.YAMLError as error:
        position = getattr(error, "position", 0)
        finding = Finding((), "contains a control character", "remove it")
        raise _Stopped(finding, text.count("\n", 0, position) + 1) from None


def _unreadable(error: MarkedYAMLError) -> _Stopped:
    mark: Any = error.problem_mark  # of one of two classes, which look alike
    line, column = (mark.line + 1, mark.column + 1) if mark else (0, 0)
    told = " ".join((error.problem or error.context or "it is malformed").split())
    finding = Finding((), f"is not YAML: {told} in column {column}", "correct it")
    return _Stopped(finding, line)


def _no_key(place: Place) -> Finding:
    return Finding(place, "has a key that is not text", "write it as text")


@define
class _Open:
    """A mapping or a list whose end has not been met yet."""

    value: dict[Any, Any] | list[Any]
    place: Place
    anchor: str | None
    cost_before: int
    key: Any = None
    has_key: bool = False
    merged: list[Any] = field(factory=list)

    def next_place(self) -> Place:
        """Where the value that comes next stands."""
        if isinstance(self.value, list):
            return (*self.place, len(self.value))
        if not self.has_key:
            return self.place
        return (*self.place, _step(self.key))


def _step(key: object) -> str:
    return _MERGE if key is _MERGING else str(key)


@define
class _Reader:
    """Puts documents together from the parser's events.

    What a value costs is how much of it there is, and an alias costs what it stands for.
    """

    documents: list[Document] = field(factory=list)
    open: list[_Open] = field(factory=list)
    anchors: dict[str, tuple[Any, int]] = field(factory=dict)
    """What each stands for, and its cost."""
    places: dict[Place, int] = field(factory=dict)
    faults: list[Fault] = field(factory=list)
    root: Any = None
    line: int = 0
    cost: int = 0

    def hear(self, event: Event) -> None:
        """Take the next event."""
        import yaml  # noqa: PLC0415 - it has been, by who made the event

        mark: Any = event.start_mark  # the stubs allow for none
        line = mark.line + 1
        match event:
            case yaml.DocumentStartEvent():
                self.anchors, self.places, self.faults = {}, {}, []
                self.root, self.line = None, 0
            case yaml.DocumentEndEvent():
                document = Document(self.root, self.line, self.places, tuple(self.faults))
                self.documents.append(document)
            case yaml.MappingStartEvent():
                self._begin({}, event.anchor, event.tag, line)
            case yaml.SequenceStartEvent():
                self._begin([], event.anchor, event.tag, line)
            case yaml.MappingEndEvent() | yaml.SequenceEndEvent():
                self._end(line)
            case yaml.ScalarEvent():
                self._hear_scalar(event, line)
            case yaml.AliasEvent():
                self._hear_alias(event.anchor or "", line)
            case _:
                pass

    def _begin(
        self, value: dict[Any, Any] | list[Any], anchor: str | None, tag: str | None, line: int
    ) -> None:
        if self.open and self._awaits_key():
            raise _Stopped(_no_key(self.open[-1].place), line)
        place = self.open[-1].next_place() if self.open else ()
        if len(self.open) >= MAX_DEPTH:
            raise _Stopped(too_deep(), line)
        self._note(place, line)
        if tag is not None and tag not in _PLAIN_TAGS:
            self.faults.append(Fault(_tagged(place, tag), line))
        self.open.append(_Open(value, place, anchor, self.cost))
        self._pay(1, line)

    def _end(self, line: int) -> None:
        ended = self.open.pop()
        for merged in ended.merged:
            self._merge(ended, merged, line)
        if ended.anchor:
            self.anchors[ended.anchor] = (ended.value, self.cost - ended.cost_before)
        self._put(ended.value, line)

    def _hear_scalar(self, event: Any, line: int) -> None:  # noqa: ANN401 - see `_put`
        before = self.cost
        self._pay(1 + len(event.value) // _CHARACTERS_OF_A_VALUE, line)
        value = self._scalar(event, line)
        if event.anchor:
            self.anchors[event.anchor] = (value, self.cost - before)
        self._take(value, line, merges=event.value == _MERGE and event.implicit[0])

    def _hear_alias(self, name: str, line: int) -> None:
        if name not in self.anchors:
            inside = any(holder.anchor == name for holder in self.open)
            why = "stands inside of what it means" if inside else "has no anchor before it"
            fault = f"the alias {shown('*' + name)} {why}"
            raise _Stopped(Finding((), fault, "write out what is meant"), line)
        value, cost = self.anchors[name]
        self._pay(cost, line)
        self._take(value, line)

    def _take(self, value: Any, line: int, *, merges: bool = False) -> None:  # noqa: ANN401 - see `_put`
        if self.open and self._awaits_key():
            self._take_key(value, line, merges=merges)
            return
        self._note(self.open[-1].next_place() if self.open else (), line)
        self._put(value, line)

    def _take_key(self, value: Any, line: int, *, merges: bool) -> None:  # noqa: ANN401 - see `_put`
        holder = self.open[-1]
        if isinstance(value, dict | list):
            raise _Stopped(_no_key(holder.place), line)
        if value in holder.value:
            self.faults.append(Fault(twice((*holder.place, _step(value))), line))
        holder.key, holder.has_key = (_MERGING if merges else value), True
        self._note(holder.next_place(), line)

    def _put(self, value: Any, line: int) -> None:  # noqa: ANN401 - JSON of any type
        if not self.open:
            self.root, self.line = value, self.line or line
            return
        holder = self.open[-1]
        holder.has_key = False
        if isinstance(holder.value, list):
            holder.value.append(value)
        elif holder.key is _MERGING:
            holder.merged.append(value)
        else:
            holder.value.setdefault(holder.key, value)

    def _merge(self, holder: _Open, merged: Any, line: int) -> None:  # noqa: ANN401 - see `_put`
        for part in merged if isinstance(merged, list) else [merged]:
            if isinstance(part, dict) and isinstance(holder.value, dict):
                holder.value.update({**part, **holder.value})
            else:
                place = (*holder.place, _MERGE)
                told = Finding(place, "merges what is no object", "name an anchor of one")
                self.faults.append(Fault(told, self.places.get(place, line)))

    def _awaits_key(self) -> bool:
        holder = self.open[-1]
        return isinstance(holder.value, dict) and not holder.has_key

    def _scalar(self, event: Any, line: int) -> Any:  # noqa: ANN401 - the stubs do not know its fields
        if event.tag in _TEXT_TAGS:
            return event.value
        if event.tag is not None:
            place = self.open[-1].next_place() if self.open else ()
            self.faults.append(Fault(_tagged(place, event.tag), line))
            return event.value
        return plain_value(event.value) if event.implicit[0] else event.value

    def _note(self, place: Place, line: int) -> None:
        self.places.setdefault(place, line)
        self.line = self.line or line

    def _pay(self, cost: int, line: int) -> None:
        self.cost += cost
        if self.cost > MAX_VALUES:
            fault = Finding((), f"holds, or grows to, more than {MAX_VALUES} values", "split it up")
            raise _Stopped(fault, line)


def _tagged(place: Place, tag: str) -> Finding:
    return Finding(place, f"has the tag {shown(tag)}, which means nothing here", "remove the tag")
