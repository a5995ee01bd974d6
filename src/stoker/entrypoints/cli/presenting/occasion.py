"""What a plan was made for, and what somebody should know before it is carried out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from attrs import frozen

from stoker.core.differences import State, TextChanges
from stoker.core.paths import RelPath
from stoker.entrypoints.cli.presenting.wording import count

if TYPE_CHECKING:
    from collections.abc import Iterator

    from stoker.core.differences import Differences, FileDifference

_NEAR: Final = 0.8
"""The share of the prune limit from which on a plan is near it."""
_FEW: Final = 16
"""Deletions that are not worth a word; the limit itself does not look at twenty."""
_NO_LIMIT: Final = 100


@frozen(kw_only=True)
class Occasion:
    """The commit, the gateway and the profile of a plan; what is empty is not shown."""

    commit: str = ""
    ref: str = ""
    gateway: str = ""
    profile: str = ""
    managed: int = 0
    """How many files are managed on the disk; 0: not known."""
    prune_limit_percent: int = _NO_LIMIT


@frozen
class Caution:
    """Something that a reviewer should see first; the message is ours, the paths are not."""

    kind: str
    message: str
    paths: tuple[RelPath, ...] = ()


def cautions(differences: Differences, occasion: Occasion) -> tuple[Caution, ...]:
    """What should be seen first, the most urgent first."""
    return tuple(_cautions(differences, occasion))


def _cautions(differences: Differences, occasion: Occasion) -> Iterator[Caution]:
    if drifted := differences.drifted:
        were = "was" if len(drifted) == 1 else "were"
        yield Caution(
            "drift",
            f"{count(len(drifted), 'file')} {were} changed on the gateway since the last sync; "
            "a sync overwrites that",
            drifted,
        )
    broken = tuple(
        file.path
        for file in files_of(differences)
        if isinstance(file.detail, TextChanges) and file.detail.broken
    )
    if broken:
        yield Caution(
            "invalidJson",
            f"{count(len(broken), 'file')} of the commit should be JSON and cannot be read as such",
            broken,
        )
    deleted, limit = differences.totals.deleted, occasion.prune_limit_percent
    near = 100 * deleted > _NEAR * limit * occasion.managed
    if occasion.managed and limit < _NO_LIMIT and deleted > _FEW and near:
        share = 100 * deleted / occasion.managed
        yield Caution(
            "pruneLimit",
            f"{deleted:,} of {occasion.managed:,} managed files are deleted ({share:.0f} %); "
            f"a plan that deletes more than {limit} % is refused",
        )


def files_of(differences: Differences) -> Iterator[FileDifference]:
    """Every file of the plan."""
    for home in differences.homes:
        for resource in home.resources:
            yield from resource.files


SIGNS: Final = {
    State.ADDED: "+",
    State.REMOVED: "-",
    State.CHANGED: "~",
    State.EQUAL: "=",
}
