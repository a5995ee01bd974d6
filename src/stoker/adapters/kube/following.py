"""How a watch goes on, as a pure function.

A watch lists what there is, then follows the changes after the version of the list, for ever. What
each step came to is an outcome; `after` makes from it the position to go on from: a version to
follow, or "" to list anew, and how long to wait before.

- An ordinary end resumes at once, from the last version that was heard.
- 429, 5xx and lost connections resume too, after a wait: nothing is missed by them.
- Silence resumes once. A second silent stream in a row is not believed any more: list.
- An expired version, and whatever is no answer that this API gives: list.

`hear` takes an event. The versions of one stream only ever rise, so an event with a lower one than
the last (repeated late, out of order, or from a server that was set back to a backup) says that
this stream cannot be relied upon: list. So the sink ends with what the server has, whatever the
sequence; it may be as simple as a dict.

What fails again and again without any event in between is tried less and less often. A list alone
is no success, or a watch that breaks at once would list every second.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, TypeAlias

from attrs import evolve, field, frozen

from stoker.adapters.kube.errors import ApiFailed, Busy, Gone, Silent, Unreachable
from stoker.core.errors import Retryable

SHORTEST: Final = 1.0
LONGEST: Final = 30.0
"""Seconds to wait after failures, at the least and at the most."""
MAX_ASKED: Final = 60.0
"""The most that `Retry-After` can make us wait."""
BELIEVED_SILENCES: Final = 1
"""How many silent streams in a row are resumed."""

_DOUBLINGS: Final = 5
_MOST_DIGITS: Final = 40


@frozen
class Position:
    """Where a watch is."""

    version: str = ""
    """After which version to follow; "": list first."""
    wait: float = 0.0
    """Seconds to wait before."""
    failures: int = 0
    """How often in a row nothing came of it."""
    silences: int = 0


@frozen
class Listed:
    """All that there is was listed, at this version."""

    version: str


@frozen
class Followed:
    """A stream has ended."""

    version: str
    """The last that was heard on it, or where it began."""
    heard: bool
    """Whether there was a good event on it, a bookmark at least."""
    lasted: float
    error: Exception | None = field(default=None, eq=False)
    """What ended it; None: the server, as it was asked to."""


@frozen
class NotListed:
    """The list failed."""

    error: Exception = field(eq=False)


Outcome: TypeAlias = Listed | Followed | NotListed


def after(position: Position, outcome: Outcome, chance: float) -> Position:
    """Where to go on; `chance` is a random number from 0 to 1."""
    match outcome:
        case Listed(version):
            return evolve(position, version=version, wait=0.0)
        case NotListed(error):
            return _failed(evolve(position, version=""), chance, _asked(error))
        case Followed():
            return _followed(_heard(position, outcome), outcome, chance)


def _heard(position: Position, outcome: Followed) -> Position:
    if outcome.heard:
        return Position(outcome.version)
    return evolve(position, version=outcome.version, wait=0.0)


def _followed(  # noqa: PLR0911 - a table of the ways in which a stream ends
    position: Position, outcome: Followed, chance: float
) -> Position:
    match outcome.error:
        case None if outcome.lasted >= SHORTEST:
            return Position(position.version)
        case None:
            # A server that ends each stream at once must not be asked all the time.
            return _failed(evolve(position, silences=0), chance)
        case Silent() if position.silences < BELIEVED_SILENCES:
            return evolve(position, silences=position.silences + 1)
        case Silent():
            return evolve(position, version="", silences=0)
        case Busy() | Unreachable() as error:
            return _failed(position, chance, _asked(error))
        case Gone() if not position.failures:
            return evolve(position, version="", silences=0, failures=1)
        case _:
            return _failed(evolve(position, version="", silences=0), chance)


def _failed(position: Position, chance: float, asked: float = 0.0) -> Position:
    failures = position.failures + 1
    most = min(LONGEST, SHORTEST * 2.0 ** min(failures, _DOUBLINGS))
    wait = SHORTEST + (most - SHORTEST) * chance
    return evolve(position, failures=failures, wait=max(wait, min(asked, MAX_ASKED)))


def _asked(error: Exception) -> float:
    """How long the server wants to be left alone."""
    match error:
        case ApiFailed(disposition=Retryable(after=float() | int() as seconds)):
            return float(seconds)
    return 0.0


# --- Events ---


@frozen
class Put:
    """An object was added or changed."""

    document: dict[str, Any]
    version: str


@frozen
class Dropped:
    """An object was deleted, or is none of those that are asked for any more."""

    document: dict[str, Any]
    version: str


@frozen
class Noted:
    """Nothing changed up to this version."""

    version: str


@frozen
class Strange:
    """It is no event that can follow on the last one; `why` completes "a watch brought"."""

    why: str


def hear(version: str, kind: str, document: dict[str, Any]) -> Put | Dropped | Noted | Strange:
    """What an event means after `version`."""
    told = _version_of(document)
    if not told or _is_before(told, version):
        return Strange(f"version {told[:_MOST_DIGITS]} after {version}" if told else "no version")
    match kind, key_of(document):
        case "BOOKMARK", _:
            return Noted(told)
        case "ADDED" | "MODIFIED", (_, _):
            return Put(document, told)
        case "DELETED", (_, _):
            return Dropped(document, told)
        case _, None:
            return Strange("an object without a name")
    return Strange(f"an event of the unknown type {kind[:_MOST_DIGITS]!r}")


def _version_of(document: Mapping[str, Any]) -> str:
    metadata = document.get("metadata")
    told = metadata.get("resourceVersion") if isinstance(metadata, Mapping) else None
    return told if isinstance(told, str) else ""


def key_of(document: Mapping[str, Any]) -> tuple[str, str] | None:
    """Namespace and name of an object; None if it has none."""
    metadata = document.get("metadata")
    if not isinstance(metadata, Mapping):
        return None
    namespace, name = metadata.get("namespace", ""), metadata.get("name")
    if not isinstance(namespace, str) or not isinstance(name, str) or not name:
        return None
    return namespace, name


def _is_before(version: str, other: str) -> bool:
    """Whether it is a lower number; what is no number cannot be told."""
    if not (_is_number(version) and _is_number(other)):
        return False
    return int(version) < int(other)


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdecimal() and len(text) <= _MOST_DIGITS
