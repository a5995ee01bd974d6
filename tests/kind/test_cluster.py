"""What the tests of Stoker rely on a cluster for, looked at from inside pods.

Whichever cluster it is (see `cluster.opening`): when one of these fails, the cluster is not what
the other tests take it for. The pods run the `probe` program, an image of one file.
"""

from __future__ import annotations

import json
import os
import subprocess
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from cluster import Cluster, Problem, open_cluster, packing, programs
from cluster.running import Steps, run
from kit.control_plane import only_where
from probes import TAG, Space, container, eventually, service


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """A cluster that knows the probe."""
    archive = tmp_path_factory.mktemp("probe") / "probe.tar"
    packing.write(programs.built(programs.PROBE, Steps(print)) / "probe", TAG, archive)
    with open_cluster(lifetime_of=os.getpid()) as opened:
        opened.load(archive)
        yield opened


@pytest.fixture(scope="module")
def space(cluster: Cluster) -> Iterator[Space]:
    made = Space(cluster, f"probes-{os.getpid()}")
    made.kubectl("create", "namespace", made.name)
    yield made
    made.kubectl("delete", "namespace", made.name, "--wait=false")


@pytest.fixture(scope="module")
def served(space: Space, tmp_path_factory: pytest.TempPathFactory) -> Space:
    """A pod and a Service, both called `page`, a Service without a pod, a pod to ask from."""
    space.pod("page", "serve", "8080")
    space.pod("client", "wait")
    tmp_path = tmp_path_factory.mktemp("served")
    space.apply(service("page", 80), tmp_path)
    headless = service("page", 8080, clusterIP="None")
    space.apply(headless | {"metadata": {"name": "headless"}}, tmp_path)
    space.apply(service("nobody", 80), tmp_path)
    space.ready("page")
    space.ready("client")
    return space


def test_api_server_has_the_pinned_version(space: Space) -> None:
    found = json.loads(space.kubectl("version", "-o", "json"))
    if space.cluster.mode == "node":
        assert found["serverVersion"]["gitVersion"] == programs.KUBERNETES.version
    assert int(found["serverVersion"]["minor"].rstrip("+")) >= 29, "native sidecars"


@pytest.mark.parametrize("name", ["page", "page.{space}.svc.cluster.local", "headless:8080"])
def test_service_is_reached_by_its_name(served: Space, name: str) -> None:
    url = f"http://{name.format(space=served.name)}/"
    assert served.probe("get", url) == "200 page"


def test_pod_reaches_itself_by_its_service(served: Space) -> None:
    url = f"http://page.{served.name}.svc/"  # the short name is the pod's own
    assert served.kubectl("exec", "page", "--", "/probe", "get", url) == "200 page\n"


def test_service_without_endpoints_refuses_at_once(served: Space) -> None:
    for _ in range(5):  # redirects that use up the limit of answers show from the second on
        said, milliseconds = served.probe("get", "http://nobody/").rsplit(" ", 1)
        assert said == "refused in"
        assert int(milliseconds) < 500


def test_unknown_names_are_unknown(served: Space) -> None:
    assert served.probe("lookup", "page.elsewhere.svc.cluster.local") == "no such name"


def test_pods_reach_the_host_and_the_host_pods(served: Space) -> None:
    class Page(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b"the host")

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer((served.cluster.host_address, 0), Page) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        url = f"http://{served.cluster.host_name}:{server.server_port}/"
        assert served.probe("get", url) == "200 the host"
        server.shutdown()


def test_nothing_outside_is_reached(served: Space) -> None:
    only_where(served.cluster.mode == "node", "it is cut off from the world")
    assert served.probe("lookup", "example.org") == "no such name"
    assert served.probe("get", "http://192.0.2.77/").startswith("unreachable in")


def test_account_of_a_pod_may_ask_what_it_was_granted(served: Space) -> None:
    assert served.probe("api", "/version").split() == ["200", "200"]
    path = f"/api/v1/namespaces/{served.name}/pods"
    assert served.probe("api", path).split() == ["403", "403"]
    rights = ("--clusterrole=view", f"--serviceaccount={served.name}:default")
    served.kubectl("create", "rolebinding", "reader", *rights)
    eventually(lambda: served.probe("api", path).split() == ["200", "200"])


