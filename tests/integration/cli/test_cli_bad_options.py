"""Bad options: each is one line with a cure, exit code 2, and no traceback."""

from __future__ import annotations

from pathlib import Path

import pytest

from support.command import stoker

PROFILE = "mappings: [{source: projects, destination: projects}]\n"


@pytest.fixture
def profile(tmp_path: Path) -> Path:
    path = tmp_path / "profile.yaml"
    path.write_text(PROFILE)
    return path


BAD_OPTIONS: list[tuple[list[str], str]] = [
    (["--label", "x"], '--label: "x" has no key and value'),
    (["--var", "1=x"], '--var: "1" is not a legal name for a variable'),
    (["--ref", "a b"], "a b: the ref contains a space"),
    (["--ref=-x"], "-x: the ref starts with '-'"),
    (["--ref", "x" * 2000], f"{'x' * 80}…: the ref is longer than 1024 bytes"),
    (["--repo", "https://me:hunter2@h/x"], "https://***@h/x: the repository address carries a"),
    (["--repo", "https://ghp_hunter2@h/x"], "https://***@h/x: the repository address carries"),
    (["--repo", "https://h/x?hunter2"], "https://h/x: the repository address contains ?"),
    (["--repo", "ext::sh -c true"], "ext::sh -c true: the repository address names a remote"),
    (["--repo=-oProxyCommand=x"], "-oProxyCommand=x: the repository address starts with '-'"),
    (["--repo", "no/such"], "no/such: there is no such directory"),
    (["--profile", "no-such"], "no-such: cannot read it: No such file or directory"),
    (["--profile", "/"], "/: cannot read it: Is a directory"),
    (["--profile", "profile.yaml/x"], "profile.yaml/x: cannot read it: Not a directory"),
    (["--profile", "y" * 300], f"{'y' * 300}: cannot read it: File name too long"),
    (["--token-file", "no-such"], "no-such: cannot read the token's file: No such file"),
    (["--ssh-key-file", "no-such"], "no-such: cannot read the SSH key: No such file"),
    (["--label", "\udcff=x"], '--label: "\\udcff=x" is not valid UTF-8'),
    (["--ref", "\udcff"], "'\\udcff': the ref is not valid UTF-8"),
    (["--repo", "\udcff"], "'\\udcff': the repository address contains a control character"),
    (["--repo-dir", "profile.yaml"], "profile.yaml: is no directory"),
    (["--pod-name", "a\x1b[2Jb"], '--pod-name: "a\\u001b[2Jb" is no name'),
]


@pytest.mark.parametrize(("options", "told"), BAD_OPTIONS)
def test_a_bad_option_is_one_line_with_its_cure(
    profile: Path, options: list[str], told: str
) -> None:
    rest = ["--repo", ".", "--ref", "main", "--profile", "profile.yaml"]
    done = stoker("render", *rest, *options, cwd=profile.parent)
    assert done.returncode == 2
    assert done.stdout == ""
    (line,) = done.stderr.splitlines()
    assert line.startswith(f"stoker: error: {told}")
    assert line.endswith(")")
    assert "hunter2" not in line
