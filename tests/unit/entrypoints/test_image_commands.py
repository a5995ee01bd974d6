"""The commands of the image, as far as they go without a gateway and a cluster."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from stoker import __version__
from stoker.entrypoints import agent, controller, webhook


@pytest.mark.parametrize(
    ("main", "name"),
    [
        (agent.main, "stoker-agent"),
        (controller.main, "stoker-controller"),
        (webhook.main, "stoker-webhook"),
    ],
)
def test_the_version(
    main: Callable[[Sequence[str]], int], name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["--version"])
    assert ended.value.code == 0
    assert capsys.readouterr().out == f"{name} {__version__}\n"


def test_an_agent_without_a_configuration(capsys: pytest.CaptureFixture[str]) -> None:
    assert agent.main([], {}) == 2
    assert capsys.readouterr().err == (
        "stoker-agent: error: nothing says what to do; name a file by --config or STOKER_CONFIG,"
        " or in a pod set the variables that the webhook sets, CR_NAME among them\n"
    )


def test_a_pod_that_says_too_little(capsys: pytest.CaptureFixture[str]) -> None:
    assert agent.main([], {"CR_NAME": "plant"}) == 1
    said = capsys.readouterr().err
    assert said.startswith("stoker-agent: error: environment: POD_NAME is not set; POD_NAMESPACE")


def test_a_pod_without_an_api_server(capsys: pytest.CaptureFixture[str]) -> None:
    names = {"CR_NAME": "plant", "POD_NAME": "gw-0", "POD_NAMESPACE": "one"}
    assert agent.main([], names) == 1
    assert "KUBERNETES_SERVICE_HOST" in capsys.readouterr().err


@pytest.mark.parametrize("by", ["option", "environment"])
def test_a_configuration_that_is_wrong(
    tmp_path: Path, by: str, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "agent.yaml"
    path.write_text("gateway: {}\n")
    arguments, environ = {
        "option": (["--config", str(path)], {}),
        "environment": ([], {"STOKER_CONFIG": str(path)}),
    }[by]
    assert agent.main(arguments, environ) == 1
    said = capsys.readouterr().err
    assert said.startswith("stoker-agent: error: ")
    assert "gateway.name" in said


@pytest.mark.parametrize("command", ["agent", "controller", "webhook"])
def test_what_a_command_imports_before_it_works(command: str) -> None:
    """Seen failing: with the standalone agent imported at the top, 0.4 s in place of 0.05 s."""
    probe = (
        f"import sys; from stoker.entrypoints import {command}; "
        "heavy = {'yaml', 'rich', 'typer', 'pygit2', 'kubernetes', 'stoker.core.agent'}; "
        "sys.exit(f'imported: {heavy & sys.modules.keys()}' if heavy & sys.modules.keys() else 0)"
    )
    subprocess.run([sys.executable, "-c", probe], check=True)  # noqa: S603 - our own interpreter


@pytest.mark.parametrize(
    ("main", "name", "option"),
    [
        (controller.main, "stoker-controller", "--workers"),
        (webhook.main, "stoker-webhook", "--rate-limit-cr-burst"),
    ],
)
def test_who_is_told_nonsense(
    main: Callable[[Sequence[str]], int],
    name: str,
    option: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main([option, "many"]) == 2
    said = capsys.readouterr().err
    assert said.startswith(f"{name}: error: ")
    assert option in said


@pytest.mark.parametrize(
    ("main", "option"),
    [
        (controller.main, "--leader-elect=false"),
        (webhook.main, "--admission-bind-address=0"),
    ],
)
def test_who_is_without_a_cluster(
    main: Callable[[Sequence[str]], int],
    option: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv("KUBERNETES_SERVICE_HOST", raising=False)
    missing = tmp_path / "kubeconfig"
    assert main([option, "--kubeconfig", str(missing)]) == 1
    said = capsys.readouterr().err
    assert str(missing) in said
    assert "Traceback" not in said
