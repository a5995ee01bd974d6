"""`stoker validate`, in the process: files, lines, paths, warnings, and what is skipped."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from stoker.entrypoints.cli.answers import DONE, INVALID, Answer
from stoker.entrypoints.cli.files import MAX_FILE
from stoker.entrypoints.cli.validating import validate_answer
from support.specs import a_document


def written(folder: Path, name: str, *documents: Any) -> Path:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(yaml.safe_dump_all(documents, sort_keys=False))
    return path


def checked(*paths: Path, allowed: tuple[str, ...] = ()) -> Answer:
    return validate_answer(paths, allowed, as_json=False)


def test_a_good_manifest_is_valid(tmp_path: Path) -> None:
    path = written(tmp_path, "good.yaml", a_document())
    assert checked(path) == Answer("1 file: 1 GatewaySync, 0 errors, 0 warnings\n")


def test_errors_and_warnings_have_file_line_and_path(tmp_path: Path) -> None:
    bad = a_document(git={"repo": "https://git.example/x", "ref": "main", "rev": "1"})
    path = written(tmp_path, "bad.yaml", {"kind": "Secret"}, bad, a_document())
    unwise = written(tmp_path, "unwise.yaml", a_document(git={"repo": "ssh://h/x", "ref": "main"}))
    answer = checked(path, unwise)
    assert answer.code == INVALID
    assert answer.complaints == (
        (
            f"{unwise}:7: warning: spec.git.auth: is missing, and SSH servers ask for a key (name "
            "a Secret in sshKey, or write the address as https://host/path)"
        ),
        (
            f'{unwise}:9: warning: spec.git.ref: "main" is a branch: every push to it goes to the '
            "gateways (name a tag for gateways in production)"
        ),
        f"{path}:12: error: spec.git.rev: is not a field that is known here (did you mean ref?)",
    )
    assert answer.out == (
        "2 files: 3 GatewaySyncs, 1 error, 2 warnings; skipped 1 document (1 Secret)\n"
    )


def test_the_json_document_has_them_as_fields(tmp_path: Path) -> None:
    path = written(tmp_path, "bad.yaml", a_document(paused="x"), {"kind": "Secret"}, [1], {"a": 1})
    answer = validate_answer([path], (), as_json=True)
    assert answer.code == INVALID
    assert json.loads(str(answer.out)) == {
        "result": "invalid",
        "files": 1,
        "checked": 1,
        "errors": [
            {
                "file": str(path),
                "line": 19,
                "path": "spec.paused",
                "message": "must be true or false, not text",
                "cure": "write true or false, without quotes",
            }
        ],
        "warnings": [],
        "skipped": [
            {"file": str(path), "line": 21, "kind": "Secret"},
            {"file": str(path), "line": 23, "kind": "a list"},
            {"file": str(path), "line": 25, "kind": "no kind"},
        ],
        "error": None,
    }


def test_a_profile_alone_is_checked_too(tmp_path: Path) -> None:
    path = written(tmp_path, "p.yaml", {"mappings": [{"source": "/a", "destination": "a"}]})
    answer = checked(path)
    assert answer.complaints == (
        (
            f"{path}:2: error: mappings[0].source: the path is absolute "
            "(write it relative, without the leading '/')"
        ),
    )
    assert answer.out == "1 file: 1 profile, 1 error, 0 warnings\n"


@pytest.mark.parametrize(
    "header", [{"kind": "Gatewaysync"}, {"apiVersion": "stoker.io/v1"}, {"apiVersion": "v1"}]
)
def test_a_misspelt_head_is_not_skipped(tmp_path: Path, header: dict[str, str]) -> None:
    path = written(tmp_path, "x.yaml", a_document() | header)
    assert checked(path).code == INVALID


def test_folders_are_searched_for_yaml(tmp_path: Path) -> None:
    written(tmp_path, "a/one.yaml", a_document())
    written(tmp_path, "a/b/two.yml", a_document())
    written(tmp_path, "a/.git/three.yaml", a_document())
    written(tmp_path, "a/four.json", a_document())
    (tmp_path / "a" / "loop").symlink_to(tmp_path / "a")
    assert checked(tmp_path).out == "2 files: 2 GatewaySyncs, 0 errors, 0 warnings\n"


def test_nothing_to_check_is_said(tmp_path: Path) -> None:
    path = written(tmp_path, "x.yaml", {"kind": "Secret"})
    assert checked(path) == Answer(
        "1 file: no GatewaySync, 0 errors, 0 warnings; skipped 1 document (1 Secret)\n"
    )


def test_empty_documents_are_nothing(tmp_path: Path) -> None:
    path = tmp_path / "x.yaml"
    path.write_text("---\n---\n# nothing\n---\n")
    assert checked(path).out == "1 file: no GatewaySync, 0 errors, 0 warnings\n"


def test_a_flaw_of_the_text_does_not_hide_the_documents_before_it(tmp_path: Path) -> None:
    path = written(tmp_path, "x.yaml", a_document(paused="x"))
    path.write_text(path.read_text() + "---\n[\n")
    assert [line.split(": ")[1] for line in checked(path).complaints] == ["error", "error"]


def test_the_secret_of_an_address_is_not_shown(tmp_path: Path) -> None:
    repo = "https://me:hunter2@git.example/x"
    path = written(tmp_path, "x.yaml", a_document(git={"repo": repo, "ref": "v1"}))
    answer = checked(path)
    assert answer.code == INVALID
    assert "hunter2" not in f"{answer}"


def test_protocols_can_be_allowed(tmp_path: Path) -> None:
    path = written(tmp_path, "x.yaml", a_document(git={"repo": "file:///srv/x.git", "ref": "v1"}))
    assert checked(path).code == INVALID
    assert checked(path, allowed=("file",)).code == DONE


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (None, "cannot read it: No such file or directory (check its name)"),
        (b"a: \xff", "is not valid UTF-8 in line 1 (save it as UTF-8)"),
        (b"#" * (MAX_FILE + 1), "is larger than 1 MiB (name a smaller file)"),
    ],
)
def test_files_that_cannot_be_read(tmp_path: Path, content: bytes | None, told: str) -> None:
    path = tmp_path / "x.yaml"
    if content is not None:
        path.write_bytes(content)
    answer = checked(path)
    assert answer.code == INVALID
    assert answer.complaints == (f"{path}: error: {told}",)
