"""Which resources a gateway has to list as loaded."""

from __future__ import annotations

import pytest

from stoker.adapters.ignition.loaded import collection_of, must_be_listed, needs_mode
from stoker.core.ignition import ResourcePath


def resource(home: str, name: str = "MES") -> ResourcePath:
    return ResourcePath(home, "ignition", "database-connection", name)


CORE = resource("config/resources/core")
EXTERNAL = resource("config/resources/external")
DEV = resource("config/resources/dev")
PROJECT = resource("projects/plant")
NAMELESS = resource("config/resources/core", name="")


@pytest.mark.parametrize(
    ("one", "collection"),
    [(CORE, "core"), (EXTERNAL, "external"), (DEV, "dev"), (PROJECT, "")],
)
def test_collections(one: ResourcePath, collection: str) -> None:
    assert collection_of(one) == collection


@pytest.mark.parametrize(
    ("mode", "listed"),
    [("", (CORE, EXTERNAL)), ("dev", (CORE, EXTERNAL, DEV)), ("prod", (CORE, EXTERNAL))],
)
def test_a_collection_of_another_mode_lies_there_for_others(
    mode: str, listed: tuple[ResourcePath, ...]
) -> None:
    assert must_be_listed((CORE, EXTERNAL, DEV, PROJECT, NAMELESS), mode) == listed


@pytest.mark.parametrize(
    ("resources", "needed"),
    [((CORE, EXTERNAL), False), ((PROJECT,), False), ((CORE, DEV), True), ((), False)],
)
def test_the_mode_is_asked_for_only_where_it_counts(
    resources: tuple[ResourcePath, ...], *, needed: bool
) -> None:
    assert needs_mode(resources) is needed