def test_logs_exec_and_port_forward(served: Space) -> None:
    given = subprocess.run(  # noqa: S603 - our own words
        [*served.words, "exec", "-i", "page", "--", "/probe", "copy"],
        input=b"to and fro",
        capture_output=True,
        check=True,
    )
    assert given.stdout == b"to and fro"
    words = [*served.words, "port-forward", "pod/page", ":8080"]
    with subprocess.Popen(words, stdout=subprocess.PIPE, text=True) as forward:  # noqa: S603 - see above
        assert forward.stdout is not None
        port = forward.stdout.readline().partition("127.0.0.1:")[2].split()[0]
        # The probe on this machine: it is a program like any other.
        probe = programs.built(programs.PROBE, Steps(print)) / "probe"
        assert run([probe, "get", f"http://127.0.0.1:{port}/"]) == "200 page\n"
        forward.terminate()
    eventually(lambda: "asked by" in served.kubectl("logs", "page"))


def test_native_sidecar_starts_first_and_stops_last(space: Space) -> None:
    started = {"httpGet": {"path": "/", "port": 8080}, "periodSeconds": 1}
    sidecar = container("side", "serve", "8080", restartPolicy="Always", startupProbe=started)
    main = container("main", "get", "http://127.0.0.1:8080/")
    space.pod("native", containers=[main], initContainers=[sidecar])
    eventually(lambda: space.status("native")["phase"] == "Succeeded")
    assert space.kubectl("logs", "native", "-c", "main") == "200 native\n"
    ended = space.status("native")["initContainerStatuses"][0]["state"]
    assert "terminated" in ended


def test_termination_is_graceful(space: Space) -> None:
    space.pod("patient", "wait")
    space.ready("patient")
    with subprocess.Popen(  # noqa: S603 - our own words
        [*space.words, "logs", "-f", "patient"], stdout=subprocess.PIPE, text=True
    ) as logs:
        assert logs.stdout is not None
        assert logs.stdout.readline() == "waiting\n"
        began = time.monotonic()
        space.kubectl("delete", "pod", "patient")
        assert logs.stdout.read() == "told to stop\n"
    assert time.monotonic() - began < 15


def test_memory_limit_kills(space: Space) -> None:
    hungry = container("main", "eat", "200", resources={"limits": {"memory": "64Mi"}})
    space.pod("hungry", containers=[hungry])
    eventually(lambda: space.status("hungry")["phase"] == "Failed")
    ended = space.status("hungry")["containerStatuses"][0]["state"]["terminated"]
    assert (ended["reason"], ended["exitCode"]) == ("OOMKilled", 137)
    assert space.ask("modest", "eat", "20") == "ate 20"


def test_restrictions_of_a_container_hold(space: Space) -> None:
    restricted = {
        "runAsUser": 2003,
        "runAsNonRoot": True,
        "readOnlyRootFilesystem": True,
        "allowPrivilegeEscalation": False,
        "capabilities": {"drop": ["ALL"]},
        "seccompProfile": {"type": "RuntimeDefault"},
    }
    scratch = [{"name": "tmp", "mountPath": "/tmp"}]  # noqa: S108 - the container's
    main = container("main", "limits", securityContext=restricted, volumeMounts=scratch)
    volume = {"name": "tmp", "emptyDir": {"medium": "Memory", "sizeLimit": "1Mi"}}
    space.pod("limited", containers=[main], volumes=[volume])
    eventually(lambda: space.status("limited")["phase"] == "Succeeded")
    found = dict(line.split(" ", 1) for line in space.kubectl("logs", "limited").splitlines())
    assert found == {
        "Uid": "2003",
        "CapEff": "0" * 16,
        "CapBnd": "0" * 16,
        "NoNewPrivs": "1",
        "Seccomp": "2",
        "root": "read-only-file-system",
        "tmp": "done",
        "unshare": "operation-not-permitted",
    }


def test_root_is_refused_to_those_who_promised_not_to_be(space: Space) -> None:
    refused = {"runAsUser": 0, "runAsNonRoot": True}
    space.pod("root", containers=[container("main", "wait", securityContext=refused)])

    def reason() -> str:
        statuses = space.status("root").get("containerStatuses", [{"state": {}}])
        return str(statuses[0]["state"].get("waiting", {}).get("reason"))

    eventually(lambda: reason() == "CreateContainerConfigError")


