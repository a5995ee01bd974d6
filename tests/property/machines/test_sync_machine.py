"""Laws 1 to 7 over whole histories: commits, users, policies and power cuts in any order.

Beside the disk that crashes runs a twin that never does; after every completed sync both are
equal, unless the commit or the policy changed before the twin did what the disk had done half of:
then the twin starts anew from the disk. A ledger of its own knows
which files are a stranger's, and that no sync may take.
"""

from __future__ import annotations

import contextlib

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from property.strategies.manifests import entries, policies, standing_together
from stoker.core.manifest import Entry, Manifest
from stoker.core.paths import RelPath
from stoker.core.planning import Obstructed, Policy
from stoker.core.spec import PruneMode
from support.memory_disk import MemoryDisk, PowerCut

PATHS = st.sampled_from([RelPath(path) for path in ("a", "a/b", "c", "d/e", "d/f", "d/g/h")])
"""Few, so that commits, users and crashes meet at one path."""


OWNED = Policy(prune=PruneMode.OWNED, prune_limit_percent=100)


class SyncMachine(RuleBasedStateMachine):
    """A gateway's disk through its life.

    Seen to fail with `recover` left out of a start, with adopted files deleted as ours, and with
    changed files deleted as ours.
    """

    def __init__(self) -> None:
        super().__init__()
        self.disk = MemoryDisk()
        self.twin = MemoryDisk()
        self.desired = Manifest()
        self.policy = OWNED
        self.strangers: dict[RelPath, Entry] = {}
        """Files that a user wrote and Stoker never has."""
        self.ahead = False
        self.parted = False

    @rule(files=st.dictionaries(PATHS, entries()).map(standing_together))
    def commit(self, files: dict[RelPath, Entry]) -> None:
        self.parted |= self.ahead
        self.desired = Manifest(files)

    @rule()
    def somebody_commits_what_the_gateway_has(self) -> None:
        self.parted |= self.ahead
        self.desired = Manifest({**self.desired.entries, **self.disk.files})
        self.desired = Manifest(standing_together(self.desired.entries))

    @rule(data=st.data())
    def change_policy(self, data: st.DataObject) -> None:
        self.parted |= self.ahead
        self.policy = data.draw(st.just(OWNED) | policies(self.desired))

    @rule(path=PATHS, entry=entries())
    def user_writes(self, path: RelPath, entry: Entry) -> None:
        self._settle()
        files = self.disk.files
        if any(above in files for above in path.ancestors()):
            return
        if any(other.is_below(path) for other in files):
            return
        # The very bytes that Stoker wrote there are Stoker's, whoever wrote them again.
        if self.disk.manifest.entries.get(path) != entry or path in self.disk.manifest.adopted:
            self.strangers[path] = entry
        self.disk.files[path] = self.twin.files[path] = entry

    @rule(data=st.data())
    def user_deletes(self, data: st.DataObject) -> None:
        self._settle()
        if self.disk.files:
            path = data.draw(st.sampled_from(sorted(self.disk.files)))
            self.strangers.pop(path, None)
            del self.disk.files[path], self.twin.files[path]

    @rule(budget=st.integers(0, 12))
    def power_fails_during_a_sync(self, budget: int) -> None:
        self.disk.budget = budget
        with contextlib.suppress(PowerCut):
            self._sync(self.disk)
        if self.policy.prune is PruneMode.MIRROR:
            self.strangers = {p: e for p, e in self.strangers.items() if p in self.disk.files}
        self.disk.budget = None
        self._give_up_replaced()
        self.ahead = True

    @rule()
    def sync(self) -> None:
        self._settle()

    def _settle(self) -> None:
        refused = self._sync(self.disk)
        if self.parted:
            self.twin = MemoryDisk(dict(self.disk.files), self.disk.manifest)
        else:
            assert self._sync(self.twin) is refused
        assert self.disk.files == self.twin.files
        assert self.disk.manifest == self.twin.manifest
        if not refused:
            self._give_up_replaced()
            self._check()
        self.ahead = self.parted = False

    def _sync(self, disk: MemoryDisk) -> bool:
        try:
            disk.sync(self.desired, self.policy)
        except Obstructed:
            return True
        return False

    def _check(self) -> None:
        for path, entry in self.desired.entries.items():
            if self.policy.spare(path) is None:
                assert self.disk.files[path] == entry
        if self.policy.prune is not PruneMode.MIRROR:
            for path, entry in self.strangers.items():
                assert self.disk.files.get(path) == entry, f"{path} was a stranger's"
        self.strangers = {p: e for p, e in self.strangers.items() if p in self.disk.files}

    def _give_up_replaced(self) -> None:
        # What the commit wants at a stranger's path replaces it, unless it is the same.
        for path, entry in self.desired.entries.items():
            if self.disk.files.get(path) == entry != self.strangers.get(path):
                self.strangers.pop(path, None)

    @invariant()
    def what_is_recorded_is_no_rumour(self) -> None:
        for path in self.twin.manifest.adopted:
            assert path in self.twin.manifest.entries
        assert self.twin.journal is None


SyncMachine.TestCase.settings = settings(max_examples=80, stateful_step_count=40, deadline=None)
TestSyncMachine = SyncMachine.TestCase
