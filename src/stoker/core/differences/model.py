"""The tree of differences: homes hold resources, resources hold files."""

from __future__ import annotations

from attrs import frozen

from stoker.core.differences.files import FileDifference, State
from stoker.core.differences.places import HomeName, ResourceName
from stoker.core.ignition import ScanKind
from stoker.core.paths import RelPath
from stoker.core.planning import Kept


@frozen(kw_only=True)
class ResourceDifference:
    """A resource with files that the plan writes or deletes, by path."""

    name: ResourceName
    state: State
    files: tuple[FileDifference, ...]

    @property
    def drifted(self) -> bool:
        """Whether somebody else's change of one of its files is overwritten."""
        return any(file.drifted for file in self.files)


@frozen(kw_only=True)
class HomeDifference:
    """A project, a collection, a provider's tags, or everything else."""

    name: HomeName
    resources: tuple[ResourceDifference, ...]

    @property
    def notable(self) -> tuple[ResourceDifference, ...]:
        """The resources that are not equal but for their stamps."""
        return tuple(each for each in self.resources if each.state is not State.EQUAL)

    @property
    def restamped(self) -> int:
        """How many resources are equal but for their stamps."""
        return len(self.resources) - len(self.notable)


@frozen(kw_only=True)
class Totals:
    """How many files of each kind; `added`, `modified` and `deleted` are the plan's."""

    added: int = 0
    modified: int = 0
    deleted: int = 0
    restamped: int = 0
    """How many of the modified ones differ by the stamps of a save alone."""


@frozen(kw_only=True)
class Differences:
    """What a plan changes, as people think of it."""

    homes: tuple[HomeDifference, ...] = ()
    totals: Totals = Totals()
    kept: tuple[Kept, ...] = ()
    drifted: tuple[RelPath, ...] = ()
    adopted: tuple[RelPath, ...] = ()
    """Files that are as wanted already, and that Stoker did not know so."""
    scans: tuple[ScanKind, ...] = ()
    """The scans that follow."""

    @property
    def is_empty(self) -> bool:
        """Whether the plan changes no file."""
        return not self.homes
