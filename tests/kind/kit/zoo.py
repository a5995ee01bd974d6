"""One GatewaySync for each thing that can be wrong with one, and odd neighbours for all of them.

All of it is chosen by a seed.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

from kit import manifests
from kit.crowds import at_once, condition
from kit.definitions import anything_goes
from kit.fleets import SERVICE_ACCOUNTS
from kit.misshapen import ODD_STATUSES, Field, Shapes, odd_metadata, replaced, whole
from kit.plants import account, gateway_pod, gateway_sync
from stoker.adapters.kube.resources import (
    CONFIG_MAPS,
    GATEWAY_SYNCS,
    PODS,
    ROLE_BINDINGS,
    ROLES,
)

if TYPE_CHECKING:
    from kit.crowds import Crowd

RIGHTS: Final = "rbac.authorization.k8s.io"
SEED: Final = 6


def reported(cr: str, said: object) -> dict[str, Any]:
    """The ConfigMap of the pod `gw-{cr}`, whatever is said there."""
    text = said if isinstance(said, str) else json.dumps(said)
    made = manifests.config_map(f"stoker-status-{cr}-gw-{cr}", {"status": text})
    return manifests.marked(made, labels={"stoker.io/cr-name": cr})


class Zoo:
    """A CR for each field with a value of the wrong kind, and for whatever else can be odd."""

    def __init__(self, crowd: Crowd, repo: str) -> None:
        shapes = Shapes.of(SEED)
        self.crowd = crowd
        self.healthy = [f"ok-{number}" for number in range(6)]
        self.wrong: dict[str, tuple[Field, ...]] = {}
        """The CRs that have values of the wrong kind, and in which fields."""
        self.documents: list[dict[str, Any]] = []
        outer = [(one,) for one in Field.all() if one.holds_others]
        inner = [one for one in Field.all() if not one.holds_others]
        for number, fields in enumerate([*outer, *zip(inner[::2], inner[1::2], strict=False)]):
            self.wrong[f"wrong-{number}"] = fields
            self._add(f"wrong-{number}", repo, *((one, shapes.unlike(one.kind)) for one in fields))
        for number in range(20):
            self._add(f"any-{number}", repo, (shapes.chance.choice(inner), shapes.any()))
        self.odd = odd_metadata(
            crowd.client.get(SERVICE_ACCOUNTS, crowd.namespace, "default")["metadata"]["uid"]
        )
        for name, metadata in self.odd.items():
            made = gateway_sync(name, repo)
            self.documents.append({**made, "metadata": {"name": name, **metadata}})
        self.documents += [gateway_sync(name, repo) for name in (*ODD_STATUSES, *self.healthy)]

    def _add(self, name: str, repo: str, *values: tuple[Field, Any]) -> None:
        spec = whole(repo)
        for field, value in values:
            spec = replaced(spec, field.place, value)
        self.documents.append({**gateway_sync(name, repo), "spec": spec})

    def settle(self) -> None:
        """Put them where they are to live, with their neighbours."""
        with anything_goes(self.crowd.client):
            self.crowd.create(GATEWAY_SYNCS, self.documents)
            at_once(lambda one: self._garble(*one), ODD_STATUSES.items())
        self.crowd.create(SERVICE_ACCOUNTS, [account()])
        self.crowd.create(PODS, [*odd_pods(), *(gateway_pod(f"gw-{n}", n) for n in self.healthy)])
        self.crowd.create(CONFIG_MAPS, odd_maps())
        self.crowd.create(ROLES, [odd_role()])
        self.crowd.create(ROLE_BINDINGS, [odd_binding()])

    def _garble(self, name: str, status: Any) -> None:
        change = {"status": status}
        self.crowd.client.merge(GATEWAY_SYNCS, self.crowd.namespace, name, change, "status")

    def told(self, log: str) -> bool:
        """Whether each is told what is wrong with it: in its status, or else in the log."""
        found = self.crowd.crs()
        silent = []
        for name, fields in self.wrong.items():
            says = [condition(found[name], kind) for kind in ("ProfilesValid", "RefResolved")]
            text = " ".join(one["message"] for one in says if one["status"] == "False")
            in_status = all(field.path in text for field in fields)
            # The API server takes no status for what its own rules cannot look at.
            in_log = f'"name":"{name}"' in log and not found[name].get("status")
            if not in_status and not in_log:
                silent.append(([field.path for field in fields], says))
        assert not silent, silent
        return True


def odd_pods() -> list[dict[str, Any]]:
    values = ("", "🚒", "../..", "-1", "true,false", "\x00\x1b[31m", "x" * 20_000, "{" * 5_000)
    names = (
        "cr-name",
        "profile",
        "gateway-name",
        "ref-override",
        "agent-image",
        "sync-period",
        "exclude-patterns",
        "injected",
        "inject",
    )
    made = [gateway_pod("homeless", "nobody"), gateway_pod("bare", "ok-1", agent=False)]
    for number, value in enumerate(values):
        odd = {f"stoker.io/{name}": value for name in names[number % 3 :]}
        made.append(manifests.marked(gateway_pod(f"odd-{number}", "ok-1"), annotations=odd))
    return made


def odd_maps() -> list[dict[str, Any]]:
    """ConfigMaps with our labels and with what no agent of ours would write there."""
    deep = "[" * 100_000
    many = {f"key-{number}": "{}" for number in range(10_000)}
    of_zero = {"stoker.io/cr-name": "ok-0"}
    made = [
        reported("ok-2", "x" * 900_000),
        reported("ok-3", deep),
        reported("ok-4", "not JSON"),
        reported("ok-5", {"podName": 5, "seq": "x", "syncStatus": ["Synced"]}),
        manifests.config_map("stoker-status-ok-0", many),
        manifests.config_map("stoker-metadata-ok-0", {"commit": deep, "profiles": deep, "x": "y"}),
        manifests.config_map("stoker-changes-ok-0-gone", many),
        manifests.config_map("somebody-elses", {"status": deep}),
    ]
    return [*made[:4], *(manifests.marked(one, labels=of_zero) for one in made[4:])]


def odd_role() -> dict[str, Any]:
    rules = [{"nonResourceURLs": [], "apiGroups": ["*"], "resources": ["🚒"], "verbs": ["x"] * 100}]
    made = manifests.of_kind("Role", "stoker-agent-ok-0", f"{RIGHTS}/v1", rules=rules)
    return manifests.marked(made, labels={"stoker.io/cr-name": "ok-1"})


def odd_binding() -> dict[str, Any]:
    subjects = [{"kind": "User", "name": "🚒", "apiGroup": RIGHTS}]
    role = {"apiGroup": RIGHTS, "kind": "ClusterRole", "name": "view"}
    made = manifests.of_kind("RoleBinding", "stoker-agent-ok-0", f"{RIGHTS}/v1")
    labels = {"stoker.io/gatewaysync": "ok-1"}
    return manifests.marked({**made, "roleRef": role, "subjects": subjects}, labels=labels)
