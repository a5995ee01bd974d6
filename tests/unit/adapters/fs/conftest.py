"""What several tests of the data directory share."""

from __future__ import annotations

import pytest

from stoker.adapters.fs import under_way


@pytest.fixture(params=["held", "read again"])
def claims_held_or_not(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """The claims are held after they were written, or there are too many of them for that.

    Seen failing: with what is in a slot taken for ours where nothing is held, which removed what
    somebody had saved, and with the token of the sides forgotten together with the journal.
    """
    if request.param == "read again":
        monkeypatch.setattr(under_way, "HELD", 0)
