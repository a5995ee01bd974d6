"""What stands between an agent and the API server, on a real one, with the Role as it is made.

Followers and reporters run in this process, as the ServiceAccount of pods that run nowhere; the
controller that makes their objects is a real one. Whole agents have tests of their own.

Seen to fail: a Role without `list`, a follower that lists without naming its ConfigMap, one that
does not keep the owner, a write that does not look again after a conflict, and a list of changes
that is not written again.
"""

from __future__ import annotations

import base64
import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import yaml
from kit import Space, eventually, manifests
from kit.control_plane import ControlPlane
from kit.ledger import Ledger
from kit.local_controller import LocalController
from kit.plants import ACCOUNT, Plant, Repository, account, gateway_pod, gateway_sync

from stoker.adapters.clock import utc_now
from stoker.adapters.codec.report import decode_changes
from stoker.adapters.kube.client import Client
from stoker.adapters.kube.errors import ApiFailed, Conflict, Forbidden
from stoker.adapters.kube.inside import HOST, PORT, inside
from stoker.adapters.kube.resources import (
    CONFIG_MAPS,
    EVENTS,
    GATEWAY_SYNCS,
    PODS,
    ROLES,
    SECRETS,
)
from stoker.core.agent import events as ev
from stoker.core.paths import RelPath
from stoker.core.pods import Pod
from stoker.core.report import GatewayReport, list_changes
from stoker.core.spec.status import SyncStatus
from stoker.entrypoints.agent.following import Follower
from stoker.entrypoints.agent.podinfo import PodInfo, parse
from stoker.entrypoints.agent.reporting import Reporter
from stoker.entrypoints.agent.reporting.sheets import Sheet
from support.git_servers import GitDaemon

pytestmark = pytest.mark.usefixtures("definition")

Connect = Callable[..., Client]

CROWD = 50
METADATA = "stoker-metadata-site"
_RIGHTS = "rbac.authorization.k8s.io"
STATUS, CHANGES = "stoker-status-site-gw-0", "stoker-changes-site-gw-0"


@pytest.fixture
def plant(space: Space, git: GitDaemon, controller: LocalController) -> Plant:
    """A CR, and one pod of a gateway."""
    controller.ready()
    repository = Repository.create(git, space.name)
    repository.commit()
    space.apply(account(), gateway_sync("site", repository.url), gateway_pod("gw-0"))
    made = Plant(space, "site")
    made.can_report("gw-0")
    made.says("RefResolved", "True")
    return made


@pytest.fixture
def connect(plant: Plant, tmp_path: Path) -> Iterator[Connect]:
    """Clients as pods have them, with the token of the gateways' account."""
    space, made = plant.space, []
    config: Any = yaml.safe_load(space.cluster.kubeconfig.read_text())
    cluster = config["clusters"][0]["cluster"]
    authority = base64.b64decode(cluster["certificate-authority-data"])
    place = urlsplit(cluster["server"])
    environ = {HOST: str(place.hostname), PORT: str(place.port)}

    def one(account: str = ACCOUNT) -> Client:
        folder, manager = tmp_path / account, "stoker-agent"
        if not folder.exists():
            folder.mkdir()
            (folder / "ca.crt").write_bytes(authority)
            (folder / "token").write_text(space.kubectl("create", "token", account).strip())
        client = inside(user_agent="t", field_manager=manager, folder=folder, environ=environ)
        made.append(client)
        return client

    yield one
    for client in made:
        client.close()


class Agent:
    """A follower and a reporter, without what is between them."""

    def __init__(self, plant: Plant, client: Client, pod: str = "gw-0") -> None:
        self.events: list[ev.Event] = []
        self.complaints: list[str] = []
        self.plant, self.pod, self.uid = plant, pod, plant.uid(pod)
        place = plant.space.name
        self.follower = Follower(
            client, place, "site", self.events.append, now=utc_now, complain=self._complain
        )
        self.reporter = Reporter(
            client,
            namespace=place,
            cr="site",
            pod=pod,
            pod_uid=self.uid,
            owner=lambda: self.follower.owner,
            now=utc_now,
            complain=self._complain,
        )

    def _complain(self, what: str, error: Exception) -> None:
        self.complaints.append(f"{what}: {error}")

    def report(self, seq: int, **said: Any) -> None:
        self.reporter.report(
            GatewayReport(
                gateway=self.pod,
                namespace=self.plant.space.name,
                pod_name=self.pod,
                pod_uid=self.uid,
                seq=seq,
                reported_at=utc_now(),
                **said,
            )
        )

    @property
    def commits(self) -> list[str]:
        """Of the metadata as it was heard."""
        return [
            one.metadata.commit if isinstance(one, ev.MetadataChanged) else "gone"
            for one in self.events
        ]


