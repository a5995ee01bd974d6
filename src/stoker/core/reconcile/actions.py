"""What a decision can ask for.

Each action says what should be, not what to change, so doing it twice, or by two leaders at once,
ends where doing it once does. They are done in order; when one fails, the rest is left out and the
next decision starts from what is then there. Events stand behind the write that they tell of.
"""

from __future__ import annotations

from datetime import datetime
from enum import IntEnum, StrEnum
from typing import Final, TypeAlias

from attrs import frozen

from stoker.core.profile import Metadata
from stoker.core.reconcile.announce import Rule
from stoker.core.reconcile.memory import Question
from stoker.core.reconcile.snapshot import ObjectName
from stoker.core.refs import Request, RequestedRef
from stoker.core.spec import GatewaySyncStatus, GitHubAppAuth


@frozen
class AddFinalizer:
    """Have the CR wait for us when it is deleted."""


@frozen
class RemoveFinalizer:
    """Let the CR go, and drop its metric series and what is remembered of it."""


@frozen
class DeleteObject:
    """Delete an object that Stoker owns; that it is gone already is as good."""

    name: ObjectName


@frozen
class ExchangeToken:
    """Exchange the GitHub App's key for a token and store it in its Secret with `key`."""

    auth: GitHubAppAuth
    key: str
    request: Request | None
    """What the exchange is made for, to be passed to `exchanged`."""


@frozen
class Resolve:
    """Ask the git server for the refs `question.prefixes`.

    CRs that follow one repository are asked for together: an answer that somebody else got is as
    good if its question was begun at most `max_age` seconds ago. With 0 it has to be begun now.
    """

    question: Question
    max_age: float


@frozen
class WriteMetadata:
    """Tell the agents: create or replace the metadata ConfigMap, owned by the CR."""

    metadata: Metadata


@frozen
class EnsureRole:
    """Have the agents' Role say exactly this."""

    name: str
    rules: tuple[Rule, ...]


@frozen
class EnsureBinding:
    """Have the RoleBinding bind exactly these ServiceAccounts to the agents' Role."""

    name: str
    role: str
    service_accounts: tuple[str, ...]


@frozen
class EnsureConfigMap:
    """Have an empty ConfigMap for a pod's agent to write, owned by the CR; leave one that is."""

    name: str
    pod_name: str


@frozen
class WriteStatus:
    """Make this the status of the CR."""

    status: GatewaySyncStatus


@frozen
class ClearRequestedRef:
    """Remove the request from the CR's annotations, unless another one stands there by now."""

    request: RequestedRef


class EventType(StrEnum):
    """The two kinds of event that Kubernetes has."""

    NORMAL = "Normal"
    WARNING = "Warning"


@frozen
class EmitEvent:
    """Tell it as an event of the CR; what is `remembered` is to be passed to `announced`."""

    type: EventType
    reason: str
    message: str
    remembered: str = ""


Action: TypeAlias = (
    AddFinalizer
    | RemoveFinalizer
    | DeleteObject
    | ExchangeToken
    | Resolve
    | WriteMetadata
    | EnsureRole
    | EnsureBinding
    | EnsureConfigMap
    | WriteStatus
    | ClearRequestedRef
    | EmitEvent
)


class Turn(IntEnum):
    """The steps of a decision. Where many CRs wait, each is given one step after the other."""

    ASK = 0
    TELL_AGENTS = 1
    TELL_USERS = 2
    KEEP_UP = 3


_TURNS: Final = {
    AddFinalizer: Turn.ASK,
    ExchangeToken: Turn.ASK,
    Resolve: Turn.ASK,
    EnsureRole: Turn.TELL_AGENTS,
    EnsureBinding: Turn.TELL_AGENTS,
    WriteMetadata: Turn.TELL_AGENTS,
    # The events stand with the status: a later decision would not see any more what they tell of.
    WriteStatus: Turn.TELL_USERS,
    EmitEvent: Turn.TELL_USERS,
    ClearRequestedRef: Turn.TELL_USERS,
}


def turn_of(action: Action) -> Turn:
    """In which step an action is done."""
    return _TURNS.get(type(action), Turn.KEEP_UP)


@frozen
class Decision:
    """What to do now, in this order, and when to look again if nothing happens until then."""

    actions: tuple[Action, ...] = ()
    wake_at: datetime | None = None
