"""A plant whose agent is a process of its own, for the tests of the standalone agent."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from support.standalone import Station


@pytest.fixture
def station(tmp_path: Path) -> Iterator[Station]:
    """A repository and a data directory; no agent runs yet, and none afterwards."""
    one = Station(tmp_path)
    yield one
    one.close()
