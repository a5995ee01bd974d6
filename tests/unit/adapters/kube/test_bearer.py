"""Which kubeconfigs need nothing of the official package."""

from __future__ import annotations

import base64
import copy
import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from stoker.adapters.kube import bearer
from stoker.adapters.kube.connecting import way_to
from stoker.adapters.kube.podwire import PodWire
from stoker.adapters.kube.pooled import Pooled
from support.authority import authority


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    certificate = authority().write(tmp_path_factory.mktemp("authority") / "ca.crt")
    data = base64.b64encode(certificate.read_bytes()).decode()
    cluster = {"server": "https://10.0.0.1:6443", "certificate-authority-data": data}
    return {
        "clusters": [{"name": "c", "cluster": cluster}],
        "users": [{"name": "u", "user": {"token": "secret"}}],
        "contexts": [{"name": "x", "context": {"cluster": "c", "user": "u"}}],
        "current-context": "x",
    }


def read(folder: Path, document: object, text: str = "") -> PodWire | None:
    file = folder / "config"
    file.write_text(text or json.dumps(document))
    return bearer.read(file, "", 3)


def test_where_and_as_whom(tmp_path: Path, plain: dict[str, Any]) -> None:
    for text in (json.dumps(plain), yaml.safe_dump(plain)):
        wire = read(tmp_path, plain, text)
        assert wire is not None
        assert (wire.host, wire.port, wire.spares) == ("10.0.0.1", 6443, 3)
        assert wire.account.authorization() == "Bearer secret"
        assert "secret" not in repr(wire)


@pytest.mark.parametrize(
    ("part", "name", "value"),
    [
        ("cluster", "server", "http://10.0.0.1"),
        ("cluster", "server", "https://rancher/k8s/clusters/one"),
        ("cluster", "proxy-url", "http://proxy"),
        ("cluster", "insecure-skip-tls-verify", True),
        ("cluster", "certificate-authority-data", "!"),
        ("user", "exec", {"command": "login"}),
        ("user", "token", 5),
    ],
)
def test_any_other_is_left_to_the_package(
    tmp_path: Path, plain: dict[str, Any], part: str, name: str, value: object
) -> None:
    document = copy.deepcopy(plain)
    document[f"{part}s"][0][part][name] = value
    assert read(tmp_path, document) is None


@pytest.mark.parametrize("text", ["[]", "{", "a: [", "current-context: x", "\x00"])
def test_what_cannot_be_read_is_too(tmp_path: Path, text: str) -> None:
    assert read(tmp_path, None, text) is None
    assert bearer.read(tmp_path / "none", "", 1) is None


def test_where_there_is_a_proxy_the_package_goes_through_it(
    tmp_path: Path, plain: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "config"
    file.write_text(json.dumps(plain))
    assert isinstance(way_to(file, "test", 1).wire, PodWire)
    monkeypatch.setenv("HTTPS_PROXY", "http://proxy.example:3128")
    wire = way_to(file, "test", 1).wire
    assert isinstance(wire, Pooled)
    assert "proxy.example" in str(getattr(wire.pool, "proxy", ""))
