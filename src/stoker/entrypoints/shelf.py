"""Objects of one kind as they were last seen, each as the value that decisions need.

A watch tells what happened in the order in which it happened, and is believed. The answers to our
own writes come out of that order: one that is older than what a watch has told is dropped, and what
a watch tells is dropped as long as it has not caught up with our write, and what it tells of our
write itself is known already. Versions of objects grow with every write; they are compared for this
alone, so that an API server which was set back to a backup is believed too. An answer can also come
after a watch told that the object is gone again: so the last deletions are remembered.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Hashable, Iterator, Mapping
from typing import Any, Final, Generic, TypeVar

from attrs import define, field, frozen

Name = tuple[str, str]
"""Namespace and name."""

MOST_DELETIONS: Final = 4096
"""How many deletions are remembered; an answer is late by some milliseconds."""

T = TypeVar("T")


def _one_group(_: object) -> Hashable:
    return None


@frozen
class Sighting(Generic[T]):
    """A value, and as of which version of its object."""

    version: int
    value: T
    ours: bool
    """Whether no watch has told of this version yet: it is the answer to our own write."""


@frozen
class Change(Generic[T]):
    """What became of one object: `before` and `after` are None where there is none."""

    name: Name
    before: T | None
    after: T | None


@define
class Shelf(Generic[T]):
    """The objects of one kind, by namespace."""

    read: Callable[[Mapping[str, Any], T | None], T | None]
    """The value of a document, given the one that is known; None: it is of no interest."""
    group: Callable[[T], Hashable] = _one_group
    """By what the values of a namespace are looked for."""
    _spaces: dict[str, dict[str, Sighting[T]]] = field(factory=dict)
    _groups: dict[tuple[str, Hashable], dict[str, None]] = field(factory=dict)
    """The names in each group of each namespace."""
    _deletions: dict[Name, int] = field(factory=dict)
    """As of which version objects were deleted, the latest last."""

    def put(
        self, document: Mapping[str, Any], *, ours: bool = False, value: T | None = None
    ) -> Change[T] | None:
        """Take in a sighting; what it changed. With `value` it need not be read."""
        name, version = name_of(document), version_of(document)
        known = self._spaces.get(name[0], {}).get(name[1])
        if known is not None and (ours or known.ours) and version < known.version:
            return None
        if known is not None and known.ours and 0 < version == known.version:
            self._spaces[name[0]][name[1]] = Sighting(version, known.value, ours)
            return None
        if ours and version <= self._deletions.get(name, -1):
            return None
        before = None if known is None else known.value
        after = self.read(document, before) if value is None else value
        if after is None:
            return self.drop(name)
        self._spaces.setdefault(name[0], {})[name[1]] = Sighting(version, after, ours)
        self._regroup(name, before, after)
        return None if after == before else Change(name, before, after)

    def gone(self, document: Mapping[str, Any]) -> Change[T] | None:
        """Take in that an object was deleted, unless we have made it anew since."""
        name = name_of(document)
        known = self._spaces.get(name[0], {}).get(name[1])
        version = version_of(document)
        if known is not None and known.ours and version < known.version:
            return None
        self._deletions.pop(name, None)
        self._deletions[name] = version
        if len(self._deletions) > MOST_DELETIONS:
            del self._deletions[next(iter(self._deletions))]
        return self.drop(name)

    def drop(self, name: Name) -> Change[T] | None:
        """Forget an object."""
        space = self._spaces.get(name[0], {})
        known = space.pop(name[1], None)
        if not space:
            self._spaces.pop(name[0], None)
        if known is None:
            return None
        self._regroup(name, known.value, None)
        return Change(name, known.value, None)

    def keep_only(self, namespace: str, names: Collection[Name]) -> list[Change[T]]:
        """Forget what a list of the namespace (of all, where it is empty) did not have."""
        held = [
            (space, name)
            for space, objects in self._spaces.items()
            if namespace in ("", space)
            for name in objects
        ]
        changes = [self.drop(name) for name in held if name not in names]
        return [change for change in changes if change is not None]

    def keep_spaces(self, stays: Callable[[str], bool]) -> list[Change[T]]:
        """Forget all namespaces but those that stay."""
        spaces = [space for space in self._spaces if not stays(space)]
        return [change for space in spaces for change in self.keep_only(space, ())]

    def get(self, name: Name) -> T | None:
        """What is known of an object."""
        known = self._spaces.get(name[0], {}).get(name[1])
        return None if known is None else known.value

    def version(self, name: Name) -> str:
        """As of which version an object is known; "" where it is not, or has none."""
        known = self._spaces.get(name[0], {}).get(name[1])
        return str(known.version) if known is not None and known.version else ""

    def of(self, namespace: str) -> Iterator[tuple[str, T]]:
        """The objects of a namespace, by name."""
        return ((name, one.value) for name, one in self._spaces.get(namespace, {}).items())

    def of_group(self, namespace: str, group: Hashable) -> Iterator[tuple[str, T]]:
        """The objects of a group of the namespace, by name."""
        space = self._spaces.get(namespace, {})
        return ((name, space[name].value) for name in self._groups.get((namespace, group), ()))

    def names(self) -> list[Name]:
        """Every object that is known."""
        return [(space, name) for space, objects in self._spaces.items() for name in objects]

    def _regroup(self, name: Name, before: T | None, after: T | None) -> None:
        was = None if before is None else (name[0], self.group(before))
        now = None if after is None else (name[0], self.group(after))
        if was is not None and was != now:
            group = self._groups[was]
            del group[name[1]]
            if not group:
                del self._groups[was]
        if now is not None and was != now:
            self._groups.setdefault(now, {})[name[1]] = None


def name_of(document: Mapping[str, Any]) -> Name:
    """Which object a document is about."""
    metadata = document["metadata"]
    return metadata.get("namespace", ""), metadata["name"]


def version_of(document: Mapping[str, Any]) -> int:
    """As of which write; Kubernetes lets versions of one kind be compared as numbers."""
    text = document["metadata"].get("resourceVersion", "")
    return int(text) if text.isascii() and text.isdigit() else 0
