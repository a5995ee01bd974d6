"""Namespaces divided among replicas: which shard one is in, and who leads which shard.

- `division`: the hash, and the names of the leases
- `replica`: what one replica knows of all leases, as a value
- `moves`: what it does next for one of them
- `outcomes`: what it knows after that
"""

from __future__ import annotations

from stoker.core.sharding.division import MOST_SHARDS, lease_name, shard_of

__all__ = ["MOST_SHARDS", "lease_name", "shard_of"]
