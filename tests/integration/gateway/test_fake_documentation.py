"""The page about the fake gateway: its example prints what it says, and its tables are complete.

Seen failing: with a switch that is not on the page, and with a property that does not exist.
"""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest
from attrs import fields_dict

from stoker.testing import gateway
from stoker.testing.gateway import FakeGateway, Settings
from stoker.testing.gateway.switches import ACTIONS

PAGE = (Path(__file__).parents[3] / "docs" / "fake-gateway.md").read_text()


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", PAGE, re.DOTALL | re.MULTILINE)


def first_columns(title: str) -> set[str]:
    """The names in code in the first column of the table below a heading."""
    section = PAGE.partition(f"\n## {title}\n")[2].partition("\n## ")[0]
    cells = [line.split("|")[1] for line in section.splitlines() if line.startswith("| `")]
    return {name for cell in cells for name in re.findall(r"`(\w+)", cell)}


def test_the_example_prints_what_it_says() -> None:
    code = "\n".join(blocks("python"))
    printed = subprocess.check_output([sys.executable, "-W", "error", "-c", code], text=True)  # noqa: S603
    assert printed.splitlines() == blocks("text")[0].splitlines()


def test_all_handles_are_on_the_page() -> None:
    public = {name for name in vars(FakeGateway) if not name.startswith("_")}
    properties = {name for name in public if isinstance(vars(FakeGateway)[name], property)}
    assert first_columns("What it has and was asked") == properties
    elsewhere = {"start", "stop", "holds", "on_load", "wait_for"}
    assert first_columns("What it can be told") == public - properties - elsewhere


def test_the_switches_are_switches() -> None:
    on_page = first_columns("Switches")
    assert on_page <= set(fields_dict(Settings))
    plain = {"name", "version", "edition", "role", "modules", "quarantined", "host", "port"}
    details = {
        "commissioning_seconds",
        "boot_counts_as_scan",
        "lock_conflict_status",
        "fills_cache",
    }
    assert set(fields_dict(Settings)) - on_page == plain | details


@pytest.mark.parametrize("name", sorted(ACTIONS))
def test_the_actions_have_names_for_other_processes(name: str) -> None:
    assert f"`{name}`" in PAGE
    assert ACTIONS[name].__name__ in first_columns("Scripts")
    assert getattr(gateway, ACTIONS[name].__name__) is ACTIONS[name]
