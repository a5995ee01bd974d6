"""What the body of a webhook is read as: a ref to set, refs that were pushed, or nothing of ours.

A push is news, not an order: it never changes the ref of a CR, it only says that now is a good
time to look at the repository. The commit in it is what the sender says, for messages; what is
synced is always what the repository itself resolves to.
"""

from __future__ import annotations

from enum import StrEnum

from attrs import field, frozen

from stoker.core.refs import CommitId, RefName, RequestSource


class RequestKind(StrEnum):
    """What is asked for."""

    SET = "set"
    PUSH = "push"


@frozen
class PushedRef:
    """A branch or tag that was pushed; no commit when it was deleted or none was named."""

    ref: RefName
    commit: CommitId | None = None


@frozen
class RefRequest:
    """A ref that the CR is to follow from now on (`set`), or that was pushed (`push`)."""

    ref: RefName
    source: RequestSource
    kind: RequestKind = RequestKind.SET
    commit: CommitId | None = None
    pushed: tuple[PushedRef, ...] = ()
    """All refs of a push, `ref` the first of them; empty for `set`."""
    user: str = field(default="", eq=False, kw_only=True)
    """Who the sender says has asked for it, for the record; "" where it does not say."""

    @classmethod
    def push(cls, source: RequestSource, first: PushedRef, *more: PushedRef) -> RefRequest:
        """The request that a push of these refs makes."""
        return cls(first.ref, source, RequestKind.PUSH, first.commit, (first, *more))


@frozen
class Ignored:
    """An event of a known system that says nothing about refs, such as the ping of a new webhook.

    It is answered 202: systems mark a webhook as broken, or switch it off, when it answers 400.
    """

    source: RequestSource
    event: str
