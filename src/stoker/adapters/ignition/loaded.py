"""Whether a gateway has loaded what was written.

Two questions: which names does it list as loaded for each type of the configuration, and does its
log complain of a resource since the scan. What it lists not, or complains of, has failed. A gateway
that has no such list or log, or does not show it to our token, is no reason to take files back, but
it has confirmed nothing either: `Unsupported`. Nothing is held against it unless it must have been
loaded: resources of another deployment mode's collection lie there for others.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from stoker.adapters.ignition.errors import NoAnswer
from stoker.core.scan import (
    Accepted,
    Answer,
    Forbidden,
    NotCommissioned,
    Refused,
    ResourceFailed,
    ScanOutcome,
    Succeeded,
    TimedOut,
    Unreachable,
    Unsupported,
    blamed_resources,
    interpret_scan_post,
    loaded_names,
    missing_resources,
)
from stoker.core.scan.answer import MAX_EXCERPT

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from stoker.adapters.ignition.api import Api
    from stoker.adapters.ignition.patience import Patience
    from stoker.core.ignition import ResourcePath

_COLLECTIONS: Final = "config/resources/"
_ALWAYS_LOADED: Final = frozenset({"core", "external"})
_NOT_TOLD: Final = (Unsupported, Forbidden, NotCommissioned)
"""What a question means that this gateway does not know, or not for us. An unknown type may be
answered with 400, which elsewhere means that nobody has commissioned the gateway."""
_UNLISTED: Final = "the gateway does not list it as loaded"
_SERVER_ERROR: Final = 500


def collection_of(resource: ResourcePath) -> str:
    """The collection of a resource of the configuration; empty for one of a project."""
    return resource.home.removeprefix(_COLLECTIONS) if _in_config(resource) else ""


def _in_config(resource: ResourcePath) -> bool:
    return resource.home.startswith(_COLLECTIONS)


def must_be_listed(
    resources: Iterable[ResourcePath], deployment_mode: str
) -> tuple[ResourcePath, ...]:
    """Those of `resources` that a gateway in that mode has to list once it has loaded them."""
    loaded = {*_ALWAYS_LOADED, deployment_mode} - {""}
    return tuple(one for one in resources if one.name and collection_of(one) in loaded)


def needs_mode(resources: Iterable[ResourcePath]) -> bool:
    """Whether it depends on the deployment mode which of `resources` are loaded."""
    return any(_in_config(one) and collection_of(one) not in _ALWAYS_LOADED for one in resources)


def verify(
    api: Api,
    written: tuple[ResourcePath, ...],
    deployment_mode: Callable[[], str],
    since_ms: int,
    patience: Patience,
) -> ScanOutcome:
    """Whether the gateway holds `written`, as far as it tells."""
    listed = must_be_listed(written, deployment_mode() if needs_mode(written) else "")
    names: dict[tuple[str, str], frozenset[str] | None] = {}
    for module, kind in sorted({(one.module, one.type) for one in listed}):
        answer = _ask(api, ("resources", "names", module, kind), {}, patience)
        if not isinstance(answer, Answer):
            return answer
        names[module, kind] = loaded_names(answer)
        if names[module, kind] is None and (trouble := _trouble(answer)):
            return trouble
    log = _ask(api, ("logs",), {"startTime": since_ms}, patience)
    if not isinstance(log, Answer):
        return log
    if (not log.ok or log.items() is None) and (trouble := _trouble(log)):
        return trouble
    return _judged(written, listed, names, log, since_ms)


def _judged(
    written: tuple[ResourcePath, ...],
    listed: tuple[ResourcePath, ...],
    names: dict[tuple[str, str], frozenset[str] | None],
    log: Answer,
    since_ms: int,
) -> ScanOutcome:
    missing = missing_resources(listed, names)
    blamed, told = blamed_resources(written, log) if log.ok else ((), "")
    failed = sorted({*missing, *blamed})
    if failed:
        return ResourceFailed(tuple(map(_shown, failed)), _line(told) or _UNLISTED)
    confirmed = log.ok and None not in names.values()
    return Succeeded(since_ms) if confirmed else Unsupported()


def _ask(
    api: Api, names: tuple[str, ...], query: dict[str, int], patience: Patience
) -> Answer | ScanOutcome:
    if patience.left <= 0:
        return TimedOut(patience.seconds)
    try:
        return api.get(*names, query=query, seconds=patience.request(api.seconds))
    except NoAnswer as error:
        return Unreachable(error.message)


def _trouble(answer: Answer) -> ScanOutcome | None:
    """Why a question was not answered; None where this gateway has no answer for us."""
    outcome = interpret_scan_post(answer)
    if isinstance(outcome, _NOT_TOLD) and not answer.headers.get("location"):
        return None
    if isinstance(outcome, Accepted):
        return Refused(answer.status, "the answer is not the gateway's")
    if answer.status >= _SERVER_ERROR and not isinstance(outcome, Unreachable):
        # That the question fails says nothing about the files: they are not to be taken back.
        return Unreachable(f"it cannot say what it has loaded, status {answer.status}")
    return outcome


def _shown(resource: ResourcePath) -> str:
    parts = (resource.home, resource.module, resource.type, resource.name)
    return "/".join(part for part in parts if part)


def _line(text: str) -> str:
    """A text of the log, fit for one line of a message."""
    printable = "".join(one if one.isprintable() else " " for one in text)
    return " ".join(printable.split())[:MAX_EXCERPT]
