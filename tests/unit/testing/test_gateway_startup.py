"""The stages of the fake gateway's start.

Seen failing: with a stage skipped when the clock jumps over its end.
"""

from __future__ import annotations

import pytest

from stoker.testing.gateway import Commissioning, Phase, Settings
from stoker.testing.gateway.startup import Startup, first_start, restart

FULL = Settings(
    refused_seconds=5,
    unavailable_seconds=10,
    starting_seconds=25,
    commissioning=Commissioning.FIRST,
    commissioning_seconds=20,
)


def walk(startup: Startup, now: float) -> list[Phase]:
    seen = [startup.phase]
    while (after := startup.at(now)) != startup:
        startup = after
        seen.append(startup.phase)
    return seen


def test_every_stage_is_gone_through_even_at_once() -> None:
    startup = Startup.begin(first_start(FULL, commissioned=False), 100.0)
    assert walk(startup, 100.0) == [Phase.REFUSED]
    assert walk(startup, 106.0) == [Phase.REFUSED, Phase.UNAVAILABLE]
    assert walk(startup, 160.0) == [
        Phase.REFUSED,
        Phase.UNAVAILABLE,
        Phase.STARTING,
        Phase.COMMISSIONING,
        Phase.RUNNING,
    ]


@pytest.mark.parametrize(
    ("when", "commissioned", "set_up"),
    [
        (Commissioning.NEVER, False, False),
        (Commissioning.FIRST, False, True),
        (Commissioning.FIRST, True, False),
        (Commissioning.ALWAYS, True, True),
    ],
)
def test_who_is_set_up(when: Commissioning, *, commissioned: bool, set_up: bool) -> None:
    stages = first_start(FULL.but(commissioning=when), commissioned=commissioned)
    assert (Phase.COMMISSIONING in [phase for phase, _ in stages]) is set_up


def test_a_set_up_without_an_end_waits() -> None:
    settings = Settings(commissioning=Commissioning.ALWAYS, commissioning_seconds=None)
    startup = Startup.begin(first_start(settings, commissioned=False), 0.0)
    assert walk(startup, 1e9) == [Phase.COMMISSIONING]
    assert startup.next(5.0).phase is Phase.RUNNING


def test_by_default_it_runs_at_once() -> None:
    assert first_start(Settings(), commissioned=False) == ((Phase.RUNNING, None),)


def test_a_restart_is_503_and_then_starting() -> None:
    startup = Startup.begin(restart(Settings(restart_seconds=40)), 0.0)
    assert walk(startup, 9.9) == [Phase.UNAVAILABLE]
    assert walk(startup, 39.9) == [Phase.UNAVAILABLE, Phase.STARTING]
    assert walk(startup, 40.0)[-1] is Phase.RUNNING


def test_a_faulted_gateway_stays_so() -> None:
    faulted = Startup.begin(first_start(FULL, commissioned=True), 0.0).faulted()
    assert walk(faulted, 1e9) == [Phase.FAULTED]


def test_what_listens_and_what_boots() -> None:
    assert {phase for phase in Phase if not phase.listens} == {Phase.STOPPED, Phase.REFUSED}
    assert {phase for phase in Phase if phase.boots} == {
        Phase.REFUSED,
        Phase.UNAVAILABLE,
        Phase.STARTING,
    }
