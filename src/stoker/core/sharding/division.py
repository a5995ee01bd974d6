"""Which shard a namespace is in: the same for every replica, and for ever.

A hash of the name spreads namespaces evenly, and nothing has to be written down or agreed upon. A
GatewaySync and all that belongs to it share a namespace, so a shard is complete in itself.
"""

from __future__ import annotations

import hashlib
from functools import lru_cache
from typing import Final

MOST_SHARDS: Final = 64
"""Each costs a write every two seconds."""

_DIGITS: Final = 8
_KNOWN: Final = 1 << 16


@lru_cache(_KNOWN)
def shard_of(namespace: str, count: int) -> int:
    """The shard of a namespace, from 0."""
    return 0 if count == 1 else _hash(namespace) % count


@lru_cache(_KNOWN)
def preference(identity: str, shard: int) -> int:
    """The lower, the rather a replica takes this shard: each has an order of its own."""
    return _hash(f"{identity}/{shard}")


def lease_name(name: str, shard: int, count: int) -> str:
    """The name of a shard's lease, where `name` is that of the only one without shards."""
    return f"{name}-{shard}-of-{count}"


def place_of(lease: str, name: str) -> tuple[int, int] | None:
    """Shard and count of a lease that `lease_name` made; None for any other."""
    if not lease.startswith(f"{name}-"):
        return None
    match lease[len(name) + 1 :].split("-"):
        case [shard, "of", count] if _is_number(shard) and _is_number(count):
            return int(shard), int(count)
    return None


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdecimal() and len(text) < _DIGITS


def _hash(text: str) -> int:
    digest = hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()
    return int.from_bytes(digest[:_DIGITS])
