"""Settings, steps of a script and Designers from JSON, for whoever is in another process."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, TypeVar

from stoker.core.ignition import ScanKind
from stoker.testing.gateway.actions import (
    Action,
    Delay,
    DesignerSaves,
    Fault,
    Hang,
    Reset,
    RestartInScan,
    ScanNeverEnds,
    SlowBody,
    Status,
    TruncatedBody,
)
from stoker.testing.gateway.designers import Designer
from stoker.testing.gateway.errors import FakeGatewayError
from stoker.testing.gateway.settings import Token

_T = TypeVar("_T")

ACTIONS: Final[Mapping[str, type[Action]]] = {
    "hang": Hang,
    "reset": Reset,
    "slow-body": SlowBody,
    "truncated-body": TruncatedBody,
    "delay": Delay,
    "status": Status,
    "scan-never-ends": ScanNeverEnds,
    "restart-in-scan": RestartInScan,
}
"""What the actions of a script are called in JSON."""
_SAVES: Final = "designer-saves"
_FAULT_FIELDS: Final = frozenset({"on", "times", "skip", "takes_effect"})


def settings(values: Mapping[str, object]) -> dict[str, object]:
    """Switches, with tokens made of objects; which switches there are, `Settings` knows."""
    if "tokens" not in values:
        return dict(values)
    tokens = [_made(Token, one, "token") for one in _list(values["tokens"], "tokens")]
    return {**values, "tokens": tuple(tokens)}


def step(value: object) -> Fault | DesignerSaves:
    """A step of a script: a fault, or a save of a Designer."""
    if not isinstance(value, Mapping):
        raise FakeGatewayError("a step of a script is an object")
    given = dict(value)
    name = given.pop("action", None)
    if name == _SAVES:
        return _save(given)
    action = ACTIONS.get(name) if isinstance(name, str) else None
    if action is None:
        listed = ", ".join([*ACTIONS, _SAVES])
        raise FakeGatewayError("there is no such action", where=str(name), cure=f"one of {listed}")
    outer = {key: given.pop(key) for key in tuple(given) if key in _FAULT_FIELDS}
    return _made(Fault, {"on": "*", **outer, "action": _made(action, given, str(name))}, "fault")


def _save(given: dict[str, object]) -> DesignerSaves:
    if isinstance(given.get("content"), str):
        given["content"] = str(given["content"]).encode()
    if given.get("kind") is not None:
        given["kind"] = scan_kind(given)
    return _made(DesignerSaves, given, _SAVES)


def designers(value: object) -> tuple[Designer, ...]:
    """A list of Designers."""
    return tuple(_made(Designer, item, "Designer") for item in _list(value, "designers"))


def scan_kind(value: Mapping[str, object]) -> ScanKind:
    """Which half is meant; the projects, where nothing is said."""
    try:
        return ScanKind(text_of(value, "kind", ScanKind.PROJECTS))
    except ValueError as error:
        raise FakeGatewayError("it is 'projects' or 'config'", where="kind") from error


def text_of(value: Mapping[str, object], name: str, otherwise: str | None = None) -> str:
    """A text among the values, or the one that stands for it."""
    found = value.get(name, otherwise)
    if not isinstance(found, str):
        raise FakeGatewayError("a text is missing", where=name)
    return found


def seconds_of(value: Mapping[str, object], name: str, otherwise: float) -> float:
    """A number of seconds among the values, or the one that stands for it."""
    found = value.get(name, otherwise)
    if isinstance(found, bool) or not isinstance(found, (int, float)) or not found >= 0:
        raise FakeGatewayError("a number of seconds is missing", where=name)
    return float(found)


def _list(value: object, where: str) -> list[object]:
    if not isinstance(value, list):
        raise FakeGatewayError("a list is missing", where=where)
    return value


def _made(cls: type[_T], value: object, what: str) -> _T:
    if not isinstance(value, Mapping):
        raise FakeGatewayError("an object is missing", where=what)
    try:
        return cls(**value)
    except (TypeError, ValueError) as error:
        raise FakeGatewayError(str(error), where=what) from error
