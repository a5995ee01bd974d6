"""Which namespace is meant where none is named."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from stoker.adapters.kube import connecting
from stoker.adapters.kube.connecting import namespace_of


@pytest.fixture(autouse=True)
def _nowhere(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("KUBECONFIG", "KUBERNETES_SERVICE_HOST"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", "/nonexistent")


@pytest.fixture
def kubeconfig(tmp_path: Path) -> Path:
    file = tmp_path / "config"
    context = {"cluster": "c", "user": "u"}
    contexts = [
        {"name": "plant", "context": {**context, "namespace": "plant"}},
        {"name": "bare", "context": context},
    ]
    clusters = [{"name": "c", "cluster": {}}]
    known = {"clusters": clusters, "users": [{"name": "u", "user": {}}], "contexts": contexts}
    file.write_text(json.dumps({**known, "current-context": "plant"}))
    return file


def test_it_is_that_of_the_context(kubeconfig: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert namespace_of(kubeconfig) == "plant"
    assert namespace_of(kubeconfig, "bare") == "default"
    monkeypatch.setenv("KUBECONFIG", str(kubeconfig))
    assert namespace_of(None) == "plant"


def test_a_file_that_cannot_be_read_is_told_by_who_connects(tmp_path: Path) -> None:
    (tmp_path / "odd").write_text("[]")
    for file in (tmp_path / "none", tmp_path / "odd", None):
        assert namespace_of(file) == "default"


def test_in_a_pod_it_is_the_pod_s(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KUBERNETES_SERVICE_HOST", "10.0.0.1")
    mounted = tmp_path / "namespace"
    monkeypatch.setattr(connecting, "_OWN_NAMESPACE", mounted)
    assert namespace_of(None) == "default"
    mounted.write_text("plant\n")
    assert namespace_of(None) == "plant"
