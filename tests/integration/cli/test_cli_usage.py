"""The command line as users meet it: help, usage errors, bad files, signals, pipes, terminals."""

from __future__ import annotations

import json
import os
import pty
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import yaml

from support.command import STOKER, environment, stoker
from support.specs import a_document

COMMANDS = (
    "sync", "plan", "render", "validate", "agent", "demo", "crd", "status", "trigger", "version",
)  # fmt: skip


# --- Help ---


def test_help_lists_every_command_in_a_whole_sentence() -> None:
    done = stoker("--help")
    assert done.returncode == 0
    assert done.stderr == ""
    listed = done.stdout.partition("Commands:\n")[2].splitlines()
    assert [line.split()[0] for line in listed] == list(COMMANDS)
    assert all(line.endswith(".") and not line.endswith("...") for line in listed)
    assert stoker().stdout == done.stdout


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_explains_itself_with_an_example(command: str) -> None:
    done = stoker(command, "--help")
    assert done.returncode == 0
    assert f"\n    stoker {command}" in done.stdout
    assert "\x1b" not in done.stdout
    assert stoker(command, "-h").stdout == done.stdout


def test_every_option_has_a_help_that_is_a_sentence() -> None:
    from typer.main import get_command  # noqa: PLC0415

    from stoker.entrypoints.cli.app import app  # noqa: PLC0415

    for name, command in get_command(app).commands.items():  # type: ignore[attr-defined]
        for parameter in command.params:
            told = getattr(parameter, "help", None)
            assert told, (name, parameter.name)
            assert told[0].isupper() or told.startswith("$"), (name, parameter.name)
            assert told.endswith("."), (name, parameter.name)


def test_help_loads_none_of_the_heavy_packages() -> None:
    code = (
        "import sys; from stoker.entrypoints.cli import main; main(['--help'])\n"
        "print([m for m in ('pygit2', 'yaml', 'rich', 'cattrs', 'pydantic', 'httpx', 'jinja2',"
        " 'cryptography', 'stoker.core.spec') if m in sys.modules], file=sys.stderr)"
    )
    done = subprocess.run(  # noqa: S603
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert done.stderr == "[]\n"


def test_completion_is_there() -> None:
    completed = stoker(
        env={
            "_STOKER_COMPLETE": "complete_bash",
            "COMP_WORDS": "stoker re",
            "COMP_CWORD": "1",
        }
    )
    assert completed.stdout.split() == ["render"]


def test_versions() -> None:
    assert stoker("--version").stdout.startswith("stoker ")
    told = json.loads(stoker("version", "--output", "json").stdout)
    assert stoker("version").stdout == f"stoker {told['stoker']} (Python {told['python']})\n"


# --- One line, a cure, exit code 2 ---


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["bogus"], "No such command 'bogus' (see stoker --help)"),
        (["--bogus"], "No such option: --bogus (see stoker --help)"),
        (["sync", "--bogus"], "No such option: --bogus (see stoker sync --help)"),
        (["sync"], "Missing option '--data'"),
        (["sync", "--data"], "Option '--data' requires an argument"),
        (["plan", "--data", ".", "--output", "xml"], "Invalid value for '--output'"),
        (["validate"], "Missing argument 'FILE'"),
        (["version", "more"], "Got unexpected extra argument"),
        (
            ["version", "https://me:hunter2@h/x"],
            "Got unexpected extra argument(s) (https://***@h/x)",
        ),
        (["agent"], "Missing option '--config'"),
        (["render", "--ref", "main"], "no profile is given"),
        (["render", "--path", "a", "--to", "b"], "--path and --to exclude each other"),
        (["render", "--path", "../a"], "../a: the path leaves its root"),
        (["render", "--path", "a", "--output", "json"], "--path prints the file itself"),
        (["render", "--to", "/"], "/: is not empty"),
    ],
)
def test_a_usage_error_is_one_line_with_its_cure(arguments: list[str], told: str) -> None:
    done = stoker(*arguments)
    assert done.returncode == 2
    assert done.stdout == "" or "json" in arguments
    (line,) = done.stderr.splitlines()
    assert line.startswith(f"stoker: error: {told}")
    assert line.endswith(")")
    assert "hunter2" not in line


# --- JSON ---


@pytest.mark.parametrize(
    ("arguments", "kind"),
    [
        (["sync", "--output", "json"], "InvalidUsage"),
        (["sync", "--output=json", "--data", "/no/such"], "InvalidUsage"),
        (["render", "--output", "json", "--profile", "/no/such"], "InvalidFile"),
        (["bogus", "--output", "json"], "InvalidUsage"),
    ],
)
def test_json_is_one_document_on_failure_too(arguments: list[str], kind: str) -> None:
    done = stoker(*arguments)
    assert done.returncode == 2
    document = json.loads(done.stdout)
    assert document["result"] == "error"
    assert document["error"]["kind"] == kind
    assert document["error"]["message"]
    assert len(done.stderr.splitlines()) == 1
    assert ("added" in document) == (arguments[0] == "sync")


def test_json_can_be_asked_for_by_the_environment() -> None:
    done = stoker("sync", env={"STOKER_OUTPUT": "json"})
    assert json.loads(done.stdout)["error"]["kind"] == "InvalidUsage"
    assert stoker("version", "--", "--output=json").stdout == ""


# --- Options by the environment ---


