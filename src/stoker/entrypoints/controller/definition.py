"""Whether the cluster's definition of GatewaySync knows all that we write into a status.

helm installs a definition once and never changes it. An older one is no error to the API server: it
drops what it does not know, and says that the write went well. So what comes back is compared with
what was sent, and what is missing is told once, with the cure.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from attrs import define, field

CURE: Final = (
    "apply the definition of this version:"
    " kubectl apply --server-side --force-conflicts --filename crds/"
)


def lost(sent: object, kept: object, place: str) -> str:
    """The path of the first member that was sent and not kept; "" where all of them were."""
    match sent, kept:
        case dict(), dict():
            for name, one in sent.items():
                path = f"{place}.{name}"
                if name not in kept:
                    return path
                if found := lost(one, kept[name], path):
                    return found
        case list(), list():
            for number, (one, other) in enumerate(zip(sent, kept, strict=False)):
                if found := lost(one, other, f"{place}[{number}]"):
                    return found
    return ""


@define
class Definition:
    """Tells once that the definition is an older one."""

    tell: Callable[[str], None] = lambda _: None
    _is_told: bool = field(default=False, init=False)

    def took(self, sent: dict[str, Any], kept: dict[str, Any]) -> None:
        """Compare the status that was sent with that of the resource that came back."""
        if self._is_told or sent["status"] == kept.get("status"):
            return
        if missing := lost(sent["status"], kept.get("status", {}), "status"):
            self._is_told = True
            self.tell(f"the definition of GatewaySync does not know {missing} ({CURE})")
