"""What must be in a namespace once its controller has come to rest.

`wrong` is the contract for what can be seen: given the CRs, pods and reports that are there and the
commits of the repositories, it says how the rest differs from what it should be. It is written
without the controller's own code, which would repeat its errors.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from kit.api import Api
    from kit.kubectl import Document

Head = Callable[[str, str], str]
"""The commit of a ref of the repository at this URL; "" if there is none."""

CR_NAME: Final = "stoker.io/cr-name"
FINALIZER: Final = "stoker.io/finalizer"
_REQUESTED: Final = "stoker.io/requested-ref"
_OURS: Final = tuple(
    f"stoker-{what}-" for what in ("metadata", "status", "changes", "agent", "github-token")
)


@dataclass(frozen=True)
class Contents:
    """The objects of a namespace that are the controller's affair; those of Stoker by name."""

    crs: list[Document]
    pods: list[Document]
    maps: dict[str, Document]
    roles: dict[str, Document]
    bindings: dict[str, Document]
    secrets: dict[str, Document]

    @classmethod
    def of(cls, api: Api, namespace: str) -> Contents:
        """What is there now."""
        crs: Any = api.custom.list_namespaced_custom_object(
            "stoker.io", "v1alpha1", namespace, "gatewaysyncs"
        )
        return cls(
            crs["items"],
            _plain(api, api.core.list_namespaced_pod(namespace)),
            _ours(_plain(api, api.core.list_namespaced_config_map(namespace))),
            _ours(_plain(api, api.rights.list_namespaced_role(namespace))),
            _ours(_plain(api, api.rights.list_namespaced_role_binding(namespace))),
            _ours(_plain(api, api.core.list_namespaced_secret(namespace))),
        )

    def pods_of(self, cr: str) -> list[Document]:
        """The pods that name this CR."""
        return [one for one in self.pods if _annotations(one).get(CR_NAME) == cr]

    def belongings(self) -> dict[str, Document]:
        """Everything but CRs and pods."""
        return {**self.maps, **self.roles, **self.bindings, **self.secrets}


def wrong_in(api: Api, namespace: str, head: Head) -> list[str]:
    """What is not as the contract says in a namespace, agents' instructions included, in words."""
    there = Contents.of(api, namespace)
    maps = {name: one.get("data") or {} for name, one in there.maps.items()}
    names = [(cr, str(cr["metadata"]["name"])) for cr in there.crs]
    return [
        *wrong(there, head),
        *(
            f"{name}: {what}"
            for cr, name in names
            for what in told(cr, maps.get(f"stoker-metadata-{name}", {}), head)
        ),
    ]


def wrong(there: Contents, head: Head) -> list[str]:
    """Everything that is not as it must be."""
    names = [_name(cr) for cr in there.crs]
    agents = {name: sorted(map(_name, filter(_has_agent, there.pods_of(name)))) for name in names}
    maps = {f"stoker-metadata-{name}" for name in names}
    maps |= {one for name in names for one in _written(name, agents[name])}
    rights = {f"stoker-agent-{name}" for name in names}
    return [
        *_differ("ConfigMaps", maps, there.maps),
        *_differ("Roles", rights, there.roles),
        *_differ("RoleBindings", rights, there.bindings),
        *_differ("Secrets", (), there.secrets),
        *(
            f"{_name(cr)}: {what}"
            for cr in there.crs
            for what in (
                *_of_cr(cr, head),
                *_of_gateways(cr, there),
                *_of_rights(cr, agents[_name(cr)], there),
            )
        ),
        *_of_owners(there),
    ]


def ref_in_force(cr: Document, head: Head) -> str:
    """The ref that the CR follows: what was requested, if it is there, else its own."""
    own: str = cr["spec"]["git"]["ref"]
    asked = _annotations(cr).get(_REQUESTED)
    return asked if asked and head(cr["spec"]["git"]["repo"], asked) else own


def _of_cr(cr: Document, head: Head) -> Iterator[str]:
    """What the CR says of itself and tells its agents."""
    metadata, spec = cr["metadata"], cr["spec"]
    status: Document = cr.get("status", {})
    if metadata.get("finalizers") != [FINALIZER] or "deletionTimestamp" in metadata:
        yield f"finalizers {metadata.get('finalizers')}, {metadata.get('deletionTimestamp')}"
    if status.get("observedGeneration") != metadata["generation"]:
        yield f"observed {status.get('observedGeneration')} of {metadata['generation']}"
    ready = _condition(cr, "Ready")
    if spec.get("paused"):
        if ready.get("reason") != "Paused":
            yield f"not Paused: {ready}"
        return
    ref = ref_in_force(cr, head)
    commit = head(spec["git"]["repo"], ref)
    resolved = _condition(cr, "RefResolved").get("status")
    if resolved != ("True" if commit else "False"):
        yield f"RefResolved is {resolved} for {ref}"
    if commit and (status.get("lastSyncRef"), status.get("lastSyncCommit")) != (ref, commit):
        yield f"{status.get('lastSyncRef')} {status.get('lastSyncCommit')}, not {ref} {commit}"
    if _annotations(cr).get(_REQUESTED) == spec["git"]["ref"] and commit:
        yield "a request that is fulfilled is there still"


