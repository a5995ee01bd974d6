"""Which cluster the tests use: never silently another than the one that was asked for."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest
from cluster import Problem, given, opening

FILE = Path("kubeconfig")


def yes() -> bool:
    return True


def no() -> bool:
    return False


@pytest.mark.parametrize(
    ("forced", "kubeconfig", "docker", "chosen"),
    [
        (None, FILE, yes, "given"),
        (None, FILE, no, "given"),
        (None, None, yes, "kind"),
        (None, None, no, "node"),
        ("node", FILE, yes, "node"),
        ("kind", None, no, "kind"),
        ("given", FILE, yes, "given"),
    ],
)
def test_mode(forced: str | None, kubeconfig: Path | None, docker: object, chosen: str) -> None:
    assert callable(docker)
    assert opening.choose(forced, kubeconfig, docker) == chosen


def test_docker_is_not_asked_when_there_is_a_kubeconfig() -> None:
    def never() -> bool:
        raise AssertionError

    assert opening.choose(None, FILE, never) == "given"


def test_forced_mode_needs_what_it_uses() -> None:
    with pytest.raises(Problem, match="needs KUBECONFIG"):
        opening.choose("given", None, yes)


@pytest.mark.parametrize("environment", [{}, {"KUBECONFIG": ""}])
def test_no_kubeconfig(environment: Mapping[str, str]) -> None:
    assert given.kubeconfig(environment) is None


def test_kubeconfig_is_one_file_that_is_there(tmp_path: Path) -> None:
    file = tmp_path / "config"
    with pytest.raises(Problem, match="is not there; unset it or correct it"):
        given.kubeconfig({"KUBECONFIG": str(file)})
    file.touch()
    assert given.kubeconfig({"KUBECONFIG": str(file)}) == file
    with pytest.raises(Problem, match="several files"):
        given.kubeconfig({"KUBECONFIG": f"{file}:{file}"})


def test_images_get_into_a_given_cluster_by_the_users_command() -> None:
    archive = Path("/images/it.tar")
    with pytest.raises(Problem, match="STOKER_TEST_IMAGES"):
        given.load_words(archive, {})
    words = given.load_words(archive, {"STOKER_LOAD_COMMAND": "push --to 'my registry'"})
    assert words == ["push", "--to", "my registry", "/images/it.tar"]


def test_host_address_is_the_users_word() -> None:
    found = given.host_address(FILE, Path("no-kubectl"), {"STOKER_TEST_HOST_ADDRESS": "10.1.2.3"})
    assert found == "10.1.2.3"


def test_kubeconfig_of_no_instance_is_not_recorded(tmp_path: Path) -> None:
    (tmp_path / "kubeconfig").touch()
    assert opening.recorded(tmp_path / "kubeconfig") is None
