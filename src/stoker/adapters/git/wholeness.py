"""Whether a commit and everything below it is here.

A pack that was fetched is checked by git while it arrives, but a fetch that was killed may have
left one without anybody having looked whether it holds all that its commit needs. So a commit
counts when it was walked once: every tree is read, and every file is asked for. What a commit that
counts already has at the same path under the same id is not walked again, so that the cost follows
the change.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from stoker.adapters.git.objects import ObjectMissing, Objects
from stoker.adapters.git.trees import Kind, kind_of, rows_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from stoker.core.refs import CommitId

Rows = dict[bytes, tuple[Kind, str]]


def is_whole(objects: Objects, commit: CommitId, known: Iterable[CommitId] = ()) -> bool:
    """Walk the commit, but not into what the `known` ones have at the same place.

    An object that is here and damaged raises `RepositoryCorrupt`: to fetch it again would not
    replace it.
    """
    if _lacks_nothing(objects, commit, known):
        return True
    # One that was known may have lost something since.
    return bool(known) and _lacks_nothing(objects, commit, ())


def _lacks_nothing(objects: Objects, commit: CommitId, known: Iterable[CommitId]) -> bool:
    try:
        top = frozenset(objects.tree_id(each) for each in known)
        return _walk(objects, objects.tree_id(commit), top)
    except ObjectMissing:
        return False


def _walk(objects: Objects, top: str, known: frozenset[str]) -> bool:
    walked = set[str]()
    todo = [(top, known)]
    while todo:
        tree, same = todo.pop()
        if tree in same or tree in walked:
            continue
        walked.add(tree)
        known_rows = [_rows(objects, each) for each in same]
        for name, (kind, object_id) in _rows(objects, tree).items():
            before = frozenset(
                there[1] for rows in known_rows if (there := rows.get(name)) and there[0] is kind
            )
            if kind is Kind.FOLDER:
                todo.append((object_id, before))
                continue
            is_wanted = kind is not Kind.SUBMODULE and object_id not in before
            if is_wanted and not objects.has(object_id):
                return False
    return True


def _rows(objects: Objects, tree: str) -> Rows:
    rows = rows_of(tree, objects.tree_bytes(tree))
    return {name: (kind_of(mode), raw_id.hex()) for mode, name, raw_id in rows}
