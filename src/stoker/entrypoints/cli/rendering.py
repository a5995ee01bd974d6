"""`stoker render`: the files that a gateway would get: listed, written to a folder, or printed.

Everything that cannot be rendered is told at once, before anything is written.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from attrs import frozen

from stoker.core.errors import StokerError
from stoker.core.manifest import Digest, Manifest, Mode
from stoker.core.mapping import FileSpec, Survey
from stoker.core.paths import RelPath
from stoker.core.rendering import desired_manifest, render
from stoker.core.spec.problems import nearest, shown
from stoker.entrypoints.cli.answers import Answer, UsageError, json_text
from stoker.entrypoints.cli.commanding import as_invalid_input
from stoker.entrypoints.cli.files import FileError, file_error
from stoker.entrypoints.cli.presenting.wording import count, printable, size

if TYPE_CHECKING:
    from pathlib import Path

    from stoker.core.planning import Kept
    from stoker.entrypoints.cli.options import Given


@frozen(kw_only=True)
class CommitFiles:
    """A commit as one gateway is to have it, and the way to its contents."""

    commit: str
    ref: str
    survey: Survey
    read: Callable[[Digest], bytes]
    size: Callable[[Digest], int]
    chunks: Callable[[Digest], Iterator[bytes]]

    def content(self, spec: FileSpec) -> Iterator[bytes]:
        """The bytes of one file; a big one comes in pieces."""
        if spec.is_verbatim:
            return self.chunks(spec.blob)
        return iter((render(spec, self.read, self.survey.context).content,))

    def size_of(self, spec: FileSpec) -> int:
        """How many bytes the file has in the end."""
        return self.size(spec.blob) if spec.is_verbatim else sum(map(len, self.content(spec)))


@frozen(kw_only=True)
class Listed:
    """One line of the listing."""

    path: RelPath
    size: int
    mode: Mode
    source: RelPath
    treatment: str

    def document(self) -> dict[str, object]:
        """The same as JSON."""
        return {
            "path": str(self.path),
            "size": self.size,
            "mode": _octal(self.mode),
            "source": str(self.source),
            "treatment": self.treatment,
        }


def render_answer(
    given: Given, to: Path | None, path: str, *, as_json: bool, quiet: bool
) -> Answer:
    """The listing, or what was written, or one file."""
    from stoker.entrypoints.cli.inputs import request_of  # noqa: PLC0415
    from stoker.entrypoints.cli.progress import progress_on  # noqa: PLC0415

    with as_invalid_input():
        _check_usage(to, path, as_json=as_json)
        wanted = RelPath.parse(path) if path else None
        if to is not None:
            check_empty(to)
        request = request_of(given)
    from stoker.entrypoints.cli.running import commit_files  # noqa: PLC0415

    with (
        progress_on(sys.stderr, quiet=quiet, as_json=as_json) as progress,
        commit_files(request, progress) as files,
    ):
        if wanted is not None:
            return Answer(b"".join(files.content(found(files.survey, wanted))))
        specs = files.survey.files
        desired_manifest(specs, files.read, files.survey.context, Manifest({}))
        if to is not None:
            write(files, specs, to)
        listed = tuple(listed_of(files, spec) for spec in specs)
        if as_json:
            return Answer(json_text(listing_document(files, listed, to)))
        if to is not None:
            return Answer(f"{count(len(listed), 'file')} written to {printable(str(to))}\n")
        return Answer(listing_text(listed, files.survey.kept))


def _check_usage(to: Path | None, path: str, *, as_json: bool) -> None:
    if path and to is not None:
        raise UsageError("--path and --to exclude each other", cure="give one of them")
    if path and as_json:
        raise UsageError(
            "--path prints the file itself, which is no JSON document", cure="leave out --output"
        )


def found(survey: Survey, path: RelPath) -> FileSpec:
    """The file for one destination; raises `StokerError` where the commit has none for it."""
    spec = survey.at(path)
    if spec is None:
        near = nearest(path, (each.path for each in survey.files))
        raise StokerError(
            "no file of the commit is mapped to this path",
            where=path,
            cure=f"did you mean {shown(near)}?" if near else "run it without --path for the list",
        )
    return spec


# --- The listing ---


def listed_of(files: CommitFiles, spec: FileSpec) -> Listed:
    """The line for one file."""
    return Listed(
        path=spec.path,
        size=files.size_of(spec),
        mode=spec.mode,
        source=spec.source,
        treatment=treatment_of(spec),
    )


def treatment_of(spec: FileSpec) -> str:
    """What is done to a file on its way, in a few words; `verbatim` where nothing is."""
    done = []
    if spec.treatment is not None:
        if spec.treatment.engine is not None:
            done.append(f"template ({spec.treatment.engine.value})")
        if spec.treatment.patches:
            done.append(count(len(spec.treatment.patches), "patch", "patches"))
    if spec.companions:
        done.append("signature")
    return ", ".join(done) or "verbatim"


def listing_document(
    files: CommitFiles, listed: tuple[Listed, ...], to: Path | None
) -> dict[str, object]:
    """The JSON document of a listing."""
    return {
        "result": "rendered",
        "commit": files.commit,
        "ref": files.ref,
        "directory": None if to is None else str(to),
        "files": [each.document() for each in listed],
        "kept": [
            {"path": str(each.path), "reason": each.reason.value} for each in files.survey.kept
        ],
        "error": None,
    }


def listing_text(listed: tuple[Listed, ...], kept: tuple[Kept, ...]) -> str:
    """The listing for people: a row for each file, then what is left alone."""
    rows = [
        (
            _octal(each.mode),
            size(each.size),
            printable(each.path),
            printable(each.source),
            each.treatment,
        )
        for each in listed
    ]
    widths = [max((len(row[column]) for row in rows), default=0) for column in range(4)]
    lines = [
        f"{mode}  {length:>{widths[1]}}  {path:<{widths[2]}}  "
        f"from {source:<{widths[3]}}  {treatment}"
        for mode, length, path, source, treatment in rows
    ]
    lines += [f"kept ({each.reason.value})  {printable(each.path)}" for each in kept]
    total = size(sum(each.size for each in listed))
    return "\n".join([*lines, f"{count(len(listed), 'file')}, {total}"]) + "\n"


def _octal(mode: Mode) -> str:
    return "0755" if mode is Mode.EXECUTABLE else "0644"


# --- A folder ---


def check_empty(folder: Path) -> None:
    """See that files can be written to a folder without meeting any; raises `FileError`."""
    try:
        if any(folder.iterdir()):
            raise FileError(
                "is not empty", where=str(folder), cure="name an empty folder, or a new one"
            )
    except FileNotFoundError:
        return
    except OSError as error:
        raise file_error(error, folder, "write to") from error


def write(files: CommitFiles, specs: tuple[FileSpec, ...], folder: Path) -> None:
    """Write every file below `folder`; raises `FileError`."""
    for spec in specs:
        path = folder / spec.path
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            with path.open("xb") as stream:
                stream.writelines(files.content(spec))
            path.chmod(int(_octal(spec.mode), 8))
        except OSError as error:
            raise file_error(error, path, "write") from error
