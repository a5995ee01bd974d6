"""A GatewaySync with its gateways, as a controller has to deal with them.

The pods are objects that no scheduler takes: for the controller a pod is what the API server says
of it, and thousands of such pods need no machine. What an agent writes is written by its pod's own
ServiceAccount, so a test also finds out what that account may do.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from kit import manifests
from kit.eventually import eventually
from kit.kubectl import Document
from kit.speaking import as_account, as_admin
from stoker.adapters.clock import utc_now
from stoker.adapters.kube.resources import (
    CONFIG_MAPS,
    EVENTS,
    GATEWAY_SYNCS,
    PODS,
    ROLE_BINDINGS,
    ROLES,
    SECRETS,
    SUBJECT_ACCESS_REVIEWS,
)
from stoker.core import names
from stoker.testing.repositories import Upstream

if TYPE_CHECKING:
    from kit.spaces import Space
    from stoker.adapters.kube.client import Client
    from stoker.core.refs import CommitId
    from support.git_servers import GitDaemon

ACCOUNT: Final = "ignition"
UNSEEN: Final = "stoker.test/unseen"
"""The label of pods that the webhook of a run is not asked about."""
_KINDS: Final = {
    "cm": CONFIG_MAPS,
    "secret": SECRETS,
    "role": ROLES,
    "rolebinding": ROLE_BINDINGS,
}
MAPPING: Final[Document] = {"source": "projects", "destination": "projects"}


def gateway_sync(name: str, repo: str, *, ref: str | None = "main", **spec: Any) -> Document:
    """A CR; `git` adds to what is said of the repository."""
    git = {"repo": repo, **({"ref": ref} if ref else {}), **spec.pop("git", {})}
    whole = {
        "git": git,
        "polling": {"interval": "5s"},
        "gateway": {"api": {"secretName": "api-key"}},
        "sync": {"profiles": {"default": {"mappings": [MAPPING]}}},
        **spec,
    }
    return {**manifests.of_kind("GatewaySync", name, "stoker.io/v1alpha1"), "spec": whole}


def gateway_pod(name: str, cr: str | None = None, *, agent: bool = True, **more: str) -> Document:
    """A pod of a gateway, which runs nowhere; `more` are annotations of ours.

    One without an agent came while no webhook was there, also where one is there.
    """
    named = {} if cr is None else {"stoker.io/cr-name": cr}
    extra = {f"stoker.io/{key.replace('_', '-')}": value for key, value in more.items()}
    sidecar = manifests.container(
        names.AGENT_CONTAINER, "none", command=[names.AGENT_COMMAND], restartPolicy="Always"
    )
    made = manifests.pod(
        name,
        [manifests.container("gateway", "none")],
        sidecars=[sidecar] if agent else [],
        schedulerName="nobody",
        serviceAccountName=ACCOUNT,
    )
    unseen = {} if agent else {UNSEEN: "true"}
    asking = {"stoker.io/inject": "true", **named, **extra}
    return manifests.marked(made, annotations=asking, labels=unseen)


def account(name: str = ACCOUNT) -> Document:
    """The ServiceAccount of the gateways."""
    return manifests.of_kind("ServiceAccount", name)


@dataclass(frozen=True)
class Repository:
    """A repository that a `git daemon` of this machine serves."""

    upstream: Upstream
    url: str

    @classmethod
    def create(cls, daemon: GitDaemon, name: str) -> Repository:
        """A new and empty one."""
        return cls(Upstream.create(daemon.root / f"{name}.git"), daemon.url(f"{name}.git"))

    def commit(self, text: str = "{}", branch: str | None = None) -> CommitId:
        """Another commit."""
        return self.upstream.commit({"projects/a/project.json": text.encode()}, branch=branch)

    def head(self, branch: str = "main") -> str:
        """The last commit of a branch."""
        return self.upstream.git("rev-parse", branch).decode().strip()


@dataclass(frozen=True)
class Plant:
    """A CR in a namespace, by its name."""

    space: Space
    name: str

    @property
    def admin(self) -> Client:
        """The API server, with all rights."""
        return as_admin(self.space.cluster.kubeconfig)

    def document(self) -> Document:
        """The CR as it is."""
        return self.admin.get(GATEWAY_SYNCS, self.space.name, self.name)

    def status(self) -> Document:
        """Its status; nothing as long as there is none."""
        found: Document = self.document().get("status", {})
        return found

    def condition(self, kind: str) -> Document:
        """One of its conditions."""
        found: dict[str, Document] = {
            one["type"]: one for one in self.status().get("conditions", [])
        }
        return found[kind]

    def says(
        self, kind: str, status: str, reason: str = "", *, within: float = 20.0, text: str = ""
    ) -> Document:
        """That condition, once it is so."""

        def told() -> Document:
            found = self.condition(kind)
            assert found["status"] == status, found
            assert reason in ("", found["reason"]), found
            assert text in found["message"], found
            return found

        what = f"{kind} of {self.name} is {status} {reason} {text}".rstrip()
        return eventually(told, what=what, within=within)

    def gateways(self) -> dict[str, Document]:
        """What it says of its gateways, by pod."""
        return {one["podName"]: one for one in self.status().get("discoveredGateways", [])}

    def metadata(self) -> dict[str, str]:
        """What its agents are told."""
        name = f"stoker-metadata-{self.name}"
        data: dict[str, str] = self.admin.get(CONFIG_MAPS, self.space.name, name)["data"]
        return data

    def names(self, kind: str) -> list[str]:
        """The objects of a kind in the namespace, but for those that are in each."""
        pages = self.admin.pages(_KINDS[kind], self.space.name, metadata_only=True)
        listed = [str(one["metadata"]["name"]) for page in pages for one in page.items]
        return sorted(name for name in listed if name != "kube-root-ca.crt")

    def has(self, kind: str, *names: str) -> bool:
        """Whether there are objects of these names."""
        return {*names} <= {*self.names(kind)}

    def can_report(self, *pods: str, within: float = 20.0) -> None:
        """Wait until the agents of these pods have what they need to report."""
        eventually(
            lambda: (
                all(
                    self.may("patch", f"configmaps/stoker-status-{self.name}-{pod}") for pod in pods
                )
                and self.has("cm", *(f"stoker-status-{self.name}-{pod}" for pod in pods))
            ),
            what=f"the agents of {', '.join(pods)} can report",
            within=within,
        )

    def reasons(self) -> list[str]:
        """Why there were events, the oldest first."""
        return [str(one["reason"]) for one in self._events()]

    def events(self, message: str) -> list[int]:
        """How often each of the events that say this was told."""
        return [int(one["count"]) for one in self._events() if one["message"] == message]

    def _events(self) -> list[Document]:
        about = f"involvedObject.name={self.name},involvedObject.kind=GatewaySync"
        pages = self.admin.pages(EVENTS, self.space.name, fields=about)
        found = [one for page in pages for one in page.items]
        found.sort(key=lambda one: (one["firstTimestamp"], one["metadata"]["resourceVersion"]))
        return found

    def annotate(self, **values: str | None) -> None:
        """Set annotations of ours, or take them away."""
        given = {f"stoker.io/{key.replace('_', '-')}": text for key, text in values.items()}
        change = {"metadata": {"annotations": given}}
        self.admin.merge(GATEWAY_SYNCS, self.space.name, self.name, change)

    def look(self) -> None:
        """Have the controller look at the ref now, as the receiver does for a push."""
        self.annotate(requested_at=utc_now().isoformat(), requested_by="generic")

    def change(self, **spec: Any) -> None:
        """Change the spec."""
        self.admin.merge(GATEWAY_SYNCS, self.space.name, self.name, {"spec": spec})

    # --- As an agent ---

    def as_agent(self, *words: str, stdin: str = "") -> str:
        """What kubectl prints to the gateways' ServiceAccount."""
        who = f"system:serviceaccount:{self.space.name}:{ACCOUNT}"
        return self.space.kubectl("--as", who, *words, stdin=stdin)

    def may(self, verb: str, what: str) -> bool:
        """Whether the agents may do that to `resource` or `resource/name`."""
        resource, _, name = what.partition("/")
        group = "stoker.io" if resource == "gatewaysyncs" else ""
        if resource in {"roles", "rolebindings"}:
            group = "rbac.authorization.k8s.io"
        asked = {"namespace": self.space.name, "verb": verb, "group": group}
        review = {
            "user": f"system:serviceaccount:{self.space.name}:{ACCOUNT}",
            "groups": ["system:authenticated", "system:serviceaccounts"],
            "resourceAttributes": {**asked, "resource": resource, "name": name},
        }
        answer = self.admin.create(SUBJECT_ACCESS_REVIEWS, "", {"spec": review})
        return bool(answer["status"]["allowed"])

    def report(self, pod: str, commit: str, status: str = "Synced", **said: Any) -> None:
        """Report, as the agent of that pod."""
        self.write(pod, report_of(pod, self.uid(pod), commit, status, **said))

    def uid(self, pod: str) -> str:
        """Which life of the pod this is."""
        return str(self.admin.get(PODS, self.space.name, pod)["metadata"]["uid"])

    def write(self, pod: str, report: Mapping[str, Any]) -> None:
        """Write a report as the agent of that pod."""
        change = {"data": {"status": json.dumps(report)}}
        name = f"stoker-status-{self.name}-{pod}"
        as_account(self.space, ACCOUNT).merge(CONFIG_MAPS, self.space.name, name, change)


def report_of(pod: str, uid: str, commit: str, status: str = "Synced", **said: Any) -> Document:
    """What an agent says of its gateway."""
    return {
        "name": pod,
        "podName": pod,
        "podUID": uid,
        "seq": said.pop("seq", 1),
        "reportedAt": utc_now().strftime("%Y-%m-%dT%H:%M:%SZ"),
        "syncStatus": status,
        "syncedCommit": commit,
        **said,
    }
