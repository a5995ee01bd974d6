"""The objects that Stoker makes for a CR: which there should be, and which to clear away.

An object is taken for ours only by kind and name as we give them, so that a ConfigMap of somebody's
that bears our label by mistake is left alone.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from stoker.core.names import (
    FINALIZER,
    agent_role,
    changes_config_map,
    github_token_secret,
    legacy_status_config_map,
    metadata_config_map,
    status_config_map,
)
from stoker.core.pods import derive_cr
from stoker.core.profile import AuthType
from stoker.core.reconcile.actions import (
    DeleteObject,
    EnsureBinding,
    EnsureConfigMap,
    EnsureRole,
    RemoveFinalizer,
)
from stoker.core.reconcile.announce import agent_rules
from stoker.core.reconcile.snapshot import ObjectName, Snapshot
from stoker.core.spec import GatewaySyncSpec, GitHubAppAuth

if TYPE_CHECKING:
    from collections.abc import Iterator

    from stoker.core.pods import Pod

_POD_PREFIXES: Final = ("stoker-status-", "stoker-changes-")


def agent_pods(snapshot: Snapshot) -> tuple[Pod, ...]:
    """The pods of the CR that have an agent, by name.

    One that is about to go is among them: its agent still reports how its last sync ended.
    """
    cr = snapshot.metadata
    return tuple(
        sorted(
            (
                pod
                for pod in snapshot.pods
                if pod.has_agent
                and pod.namespace == cr.namespace
                and derive_cr(snapshot.namespace_crs, pod.annotations.cr_name) == cr.name
            ),
            key=lambda pod: (pod.name, pod.uid),
        )
    )


def upkeep(
    snapshot: Snapshot, pods: tuple[Pod, ...], *, wants_token: bool
) -> Iterator[EnsureConfigMap | DeleteObject]:
    """What to make and to delete so that the agents in `pods` can report, and no others."""
    cr, owned = snapshot.metadata.name, snapshot.owned
    wanted = {
        ObjectName("ConfigMap", name): pod.name
        for pod in pods
        for name in (status_config_map(cr, pod.name), changes_config_map(cr, pod.name))
    }
    for name in sorted(wanted.keys() - owned.objects):
        yield EnsureConfigMap(name.name, wanted[name])
    for name in sorted(owned.objects - wanted.keys()):
        if _is_of_a_pod(cr, name):
            yield DeleteObject(name)
    secret = ObjectName("Secret", github_token_secret(cr))
    if secret in owned.objects and not wants_token:
        yield DeleteObject(secret)


def may_have_token(snapshot: Snapshot) -> bool:
    """Whether the CR may have a token Secret: whoever makes the snapshot has to look for it.

    It may be left over from another way of authentication, or from an earlier controller.
    """
    spec, told = snapshot.spec, snapshot.owned.metadata
    uses = isinstance(spec, GatewaySyncSpec) and isinstance(spec.git.auth.method, GitHubAppAuth)
    used = told is not None and told.auth_type is AuthType.GITHUB_APP
    return uses or used or snapshot.metadata.deleting


def farewell(snapshot: Snapshot) -> Iterator[DeleteObject | RemoveFinalizer]:
    """What to do for a CR that was told to go."""
    if FINALIZER not in snapshot.metadata.finalizers:
        return
    # A namespace that goes takes everything with it, and might not let us delete any more.
    if not snapshot.namespace_terminating:
        cr = snapshot.metadata.name
        for name in sorted(snapshot.owned.objects):
            if name in _fixed(cr) or _is_of_a_pod(cr, name):
                yield DeleteObject(name)
    yield RemoveFinalizer()


def access(snapshot: Snapshot, pods: tuple[Pod, ...]) -> Iterator[EnsureRole | EnsureBinding]:
    """What to make so that the agents in `pods` may do what they have to."""
    if not snapshot.settings.auto_bind_agent:
        return
    cr, owned = snapshot.metadata.name, snapshot.owned
    role = agent_role(cr)
    rules = agent_rules(cr, (pod.name for pod in pods))
    if owned.rules != rules:
        yield EnsureRole(role, rules)
    accounts = tuple(sorted({pod.service_account_name or "default" for pod in pods}))
    if owned.service_accounts != accounts:
        yield EnsureBinding(role, role, accounts)


def _fixed(cr: str) -> frozenset[ObjectName]:
    return frozenset(
        {
            ObjectName("ConfigMap", metadata_config_map(cr)),
            ObjectName("ConfigMap", legacy_status_config_map(cr)),
            ObjectName("Secret", github_token_secret(cr)),
            ObjectName("Role", agent_role(cr)),
            ObjectName("RoleBinding", agent_role(cr)),
        }
    )


def _is_of_a_pod(cr: str, name: ObjectName) -> bool:
    is_report = name.kind == "ConfigMap" and name.name.startswith(_POD_PREFIXES)
    return is_report and name not in _fixed(cr)
