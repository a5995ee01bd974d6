"""Whole commands in this process: what they answer, and what becomes of what they raise."""

from __future__ import annotations

import json
import os
import signal
import sys
from pathlib import Path
from typing import Any

import pytest

from stoker.adapters.clock import utc_now
from stoker.core.errors import StokerError
from stoker.entrypoints.cli import main
from stoker.entrypoints.cli.answers import CHANGES, DONE, FAILED, INTERRUPTED, INVALID, TERMINATED
from stoker.entrypoints.cli.commanding import wants_colour
from stoker.entrypoints.cli.inputs import GivenGateway, request_of
from stoker.entrypoints.cli.invoking import answer_to, invoke, wants_debug, wants_json
from stoker.entrypoints.cli.options import Given
from stoker.entrypoints.cli.running import site_of
from stoker.entrypoints.engine.here import opened
from support.command import commit_of


@pytest.fixture
def plant(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current directory: a repository, a profile and a data directory."""
    commit_of(tmp_path / "repo", {"projects/p/project.json": "{}", "t/x": "{{ .GatewayName }}"})
    (tmp_path / "profile.yaml").write_text(
        "mappings:\n- {source: projects, destination: projects}\n"
        "- {source: t, destination: config/t, template: true}\n"
    )
    (tmp_path / "data").mkdir()
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path


def given(command: str, *options: str) -> list[str]:
    common = ["--repo", "repo", "--ref", "main", "--profile", "profile.yaml", "--quiet"]
    return [command, *common, *options]


def test_sync_plan_and_render(plant: Path) -> None:
    data = ("--data", "data")
    assert answer_to(given("plan", *data, "--exit-code")).code == CHANGES
    dry = answer_to(given("sync", *data, "--dry-run", "--output", "json"))
    assert json.loads(str(dry.out))["added"] == ["config/t/x", "projects/p/project.json"]
    assert list((plant / "data").glob("projects")) == []
    synced = answer_to(given("sync", *data))
    assert (synced.code, synced.complaints) == (DONE, ())
    assert str(synced.out).startswith("Synced ")
    assert (plant / "data/config/t/x").read_text() == "gateway"
    assert answer_to(given("plan", *data, "--exit-code", "--output", "markdown")).code == DONE
    assert answer_to(given("render", "--path", "config/t/x")).out == b"gateway"
    assert str(answer_to(given("render")).out).endswith("2 files, 9 B\n")
    rendered = answer_to(given("render", "--output", "json"))
    assert [each["path"] for each in json.loads(str(rendered.out))["files"]] == [
        "config/t/x",
        "projects/p/project.json",
    ]
    assert answer_to(given("render", "--to", "out")).out == "2 files written to out\n"
    assert (plant / "out/config/t/x").read_text() == "gateway"


def test_a_sync_that_fails_is_told_once(plant: Path) -> None:
    for output in ("text", "json"):
        answer = answer_to([*given("sync", "--data", "data"), "--ref", "no", "--output", output])
        assert answer.code == FAILED
        (line,) = answer.complaints
        assert line.startswith("stoker: error: no: the repository has no such ref (")
        assert (output == "text") == ("no such ref" not in str(answer.out))
    assert plant.is_dir()


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (["--path", "a", "--to", "b"], "--path and --to exclude each other (give one of them)"),
        (["--path", "a", "--output", "json"], "--path prints the file itself, which is no JSON"),
        (["--path", "/a"], "/a: the path is absolute ("),
    ],
)
def test_what_render_refuses(options: list[str], told: str) -> None:
    answer = answer_to(["render", *options])
    assert answer.code == INVALID
    (line,) = answer.complaints
    assert line.startswith(f"stoker: error: {told}")


def test_an_agent_needs_a_configuration(tmp_path: Path) -> None:
    answer = answer_to(["agent", "--config", str(tmp_path / "none.yaml")])
    assert answer.code == INVALID
    assert len(answer.complaints) == 1


def test_a_sync_that_never_began_has_a_whole_document() -> None:
    answer = answer_to(["sync", "--data", "/no/such", "--output", "json"], {})
    document = json.loads(str(answer.out))
    assert (answer.code, document["result"], document["added"]) == (INVALID, "error", [])


def test_the_path_of_a_flaw_is_its_file(tmp_path: Path) -> None:
    path = tmp_path / "p.yaml"
    path.write_text("prune: x\n")
    arguments = ["render", "--repo", "/", "--ref", "x", "--profile", str(path)]
    answer = answer_to([*arguments, "--output", "json"], {})
    error = json.loads(str(answer.out))["error"]
    assert (error["kind"], error["path"]) == ("InvalidDocument", str(path))
    assert error["message"].startswith("2 problems: ")
    assert len(answer.complaints) == 2


def test_a_profile_on_standard_input(plant: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with (plant / "profile.yaml").open() as stream:
        monkeypatch.setattr(sys, "stdin", stream)
        answer = answer_to(["render", "--repo", "repo", "--ref", "main", "--profile", "-", "-q"])
    assert answer.code == DONE
    assert str(answer.out).endswith("2 files, 9 B\n")


@pytest.mark.usefixtures("plant")
def test_a_sync_needs_a_data_directory() -> None:
    request = request_of(Given(repo="repo", ref="main", profile=Path("profile.yaml")))
    with pytest.raises(StokerError, match="data directory"), opened(site_of(request), utc_now):
        pass


def test_a_gateway_is_at_its_address(plant: Path) -> None:
    (plant / "key").write_text("name:secret")
    request = request_of(
        Given(repo="repo", ref="main", profile=Path("profile.yaml")),
        data=plant / "data",
        gateway=GivenGateway(url="http://localhost:8088", api_key_file=plant / "key"),
    )
    site = site_of(request)
    assert site.gateway is not None
    assert str(site.gateway.address) == "http://localhost:8088"
    assert site.identity.has_gateway


def test_help_and_versions_are_answers(capfd: pytest.CaptureFixture[str]) -> None:
    assert main([]) == DONE
    assert capfd.readouterr().out.startswith("Usage: stoker ")
    assert main(["--version"]) == DONE
    assert capfd.readouterr().out.startswith("stoker ")
    assert main(["version", "--output", "json"]) == DONE
    assert set(json.loads(capfd.readouterr().out)) == {"stoker", "python"}
    assert main(["version"]) == DONE
    assert "(Python " in capfd.readouterr().out


def test_the_arguments_are_those_of_the_process(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["stoker", "bogus"])
    assert main() == INVALID
    assert capfd.readouterr().err == (
        "stoker: error: No such command 'bogus' (see stoker --help)\n"
    )


def test_a_missing_package_is_told(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "stoker.entrypoints.cli.invoking", None)
    assert main(["version"]) == FAILED
    assert "is missing (pip install 'stoker[cli]')" in capfd.readouterr().err


def raising(monkeypatch: pytest.MonkeyPatch, action: Any) -> None:
    """Have `stoker version` do something else."""
    monkeypatch.setattr("stoker.entrypoints.cli.commanding.version_answer", action)


def test_an_error_that_nobody_expected_shows_no_text(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """Failed when the text of the error was shown: it held the secret."""

    def broken(**_: Any) -> None:
        raise LookupError("hunter2")

    raising(monkeypatch, broken)
    assert main(["version"]) == FAILED
    told = capfd.readouterr().err
    assert told.startswith("stoker: error: unexpected LookupError at test_cli_commands.py:")
    assert "hunter2" not in told
    assert len(told.splitlines()) == 1
    assert main(["--debug", "version"]) == FAILED
    assert "Traceback" in capfd.readouterr().err


def test_an_error_of_ours_is_a_line(monkeypatch: pytest.MonkeyPatch) -> None:
    def failing(**_: Any) -> None:
        raise StokerError("broke", where="here", cure="mend it")

    raising(monkeypatch, failing)
    answer = answer_to(["version", "--output", "json"], {})
    assert answer.complaints == ("stoker: error: here: broke (mend it)",)
    assert json.loads(str(answer.out)) == {
        "result": "error",
        "error": {"kind": "Failed", "message": "broke (mend it)", "path": "here"},
    }


@pytest.mark.parametrize(
    ("number", "code", "word"),
    [
        (signal.SIGINT, INTERRUPTED, "interrupted"),
        (signal.SIGTERM, TERMINATED, "terminated"),
    ],
)
def test_signals(
    *,
    number: signal.Signals,
    code: int,
    word: str,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    def killed(**_: Any) -> None:
        os.kill(os.getpid(), number)

    raising(monkeypatch, killed)
    before = signal.getsignal(signal.SIGTERM)
    assert invoke(["version"], {}) == code
    assert capfd.readouterr() == ("", f"stoker: error: {word} (run it again)\n")
    assert signal.getsignal(signal.SIGTERM) == before


@pytest.mark.parametrize(
    ("arguments", "environ", "wanted"),
    [
        ([], {}, False),
        (["--output", "json"], {}, True),
        (["--output=json"], {}, True),
        (["--output"], {}, False),
        ([], {"STOKER_OUTPUT": "json"}, True),
        (["--output", "text"], {"STOKER_OUTPUT": "json"}, False),
        (["--", "--output=json"], {}, False),
    ],
)
def test_who_wants_json(*, arguments: list[str], environ: dict[str, str], wanted: bool) -> None:
    assert wants_json(arguments, environ) is wanted


@pytest.mark.parametrize(
    ("value", "wanted"), [("1", True), ("yes", True), ("0", False), ("No", False), ("", False)]
)
def test_who_wants_tracebacks(*, value: str, wanted: bool) -> None:
    assert wants_debug([], {"STOKER_DEBUG": value}) is wanted
    assert wants_debug(["--debug"], {}) is True


class Terminal:
    """A stream that says whether it is a terminal."""

    def __init__(self, *, yes: bool) -> None:
        self.yes = yes

    def isatty(self) -> bool:
        return self.yes


@pytest.mark.parametrize(
    ("terminal", "environ", "wanted"),
    [
        (True, {"TERM": "xterm"}, True),
        (False, {"TERM": "xterm"}, False),
        (True, {"TERM": "dumb"}, False),
        (True, {"NO_COLOR": "1"}, False),
        (True, {"NO_COLOR": ""}, True),
    ],
)
def test_who_wants_colour(*, terminal: bool, environ: dict[str, str], wanted: bool) -> None:
    stream: Any = Terminal(yes=terminal)
    assert wants_colour(stream, environ) is wanted
