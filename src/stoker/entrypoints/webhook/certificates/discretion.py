"""Errors that repeat nothing of a key.

An API server, or a webhook of somebody else that is asked about our Secret, may repeat a part of
what it refused. A piece of a key in a message is enough to keep all of the message back.
"""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Final

from attrs import evolve

if TYPE_CHECKING:
    from collections.abc import Iterable

    from stoker.adapters.kube.errors import ApiFailed

_PIECE: Final = 10
"""Characters that two texts have in common by chance in one case of a billion billions."""


def discreet(error: ApiFailed, keys: Iterable[bytes]) -> ApiFailed:
    """The error, without its message where that repeats a part of a key."""
    pieces = {piece for key in keys for piece in _pieces(key)}
    told = f"{error.message} {error.where} {error.cure}"
    windows = (told[place : place + _PIECE] for place in range(len(told)))
    if pieces.isdisjoint(windows):
        return error
    return evolve(error, message=f"it was refused with HTTP {error.status}", cure="")


def _pieces(key: bytes) -> Iterable[str]:
    """What a text has in it that repeats a part of a key, as PEM or as a Secret has it."""
    lines = [line for line in key.decode("ascii", "replace").splitlines() if "-----" not in line]
    for text in ("".join(lines), base64.b64encode(key).decode("ascii")):
        for place in range(len(text) - _PIECE + 1):
            yield text[place : place + _PIECE]
