"""kubectl, the way to pods, namespaces and their stories, with a program that plays kubectl."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import pytest
from cluster import Cluster, Problem
from kit import CommandFailed, Kubectl, Space, Spaces
from kit.reaching import Ways
from kit.spaces import name_for
from kit.story import story

_PLAYED = """#!{python}
import json, sys, time
words = sys.argv[1:]
with open({log!r}, "a") as log:
    log.write(json.dumps([words, "" if sys.stdin.isatty() else sys.stdin.read()]) + "\\n")
text = " ".join(words[4:])
{body}
"""


class Played:
    """A program in kubectl's place, and what it was told."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.log = folder / "log"

    def does(self, body: str) -> Kubectl:
        program = self.folder / "kubectl"
        program.write_text(_PLAYED.format(python=sys.executable, log=str(self.log), body=body))
        program.chmod(0o755)
        return Kubectl.of(self.cluster, "ns")

    @property
    def cluster(self) -> Cluster:
        program = self.folder / "kubectl"
        return Cluster(
            name="played",
            mode="kind",
            kubeconfig=Path("/kubeconfig"),
            kubectl=program,
            helm=program,
            host_name="testhost.lab",
            host_address="127.0.0.1",
            owned=False,
            place=None,
            say=print,
        )


@pytest.fixture
def played(tmp_path: Path) -> Played:
    return Played(tmp_path)


def test_it_is_called_for_its_cluster_and_namespace(played: Played) -> None:
    kubectl = played.does("print(json.dumps(words))")
    assert kubectl.json("get", "pods") == [
        *("--kubeconfig", "/kubeconfig", "--namespace", "ns"),
        *("get", "pods", "--output", "json"),
    ]


def test_documents_go_in_together(played: Played) -> None:
    played.does("pass").apply({"kind": "A"}, {"kind": "B"})
    assert r"\"items\": [{\"kind\": \"A\"}, {\"kind\": \"B\"}]" in played.log.read_text()


def test_what_it_complains_of_is_in_the_error(played: Played) -> None:
    kubectl = played.does('sys.stderr.write("Error: pods not found\\n"); sys.exit(3)')
    with pytest.raises(CommandFailed) as caught:
        kubectl("get", "pod", "line")
    assert re.fullmatch(
        r"kubectl .* get pod line\n    status 3\n    Error: pods not found", str(caught.value)
    )


def test_it_is_not_waited_for_without_end(played: Played) -> None:
    with pytest.raises(CommandFailed, match="no end after 0 s"):
        played.does("time.sleep(60)")("get", "pods", patience=0.2)


def test_a_port_is_forwarded_once_and_again_after_it_broke_off(played: Played) -> None:
    kubectl = played.does(
        'print("Forwarding from 127.0.0.1:4711 -> 8099", flush=True); time.sleep(60)'
    )
    ways = Ways(kubectl, direct=False)
    assert ways.to("line", 8099) == ("127.0.0.1", 4711)
    assert ways.to("line", 8099) == ("127.0.0.1", 4711)
    assert played.log.read_text().count("port-forward") == 1
    (there,) = ways._forwardings.values()  # noqa: SLF001 - it has to break off
    there.process.kill()
    there.process.wait()
    assert ways.to("line", 8099) == ("127.0.0.1", 4711)
    assert played.log.read_text().count("port-forward") == 2
    (there,) = ways._forwardings.values()  # noqa: SLF001 - see above
    ways.close()
    assert there.process.returncode is not None


def test_why_a_port_is_not_forwarded_is_told(played: Played) -> None:
    kubectl = played.does('sys.exit("error: pod is not running")')
    with pytest.raises(Problem, match="cannot reach port 1 of pod line: error: pod is not running"):
        Ways(kubectl, direct=False).to("line", 1)


def test_a_pod_without_an_address_is_a_problem_and_no_address(played: Played) -> None:
    with pytest.raises(Problem, match="no address yet"):
        Ways(played.does("pass"), direct=True).to("line", 1)


_NAMESPACE = """
pods = [{"metadata": {"name": "line"}, "status": {"containerStatuses": [
    {"name": "gateway", "restartCount": 1, "state": {"running": {}}}]}}]
maps = [{"metadata": {"name": "kube-root-ca.crt"}, "data": {"ca": "boring"}},
        {"metadata": {"name": "settings"}, "data": {"key": "value"}}]
if text == "get pods --output wide":
    print("a table of pods")
elif text == "get pods --output json":
    print(json.dumps({"items": pods}))
elif text == "get configmaps --output json":
    print(json.dumps({"items": maps}))
elif text.startswith("logs"):
    print("previous life" if "--previous" in words else "this life")
elif text.startswith("get serviceaccount"):
    print("default")
elif "events" in text:
    sys.exit("no events to be had")
"""


def test_a_story_has_all_parts_that_can_be_had(played: Played) -> None:
    told = story(played.does(_NAMESPACE))
    assert "a table of pods" in told
    assert "settings key: value" in told
    assert "boring" not in told
    assert "previous life" in told
    assert "this life" in told
    assert "line/gateway: running {}, 1 restarts" in told
    assert "no events to be had" in told


def test_a_namespace_is_there_for_the_with_and_enforces_restrictions(played: Played) -> None:
    played.does(_NAMESPACE)
    spaces = Spaces(played.cluster)
    with spaces.new("test_pods[https]") as space:
        assert [name for name, _ in spaces.stories()] == [space.name]
    assert spaces.there == []
    log = played.log.read_text()
    assert r"\"pod-security.kubernetes.io/enforce\": \"restricted\"" in log
    assert f'"delete", "namespace", "{space.name}", "--wait=false"' in log


@pytest.mark.parametrize("test", ["test_a_pod[https-1]", "test_" + "x" * 90, "___", "Ünicode"])
def test_names_of_namespaces_are_such_and_never_the_same(test: str) -> None:
    names = {name_for(test) for _ in range(20)}
    assert len(names) == 20
    assert all(re.fullmatch(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?", name) for name in names)


def test_a_space_reaches_pods_directly_on_a_node_of_our_own_alone(played: Played) -> None:
    assert Space(played.cluster, "ns").ways.direct is False