@pytest.fixture
def agent(plant: Plant, connect: Connect) -> Iterator[Agent]:
    made = Agent(plant, connect())
    made.follower.start()
    made.reporter.start()
    yield made
    made.follower.stop()
    made.reporter.flush(1)


def there(plant: Plant, name: str) -> dict[str, Any]:
    return plant.admin.get(CONFIG_MAPS, plant.space.name, name)


def seq_of(plant: Plant, name: str = STATUS) -> int:
    """The number of the report that stands there."""
    return int(json.loads(there(plant, name)["data"]["status"])["seq"])


def test_metadata_is_followed(plant: Plant, agent: Agent) -> None:
    commit = plant.metadata()["commit"]
    eventually(lambda: agent.commits == [commit], what="the metadata is heard")
    assert agent.follower.trouble == ""
    owner = agent.follower.owner
    assert owner is not None
    assert (owner.name, owner.uid) == ("site", plant.document()["metadata"]["uid"])
    plant.change(gateway={"port": 9088})
    eventually(lambda: len(agent.events) > 1, what="the change is heard")
    told = agent.events[-1]
    assert isinstance(told, ev.MetadataChanged)
    assert told.metadata.gateway_port == 9088
    plant.admin.delete(CONFIG_MAPS, plant.space.name, METADATA)
    eventually(lambda: "gone" in agent.commits, what="its end is heard")
    eventually(lambda: agent.commits[-1] == commit, what="what the controller made anew is heard")
    eventually(lambda: not agent.follower.trouble, what="all is well")
    assert agent.complaints == []


def test_who_is_not_bound_to_the_role_yet_waits_for_it(plant: Plant, connect: Connect) -> None:
    plant.space.apply(account("newcomer"))
    newcomer = Agent(plant, connect("newcomer"))
    newcomer.follower.start()
    newcomer.reporter.start()
    newcomer.report(5)
    eventually(lambda: "not made its Role" in newcomer.follower.trouble, what="it says so")
    eventually(lambda: "forbidden" in newcomer.reporter.trouble, what="here too")
    subject = {"kind": "ServiceAccount", "name": "newcomer", "namespace": plant.space.name}
    role = {"apiGroup": _RIGHTS, "kind": "Role", "name": "stoker-agent-site"}
    binding = manifests.of_kind("RoleBinding", "newcomers", f"{_RIGHTS}/v1")
    plant.space.apply({**binding, "roleRef": role, "subjects": [subject]})
    eventually(lambda: newcomer.commits, what="the metadata is heard")
    eventually(lambda: seq_of(plant) == 5, what="the report is there")
    assert newcomer.follower.trouble == ""
    newcomer.follower.stop()
    assert newcomer.reporter.flush(1)


def test_a_report_reaches_the_status_of_the_cr(
    plant: Plant, agent: Agent, connect: Connect
) -> None:
    assert agent.reporter.last() is None
    commit = plant.metadata()["commit"]
    before = there(plant, STATUS)["metadata"]
    agent.report(7, sync_status=SyncStatus.SYNCED, synced_commit=commit)
    plant.says("Ready", "True", "SyncSucceeded", text="1/1 synced")
    after = there(plant, STATUS)["metadata"]
    for kept in ("labels", "ownerReferences", "uid"):
        assert after[kept] == before[kept]
    writers = {one["manager"] for one in after["managedFields"]}
    assert writers == {"stoker-agent", "stoker-controller"}
    found = Agent(plant, connect()).reporter.last()
    assert found is not None
    assert (found.seq, found.synced_commit) == (7, commit)


def test_a_pod_made_anew_overwrites_what_the_last_one_said(
    plant: Plant, agent: Agent, connect: Connect
) -> None:
    agent.report(9, sync_status=SyncStatus.ERROR)
    eventually(lambda: seq_of(plant) == 9, what="the first life has reported")
    plant.space.kubectl("delete", "pod", "gw-0", "--now")
    plant.space.apply(gateway_pod("gw-0"))
    plant.can_report("gw-0")
    second = Agent(plant, connect())
    assert second.uid != agent.uid
    assert second.reporter.last() is None
    second.reporter.start()
    commit = plant.metadata()["commit"]
    second.report(3, sync_status=SyncStatus.SYNCED, synced_commit=commit)
    plant.says("Ready", "True", "SyncSucceeded")
    assert second.reporter.flush(5)


