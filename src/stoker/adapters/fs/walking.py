"""A walk through folders, each opened beside the handle of the one above.

A folder is listed and opened by handle, so one that is swapped for a link during the walk is not
entered, and one that vanishes is simply not there any more.

A name on the disk can be one that no `RelPath` has: not UTF-8, or with a control character or a
backslash in it, or too deep. Such a thing belongs to somebody else: no file of a commit can ever
stand there and no plan may name it. A walk leaves it out, and says of its folder that it did.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator

from attrs import frozen

from stoker.adapters.fs.errors import DiskError, check_closed, disk_error
from stoker.adapters.fs.handles import NO_FOLDER, OPEN_FOLDER, Barred, Closed
from stoker.core.errors import PathError
from stoker.core.paths import MAX_DEPTH, ROOT, RelPath

Skip = Callable[[RelPath], bool]
"""Says of a folder that nobody may look into it."""


@frozen
class Listing:
    """A folder that was opened."""

    path: RelPath
    handle: int
    """Good until the walk goes on."""
    files: list[RelPath]
    folders: list[RelPath]
    others: list[RelPath]
    """What is neither a regular file nor a folder."""
    complete: bool
    """Whether everything in it has a path."""


Step = Listing | Barred | Closed


def nothing_skipped(_: RelPath) -> bool:
    """The `Skip` of a walk through everything."""
    return False


def outermost(folders: Iterable[RelPath]) -> tuple[RelPath, ...]:
    """Those of the folders that lie in no other, sorted."""
    chosen = set(folders)
    if ROOT in chosen:
        return (ROOT,)
    return tuple(sorted(each for each in chosen if chosen.isdisjoint(each.ancestors())))


def walk(top: int, path: RelPath, skip: Skip) -> Iterator[Step]:
    """The folder `path`, whose handle is `top`, and all folders below it, each before its own."""
    todo: list[tuple[int, Iterator[RelPath]]] = []
    try:
        handle = os.dup(top)
    except OSError as error:
        raise disk_error(error, path, "enter") from error
    step: Step | None = _listed_or_shut(handle, path)
    try:
        while True:
            if isinstance(step, Listing):
                todo.append((step.handle, iter(step.folders)))
            if step is not None:
                yield step
            below = _next(todo)
            if below is None:
                return
            step = None if skip(below) else _opened(todo[-1][0], below)
    finally:
        for handle, _ in todo:
            os.close(handle)


def listed(handle: int, path: RelPath) -> Listing | Closed:
    """What is in the folder behind `handle`."""
    files: list[RelPath] = []
    folders: list[RelPath] = []
    others: list[RelPath] = []
    complete = True
    try:
        with os.scandir(handle) as found:
            for each in found:
                if (below := child_path(path, each.name)) is None:
                    complete = False
                elif each.is_file(follow_symlinks=False):
                    files.append(below)
                else:
                    (folders if each.is_dir(follow_symlinks=False) else others).append(below)
    except OSError as error:
        # A folder that was removed is none of these: nothing is in it any more.
        check_closed(error, path, "list")
        return Closed(path)
    return Listing(path, handle, files, folders, others, complete)


def child_path(folder: RelPath, name: str) -> RelPath | None:
    """The path of a name that stands in `folder` on the disk; None where it can have none."""
    path = name if folder == ROOT else f"{folder}/{name}"
    plain = name.isascii() and name.isprintable() and "\\" not in name
    if plain and path.count("/") < MAX_DEPTH:
        # The operating system vouches for the rest: no '/', no '..', not empty, not too long. A
        # walk makes a hundred thousand of these.
        return str.__new__(RelPath, path)
    try:
        return folder.child(name)
    except PathError:
        return None


def _next(todo: list[tuple[int, Iterator[RelPath]]]) -> RelPath | None:
    """The next folder to open, beside the last handle; handles without one are closed."""
    while todo:
        handle, folders = todo[-1]
        for below in folders:
            return below
        todo.pop()
        os.close(handle)
    return None


def _opened(above: int, path: RelPath) -> Step | None:
    try:
        handle = os.open(path.name, OPEN_FOLDER, dir_fd=above)
    except FileNotFoundError:
        return None
    except OSError as error:
        if error.errno in NO_FOLDER:
            return Barred(path)
        check_closed(error, path, "enter")
        return Closed(path)
    return _listed_or_shut(handle, path)


def _listed_or_shut(handle: int, path: RelPath) -> Step:
    """What is in a folder; without a listing its handle is of no use."""
    try:
        step = listed(handle, path)
    except DiskError:
        os.close(handle)
        raise
    if isinstance(step, Closed):
        os.close(handle)
    return step
