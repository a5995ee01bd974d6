"""What the build of the product's image runs: taking out, compiling, and the bill of materials."""

from __future__ import annotations

import datetime as dt
import hashlib
from importlib import metadata
from pathlib import Path

import pytest

from support.tools import tool

slim, sbom, bytecode = tool("image/slim"), tool("image/sbom"), tool("image/bytecode")

_STATUS = """\
Package: git
Status: install ok installed
Architecture: amd64
Source: git-source (1:2.0-1)
Version: 1:2.0-1+b1
Conffiles:
 /etc/git.conf 0123

Package: perl-base
Status: install ok installed
Architecture: amd64
Version: 5.36

Package: gone
Status: deinstall ok config-files
Architecture: all
Version: 1
"""

_FILES = {
    "git": ["/.", "/usr", "/usr/bin", "/bin/git", "/bin/git-shell", "/usr/share/doc/git",
            "/usr/share/doc/git/copyright", "/usr/share/doc/git/NEWS", "/etc/shared"],
    "perl-base": ["/usr", "/usr/bin", "/usr/bin/perl", "/usr/lib/perl-base",
                  "/usr/lib/perl-base/strict.pm", "/etc/shared"],
}  # fmt: skip


@pytest.fixture
def root(tmp_path: Path) -> Path:
    root = tmp_path / "root"
    (root / "var/lib/dpkg/info").mkdir(parents=True)
    (root / "var/lib/dpkg/status").write_text(_STATUS)
    (root / "usr/bin").mkdir(parents=True)
    (root / "bin").symlink_to("usr/bin")
    (root / "etc").mkdir()
    (root / "etc/os-release").write_text('ID=debian\nVERSION_ID="12"\nPRETTY_NAME="Debian 12"\n')
    for package, lines in _FILES.items():
        mark = ":amd64" if package == "perl-base" else ""
        (root / f"var/lib/dpkg/info/{package}{mark}.list").write_text("\n".join(lines) + "\n")
        (root / f"var/lib/dpkg/info/{package}{mark}.postinst").write_text("#!/bin/sh\n")
        for line in lines:
            path = root / line.lstrip("/")
            if path.suffix or path.name in {
                "git",
                "git-shell",
                "perl",
                "copyright",
                "NEWS",
                "shared",
            }:
                path.parent.mkdir(parents=True, exist_ok=True)
                if not path.is_dir() and path != root / "usr/share/doc/git":
                    path.write_text(package)
    (root / "usr/bin/ssh-agent").write_text("somebody's own")
    (root / "usr/bin/ssh-agent").chmod(0o2755)
    (root / "usr/bin/awk").symlink_to("nowhere")
    return root


def test_a_package_goes_with_what_is_its_own(root: Path) -> None:
    slim.slim(root)
    assert not (root / "usr/bin/perl").exists()
    assert not (root / "usr/lib/perl-base").exists()
    assert (root / "etc/shared").exists(), "git has it too"
    assert (root / "usr/bin").is_dir()
    assert "perl-base" not in (root / "var/lib/dpkg/status").read_text()
    assert "Package: git\nStatus" in (root / "var/lib/dpkg/status").read_text()
    assert [path.name for path in (root / "var/lib/dpkg/info").iterdir()] == ["git.list"]


def test_of_a_package_the_programs_stay_that_are_called(root: Path) -> None:
    slim.slim(root)
    assert (root / "bin/git").exists()
    assert not (root / "usr/bin/git-shell").exists()
    assert [path.name for path in (root / "usr/share/doc/git").iterdir()] == ["copyright"]


def test_no_program_keeps_its_privileges_and_no_link_leads_nowhere(root: Path) -> None:
    slim.slim(root)
    assert (root / "usr/bin/ssh-agent").stat().st_mode & 0o7777 == 0o755
    assert not (root / "usr/bin/awk").is_symlink()


def test_it_can_be_done_twice(root: Path) -> None:
    slim.slim(root)
    first = sorted(root.rglob("*"))
    slim.slim(root)
    assert sorted(root.rglob("*")) == first