def test_what_the_controller_makes_anew_is_written_anew(plant: Plant, agent: Agent) -> None:
    paths = [RelPath(f"projects/p/{number:05}.json") for number in range(30_000)]
    changes = list_changes(commit="c" * 40, added=paths, modified=(), deleted=())
    assert changes.omitted > 0
    agent.report(1)
    agent.reporter.publish(changes)

    def published() -> bool:
        return decode_changes(there(plant, CHANGES)["data"]["changes"]) == changes

    eventually(published, what="the longest list that there is")
    before = {name: there(plant, name)["metadata"]["uid"] for name in (STATUS, CHANGES)}
    for name in before:
        plant.admin.delete(CONFIG_MAPS, plant.space.name, name)
    eventually(
        lambda: all(there(plant, name)["metadata"]["uid"] != before[name] for name in before),
        what="the controller has made them anew",
    )
    agent.report(2)
    eventually(lambda: seq_of(plant) == 2, what="the status is there again")
    eventually(published, what="and so is the list")


@pytest.mark.fault("api-server", "409", "no lost or doubled action")
def test_a_late_write_is_refused(plant: Plant, connect: Connect, ledger: Ledger) -> None:
    """Two who write, of whom one is late: a write says what it follows on."""
    client, place = connect(), plant.space.name
    first, second = (Sheet(place, STATUS, "status") for _ in range(2))
    for sheet in (first, second):
        sheet.look(client)
    second.write(client, "newer")
    late = {"data": {"status": "older"}, "metadata": {"resourceVersion": first._version}}  # noqa: SLF001 - as it would be sent
    with pytest.raises(Conflict):
        client.merge(CONFIG_MAPS, place, STATUS, late)
    assert there(plant, STATUS)["data"] == {"status": "newer"}
    first.write(client, "newest")  # who is not late looks again
    assert there(plant, STATUS)["data"] == {"status": "newest"}
    ledger.did("two agents write the same report, and one is late")
    ledger.checked("newer reports that an older one has replaced")


def test_an_event_is_seen_with_the_cr(plant: Plant, agent: Agent) -> None:
    eventually(lambda: agent.follower.owner, what="the CR is known")
    agent.reporter.event("Warning", "SyncFailed", "the disk is full", commit="c")
    agent.reporter.event("Warning", "SyncFailed", "the disk is full", commit="c")
    eventually(lambda: "SyncFailed" in plant.reasons(), what="the event is there")
    described = plant.space.kubectl("describe", "gs", "site")
    assert described.count("the disk is full") == 1
    assert "stoker-agent" in described
    assert plant.reasons().count("SyncFailed") == 1


def test_the_kubelet_writes_what_is_read(plant: Plant, gateway_image: str, tmp_path: Path) -> None:
    """Annotations with all that has to be quoted, and their change, in a pod that runs."""
    strange = {
        "plain": "line-a",
        "lines": "one\ntwo\r\n\ttabbed",
        "quotes": "say \"hi\" and 'so' and `so` and \\ and \\n",
        "controls": "\x01\x1b[31m\x7f\a\b\f\v",
        "letters": "é 日本 😀 \u00a0\u200b\u2028\ufeff\U000e0001\ue000\ufffd",
        "empty": "",
        "long": "x" * 100_000,
    }
    annotations = {f"test.example/{key}": text for key, text in strange.items()}
    files = ("labels", "annotations", "uid")
    items = [{"path": one, "fieldRef": {"fieldPath": f"metadata.{one}"}} for one in files]
    volume = {"name": "podinfo", "downwardAPI": {"items": items}}
    inner = manifests.container(
        "quiet",
        gateway_image,
        mounts={"/etc/podinfo": "podinfo"},
        command=["python", "-c", "import time; time.sleep(600)"],
    )
    made = manifests.marked(
        manifests.pod("quiet", [inner], volumes=[volume]),
        labels={"apps.kubernetes.io/pod-index": "3"},
        annotations=annotations,
    )
    pod = plant.space.start(made).ready()

    def look() -> Pod:
        for one in files:
            words = "import sys; sys.stdout.write(open(sys.argv[1]).read())"
            text = pod.exec("quiet", "python", "-c", words, f"/etc/podinfo/{one}")
            (tmp_path / one).write_text(text)
        return info.read()

    complaints: list[str] = []
    info = PodInfo(
        tmp_path,
        "quiet",
        plant.space.name,
        now=utc_now,
        complain=lambda what, error: complaints.append(f"{what}: {error}"),
    )
    read = look()
    assert read.uid == plant.uid("quiet")
    assert read.labels["apps.kubernetes.io/pod-index"] == "3"
    told = parse((tmp_path / "annotations").read_bytes())
    assert {key: told[key] for key in annotations} == annotations
    plant.space.kubectl("annotate", "pod", "quiet", "stoker.io/profile=line-b")
    eventually(lambda: look().profile == "line-b", what="the kubelet tells of it", within=120)
    assert complaints == []


