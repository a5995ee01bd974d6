"""The chart and the documents' examples against the schemas of three versions of Kubernetes.

The versions are those of `kit.kubeconform`: the oldest that the chart is for, one between, and the
newest that there is. Nothing may be without a schema, and no field may be one that its schema does
not have. What is wrong on purpose is refused here too: a schema that takes everything would show.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest
import yaml
from cluster import Cluster
from kit import Helm
from kit.charts import CHART, RELEASE
from kit.kubeconform import VERSIONS, Kubeconform, Verdict, kubeconform
from kit.kubectl import Document
from kit.plants import gateway_sync
from test_chart import VALUES

ROOT: Final = CHART.parents[1]
PAGES: Final = (*sorted((ROOT / "docs").rglob("*.md")), ROOT / "README.md", CHART / "README.md")
OLDEST, BETWEEN, NEWEST = VERSIONS

ROLE: Final[Document] = {
    "apiVersion": "rbac.authorization.k8s.io/v1",
    "kind": "Role",
    "metadata": {"name": "a"},
    "rules": [{"apiGroups": [""], "resources": ["pods"], "verbs": ["get"]}],
}
POD: Final[Document] = {
    "apiVersion": "v1",
    "kind": "Pod",
    "metadata": {"name": "a"},
    "spec": {"containers": [{"name": "a", "image": "b", "ports": [{"containerPort": 1}]}]},
}
MONITOR: Final[Document] = {
    "apiVersion": "monitoring.coreos.com/v1",
    "kind": "ServiceMonitor",
    "metadata": {"name": "a"},
    "spec": {"selector": {}, "endpoints": [{"port": "metrics", "targetPort": 1}]},
}
RULES: Final[Document] = {
    "apiVersion": "monitoring.coreos.com/v1",
    "kind": "PrometheusRule",
    "metadata": {"name": "a"},
    "spec": {"groups": [{"name": "a", "rules": [{"alert": "A", "expr": 1, "for": "5m"}]}]},
}
ISSUER: Final[Document] = {
    "apiVersion": "cert-manager.io/v1",
    "kind": "Issuer",
    "metadata": {"name": "a"},
    "spec": {"selfSigned": {}},
}
SYNC: Final = gateway_sync("a", "https://git.example/a.git")
GOOD: Final = (ROLE, POD, MONITOR, RULES, ISSUER, SYNC)

WRONG: Final[dict[str, tuple[Document, str]]] = {
    "a field": (ROLE | {"rule": []}, "additional properties 'rule'"),
    "a field below": (
        ROLE | {"rules": [{"apiGroup": "", "verbs": ["get"]}]},
        "additional properties 'apiGroup'",
    ),
    "a type": (ROLE | {"rules": [{"verbs": "get"}]}, "want array"),
    "a number": (
        POD | {"spec": {"containers": [{"name": "a", "ports": [{"containerPort": "1"}]}]}},
        "want integer",
    ),
    "a label": (ROLE | {"metadata": {"name": "a", "labels": {"a": 1}}}, "want string"),
    "nothing": (POD | {"spec": None}, "want object"),
    "what has to be": (POD | {"spec": {}}, "missing property 'containers'"),
    "a name": ({"apiVersion": "v1", "kind": "Secret"}, "missing property 'metadata'"),
    "a monitor": (
        MONITOR | {"spec": {"selector": {}, "endpoints": [{"prot": "metrics"}]}},
        "additional properties 'prot'",
    ),
    "its port": (
        MONITOR | {"spec": {"selector": {}, "endpoints": [{"port": 1}]}},
        "want string",
    ),
    "its labels": (MONITOR | {"metadata": {"name": "a", "label": {}}}, "'label' not allowed"),
    "a rule": (
        RULES | {"spec": {"groups": [{"name": "a", "rules": [{"alert": "A"}]}]}},
        "missing property 'expr'",
    ),
    "a time": (
        RULES | {"spec": {"groups": [{"name": "a", "rules": [{"expr": "1", "for": "soon"}]}]}},
        "does not match pattern",
    ),
    "an issuer": (ISSUER | {"spec": {"selfsigned": {}}}, "additional properties 'selfsigned'"),
    "a sync": (SYNC | {"spec": SYNC["spec"] | {"gitt": {}}}, "additional properties 'gitt'"),
}
GONE_OR_TO_COME: Final[tuple[tuple[str, str, set[str]], ...]] = (
    # From 1.30 on, and up to 1.31.
    ("admissionregistration.k8s.io/v1", "ValidatingAdmissionPolicy", {BETWEEN, NEWEST}),
    ("flowcontrol.apiserver.k8s.io/v1beta3", "FlowSchema", {OLDEST}),
    ("apps/v1", "Deployments", set()),
    ("extensions/v1beta1", "Ingress", set()),
)


@pytest.fixture(scope="module")
def judge(tmp_path_factory: pytest.TempPathFactory) -> Kubeconform:
    return kubeconform(tmp_path_factory.mktemp("schemas"))


@pytest.fixture(scope="module")
def helm_alone(cluster: Cluster) -> Helm:
    return Helm.of(cluster, "plant")


def complaints(verdicts: list[Verdict]) -> list[str]:
    return [
        f"{Path(one.file).stem}: {one.kind} {one.name}: {one.why.partition(' - ')[2] or one.why}"
        for one in verdicts
        if not one.is_good
    ]


def about(judge: Kubeconform, version: str, folder: Path, document: Document) -> Verdict:
    file = folder / "document.json"
    file.write_text(json.dumps(document))
    (verdict,) = judge(version, [file])
    return verdict


# --- The chart ---


@pytest.mark.parametrize("version", VERSIONS)
def test_what_is_rendered_is_as_kubernetes_wants_it(
    version: str, judge: Kubeconform, helm_alone: Helm, tmp_path: Path
) -> None:
    words = ("template", RELEASE, str(CHART), "--include-crds", "--kube-version", version)
    files, count = [], 0
    for name, values in VALUES.items():
        text = helm_alone(*words, "--values", "-", stdin=json.dumps(values))
        count += len([one for one in yaml.load_all(text, yaml.CSafeLoader) if one])
        files.append(tmp_path / f"{name}.yaml")
        files[-1].write_text(text)
    verdicts = judge(version, files)
    assert complaints(verdicts) == []
    assert len(verdicts) == count, "each object was looked at"


@pytest.mark.parametrize("name", VALUES)
def test_helm_has_nothing_against_these_values(name: str, helm_alone: Helm) -> None:
    words = ("lint", "--strict", str(CHART), "--kube-version", NEWEST, "--values", "-")
    assert "0 chart(s) failed" in helm_alone(*words, stdin=json.dumps(VALUES[name]))


# --- The documentation ---


def blocks(text: str) -> Iterator[str]:
    """What is shown as YAML, and what a shell is to hand to kubectl."""
    shown = r"^( *)```yaml[^\n]*\n(.*?)^\1```$"
    handed = r"^( *)[^\n]*<<-?\s*['\"]?EOF['\"]?[^\n]*\n(.*?)^ *EOF$"
    for way in (shown, handed):
        for found in re.finditer(way, text, re.DOTALL | re.MULTILINE):
            yield re.sub(rf"^{found[1]}", "", found[2], flags=re.MULTILINE)


def examples() -> Iterator[tuple[str, str]]:
    """Whole objects; who leaves out `apiVersion` shows a part."""
    for page in PAGES:
        for number, block in enumerate(blocks(page.read_text())):
            if re.search(r"^apiVersion:", block, re.MULTILINE):
                yield f"{page.relative_to(ROOT)} {number}".replace("/", " "), block


@pytest.mark.parametrize("version", VERSIONS)
def test_examples_of_the_documentation_are_as_they_have_to_be(
    version: str, judge: Kubeconform, tmp_path: Path
) -> None:
    files = []
    for name, block in examples():
        files.append(tmp_path / f"{name}.yaml")
        files[-1].write_text(block)
    verdicts = judge(version, files)
    assert complaints(verdicts) == []
    assert {"GatewaySync"} <= {one.kind for one in verdicts}


# --- What these tests would see ---


@pytest.mark.parametrize("version", VERSIONS)
def test_what_is_right_is_taken(version: str, judge: Kubeconform, tmp_path: Path) -> None:
    found = [about(judge, version, tmp_path, one) for one in GOOD]
    assert complaints(found) == []


@pytest.mark.parametrize("name", WRONG)
def test_what_is_wrong_is_refused(name: str, judge: Kubeconform, tmp_path: Path) -> None:
    document, why = WRONG[name]
    for version in VERSIONS:
        verdict = about(judge, version, tmp_path, document)
        assert not verdict.is_good
        assert why in verdict.why, version


@pytest.mark.parametrize(("api_version", "kind", "known"), GONE_OR_TO_COME)
def test_what_a_version_does_not_have_is_refused(
    api_version: str, kind: str, known: set[str], judge: Kubeconform, tmp_path: Path
) -> None:
    document = {"apiVersion": api_version, "kind": kind, "metadata": {"name": "a"}}
    for version in VERSIONS:
        verdict = about(judge, version, tmp_path, document)
        missing = "could not find schema" in verdict.why
        assert missing == (version not in known), (version, verdict)
