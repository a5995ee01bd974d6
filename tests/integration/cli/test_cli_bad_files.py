"""Bad files: what is wrong is told in lines with a cure, with exit code 2, and no traceback."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from support.command import environment, stoker

PROFILE = "mappings: [{source: projects, destination: projects}]\n"


BAD_FILES: list[tuple[str, bytes, str]] = [
    ("empty", b"", "profile.yaml: holds nothing"),
    ("comment", b"# x\n", "profile.yaml: holds nothing"),
    ("syntax", b"a: [1\nb: 2\n", "profile.yaml:2: is not YAML: did not find expected ',' or ']'"),
    ("tab", b"a:\n\t- 1\n", "profile.yaml:2: is not YAML: found character that cannot start"),
    ("list", b"- 1\n", "profile.yaml:1: holds a list, and neither"),
    ("text", b"hello\n", "profile.yaml:1: holds text, and neither"),
    ("other", b"kind: Secret\n", 'profile.yaml:1: holds the kind "Secret", and neither'),
    ("two", (PROFILE + "---\n" + PROFILE).encode(), "profile.yaml:3: holds 2 documents that"),
    ("utf-8", b"a: b\nc: \xff\n", "profile.yaml: is not valid UTF-8 in line 2"),
    ("utf-16", PROFILE.encode("utf-16"), "profile.yaml: is not valid UTF-8 in line 1"),
    ("nul", b"a: \x00\n", "profile.yaml:1: contains a control character"),
    ("10 MB", b"a: b\n" * 2_000_000, "profile.yaml: is larger than 1 MiB"),
    ("levels", b"[" * 1000, "profile.yaml:1: is nested more than 40 levels deep"),
    ("blocks", b"- " * 1000 + b"x", "profile.yaml:1: is nested more than 40 levels deep"),
    ("bomb", b"a: &a [x, x]\n" + b"b: &a [*a, *a]\n" * 60, "profile.yaml:1"),
    ("cycle", b"a: &a\n- *a\n", 'profile.yaml:2: the alias "*a" stands inside of what it means'),
    ("tag", PROFILE.encode() + b"vars: !!python/none x\n", "profile.yaml:2: vars: has the tag"),
    ("field", PROFILE.encode() + b"prunes: none\n", "profile.yaml:2: prunes: is not a field"),
    ("twice", PROFILE.encode() * 2, "profile.yaml:2: mappings: is there twice"),
    ("no", PROFILE.encode() + b"vars: {a: no}\n", "profile.yaml:2: vars.a: must be text, not a b"),
    ("enum", PROFILE.encode() + b"prune: all\n", 'profile.yaml:2: prune: "all" is none of'),
    ("range", PROFILE.encode() + b"syncPeriod: 4\n", "profile.yaml:2: syncPeriod: is 4, but"),
    (
        "path",
        b"mappings:\n- source: a\n  destination: /etc\n",
        "profile.yaml:3: mappings[0].destination: the path is absolute",
    ),
    (
        "protected",
        b"mappings:\n- source: a\n  destination: db\n",
        "profile.yaml:3: mappings[0].destination: ",
    ),
    (
        "template",
        b"mappings:\n- source: '{{ .X '\n  destination: a\n",
        "profile.yaml:2: mappings[0].source: the template does not parse: ",
    ),
    (
        "glob",
        b"mappings:\n- {source: a, destination: a, patches: [{file: '[', set: {a: b}}]}\n",
        "profile.yaml:2: mappings[0].patches[0].file: ",
    ),
]


@pytest.mark.parametrize(
    ("content", "told"),
    [(content, told) for _, content, told in BAD_FILES],
    ids=[name for name, _, _ in BAD_FILES],
)
def test_a_bad_profile_is_one_line_with_its_cure(tmp_path: Path, content: bytes, told: str) -> None:
    (tmp_path / "profile.yaml").write_bytes(content)
    options = ["--repo", ".", "--ref", "main", "--profile", "profile.yaml"]
    done = stoker("render", *options, cwd=tmp_path)
    assert done.returncode == 2, done.stderr
    assert done.stdout == ""
    line, *_ = done.stderr.splitlines()
    assert line.startswith(f"stoker: error: {told}")
    assert line.endswith(")")
    assert "Traceback" not in done.stderr


def test_every_flaw_of_a_file_is_a_line_of_its_own(tmp_path: Path) -> None:
    (tmp_path / "p.yaml").write_text("prune: x\nother: 1\n")
    done = stoker("render", "--repo", ".", "--ref", "x", "--profile", "p.yaml", cwd=tmp_path)
    assert done.returncode == 2
    assert [line.split(": ")[:4] for line in done.stderr.splitlines()] == [
        ["stoker", "error", "p.yaml:1", "mappings"],
        ["stoker", "error", "p.yaml:1", "prune"],
        ["stoker", "error", "p.yaml:2", "other"],
    ]


def as_somebody_else(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    """Run a command as a user who is not root: root may read everything.

    That user may not even read Python, so everything is imported before.
    """
    code = (
        "import os, sys\n"
        "from stoker.entrypoints.cli import main\n"
        "main(['render', '--repo', '/', '--ref', 'main', '--profile', '/no/such'])\n"
        "main(['validate', '/no/such'])\n"
        "sys.stdout.flush()\n"
        "print('---', file=sys.stderr, flush=True)\n"
        "if os.geteuid() == 0: os.setuid(65534)\n"
        "sys.exit(main(sys.argv[1:]))\n"
    )
    return subprocess.run(  # noqa: S603
        [sys.executable, "-c", code, *arguments],
        capture_output=True,
        text=True,
        check=False,
        env=environment(),
    )


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder that everybody may enter; pytest's own are closed."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        yield Path(folder)


def test_an_unreadable_file_says_so(open_folder: Path) -> None:
    profile = open_folder / "profile.yaml"
    profile.write_text(PROFILE)
    profile.chmod(0o000)
    done = as_somebody_else("render", "--repo", "/", "--ref", "main", "--profile", profile)
    assert done.returncode == 2
    assert done.stderr.partition("---\n")[2] == (
        f"stoker: error: {profile}: cannot read it: Permission denied "
        "(make it readable for the user that runs this command)\n"
    )


def test_an_unreadable_folder_of_manifests_is_not_passed_over(open_folder: Path) -> None:
    (open_folder / "closed").mkdir(mode=0o000)
    done = as_somebody_else("validate", open_folder)
    assert done.returncode == 2
    assert done.stderr.partition("---\n")[2] == (
        f"{open_folder}/closed: error: cannot read it: Permission denied "
        "(make it readable for the user that runs this command)\n"
    )
