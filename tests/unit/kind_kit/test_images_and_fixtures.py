"""Which images pods run, and what a run without a cluster looks like."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest
from cluster import Problem
from cryptography import x509
from kit import certificates, loading

from support.authority import Authority

ROOT = Path(__file__).parents[3]


def test_images_can_come_from_elsewhere() -> None:
    assert loading.given("") == {}
    assert loading.given("stoker=a.example/s:1,git=b.example/g@sha256:0=") == {
        "stoker": "a.example/s:1",
        "git": "b.example/g@sha256:0=",
    }


@pytest.mark.parametrize("text", ["stoker", "stoker=", "other=a:1"])
def test_images_that_nobody_knows_are_refused(text: str) -> None:
    with pytest.raises(Problem, match="write NAME=REFERENCE with NAME one of stoker"):
        loading.given(text)


def _python(
    words: Sequence[str], environment: Mapping[str, str]
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(  # noqa: S603 - our own words
        [sys.executable, *words],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )


def test_tests_without_a_cluster_fail_shortly_and_with_the_reason() -> None:
    environment = os.environ | {"KUBECONFIG": "/nowhere/kubeconfig"}
    words = ["-m", "pytest", "-p", "no:cacheprovider", "-q", "tests/kind/test_sidecar.py"]
    done = _python([*words, "-k", "restrictions or resources"], environment)
    reason = "KUBECONFIG names /nowhere/kubeconfig, which is not there; unset it or correct it"
    assert done.returncode == 1
    assert done.stdout.count(f"\n{reason}\n") == 2, "once for each test"
    assert "Traceback" not in done.stdout
    assert "2 errors" in done.stdout
    assert len(done.stdout.splitlines()) < 25


_KUBECTL = """#!{python}
import json, sys
text = " ".join(sys.argv[1:])
if "get pods --output wide" in text:
    print("a table of pods")
elif "--output json" in text:
    print(json.dumps({{"items": []}}))
else:
    print("v3.0.0 of it all")
"""
_CONFTEST = """
import importlib.util
spec = importlib.util.spec_from_file_location("of_the_cluster", {conftest!r})
module = importlib.util.module_from_spec(spec)
spec.loader.exec_module(module)
globals().update(vars(module))
"""


def test_failure_shows_what_is_in_the_namespaces(tmp_path: Path) -> None:
    """All of it real but the programs that talk to a cluster."""
    for name in ("kubectl", "helm"):
        (tmp_path / name).write_text(_KUBECTL.format(python=sys.executable))
        (tmp_path / name).chmod(0o755)
    (tmp_path / "kubeconfig").write_text("")
    conftest = str(ROOT / "tests/kind/conftest.py")
    (tmp_path / "conftest.py").write_text(_CONFTEST.format(conftest=conftest))
    (tmp_path / "test_it.py").write_text("def test_it(space):\n    assert space.name == ''\n")
    environment = os.environ | {
        "PATH": f"{tmp_path}:{os.environ['PATH']}",
        "KUBECONFIG": str(tmp_path / "kubeconfig"),
        "STOKER_TEST_HOST_ADDRESS": "127.0.0.1",
    }
    words = ["-m", "pytest", "-c", "pyproject.toml", "-p", "no:cacheprovider", "-q", str(tmp_path)]
    done = subprocess.run(  # noqa: S603 - our own words
        [sys.executable, *words],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1, done.stdout
    assert "1 failed" in done.stdout
    assert "namespace it-" in done.stdout
    assert "a table of pods" in done.stdout


def test_certificates_name_the_server_and_are_signed() -> None:
    authority = Authority.create("Private")
    pair = certificates.certificate(authority, ["git.space.svc"])
    read = x509.load_pem_x509_certificate(pair.public.encode())
    read.verify_directly_issued_by(authority.certificate)
    names = read.extensions.get_extension_for_class(x509.SubjectAlternativeName)
    assert names.value.get_values_for_type(x509.DNSName) == ["git.space.svc"]
    assert "PRIVATE KEY" in pair.private
    assert certificates.ssh_key().public.startswith("ssh-ed25519 ")
