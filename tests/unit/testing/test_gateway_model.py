"""The fake gateway's state without disk, sockets or threads.

Seen failing: with a reading of an earlier life taken for one of this.
"""

from __future__ import annotations

from stoker.testing.gateway import Loaded, Phase, Project, Settings
from stoker.testing.gateway.loaded import Reading
from stoker.testing.gateway.model import Effect, Model, OpenPorts, ReadDisk

LINE = Reading(Loaded(projects={"line": Project("line")}))


def reads(effects: tuple[Effect, ...]) -> list[ReadDisk]:
    return [effect for effect in effects if isinstance(effect, ReadDisk)]


def test_what_was_read_for_an_earlier_life_counts_no_more() -> None:
    """The disk is read for the start, and the gateway restarts before that is over."""
    model = Model(Settings(restart_seconds=4.0))
    late, _ = reads(model.start(0.0, commissioned=True))
    model.restart(0.1)
    assert model.has_read(late, LINE, 0.2, 200) == ()
    assert not model.loaded.projects
    model.advance(1.1, 1100)
    assert model.phase is Phase.STARTING
    effects = model.advance(4.1, 4100)
    for read in reads(effects):
        model.has_read(read, LINE, 4.1, 4100)
    assert list(model.loaded.projects) == ["line"]
    assert OpenPorts() in effects


def test_what_was_read_by_a_gateway_that_came_to_its_end() -> None:
    model = Model(Settings())
    first, second = reads(model.start(0.0, commissioned=True))
    assert model.has_read(first, Reading(Loaded(), fault="so it is"), 0.0, 0) == (OpenPorts(),)
    assert model.fault == "so it is"
    assert model.has_read(second, LINE, 0.0, 0) == ()
    assert model.phase.value == "faulted"


def test_only_projects_are_files_of_an_older_gateway() -> None:
    model = Model(Settings(release="8.1"))
    assert [read.kind for read in reads(model.start(0.0, commissioned=True))] == ["projects"]
