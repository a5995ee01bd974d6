"""A large file does not need as much memory as it is large.

Seen to fail with `core.bigFileThreshold` left at what git makes of it.
"""

from __future__ import annotations

import os
from pathlib import Path

from stoker.adapters.git.remote import Remote
from support.served import Served
from support.watched import watching

SIZE = 40 << 20
MOST = 24 << 10
"""Kilobytes; git left alone needs more than the file has."""


def test_git_fits_a_small_container(by_https: Remote, served: Served, mine: Path) -> None:
    served.upstream.commit({"backup.gwbk": os.urandom(SIZE)})
    tip = served.upstream.tip()
    with watching() as watch:
        by_https.fetch(mine, tip, "main")
    ours = {name: peak for name, peak in watch.peaks.items() if "index-pack --stdin" in name}
    assert ours
    assert max(ours.values()) < MOST