def test_options_may_come_from_the_environment(tmp_path: Path) -> None:
    profile = tmp_path / "profile.yaml"
    profile.write_text("mappings: [{source: projects, destination: projects}]\n")
    env = {
        "STOKER_PROFILE": str(profile),
        "STOKER_REPO": str(tmp_path),
        "STOKER_REF": "main",
        "GIT_TOKEN_FILE": "/no/such/token",
    }
    done = stoker("render", env=env)
    assert done.stderr.startswith("stoker: error: /no/such/token: cannot read the token's file")
    env |= {"STOKER_TOKEN_FILE": "/no/such/other"}
    assert "/no/such/other" in stoker("render", env=env).stderr


# --- Validate ---


def test_manifests_on_standard_input() -> None:
    manifest = yaml.safe_dump(a_document()).encode()
    done = stoker("validate", "-", stdin=manifest)
    assert (done.returncode, done.stdout) == (0, "1 file: 1 GatewaySync, 0 errors, 0 warnings\n")
    done = stoker("validate", "-", stdin=b"kind: GatewaySync\n")
    assert done.returncode == 2
    assert all(line.startswith("<stdin>:1: error: ") for line in done.stderr.splitlines())


def test_the_folder_of_manifests(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text(yaml.safe_dump(a_document()))
    (tmp_path / "b.yaml").write_text("kind: Secret\n")
    done = stoker("validate", ".", cwd=tmp_path)
    assert done.returncode == 0
    assert done.stdout == (
        "2 files: 1 GatewaySync, 0 errors, 0 warnings; skipped 1 document (1 Secret)\n"
    )


# --- Signals, pipes, terminals ---


def waiting(*options: str, **more: str) -> subprocess.Popen[bytes]:
    """A command that waits for standard input."""
    process = subprocess.Popen(  # noqa: S603
        [*STOKER, *options, "validate", "-"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=environment(**more),
    )
    wait_until_it_reads(process.pid)
    return process


def wait_until_it_reads(pid: int) -> None:
    """Until the process sleeps in a read of its standard input."""
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        blocked = Path(f"/proc/{pid}/wchan").read_text()
        if "pipe" in blocked:
            return
        time.sleep(0.05)
    raise AssertionError("it never read")


@pytest.mark.parametrize(
    ("number", "code", "word"),
    [(signal.SIGINT, 130, "interrupted"), (signal.SIGTERM, 143, "terminated")],
)
def test_a_signal_ends_it_quietly(number: signal.Signals, code: int, word: str) -> None:
    with waiting() as process:
        process.send_signal(number)
        out, err = process.communicate(timeout=30)
    assert process.returncode == code
    assert out == b""
    assert err == f"stoker: error: {word} (run it again)\n".encode()


def test_a_signal_leaves_one_whole_document() -> None:
    with waiting(STOKER_OUTPUT="json") as process:
        process.send_signal(signal.SIGINT)
        out, _ = process.communicate(timeout=30)
    assert json.loads(out)["error"]["kind"] == "Interrupted"


def test_a_broken_pipe_is_quiet() -> None:
    reading, writing = os.pipe()
    os.close(reading)
    for arguments in (["version"], ["--help"]):
        done = subprocess.run(  # noqa: S603
            [*STOKER, *arguments],
            stdout=writing,
            stderr=subprocess.PIPE,
            env=environment(),
            check=False,
        )
        assert done.stderr == b""
        assert done.returncode != 0
    os.close(writing)


def test_an_unexpected_error_is_one_line_and_a_traceback_for_who_asks() -> None:
    code = (
        "import sys\n"
        "import stoker.entrypoints.cli.commanding as commanding\n"
        "def broken(**_): raise LookupError('hunter2')\n"
        "commanding.version_answer = broken\n"
        "from stoker.entrypoints.cli import main\n"
        "sys.exit(main(sys.argv[1:]))\n"
    )
    for arguments, env, traced in [
        (["version"], {}, False),
        (["version"], {"STOKER_DEBUG": "0"}, False),
        (["version"], {"STOKER_DEBUG": "1"}, True),
        (["--debug", "version"], {}, True),
    ]:
        done = subprocess.run(  # noqa: S603
            [sys.executable, "-c", code, *arguments],
            capture_output=True,
            text=True,
            check=False,
            env=environment(**env),
        )
        *before, last = done.stderr.splitlines()
        assert done.returncode == 1
        assert last == (
            "stoker: error: unexpected LookupError at <string>:3 "
            "(run it as 'stoker --debug …' and report what that shows)"
        )
        assert bool(before) == traced
        assert ("Traceback" in done.stderr) == traced


def on_a_terminal(*arguments: str, **env: str) -> str:
    """What a command prints on a terminal."""
    leader, follower = pty.openpty()
    process = subprocess.Popen(  # noqa: S603
        [*STOKER, *arguments],
        stdin=follower,
        stdout=follower,
        stderr=follower,
        env=environment(**env),
    )
    os.close(follower)
    shown = b""
    while True:
        try:
            chunk = os.read(leader, 65536)
        except OSError:
            break
        if not chunk:
            break
        shown += chunk
    os.close(leader)
    process.wait(timeout=30)
    return shown.decode()


def test_help_on_a_terminal_is_the_same_without_colours() -> None:
    shown = on_a_terminal("--help").replace("\r\n", "\n")
    assert "\x1b" not in shown
    assert "Keep Ignition gateways in step with Git." in shown


# --- What is missing ---


def test_without_the_extra_it_says_what_to_install() -> None:
    code = (
        "import sys\n"
        "sys.modules['typer'] = None\n"
        "from stoker.entrypoints.cli import main\n"
        "sys.exit(main(['version']))\n"
    )
    done = subprocess.run(  # noqa: S603
        [sys.executable, "-c", code], capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    assert done.stderr == (
        "stoker: error: the package 'typer' is missing (pip install 'stoker[cli]')\n"
    )
