"""The files of a commit in memory: listed, printed, written to a folder."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from stoker.core.errors import StokerError
from stoker.core.manifest import Digest, Mode, digest_of
from stoker.core.mapping import survey
from stoker.core.paths import RelPath
from stoker.core.profile import resolve_profile
from stoker.core.spec import FieldPatch, SourceMapping
from stoker.core.template import TemplateContext
from stoker.core.tree import Blob, Tree
from stoker.entrypoints.cli.files import FileError
from stoker.entrypoints.cli.rendering import (
    CommitFiles,
    check_empty,
    found,
    listed_of,
    listing_document,
    listing_text,
    treatment_of,
    write,
)
from support.specs import a_mapping, a_profile

CONTEXT = TemplateContext(
    gateway_name="plant",
    pod_name="plant-0",
    pod_ordinal=0,
    namespace="n",
    ref="main",
    commit="c" * 40,
    cr_name="cr",
    labels={},
    vars={},
)


def files_of(files: dict[str, bytes], *mappings: SourceMapping) -> CommitFiles:
    blobs = {digest_of(content): content for content in files.values()}
    executable = {path for path in files if path.endswith(".sh")}
    tree = Tree.of(
        {
            path: Blob(
                digest_of(content),
                Mode.EXECUTABLE if path in executable else Mode.REGULAR,
            )
            for path, content in files.items()
        }
    )
    profile = resolve_profile("default", a_profile(*mappings))

    def chunks(digest: Digest) -> Iterator[bytes]:
        content = blobs[digest]
        return (content[start : start + 2] for start in range(0, len(content), 2))

    return CommitFiles(
        commit=CONTEXT.commit,
        ref=CONTEXT.ref,
        survey=survey(tree, profile, CONTEXT),
        read=blobs.__getitem__,
        size=lambda digest: len(blobs[digest]),
        chunks=chunks,
    )


FILES = files_of(
    {
        "p/a.txt": b"plain text",
        "p/run.sh": b"#!/bin/sh\n",
        "t/name.txt": b"I am {{ .GatewayName }}",
        "t/set.json": b'{"a": 1}',
        "p/db/x": b"",
        "r/resource.json": b'{"files": []}',
        "r/data.json": b'{"b": 1}',
    },
    a_mapping("p", "projects/p"),
    a_mapping("t", "config/t", template=True, patches=(FieldPatch(set={"a": "2"}, file="*.json"),)),
    a_mapping("r", "projects/p/r", patches=(FieldPatch(set={"b": "2"}, file="data.json"),)),
    a_mapping("p/db", "."),
)


def test_the_listing() -> None:
    listed = tuple(listed_of(FILES, spec) for spec in FILES.survey.files)
    assert listing_text(listed, FILES.survey.kept).splitlines() == [
        "0644  10 B  config/t/name.txt           from t/name.txt       template (go)",
        "0644   8 B  config/t/set.json           from t/set.json       template (go), 1 patch",
        "0644  10 B  projects/p/a.txt            from p/a.txt          verbatim",
        "0644   0 B  projects/p/db/x             from p/db/x           verbatim",
        "0644   8 B  projects/p/r/data.json      from r/data.json      1 patch",
        "0644  13 B  projects/p/r/resource.json  from r/resource.json  signature",
        "0755  10 B  projects/p/run.sh           from p/run.sh         verbatim",
        "0644   0 B  x                           from p/db/x           verbatim",
        "8 files, 59 B",
    ]


def test_the_listing_as_a_document() -> None:
    listed = tuple(listed_of(FILES, spec) for spec in FILES.survey.files)
    document = listing_document(FILES, listed, Path("/out"))
    files = document.pop("files")
    assert document == {
        "result": "rendered",
        "commit": "c" * 40,
        "ref": "main",
        "directory": "/out",
        "kept": [],
        "error": None,
    }
    assert isinstance(files, list)
    assert files[0] == {
        "path": "config/t/name.txt",
        "size": 10,
        "mode": "0644",
        "source": "t/name.txt",
        "treatment": "template (go)",
    }


def test_what_is_left_alone_is_said() -> None:
    files = files_of({"p/a": b"", "p/db/x": b""}, a_mapping("p", "."))
    listed = tuple(listed_of(files, spec) for spec in files.survey.files)
    assert listing_text(listed, files.survey.kept).splitlines() == [
        "0644  0 B  a  from p/a  verbatim",
        "kept (protected)  db",
        "1 file, 0 B",
    ]


def test_nothing_is_an_empty_list() -> None:
    files = files_of({}, a_mapping("p", "projects"))
    assert listing_text((), files.survey.kept) == "0 files, 0 B\n"


def test_one_file_by_its_destination() -> None:
    spec = found(FILES.survey, RelPath("config/t/name.txt"))
    assert b"".join(FILES.content(spec)) == b"I am plant"
    assert treatment_of(spec) == "template (go)"


@pytest.mark.parametrize(
    ("path", "cure"),
    [
        ("config/t/names.txt", 'did you mean "config/t/name.txt"?'),
        ("elsewhere", "run it without --path for the list"),
    ],
)
def test_a_path_without_a_file_is_told(path: str, cure: str) -> None:
    with pytest.raises(StokerError) as raised:
        found(FILES.survey, RelPath(path))
    assert str(raised.value) == f"{path}: no file of the commit is mapped to this path ({cure})"


def test_files_are_written_with_their_modes(tmp_path: Path) -> None:
    folder = tmp_path / "new" / "folder"
    check_empty(folder)
    write(FILES, FILES.survey.files, folder)
    assert (folder / "config/t/set.json").read_bytes() == b'{"a": 2}'
    assert (folder / "projects/p/a.txt").read_bytes() == b"plain text"
    assert (folder / "projects/p/run.sh").stat().st_mode & 0o777 == 0o755
    assert (folder / "projects/p/a.txt").stat().st_mode & 0o777 == 0o644
    written = [path for path in folder.rglob("*") if path.is_file()]
    assert len(written) == len(FILES.survey.files)


def test_only_an_empty_folder_is_written_to(tmp_path: Path) -> None:
    check_empty(tmp_path)
    (tmp_path / "file").touch()
    with pytest.raises(FileError, match="is not empty"):
        check_empty(tmp_path)
    with pytest.raises(FileError, match="cannot write to it: Not a directory"):
        check_empty(tmp_path / "file")


def test_a_file_in_the_way_is_told_and_stays(tmp_path: Path) -> None:
    (tmp_path / "config").write_text("mine")
    with pytest.raises(FileError, match="cannot write it: "):
        write(FILES, FILES.survey.files, tmp_path)
    assert (tmp_path / "config").read_text() == "mine"