def test_bytecode_is_never_compared_with_its_source(tmp_path: Path) -> None:
    (tmp_path / "deep/__pycache__").mkdir(parents=True)
    (tmp_path / "deep/one.py").write_text("print(1)\n")
    (tmp_path / "deep/__pycache__/removed.cpython-311.pyc").write_bytes(b"old")
    assert bytecode.main([str(tmp_path)]) == 0
    (compiled,) = tmp_path.rglob("*.pyc")
    assert compiled.name.startswith("one.")
    assert compiled.read_bytes()[4:8] == b"\1\0\0\0"
    first = compiled.read_bytes()
    assert bytecode.main([str(tmp_path)]) == 0
    assert compiled.read_bytes() == first


def test_what_cannot_be_compiled_ends_the_build(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "one.py").write_text("print(\n")
    assert bytecode.main([str(tmp_path)]) == 1
    assert str(tmp_path) in capsys.readouterr().err


def _distribution(folder: Path, name: str, *lines: str) -> metadata.Distribution:
    info = folder / f"{name}-1.0.dist-info"
    info.mkdir(parents=True)
    text = "\n".join(("Metadata-Version: 2.4", f"Name: {name}", "Version: 1.0", *lines))
    (info / "METADATA").write_text(f"{text}\n\nIts story.\n")
    return metadata.Distribution.at(info)


def test_the_bill_has_debians_packages_with_their_sources(root: Path) -> None:
    (git, perl) = sbom.debian(root, {"ID": "debian", "VERSION_ID": "12"})
    assert (git["name"], git["version"]) == ("git", "1:2.0-1+b1")
    assert git["purl"] == (
        "pkg:deb/debian/git@1%3A2.0-1%2Bb1?arch=amd64&distro=debian-12"
        "&upstream=git-source%401%3A2.0-1"
    )
    assert perl["name"] == "perl-base", "and not what is only configured"


@pytest.mark.parametrize(
    ("lines", "licence"),
    [
        (["License-Expression: MIT"], {"expression": "MIT"}),
        (["License: BSD"], {"license": {"name": "BSD"}}),
        (["Classifier: License :: OSI Approved :: MIT License"],
         {"license": {"name": "MIT License"}}),
    ],
)  # fmt: skip
def test_the_bill_has_licences(tmp_path: Path, lines: list[str], licence: object) -> None:
    component = sbom.python(_distribution(tmp_path, "Some.Package", *lines))
    assert component["purl"] == "pkg:pypi/some-package@1.0"
    assert component["licenses"] == [licence]


def test_the_bill_has_what_wheels_bring_along(tmp_path: Path) -> None:
    package = _distribution(tmp_path, "pygit2")
    (tmp_path / "pygit2.libs").mkdir()
    (tmp_path / "pygit2.libs/libgit2-1234.so.1.9").write_bytes(b"library")
    (tmp_path / "pygit2-1.0.dist-info/RECORD").write_text(
        "pygit2.libs/libgit2-1234.so.1.9,,\npygit2/_pygit2.so,,\n"
    )
    (inside,) = sbom.python(package)["components"]
    assert inside["name"] == "pygit2.libs/libgit2-1234.so.1.9"
    digest = hashlib.sha256(b"library").hexdigest()
    assert inside["hashes"] == [{"alg": "SHA-256", "content": digest}]


def test_the_bill_is_always_the_same(root: Path, tmp_path: Path) -> None:
    product = _distribution(tmp_path, "stoker", "License-Expression: Apache-2.0")
    other, third = _distribution(tmp_path, "attrs"), _distribution(tmp_path, "idna")
    when = dt.datetime(1980, 1, 1, tzinfo=dt.UTC)
    one = sbom.bill(root, [product, other, third], when)
    two = sbom.bill(root, [third, other, product], when)
    assert one == two
    names = [component["name"] for component in one["components"]]
    assert names == ["debian", "git", "perl-base", "python", "attrs", "idna"]
    assert one["metadata"]["component"]["name"] == "stoker"
    assert one["metadata"]["timestamp"] == "1980-01-01T00:00:00Z"
    changed = sbom.bill(root, [product], when)
    assert changed["serialNumber"] != one["serialNumber"]
