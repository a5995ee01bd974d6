"""The chart's dashboards are those that are described, and Grafana and its readers can use them.

Whether each question brings something is tried on a cluster (`tests/kind/test_monitoring.py`).

Broken on purpose, and seen to fail: a file changed by hand, a metric of another name, a label that
it does not have, a panel over another one, two panels of one number.
"""

from __future__ import annotations

import re
import subprocess
import sys
from itertools import combinations
from pathlib import Path
from typing import Any, Final

import pytest
from kit import dashboards
from kit.charts import CHART
from kit.telling import families_of, selectors

ROOT: Final = Path(__file__).resolve().parents[3]
KINDS: Final = {"stat", "bargauge", "timeseries", "state-timeline", "table", "row"}
BUILT_IN: Final = {"__rate_interval", "datasource"}

each = pytest.mark.parametrize("path", dashboards.FILES, ids=lambda path: path.stem)


def panels(path: Path) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = dashboards.read(path)["panels"]
    return found


def test_the_files_are_what_the_description_makes() -> None:
    words = [sys.executable, "tools/dashboards", "--check"]
    done = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, check=False)  # noqa: S603
    assert done.returncode == 0, done.stdout + done.stderr


def test_there_are_two_and_each_leads_to_the_other() -> None:
    fleet, one = (dashboards.read(path) for path in dashboards.FILES)
    assert (fleet["uid"], one["uid"]) == ("stoker-fleet", "stoker-gatewaysync")
    assert [link["url"] for link in one["links"]] == ["/d/stoker-fleet"]
    links = re.findall(r"/d/(stoker-\w+)\?([^\"]*)", (dashboards.FILES[0]).read_text())
    assert {uid for uid, _ in links} == {"stoker-gatewaysync"}
    known = {variable["name"] for variable in one["templating"]["list"]}
    for _, query in links:
        assert set(re.findall(r"var-(\w+)=", query)) <= known


@each
def test_panels_have_numbers_and_room_of_their_own(path: Path) -> None:
    listed = panels(path)
    assert len({one["id"] for one in listed}) == len(listed)
    assert {one["type"] for one in listed} <= KINDS
    for one in listed:
        place = one["gridPos"]
        assert place["x"] + place["w"] <= 24
    for a, b in combinations((one["gridPos"] for one in listed), 2):
        is_beside = a["x"] + a["w"] <= b["x"] or b["x"] + b["w"] <= a["x"]
        is_below = a["y"] + a["h"] <= b["y"] or b["y"] + b["h"] <= a["y"]
        assert is_beside or is_below, (a, b)


@each
def test_panels_say_what_they_show(path: Path) -> None:
    titles = [one["title"] for one in panels(path)]
    assert len(set(titles)) == len(titles)
    for one in panels(path):
        assert one["type"] == "row" or one["description"].endswith((".", "!", "`"))


@each
def test_datasource_and_variables_can_be_chosen(path: Path) -> None:
    known = {variable["name"] for variable in dashboards.read(path)["templating"]["list"]}
    assert "datasource" in known
    for panel in panels(path):
        for target in panel.get("targets", ()):
            assert target["datasource"]["uid"] == "${datasource}"
            used = set(re.findall(r"\$\{?(\w+)\}?", target["expr"]))
            assert used <= known | BUILT_IN


def test_every_series_is_told_by_a_process() -> None:
    told = families_of()
    for one in dashboards.asked():
        for name, labels in selectors(one.expr):
            assert name in told, f"{one}: nobody tells {name}"
            assert labels <= told[name], f"{one}: {name} has no {labels - told[name]}"


def test_every_metric_of_ours_is_seen_somewhere() -> None:
    """On a dashboard or in an alert; a metric that nobody looks at is one too many."""
    text = "".join(one.expr for one in dashboards.asked())
    text += (CHART / "files" / "alerts.yaml").read_text()
    seen = {name for name, _ in selectors(text)}
    ours = {
        re.sub(r"_(bucket|sum|count)$", "", name)
        for name in families_of()
        if name.startswith("stoker_")
    }
    shown = {re.sub(r"_(bucket|sum|count)$", "", name) for name in seen}
    assert ours - shown == {
        # A sum of what is shown; and what the controller tells as well.
        "stoker_agent_files_changed",
        "stoker_agent_last_sync_timestamp_seconds",
    }