def test_it_may_do_that_and_nothing_else(plant: Plant, connect: Connect) -> None:
    client, place = connect(), plant.space.name
    plant.space.apply(manifests.config_map("others", {"a": "b"}), manifests.secret("s", {}))
    body = {"metadata": {"name": "new"}}
    refused: list[Callable[[], object]] = [
        lambda: client.get(CONFIG_MAPS, place, "others"),
        lambda: client.get(SECRETS, place, "s"),
        lambda: client.get(PODS, place, "gw-0"),
        lambda: client.get(GATEWAY_SYNCS, place, "site"),
        lambda: client.get(ROLES, place, "stoker-agent-site"),
        lambda: client.create(CONFIG_MAPS, place, body),
        lambda: client.merge(CONFIG_MAPS, place, METADATA, {"data": {"commit": "evil"}}),
        lambda: client.merge(CONFIG_MAPS, place, "stoker-status-site-gw-9", {"data": {}}),
        lambda: client.merge(GATEWAY_SYNCS, place, "site", {"status": {}}, "status"),
        lambda: client.delete(CONFIG_MAPS, place, STATUS),
        lambda: list(client.pages(CONFIG_MAPS, place)),
        lambda: list(client.pages(CONFIG_MAPS, place, fields="metadata.name=others")),
        lambda: list(client.pages(CONFIG_MAPS, "default", fields=f"metadata.name={METADATA}")),
        lambda: list(client.pages(SECRETS, place)),
        lambda: list(client.pages(PODS, place)),
        lambda: list(client.pages(EVENTS, place)),
    ]
    answers = [_answer_to(one) for one in refused]
    assert answers == [Forbidden] * len(refused)
    (page,) = client.pages(CONFIG_MAPS, place, fields=f"metadata.name={METADATA}")
    assert [one["metadata"]["name"] for one in page.items] == [METADATA]


def _answer_to(ask: Callable[[], object]) -> type[ApiFailed] | None:
    try:
        ask()
    except ApiFailed as error:
        return type(error)
    return None


def test_an_api_server_that_dies(
    plant: Plant, agent: Agent, control_plane: ControlPlane, controller: LocalController
) -> None:
    eventually(lambda: agent.commits, what="the metadata is heard")
    agent.report(1)
    eventually(lambda: seq_of(plant) == 1, what="the first report is there")
    control_plane.kill_api_server()
    try:
        agent.report(2)
        agent.report(3)
        eventually(lambda: agent.follower.trouble, what="it is noticed", within=10)
        eventually(lambda: agent.reporter.trouble, what="here too", within=15)
    finally:
        control_plane.back()
    eventually(lambda: seq_of(plant) == 3, what="the last report is there", within=60)
    eventually(lambda: not agent.follower.trouble, what="it follows again", within=60)
    assert agent.reporter.trouble == ""
    controller.ready()
    heard = len(agent.events)
    plant.change(gateway={"port": 9089})
    eventually(lambda: len(agent.events) > heard, what="a change is heard", within=60)


def test_of_many_that_write_at_once_none_is_lost(plant: Plant, connect: Connect) -> None:
    pods = [f"crowd-{number}" for number in range(CROWD)]
    plant.space.apply(*(gateway_pod(pod) for pod in pods))
    plant.can_report(*pods, within=60)
    agents = [Agent(plant, connect(), pod) for pod in pods]
    together = threading.Barrier(CROWD)

    def speak(agent: Agent) -> None:
        together.wait()
        for seq in (1, 2, 3):
            agent.report(seq, sync_status=SyncStatus.SYNCING)

    for one in agents:
        one.reporter.start()
    threads = [threading.Thread(target=speak, args=(one,)) for one in agents]
    began = time.monotonic()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    written = [one.reporter.flush(20) for one in agents]
    assert all(written)
    took = time.monotonic() - began
    assert {seq_of(plant, f"stoker-status-site-{pod}") for pod in pods} == {3}
    assert [one.complaints for one in agents if one.complaints] == []

    def shown() -> bool:
        states = {pod: one["syncStatus"] for pod, one in plant.gateways().items()}
        return all(states.get(pod) == "Syncing" for pod in pods)

    eventually(shown, what="the CR shows all of them")
    assert took < 15
    for one in agents:
        with suppress(ApiFailed):
            plant.admin.delete(PODS, plant.space.name, one.pod)