def test_helm_installs_and_waits(space: Space, tmp_path: Path) -> None:
    chart = tmp_path / "chart"
    (chart / "templates").mkdir(parents=True)
    (chart / "Chart.yaml").write_text(
        'apiVersion: v2\nname: probe\nversion: 1.0.0\nkubeVersion: ">=1.29.0-0"\n'
    )
    labels = {"app": "released"}
    template = {
        "metadata": {"labels": labels},
        "spec": {"containers": [container("main", "serve", "8080")]},
    }
    spec = {"replicas": 2, "selector": {"matchLabels": labels}, "template": template}
    document = {"apiVersion": "apps/v1", "kind": "Deployment", "spec": spec}
    document["metadata"] = {"name": "{{ .Release.Name }}"}
    (chart / "templates" / "deployment.yaml").write_text(json.dumps(document))
    helm = [str(space.cluster.helm), *space.words[1:]]
    run([*helm, "install", "released", str(chart), "--wait", "--timeout", "60s"], timeout=90)
    ready = space.kubectl("get", "deployment", "released", "-o", "jsonpath={.status.readyReplicas}")
    assert ready == "2"
    run([*helm, "uninstall", "released"], timeout=60)


def test_webhook_is_called_by_its_service(space: Space, tmp_path: Path) -> None:
    name = f"hook.{space.name}.svc"
    words = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1"]
    words += ["-nodes", "-subj", f"/CN={name}", "-addext", f"subjectAltName=DNS:{name}"]
    run([*words, "-keyout", "tls.key", "-out", "tls.crt"], cwd=tmp_path)
    files = (f"--cert={tmp_path}/tls.crt", f"--key={tmp_path}/tls.key")
    space.kubectl("create", "secret", "tls", "hook", *files)
    mounts = [{"name": "tls", "mountPath": "/tls"}]
    volume = {"name": "tls", "secret": {"secretName": "hook"}}
    main = container("main", "webhook", "8080", "/tls", volumeMounts=mounts)
    space.pod("hook", containers=[main], volumes=[volume])
    space.apply(service("hook", 443), tmp_path)
    space.ready("hook")
    authority = space.kubectl("get", "secret", "hook", "-o", r"jsonpath={.data.tls\.crt}")
    where = {"name": "hook", "namespace": space.name, "path": "/"}
    rule = {"apiGroups": [""], "apiVersions": ["v1"], "operations": ["CREATE"]}
    hook = {
        "name": "hook.stoker.test",
        "admissionReviewVersions": ["v1"],
        "sideEffects": "None",
        "clientConfig": {"service": where, "caBundle": authority},
        "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": space.name}},
        "rules": [rule | {"resources": ["configmaps"]}],
    }
    kind = {"apiVersion": "admissionregistration.k8s.io/v1", "kind": "MutatingWebhookConfiguration"}
    space.apply(kind | {"metadata": {"name": space.name}, "webhooks": [hook]}, tmp_path)

    def labelled() -> bool:
        made = f"seen-{time.monotonic_ns()}"
        space.kubectl("create", "configmap", made)
        return space.kubectl("get", "cm", made, "-o", "jsonpath={.metadata.labels.seen}") == "yes"

    eventually(labelled)
    space.kubectl("delete", "pod", "hook", "--now")

    def fails_closed() -> bool:
        try:
            space.kubectl("create", "configmap", f"unseen-{time.monotonic_ns()}")
        except Problem as problem:
            return "hook.stoker.test" in str(problem)
        return False

    eventually(fails_closed)
    space.kubectl("delete", "mutatingwebhookconfiguration", space.name)


@pytest.mark.parametrize("daemon", ["kube-apiserver", "kubelet", "containerd"])
def test_daemon_that_is_killed_comes_back(served: Space, daemon: str) -> None:
    only_where(served.cluster.mode == "node", "it starts its daemons again")
    before = served.status("page")["containerStatuses"][0]["containerID"]
    served.cluster.node("pkill", "-9", "-x", daemon[:15])
    began = time.monotonic()

    def answers() -> bool:
        try:
            return served.probe("get", "http://page/") == "200 page"
        except Problem:
            return False

    eventually(answers)  # through API server, kubelet and containerd
    assert served.ask(f"after-{daemon}", "get", "http://page/") == "200 page"
    assert time.monotonic() - began < 30
    served.cluster.node("pgrep", "-x", daemon[:15])
    assert served.status("page")["containerStatuses"][0]["containerID"] == before, "it kept running"
