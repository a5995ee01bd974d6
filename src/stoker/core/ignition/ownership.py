"""Which paths belong to the gateway itself, and are never in a plan.

A gateway keeps its identity, keys, caches and databases between the files that it takes from a
repository. `protection` sorts every path below the data directory into three:

- `Protected`: never written, never deleted. A mapping that meets one leaves it alone; a mapping
  whose destination lies in one is an error (`refused_destination`).
- `Guarded`: what locks everybody out when it is wrong: written only through a mapping whose
  destination names it (`may_write`).
- `Free`: everything else.

All rules are closed downwards: below a protected path everything is protected. So a directory's
answer is the answer for all that it holds, and a walk may stop there. The first name decides for
nearly every path, since this is asked for a hundred thousand paths at once.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from attrs import frozen

from stoker.core.errors import PathError

if TYPE_CHECKING:
    from stoker.core.paths import RelPath

GATEWAY_CACHE: Final = ".resources"
"""The folder that a gateway fills by itself, at any depth."""


@frozen
class Rule:
    """A line of the table: what it covers, and whose that is."""

    covers: str
    belongs_to: str


@frozen
class Free:
    """Nobody else's."""


@frozen
class Guarded:
    """Written only through a mapping whose destination names it."""

    rule: Rule


@frozen
class Protected:
    """Never written and never deleted."""

    rule: Rule


Protection = Free | Guarded | Protected

FREE: Final = Free()

_CACHE: Final = Protected(Rule(f"**/{GATEWAY_CACHE}", "the gateway's cache of what it loaded"))

_BY_FIRST_NAME: Final = {
    rule.covers.rstrip("/"): Protected(rule)
    for rule in (
        Rule(".stoker/", "the agent's own state"),
        Rule("db/", "the gateway's internal database"),
        Rule("var/", "the gateway's working files"),
        Rule("logs/", "the gateway's logs"),
        Rule("temp/", "the gateway's temporary files"),
        Rule("redundancy.xml", "this gateway's role in a redundant pair"),
        Rule("gateway.xml", "this gateway's ports and start-up"),
        Rule("ignition.conf", "this gateway's service wrapper"),
        Rule("modules.json", "the modules that this gateway has accepted"),
        Rule("metro-keystore", "this gateway's network key"),
        Rule(".uuid", "this gateway's identity"),
    )
}

_IN_CONFIG: Final = {
    rule.covers.rstrip("/"): Protected(rule)
    for rule in (
        Rule("config/local/", "what this one gateway keeps for itself"),
        Rule("config/resources/local/", "what this one gateway keeps for itself"),
        Rule("config/ignition/keys/", "the keys of this gateway's secrets"),
        Rule("config/ignition/tags/valueStore.idb", "the gateway's last tag values"),
    )
}
_LONGEST_IN_CONFIG: Final = max(len(covers.split("/")) for covers in _IN_CONFIG)

_OPCUA: Final = "com.inductiveautomation.opcua"
_CONFIG_STARTS: Final = (*_IN_CONFIG, f"config/{_OPCUA}")
_KEYSTORES: Final = Protected(
    Rule("config/com.inductiveautomation.opcua/**/<keystore>", "the keys of the OPC UA module")
)
_KEYSTORE_ENDINGS: Final = (".pfx", ".p12", ".jks", ".ks", ".keystore")

_GUARDED_DEPTH: Final = 5
"""Names of `config/resources/<collection>/ignition/<type>`."""
_GUARDED: Final = {
    kind: {
        name: Guarded(Rule(f"config/resources/*/ignition/{kind}/{name}/", whose)) for name in names
    }
    for kind, names, whose in (
        ("user-source", ("default", "opcua-module"), "who may log in"),
        ("identity-provider", ("default",), "how people log in"),
        ("api-token", ("*",), "the tokens of the REST API"),
    )
}
"""By type and name of the resource; `*` stands for the type itself and all its resources."""


def protection(path: RelPath) -> Protection:
    """Whether `path`, relative to the data directory, is the gateway's own."""
    return _of_clean(path)


def _of_clean(path: str) -> Protection:
    first, _, rest = path.partition("/")
    if first in _BY_FIRST_NAME:
        return _BY_FIRST_NAME[first]
    if GATEWAY_CACHE in path and GATEWAY_CACHE in path.split("/"):
        return _CACHE
    return _in_config(path) if first == "config" and rest else FREE


def _in_config(path: str) -> Protection:
    if path.startswith(_CONFIG_STARTS):
        return _in_own_config(path.split("/"))
    # Nearly every path comes here.
    names = path.split("/", 6)
    if len(names) < _GUARDED_DEPTH or names[3] != "ignition" or names[1] != "resources":
        return FREE
    guarded = _GUARDED.get(names[4])
    if guarded is None:
        return FREE
    return guarded.get(names[5] if len(names) > _GUARDED_DEPTH else "") or guarded.get("*") or FREE


def _in_own_config(names: list[str]) -> Protection:
    for depth in range(2, _LONGEST_IN_CONFIG + 1):
        rule = _IN_CONFIG.get("/".join(names[:depth]))
        if rule is not None:
            return rule
    in_opcua = names[1] == _OPCUA and any(map(_names_a_keystore, names[2:]))
    return _KEYSTORES if in_opcua else FREE


def _names_a_keystore(name: str) -> bool:
    lowered = name.lower()
    return lowered.startswith("keystore") or lowered.endswith(_KEYSTORE_ENDINGS)


def may_write(path: RelPath, destination: RelPath) -> Protection:
    """The protection of `path` when it is written through a mapping to `destination`.

    It is `Free` where that mapping may write it. A guarded path is free to a mapping whose
    destination is the guarded place or lies in it, and to no other.
    """
    found = protection(path)
    if not isinstance(found, Guarded):
        return found
    named = protection(destination) == found and path.is_within(destination)
    return FREE if named else found


def protects_everything_below(directory: RelPath) -> bool:
    """Whether no path below `directory` can ever be written: a walk need not open it."""
    return isinstance(protection(directory), Protected)


def refused_destination(destination: RelPath) -> PathError | None:
    """What is wrong with a mapping to `destination`; None if it is not a protected place."""
    found = protection(destination)
    if not isinstance(found, Protected):
        return None
    return PathError(
        f"the destination is never overwritten: it lies in '{found.rule.covers}', "
        f"{found.rule.belongs_to}",
        where=destination,
        cure="choose another destination, or remove the mapping",
    )


def is_protected(path: str) -> bool:
    """Whether any text, cleaned as a path, names a protected place.

    For text that has not become a `RelPath`: it may be absolute, and it may start with `..`.
    """
    return isinstance(_of_clean(_cleaned(path)), Protected)


def _cleaned(text: str) -> str:
    names: list[str] = []
    for name in text.split("/"):
        if name == ".." and names and names[-1] != "..":
            names.pop()
        elif name == ".." and text.startswith("/"):
            continue
        elif name not in {"", "."}:
            names.append(name)
    return "/".join(names)
