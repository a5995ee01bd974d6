"""One git process: what it is given, and what bounds it.

Seen to fail with the bound on output left out, with the environment inherited, and with the limit
of memory left out.
"""

from __future__ import annotations

import os
from pathlib import Path
from shutil import which

import pytest

from stoker.adapters.git import settings
from stoker.adapters.git.errors import GitError, GitTimeout, ProgramMissing, TooMuch
from stoker.adapters.git.process import Call, run


def shell(script: str, **more: object) -> Call:
    """A call in which git runs a script, with the environment that its children get."""
    return Call(arguments=("-c", f"alias.x=!{script}", "x"), **more)  # type: ignore[arg-type]


def test_what_git_prints_and_says_and_how_it_ends() -> None:
    finished = run(shell("echo printed; echo said >&2; exit 3"))
    assert (finished.status, finished.output, finished.told) == (3, b"printed\n", "said\n")


def test_what_git_is_given(tmp_path: Path) -> None:
    given = b"x" * 1_000_000
    finished = run(Call(arguments=("hash-object", "--stdin"), given=given))
    assert finished.output.strip().isalnum()
    assert run(Call(arguments=("hash-object", "--stdin"))).output != finished.output
    assert run(Call(arguments=("rev-parse", "--git-dir"), git_dir=tmp_path)).status != 0


def test_nothing_of_our_environment_comes_along_but_the_path_and_proxies(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("SECRET_OF_OURS", "secret")
    monkeypatch.setenv("GIT_DIR", "/elsewhere")
    monkeypatch.setenv("https_proxy", "http://proxy.example.com:3128")
    monkeypatch.setenv("NO_PROXY", "localhost")
    lines = run(shell("env")).output.decode().splitlines()
    names = {line.partition("=")[0] for line in lines}
    assert "SECRET_OF_OURS" not in names
    assert "GIT_DIR=/elsewhere" not in lines
    assert "https_proxy=http://proxy.example.com:3128" in lines
    assert "NO_PROXY=localhost" in lines
    assert f"PATH={settings.search_path()}" in lines or any(x.startswith("PATH=") for x in lines)
    assert {"HOME=/dev/null", "LC_ALL=C", "GIT_TERMINAL_PROMPT=0"} <= set(lines)


def test_without_a_path_the_systems_own_is_searched(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    assert settings.search_path() == os.defpath


def test_settings_of_a_call_count_for_more_than_the_usual_ones() -> None:
    asked = ("config", "--get", "pack.threads")
    assert run(Call(arguments=asked)).output == b"1\n"
    assert run(Call(arguments=asked, settings=(("pack.threads", "2"),))).output == b"2\n"


def test_only_what_is_inherited_on_purpose_is_open() -> None:
    handle = os.memfd_create("held")
    os.write(handle, b"inherited")
    try:
        found = run(shell(f"cat /proc/self/fd/{handle}", handles=(handle,)))
        assert found.output == b"inherited"
        assert run(shell(f"cat /proc/self/fd/{handle}")).output == b""
    finally:
        os.close(handle)


def test_output_is_bounded() -> None:
    with pytest.raises(TooMuch, match="1000 bytes"):
        run(shell("head -c 100000 /dev/zero", most_output=1000))


def test_messages_are_bounded() -> None:
    with pytest.raises(GitTimeout):
        run(shell("yes >&2", deadline=0.5))


def test_memory_is_bounded() -> None:
    # Git reads all of a pipe into memory; its children have the limit too.
    script = "head -c 96000000 /dev/zero | git hash-object --stdin"
    assert run(shell(script)).status == 0
    refused = run(shell(script, memory=32 << 20))
    assert refused.status != 0
    assert "memory" in refused.told.lower()


@pytest.mark.parametrize("limit", ["deadline", "stall"])
def test_patience_ends(limit: str) -> None:
    patience = {"deadline": (0.3, 60.0), "stall": (60.0, 0.3)}[limit]
    with pytest.raises(GitTimeout) as caught:
        run(shell("sleep 30", deadline=patience[0], stall=patience[1]))
    assert (caught.value.limit, caught.value.seconds) == (limit, 0.3)


def test_a_process_that_closes_its_pipes_is_waited_for() -> None:
    assert run(shell("exec >&- 2>&-; sleep 0.3; exit 4")).status == 4


def test_a_sign_of_life_makes_patience_begin_anew() -> None:
    script = "for i in 1 2 3 4; do echo . >&2; sleep 0.25; done"
    assert run(shell(script, stall=0.8)).status == 0


def test_progress_is_told_as_it_comes() -> None:
    told: list[str] = []
    run(shell("printf 'Receiving objects:  50%% (1/2)\\rfatal: x\\n' >&2"), told.append)
    assert told == ["Receiving objects:  50% (1/2)"]


def test_what_cannot_be_started() -> None:
    with pytest.raises(GitError, match="cannot be started"):
        run(Call(arguments=("a\0b",)))


def test_a_machine_without_git(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(ProgramMissing, match="git") as caught:
        run(Call(arguments=("version",)))
    assert "package git" in caught.value.cure


def test_a_machine_without_the_programs_that_set_limits(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    git = which("git")
    assert git is not None
    (tmp_path / "git").symlink_to(git)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert run(Call(arguments=("version",))).output.startswith(b"git version")
