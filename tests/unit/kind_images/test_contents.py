"""The files of an image out of its layers."""

from __future__ import annotations

import io
import json
import tarfile
from pathlib import Path

import pytest
from images.contents import Contents


def _layer(*names: str) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as tar:
        for name in names:
            info = tarfile.TarInfo(name)
            info.type = tarfile.DIRTYPE if name.endswith("/") else tarfile.REGTYPE
            info.mode = 0o755
            tar.addfile(info)
    return out.getvalue()


@pytest.fixture
def contents(tmp_path: Path) -> Contents:
    layers = {
        "one.tar": _layer(
            "etc/",
            "etc/a",
            "etc/b",
            "var/",
            "var/c",
            "var/d/",
            "var/d/e",
            "varx",
            "opt/",
            "opt/f/",
            "opt/f/g",
        ),
        "two.tar": _layer(
            "etc/", "etc/.wh.a", "etc/n", "var/", "var/.wh..wh..opq", "var/new", "opt/.wh.f"
        ),
        "three.tar": _layer("etc/a"),
    }
    manifest = [{"Config": "config.json", "Layers": list(layers)}]
    config = {"config": {"User": "1:1"}}
    files = {
        "manifest.json": json.dumps(manifest).encode(),
        "config.json": json.dumps(config).encode(),
    }
    with tarfile.open(tmp_path / "image.tar", "w") as archive:
        for name, content in {**files, **layers}.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    return Contents(tmp_path / "image.tar")


def test_its_configuration(contents: Contents) -> None:
    assert contents.configuration == {"User": "1:1"}


def test_a_layer_adds_and_takes_away(contents: Contents) -> None:
    names = {name for name, info in contents.files.items() if info.isfile()}
    assert names == {"etc/a", "etc/b", "etc/n", "var/new", "varx"}


def test_what_is_unpacked_is_what_is_listed(contents: Contents, tmp_path: Path) -> None:
    root = tmp_path / "root"
    root.mkdir()
    contents.unpack(root)
    found = {str(path.relative_to(root)) for path in root.rglob("*") if path.is_file()}
    assert found == {name for name, info in contents.files.items() if info.isfile()}
