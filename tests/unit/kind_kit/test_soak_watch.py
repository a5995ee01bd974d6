"""What a soak's watch calls wrong, and what it does not."""

from __future__ import annotations

import random
from datetime import datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from kit.soak_pen import Version
from kit.soak_watch import Watch

from stoker.adapters.clock import utc_now

SYNCED = {"projects/line/view.json": (b"1", 0o644)}


def station(files: Any, *, synced: datetime, born: datetime) -> Any:
    """A gateway whose row says that it has the first commit."""
    row = {"syncStatus": "Synced", "syncedCommit": "c1", "lastSyncTime": synced.isoformat()}

    def loaded() -> Any:
        raise OSError

    return SimpleNamespace(
        name="gw",
        data="here",
        born=born,
        strangers={},
        edited=set(),
        row=lambda: row,
        files=lambda: files,
        loaded=loaded,
        ours=lambda _: True,
        pen=SimpleNamespace(since=lambda _: [Version("c1", SYNCED)]),
    )


@pytest.mark.parametrize(
    ("files", "synced", "born", "is_wrong"),
    [
        pytest.param(SYNCED, 5, 9, False, id="as it must be"),
        pytest.param({}, 5, 9, True, id="files are missing"),
        pytest.param({}, 5, 3, False, id="another pod, that nobody has seen yet"),
        pytest.param({}, 50, 40, True, id="another pod, that should have been seen"),
    ],
)
def test_a_look(
    files: Any, synced: float, born: float, *, is_wrong: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Both in seconds ago. Seen to fail where a row counted whatever pod it was about."""
    monkeypatch.setattr("kit.soak_watch._GRACE", 0.0)
    at = utc_now()
    one = station(files, synced=at - timedelta(seconds=synced), born=at - timedelta(seconds=born))
    watch = Watch([one], [], random.Random(1))  # noqa: S311 - no secret
    watch.look(one)
    assert bool(watch.wrong) is is_wrong
    assert watch.looks == (0 if files == {} and not is_wrong else 1)