def told(cr: Document, data: Mapping[str, str], head: Head) -> Iterator[str]:
    """What is wrong with what the agents of a CR are told."""
    spec = cr["spec"]
    if data.get("paused") != ("true" if spec.get("paused") else "false"):
        yield f"the agents are told paused={data.get('paused')}"
    if spec.get("paused"):
        return
    ref = ref_in_force(cr, head)
    commit = head(spec["git"]["repo"], ref)
    if commit and (data.get("ref"), data.get("commit")) != (ref, commit):
        yield f"the agents are told {data.get('ref')} {data.get('commit')}, not {ref} {commit}"
    profiles = json.loads(data.get("profiles", "{}"))
    periods = {name: one.get("syncPeriod") for name, one in profiles.items()}
    wanted = {n: one.get("syncPeriod", 30) for n, one in spec["sync"]["profiles"].items()}
    if commit and periods != wanted:
        yield f"the agents are told {periods}, not {wanted}"
    auth = "token" if "token" in spec["git"].get("auth", {}) else "none"
    if data.get("authType") != auth:
        yield f"the agents are told auth {data.get('authType')}, not {auth}"


def _of_gateways(cr: Document, there: Contents) -> Iterator[str]:
    """What the CR says of its gateways."""
    name = _name(cr)
    commit = cr.get("status", {}).get("lastSyncCommit", "")
    wanted = {_name(pod): _state(pod, name, commit, there) for pod in there.pods_of(name)}
    rows = cr.get("status", {}).get("discoveredGateways", [])
    shown = {one["podName"]: one["syncStatus"] for one in rows}
    if shown != wanted:
        yield f"gateways {shown}, not {wanted}"
    synced = sum(state == "Synced" for state in wanted.values())
    message = _condition(cr, "AllGatewaysSynced").get("message", "")
    if not message.startswith(f"{synced}/{len(wanted)} synced"):
        yield f"{message!r}, not {synced}/{len(wanted)} synced"


def _state(pod: Document, cr: str, commit: str, there: Contents) -> str:
    if not _has_agent(pod):
        return "MissingSidecar"
    written = there.maps.get(f"stoker-status-{cr}-{_name(pod)}", {}).get("data") or {}
    report = json.loads(written.get("status", "{}"))
    is_of_it = report.get("podUID") == pod["metadata"]["uid"]
    return "Synced" if is_of_it and commit and report.get("syncedCommit") == commit else "Pending"


def _of_rights(cr: Document, agents: list[str], there: Contents) -> Iterator[str]:
    """What the agents may touch, and who they are."""
    name = f"stoker-agent-{_name(cr)}"
    rules = there.roles.get(name, {}).get("rules") or []
    named = {one for rule in rules for one in rule.get("resourceNames") or ()}
    wanted = {f"stoker-metadata-{_name(cr)}", *_written(_name(cr), agents)}
    if named != wanted:
        yield f"the Role names {sorted(named)}, not {sorted(wanted)}"
    if any(rule["resources"] not in (["configmaps"], ["events"]) for rule in rules):
        yield f"the Role has {rules}"
    subjects = there.bindings.get(name, {}).get("subjects") or []
    bound = sorted(one["name"] for one in subjects)
    pods = {_name(pod): pod for pod in there.pods}
    accounts = sorted({pods[one]["spec"]["serviceAccountName"] for one in agents})
    if bound != accounts:
        yield f"the binding has {bound}, not {accounts}"


def _of_owners(there: Contents) -> Iterator[str]:
    """Each object has its CR as owner and names it in a label."""
    uids = {_name(cr): cr["metadata"]["uid"] for cr in there.crs}
    for name, one in there.belongings().items():
        label = one["metadata"].get("labels", {}).get(CR_NAME, "")
        owners = [each["uid"] for each in one["metadata"].get("ownerReferences") or ()]
        if label in uids and owners != [uids[label]]:
            yield f"{name} of {label} belongs to {owners}, not {uids[label]}"
        if label not in uids:
            yield f"{name} bears the label {label!r}"


def _written(cr: str, pods: Iterable[str]) -> set[str]:
    return {f"stoker-{what}-{cr}-{pod}" for what in ("status", "changes") for pod in pods}


def _differ(what: str, wanted: Iterable[str], found: Iterable[str]) -> Iterator[str]:
    wanted, found = {*wanted}, {*found}
    if missing := wanted - found:
        yield f"{what} are missing: {sorted(missing)}"
    if more := found - wanted:
        yield f"{what} are too many: {sorted(more)}"


def _condition(cr: Document, kind: str) -> Document:
    there = cr.get("status", {}).get("conditions", [])
    found: dict[str, Document] = {one["type"]: one for one in there}
    return found.get(kind, {})


def _has_agent(pod: Document) -> bool:
    return bool(pod["spec"].get("initContainers"))


def _name(document: Document) -> str:
    return str(document["metadata"]["name"])


def _annotations(document: Document) -> Mapping[str, str]:
    found: Mapping[str, str] = document["metadata"].get("annotations") or {}
    return found


def _plain(api: Api, listed: Any) -> list[Document]:
    as_json: Any = api.connection.sanitize_for_serialization  # the package has no types
    found: list[Document] = as_json(listed.items)
    return found


def _ours(documents: list[Document]) -> dict[str, Document]:
    """Those with a name of ours; the chart's own are none of them."""
    return {_name(one): one for one in documents if _name(one).startswith(_OURS)}
