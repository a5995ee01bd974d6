"""Which CR of its namespace a pod belongs to."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from attrs import frozen

from stoker.core import names
from stoker.core.pods.annotations import quoted

if TYPE_CHECKING:
    from collections.abc import Collection

_LISTED: Final = 10


@frozen
class Unclaimed:
    """A pod that belongs to no CR: why, and what its author can do about it."""

    message: str
    cure: str


def derive_cr(namespace_crs: Collection[str], named: str | None) -> str | Unclaimed:
    """The CR that a pod names, or the only one of its namespace."""
    if named is not None:
        return named if named in namespace_crs else _missing(named, namespace_crs)
    match sorted(set(namespace_crs)):
        case []:
            return Unclaimed("there is no GatewaySync in the namespace of the pod", _create())
        case [only]:
            return only
        case several:
            return Unclaimed(
                f"there are {len(several)} GatewaySyncs in the namespace of the pod",
                f"set the annotation {names.CR_NAME} to one of: {listed(several)}",
            )


def listed(choices: Collection[str]) -> str:
    """Some names for a message, sorted; of many only the first."""
    shown = sorted(choices)[:_LISTED]
    return ", ".join(shown) + (", …" if len(choices) > _LISTED else "")


def _missing(named: str, namespace_crs: Collection[str]) -> Unclaimed:
    message = f"GatewaySync {quoted(named)} does not exist in the namespace of the pod"
    if not namespace_crs:
        return Unclaimed(message, _create())
    return Unclaimed(
        message,
        f"create it, or set the annotation {names.CR_NAME} to one of: {listed(namespace_crs)}",
    )


def _create() -> str:
    return f"create one there, or remove the annotation {names.INJECT}"
