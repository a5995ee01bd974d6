"""A CR in numbers: what its spec and status say, as values and labels.

Everything is bounded and nothing is secret: conditions are those that Stoker knows, a repository is
named without its user, and of several pods that claim to be one gateway there is one series, which
is that of the worst.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

from attrs import frozen

from stoker.core.conditions import ConditionStatus, ConditionType
from stoker.core.errors import InvalidDocument, UrlError
from stoker.core.profile import AuthType
from stoker.core.refs import check_repo_url
from stoker.core.spec import (
    DiscoveredGateway,
    GatewaySyncSpec,
    GatewaySyncStatus,
    GitHubAppAuth,
    SyncStatus,
)
from stoker.core.status import state_number

if TYPE_CHECKING:
    from collections.abc import Iterable

NOT_POLLED: Final = "off"
"""The polling interval of a CR that is not polled."""

_LONGEST_REF: Final = 256
_SCHEMES: Final = ("https", "http", "ssh", "git", "file")
_VALUES: Final = {
    ConditionStatus.TRUE: 1.0,
    ConditionStatus.FALSE: 0.0,
    ConditionStatus.UNKNOWN: -1.0,
}
_TYPES: Final = frozenset(ConditionType)

App = tuple[str, str]
"""Id of a GitHub App, and of its installation."""


@frozen
class GatewayShown:
    """One gateway; None where it was never synced."""

    state: float
    last_sync: float | None


@frozen(kw_only=True)
class CrShown:
    """A CR as it was last seen."""

    values: Mapping[str, float]
    """By the name of the family."""
    conditions: Mapping[str, float]
    gateways: Mapping[str, GatewayShown]
    info: tuple[str, ...] | None
    """`git_repo`, `git_ref`, `auth_type` and `polling_interval`; None while the spec is invalid."""
    app: App | None


def shown(spec: GatewaySyncSpec | InvalidDocument, status: GatewaySyncStatus) -> CrShown:
    """What there is to tell of a CR."""
    rows = status.discovered_gateways
    counts = {
        "gateways_discovered": len(rows),
        "gateways_synced": _count(rows, SyncStatus.SYNCED),
        "gateways_missing_sidecar": _count(rows, SyncStatus.MISSING_SIDECAR),
        "cr_ready": int(status.conditions.is_true(ConditionType.READY)),
    }
    valid = None if isinstance(spec, InvalidDocument) else spec
    if valid is not None:
        counts["cr_paused"] = int(valid.paused)
    return CrShown(
        values={name: float(number) for name, number in counts.items()},
        conditions={
            one.type: _VALUES[one.status] for one in status.conditions if one.type in _TYPES
        },
        gateways=_gateways(rows),
        info=None if valid is None else _info(valid),
        app=None if valid is None else _app(valid),
    )


def repository_label(repo: str) -> str:
    """The repository's address without anything that may be a secret, and not long."""
    try:
        url = check_repo_url(repo, _SCHEMES)
    except UrlError as error:
        return error.where
    if url.scheme == "ssh":
        return url.text
    scheme, separator, rest = url.text.partition("://")
    authority, slash, path = rest.partition("/")
    return f"{scheme}{separator}{authority.rpartition('@')[2]}{slash}{path}"


def _gateways(rows: Iterable[DiscoveredGateway]) -> dict[str, GatewayShown]:
    found: dict[str, GatewayShown] = {}
    # The last one of a name stays: that is the worst, and of equals the one synced longest ago.
    for row in sorted(rows, key=_goodness, reverse=True):
        at = row.last_sync_time
        found[row.name] = GatewayShown(
            float(state_number(row.sync_status)), None if at is None else at.timestamp()
        )
    return found


def _goodness(row: DiscoveredGateway) -> tuple[bool, bool, float]:
    at = row.last_sync_time
    is_error = row.sync_status is SyncStatus.ERROR
    return row.sync_status is SyncStatus.SYNCED, not is_error, at.timestamp() if at else 0.0


def _info(spec: GatewaySyncSpec) -> tuple[str, ...]:
    polling = spec.polling
    return (
        repository_label(spec.git.repo),
        (spec.git.ref or spec.git.semver or "")[:_LONGEST_REF],
        AuthType.of(spec.git.auth).value,
        polling.interval.text if polling.enabled else NOT_POLLED,
    )


def _app(spec: GatewaySyncSpec) -> App | None:
    match spec.git.auth.method:
        case GitHubAppAuth(app_id=app, installation_id=installation):
            return str(app), str(installation)
        case _:
            return None


def _count(rows: Iterable[DiscoveredGateway], status: SyncStatus) -> int:
    return sum(row.sync_status is status for row in rows)
