"""How the body of each system's webhook is recognised and read.

A body is JSON of a form that nobody promised. It is decoded with bounds, looked into without any
assumption about types (`dig`), and shown to one reader after the other: each knows one system by
its body, and returns what it says, or None when the body is not of its kind. Headers only help to
tell Gitea from GitHub, whose bodies it imitates, and a ping from a request.

Releases, promotions and the generic form set the ref. Pushes, and tags or branches that were
created or deleted, are pushes. Other events of these systems are `Ignored`. A body that nobody
knows, and a ref that is missing where it must be or is illegal, is an error (400).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Final, NoReturn

from attrs import evolve, frozen

from stoker.core.errors import DecodeError, RefError
from stoker.core.payload.requests import Ignored, PushedRef, RefRequest
from stoker.core.refs import CommitId, RefName, RequestSource

if TYPE_CHECKING:
    from collections.abc import Callable

MAX_BODY: Final = 1024 * 1024
"""How many bytes a body may have."""

# Tuples, not sets: what is looked for in them may be a list or an object.
_PUBLISHING: Final = (None, "published", "released", "prereleased", "created")
_CREATING: Final = (None, "create")
_EVENT_HEADERS: Final = (
    ("x-gitea-event", RequestSource.GITEA),
    ("x-forgejo-event", RequestSource.GITEA),
    ("x-gogs-event", RequestSource.GITEA),
    ("x-github-event", RequestSource.GITHUB),
    ("x-gitlab-event", RequestSource.GITLAB),
    ("x-event-key", RequestSource.BITBUCKET),
)
_USERS: Final[tuple[tuple[str, ...], ...]] = (
    ("sender", "login"),
    ("user_username",),
    ("user_name",),
    ("user", "username"),
    ("actor", "nickname"),
    ("actor", "name"),
    ("user",),
)
_SHOWN: Final = 80


@frozen
class Event:
    """A decoded body, with the headers in lower case."""

    document: Mapping[str, object]
    headers: Mapping[str, str]

    def dig(self, *steps: str | int) -> object:
        """What lies at the end of `steps`; None when there is nothing."""
        return dig(self.document, *steps)


def dig(value: object, *steps: str | int) -> object:
    """What lies below `value` at the end of `steps` (names and indices); None for nothing."""
    for step in steps:
        match value, step:
            case Mapping(), str():
                value = value.get(step)
            case list(), int() if step < len(value):
                value = value[step]
            case _:
                return None
    return value


def parse_payload(headers: Mapping[str, str], body: bytes) -> RefRequest | Ignored:
    """What the body of a webhook says; `DecodeError` or `RefError` when it says nothing legal."""
    lowered = {name.lower(): value for name, value in headers.items()}
    event = Event(_decode(lowered, body), lowered)
    for reader in _READERS:
        if (said := reader(event)) is not None:
            return said if isinstance(said, Ignored) else evolve(said, user=_user(event))
    raise DecodeError(
        "the body names no ref",
        where="webhook body",
        cure='send {"ref": "v1.2.3"}, or the event of a supported system',
    )


def _decode(headers: Mapping[str, str], body: bytes) -> Mapping[str, object]:
    if len(body) > MAX_BODY:
        raise _unreadable(f"is larger than {MAX_BODY} bytes", "send less")
    if "form-urlencoded" in headers.get("content-type", "").lower() or body.startswith(b"payload="):
        raise _unreadable("is a form", "set the content type of the webhook to application/json")
    try:
        # No number is ever looked at; as floats, even ones of a million digits cost nothing.
        document = json.loads(
            body.decode("utf-8"), parse_int=float, parse_constant=_refuse_constant
        )
    except RecursionError as error:
        raise _unreadable("is nested too deeply", "send a flat JSON object") from error
    except ValueError as error:
        raise _unreadable("is not JSON in UTF-8", "send a JSON object") from error
    if not isinstance(document, dict):
        raise _unreadable("is not a JSON object", 'send an object, such as {"ref": "v1.2.3"}')
    return document


def _refuse_constant(name: str) -> NoReturn:
    raise _unreadable(f"contains {name}, which is not JSON", "send a JSON object")


def _unreadable(why: str, cure: str) -> DecodeError:
    return DecodeError(f"the body {why}", where="webhook body", cure=cure)


def _argocd(event: Event) -> RefRequest | None:
    if not isinstance(event.dig("app", "metadata"), Mapping):
        return None
    ref = event.dig("app", "metadata", "annotations", "git.ref")
    where = 'app.metadata.annotations["git.ref"]'
    return RefRequest(_ref(ref, where), RequestSource.ARGOCD)


def _kargo(event: Event) -> RefRequest | None:
    if not isinstance(event.dig("freight"), Mapping):
        return None
    commit = event.dig("freight", "commits", 0)
    ref = _ref(dig(commit, "tag"), "freight.commits[0].tag")
    return RefRequest(ref, RequestSource.KARGO, commit=_commit(dig(commit, "id")))


def _gitlab(event: Event) -> RefRequest | Ignored | None:
    kind = event.dig("object_kind") or event.dig("event_name")
    match kind:
        case "push" | "tag_push":
            # For an annotated tag `after` is the tag object, `checkout_sha` the commit.
            commit = _commit(event.dig("checkout_sha")) or _commit(event.dig("after"))
            pushed = PushedRef(_ref(event.dig("ref"), "ref"), commit)
            return RefRequest.push(RequestSource.GITLAB, pushed)
        case "release" if event.dig("action") in _CREATING:
            commit = _commit(event.dig("commit", "id"))
            return RefRequest(_ref(event.dig("tag"), "tag"), RequestSource.GITLAB, commit=commit)
        case str():
            return Ignored(RequestSource.GITLAB, kind[:_SHOWN])
        case _:
            return None


def _bitbucket_cloud(event: Event) -> RefRequest | Ignored | None:
    changes = event.dig("push", "changes")
    if not isinstance(changes, list):
        return None
    return _bitbucket(tuple(_cloud_change(change) for change in changes))


def _cloud_change(change: object) -> PushedRef:
    # A deleted branch is `old` without `new`.
    side = dig(change, "new") or dig(change, "old")
    name = _ref(dig(side, "name"), "push.changes[].new.name")
    full = RefName.tag(name) if dig(side, "type") == "tag" else RefName.branch(name)
    return PushedRef(full, _commit(dig(change, "new", "target", "hash")))


def _bitbucket_data_center(event: Event) -> RefRequest | Ignored | None:
    key = event.dig("eventKey")
    if not isinstance(key, str):
        return None
    changes = event.dig("changes")
    if key != "repo:refs_changed" or not isinstance(changes, list):
        return Ignored(RequestSource.BITBUCKET, key[:_SHOWN])
    return _bitbucket(
        tuple(
            PushedRef(
                _ref(dig(change, "ref", "id") or dig(change, "refId"), "changes[].ref.id"),
                _commit(dig(change, "toHash")),
            )
            for change in changes
        )
    )


def _bitbucket(pushed: tuple[PushedRef, ...]) -> RefRequest | Ignored:
    if not pushed:
        return Ignored(RequestSource.BITBUCKET, "push without changes")
    return RefRequest.push(RequestSource.BITBUCKET, *pushed)


def _release(event: Event) -> RefRequest | Ignored | None:
    """A release of GitHub or Gitea: one that was edited or taken back must not set the ref."""
    if not isinstance(event.dig("release"), Mapping):
        return None
    if event.dig("release", "draft") is True or event.dig("action") not in _PUBLISHING:
        return Ignored(_forge(event), "release that is not published")
    return RefRequest(_ref(event.dig("release", "tag_name"), "release.tag_name"), _forge(event))


def _created_or_deleted(event: Event) -> RefRequest | None:
    """The create and delete events of GitHub and Gitea: short names with their type."""
    kind = event.dig("ref_type")
    if not isinstance(kind, str):
        return None
    name = _ref(event.dig("ref"), "ref")
    if not name.is_exact:
        name = RefName.tag(name) if kind == "tag" else RefName.branch(name)
    return RefRequest.push(_forge(event), PushedRef(name, _commit(event.dig("sha"))))


def _push(event: Event) -> RefRequest | None:
    """The push of GitHub or Gitea."""
    if event.dig("after") is None:
        return None
    # For an annotated tag `after` is the tag object, and the head commit the commit.
    after = _commit(event.dig("after"))
    commit = after and (_commit(event.dig("head_commit", "id")) or after)
    return RefRequest.push(_forge(event), PushedRef(_ref(event.dig("ref"), "ref"), commit))


def _other_event(event: Event) -> Ignored | None:
    for header, source in _EVENT_HEADERS:
        if header in event.headers:
            return Ignored(source, event.headers[header][:_SHOWN])
    if event.dig("zen") is not None:
        return Ignored(RequestSource.GITHUB, "ping")
    if isinstance(event.dig("repository"), Mapping):
        if isinstance(event.dig("sender"), Mapping):
            return Ignored(_forge(event), "event without a ref")
        if isinstance(event.dig("actor"), Mapping):
            return Ignored(RequestSource.BITBUCKET, "event without a ref")
    return None


def _generic(event: Event) -> RefRequest | None:
    if "ref" not in event.document:
        return None
    return RefRequest(_ref(event.dig("ref"), "ref"), RequestSource.GENERIC)


_READERS: Final[tuple[Callable[[Event], RefRequest | Ignored | None], ...]] = (
    _argocd,
    _kargo,
    _gitlab,
    _bitbucket_cloud,
    _bitbucket_data_center,
    _release,
    _created_or_deleted,
    _push,
    _other_event,
    _generic,
)


def _forge(event: Event) -> RequestSource:
    """GitHub, or Gitea, which sends GitHub's headers and bodies besides its own."""
    for header, source in _EVENT_HEADERS[:3]:
        if header in event.headers:
            return source
    has_names = dig(event.document, "sender", "full_name") is not None
    has_url = event.dig("compare_url") is not None
    return RequestSource.GITEA if has_names or has_url else RequestSource.GITHUB


def _user(event: Event) -> str:
    """Who is behind an event, by the name that their system has for them."""
    named = (event.dig(*steps) for steps in _USERS)
    text = next((one for one in named if isinstance(one, str) and one), "")
    return "".join(one if one.isprintable() else "?" for one in text[:_SHOWN])


def _ref(value: object, where: str) -> RefName:
    if not isinstance(value, str):
        raise RefError("the body names no ref", where=where, cure="name a branch or a tag")
    return RefName.parse(value)


def _commit(value: object) -> CommitId | None:
    """The commit that a body names; None for none, for all zeros (deleted) and for nonsense."""
    try:
        return CommitId(value) if isinstance(value, str) else None
    except RefError:
        return None
