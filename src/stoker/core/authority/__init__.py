"""Certificates for webhooks without cert-manager: what is to be done next, as pure functions.

One Secret holds authorities (certificates that may sign others, some with their keys) and the
serving certificate. Both webhook configurations hold the authorities, as `caBundle`, by which the
API server trusts whoever answers it. Every replica looks after all of it, and none leads.

What keeps each served certificate trusted while authorities come and go:

- An authority is in the Secret before it is in a configuration. Configurations are read before the
  Secret, and written only where they still say what was read; so what is published only ever
  grows, and what an old authority has signed stays trusted.
- Nothing that a new authority has signed is served before it was in every configuration for a
  grace time without a break, as whoever signs has seen itself, by a clock that nobody sets.
- An authority goes when it has been expired for twice as long as it was good before. A clock that
  is wrong by less than that takes nothing away that anybody uses.
- Whoever finds the Secret broken writes again what was in it, if it has seen it whole.

Replicas do not fight, also where their clocks or options differ: everybody wants certificates that
last longer, more names and more authorities, so one is content with what another wants more of.

- `facts`: what Secret and configurations hold, as times and identities
- `revising`: what the Secret should hold
- `standing`: what one replica knows, and what it knows after each move
- `keeping`: what it does next
- `pacing`: how long it waits before it tries something again
"""

from __future__ import annotations

from stoker.core.authority.facts import (
    MISSING,
    UNREAD,
    Authority,
    Certificate,
    Configuration,
    Configured,
    Entry,
    Held,
    Terms,
    View,
)
from stoker.core.authority.keeping import Look, Move, Publish, Rest, Serve, Write, move
from stoker.core.authority.revising import Revision
from stoker.core.authority.standing import (
    LOOKING,
    SECRET,
    Standing,
    concerns,
    failed,
    looked,
    noticed,
    published,
    refused,
    rested,
    served,
    wrote,
)

__all__ = [
    "LOOKING",
    "MISSING",
    "SECRET",
    "UNREAD",
    "Authority",
    "Certificate",
    "Configuration",
    "Configured",
    "Entry",
    "Held",
    "Look",
    "Move",
    "Publish",
    "Rest",
    "Revision",
    "Serve",
    "Standing",
    "Terms",
    "View",
    "Write",
    "concerns",
    "failed",
    "looked",
    "move",
    "noticed",
    "published",
    "refused",
    "rested",
    "served",
    "wrote",
]
