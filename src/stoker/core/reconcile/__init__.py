"""The controller as one function: `decide(snapshot, now) -> Decision`.

- `snapshot`: everything that a decision depends on, for one CR
- `actions`: everything that a decision can ask for; each may be done twice without harm
- `memory`: what the controller remembers of the answers that it got
- `inquiry`: when to ask the git server and GitHub, and what is known of the ref meanwhile
- `announce`: what the agents are told, and what they may touch
- `news`: which changes of the status are worth an event
- `decision`: all of it together

The loop around it takes a snapshot, does the actions in order until one fails, passes what came
back to `recall`, and decides again; with nothing to do it sleeps until `wake_at` or until something
changes. A decision that was carried out is followed by one without actions.

Approvals, maintenance windows and rollouts in steps have their place here: they choose the target
of each gateway (`status.targets`), and have no part in the actions.
"""

from __future__ import annotations

from stoker.core.reconcile.actions import (
    Action,
    AddFinalizer,
    ClearRequestedRef,
    Decision,
    DeleteObject,
    EmitEvent,
    EnsureBinding,
    EnsureConfigMap,
    EnsureRole,
    EventType,
    ExchangeToken,
    RemoveFinalizer,
    Resolve,
    Turn,
    WriteMetadata,
    WriteStatus,
    turn_of,
)
from stoker.core.reconcile.announce import Rule, agent_rules
from stoker.core.reconcile.belongings import may_have_token
from stoker.core.reconcile.decision import decide
from stoker.core.reconcile.inquiry import quiet
from stoker.core.reconcile.memory import (
    Answer,
    Exchange,
    Memory,
    Question,
    announced,
    answered,
    exchanged,
)
from stoker.core.reconcile.snapshot import ObjectName, Owned, Settings, Snapshot, Token, token_key

__all__ = [
    "Action",
    "AddFinalizer",
    "Answer",
    "ClearRequestedRef",
    "Decision",
    "DeleteObject",
    "EmitEvent",
    "EnsureBinding",
    "EnsureConfigMap",
    "EnsureRole",
    "EventType",
    "Exchange",
    "ExchangeToken",
    "Memory",
    "ObjectName",
    "Owned",
    "Question",
    "RemoveFinalizer",
    "Resolve",
    "Rule",
    "Settings",
    "Snapshot",
    "Token",
    "Turn",
    "WriteMetadata",
    "WriteStatus",
    "agent_rules",
    "announced",
    "answered",
    "decide",
    "exchanged",
    "may_have_token",
    "quiet",
    "token_key",
    "turn_of",
]
