"""What a machine's own settings add to a build."""

from __future__ import annotations

import configparser
import os
from pathlib import Path

import pytest
from cluster.problems import Problem
from images import machine

_PIP = """#!/bin/sh
cat <<END
:env:.timeout='180'
global.cert='{bundle}'
global.index-url='https://me:secret%40@mirror.example/simple'
global.extra-index-url='https://a.example\\nhttps://b.example'
global.find-links='/opt/wheels'
:env:.default-timeout='60'
install.user='true'
global.timeout='15'
END
"""


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("PATH", f"{tmp_path}/bin:/usr/bin:/bin")
    monkeypatch.delenv("SSL_CERT_FILE", raising=False)
    (tmp_path / "bin").mkdir()
    return tmp_path


def _add_pip(folder: Path, text: str = _PIP) -> Path:
    bundle = folder / "bundle.pem"
    bundle.write_text("certificates")
    pip = folder / "bin/pip3"
    pip.write_text(text.format(bundle=bundle))
    pip.chmod(0o755)
    return bundle


def test_pips_mirror_and_certificates_come_along(folder: Path) -> None:
    bundle = _add_pip(folder)
    found = machine.secrets(folder, with_sources=False)
    assert found == {"ca.crt": bundle, "pip.conf": folder / "pip.conf"}
    parser = configparser.ConfigParser(interpolation=None)
    parser.read(found["pip.conf"])
    assert dict(parser["global"]) == {
        "index-url": "https://me:secret%40@mirror.example/simple",
        "extra-index-url": "https://a.example\nhttps://b.example",
        "timeout": "60",
        "cert": "/run/secrets/ca.crt",
    }
    assert found["pip.conf"].stat().st_mode & 0o077 == 0


def test_certificates_that_are_not_there_are_not_named(folder: Path) -> None:
    _add_pip(folder).unlink()
    found = machine.secrets(folder, with_sources=False)
    assert set(found) == {"pip.conf"}
    assert "cert" not in found["pip.conf"].read_text()


def test_a_machine_with_nothing_of_its_own_adds_nothing(folder: Path) -> None:
    _add_pip(folder, "#!/bin/sh\n")
    assert machine.secrets(folder, with_sources=False) == {}


def test_debians_sources_come_along_for_a_base_of_its_packages(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _add_pip(folder, "#!/bin/sh\n")
    for name in ("debian.sources", "sources.list"):
        monkeypatch.setattr(machine, "debian_sources", lambda name=name: folder / name)
        (told,) = machine.secrets(folder, with_sources=True).items()
        assert told == ("apt.list" if name == "sources.list" else "apt.sources", folder / name)


def test_missing_programs_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    with pytest.raises(Problem, match="sudo apt-get install imagebuilder other"):
        machine.need({"no-such-program": "imagebuilder", "sh": "dash", "nor-this": "other"})


def test_programs_that_cannot_be_installed_are_named(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    apt = folder / "bin/apt-get"
    apt.write_text("#!/bin/sh\necho 'E: no network' >&2\nexit 100\n")
    apt.chmod(0o755)
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    with pytest.raises(
        Problem, match=r"imagebuilder, and they cannot be installed(.|\n)*no network"
    ):
        machine.need({"no-such-program": "imagebuilder"})


def test_what_is_there_is_not_installed() -> None:
    machine.need({"sh": "dash"})
