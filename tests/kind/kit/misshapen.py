"""GatewaySyncs as no definition of ours would take them.

An older definition, or one that somebody changed, may have let anything in; what is there stays
there. `permissive` is such a definition, `Field.all` every field of the spec as the real one has
them, and `Shapes` what may stand in their place.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping
from copy import deepcopy
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Final

from kit.kubectl import Document
from stoker.adapters.codec.crd_schema import custom_resource_definition

Place = tuple[str | int, ...]

PROFILE: Final = "default"
"""The key that stands for all keys of a map."""

_NAMES: Final = {"string": "text", "boolean": "flag", "integer": "number"}


def permissive() -> Document:
    """The definition without any rule."""
    made = custom_resource_definition()
    anything = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
    loose = {"x-kubernetes-preserve-unknown-fields": True}
    for version in made["spec"]["versions"]:
        version["schema"] = {
            "openAPIV3Schema": {**anything, "properties": {"spec": loose, "status": loose}}
        }
    return made


@dataclass(frozen=True)
class Field:
    """A field of the spec."""

    place: Place
    kind: str
    """What JSON it is: text, flag, number, list, object."""

    @property
    def path(self) -> str:
        """As messages name it."""
        steps = (f"[{step}]" if isinstance(step, int) else f".{step}" for step in self.place)
        return "spec" + "".join(steps)

    @property
    def holds_others(self) -> bool:
        """Whether other fields stand in it."""
        return self.kind in ("object", "list")

    @staticmethod
    def all() -> list[Field]:
        """Every field of the spec, the outer ones first."""
        version = custom_resource_definition()["spec"]["versions"][0]
        schema = version["schema"]["openAPIV3Schema"]["properties"]["spec"]
        return list(_fields(schema, ()))


def _fields(schema: Mapping[str, Any], place: Place) -> Iterator[Field]:
    kind = schema.get("type", "object")
    yield Field(place, {"array": "list"}.get(kind, _NAMES.get(kind, kind)))
    for name, below in schema.get("properties", {}).items():
        yield from _fields(below, (*place, name))
    if isinstance(values := schema.get("additionalProperties"), dict):
        yield from _fields(values, (*place, PROFILE))
    if isinstance(items := schema.get("items"), dict):
        yield from _fields(items, (*place, 0))


def whole(repo: str) -> Document:
    """A spec in which every field can be replaced."""
    settings = {"excludePatterns": ["**/x"], "vars": {PROFILE: "v"}}
    patch = {"set": {PROFILE: "1"}, "file": "a.json"}
    mapping = {"source": "projects", "destination": "projects", "patches": [patch]}
    return {
        "git": {"repo": repo, "ref": "main", "auth": {}},
        "polling": {"interval": "60s"},
        "gateway": {"api": {"secretName": "api-key"}},
        "sync": {"defaults": settings, "profiles": {PROFILE: {"mappings": [mapping], **settings}}},
        "agent": {"image": {}, "resources": {}},
        "receiver": {},
    }


def replaced(spec: Document, place: Place, value: Any) -> Any:
    """The spec with another value at a place; what is missing on the way is made."""
    if not place:
        return value
    made: Any = deepcopy(spec)
    holder = made
    for step, following in pairwise(place):
        empty: Any = [] if isinstance(following, int) else {}
        if isinstance(step, int):
            holder[:] = holder or [empty]
        else:
            holder.setdefault(step, empty)
        holder = holder[step]
    if isinstance(holder, list):
        holder[:] = [value]
    else:
        holder[place[-1]] = value
    return made


def nested(depth: int, *, lists: bool = False) -> Any:
    """Objects in objects, or lists in lists."""
    made: Any = "deep"
    for _ in range(depth):
        made = [made] if lists else {"a": made}
    return made


SHAPES: Final[Mapping[str, tuple[Any, ...]]] = {
    "text": (
        "",
        "x" * 10_000,
        "\x00\x01\x1b[31m\r\nforged",
        "\u202e\u2028\ufeff",
        "🚒" * 50,
        "{{",
        "SIDEWAYS",
        "--upload-pack=touch",
        "../../etc",
        "NaN",
        "-1",
    ),
    "flag": (True, False),
    "number": (-1, 0, 2**63 - 1, -(2**63), 10**30, 1.5, 1e308, -0.0),
    "list": ([], [None], [[]], nested(300, lists=True), ["🚒", "\x00"]),
    "object": (
        {},
        {"": {"": None}},
        nested(300),
        {"\x00": 1, "🚒": []},
        {"a/b": "~1", "__class__": {}},
    ),
    "null": (None,),
}
"""What may stand anywhere, by what JSON it is."""

HEAVY: Final[Mapping[str, Any]] = {
    "text": "x" * 500_000,
    "list": [0] * 100_000,
    "object": {f"k{number}": number for number in range(10_000)},
}
"""The same, and large."""


@dataclass
class Shapes:
    """A choice among them that is the same for the same seed."""

    chance: random.Random

    @classmethod
    def of(cls, seed: int) -> Shapes:
        """The choice of this seed."""
        return cls(random.Random(seed))  # noqa: S311 - no secret

    def unlike(self, kind: str) -> Any:
        """A value of another kind of JSON, and no null, as that may stand for an absent field."""
        other = self.chance.choice([one for one in SHAPES if one not in (kind, "null")])
        # Go writes an empty text for what is not given.
        return self.chance.choice([one for one in SHAPES[other] if one != ""])

    def any(self) -> Any:
        """Any value."""
        return self.chance.choice(SHAPES[self.chance.choice([*SHAPES])])

    def everywhere(self, repo: str) -> Document:
        """A spec that has the wrong kind of value in every field that holds no others."""
        made = whole(repo)
        for one in Field.all():
            if not one.holds_others:
                made = replaced(made, one.place, self.unlike(one.kind))
        return made


def odd_metadata(uid: str) -> dict[str, Document]:
    """What may stand in a CR's metadata, by a name for the CR; `uid` is of the default account."""
    owner = {"apiVersion": "v1", "kind": "ServiceAccount", "name": "default", "uid": uid}
    made: dict[str, Document] = {
        "annotated": {"annotations": {f"example.com/a{n}": "🚒" * 50 for n in range(1_000)}},
        "owned": {"ownerReferences": [owner]},
        "held": {"finalizers": ["example.com/hold"]},
        "labelled": {"labels": {"stoker.io/cr-name": "ok-0", "app.kubernetes.io/name": "x"}},
        f"long-{'n' * 195}": {},
        f"longest.{'m' * 245}": {},
    }
    for number, (ref, at) in enumerate(zip(_REFS, _TIMES, strict=True)):
        made[f"asked-{number}"] = {"annotations": _requested(ref, at)}
    return made


def _requested(ref: str, at: str) -> dict[str, str]:
    given = {"requested-ref": ref, "requested-at": at, "requested-by": ref[::-1]}
    return {f"stoker.io/{name}": text for name, text in given.items()}


_REFS: Final = ("", "-x", "a..b", "🚒", "x" * 50_000, "main\n\x1b[1mforged", "{}", "refs/heads/")
_TIMES: Final = (
    "2026-01-01T00:00:00Z",
    "yesterday",
    "9999-99-99T99:99:99Z",
    "",
    "9999-12-31T23:59:59-14:00",
    "0000-00-00",
    "1e400",
    "\x00",
)

ODD_STATUSES: Final[Mapping[str, Any]] = {
    "status-text": "text",
    "status-list": [1, None],
    "status-deep": {"conditions": nested(300, lists=True)},
    "status-conditions": {"conditions": [{"type": 5}, None, {"type": "Ready", "status": "Maybe"}]},
    "status-rows": {"discoveredGateways": [{"name": 1}], "profileCount": -1},
    "status-times": {"lastSyncTime": "yesterday", "lastSyncCommit": ["x"], "unknown": {"a": 1}},
}
"""What may stand in a CR's status, by a name for the CR."""
