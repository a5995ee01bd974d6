"""The chart's alerts: each fires when it should and is silent when it should, said by promtool.

`alerts/*.yaml` are promtool's own unit tests: `promtool test rules tests/kind/alerts/*.yaml` runs
them by hand. What is checked here besides is that no alert is without such tests, that none asks
for a series that no process tells, that texts name only labels that are there, and that the chart
renders the rules as they are. No cluster is needed but by helm.

Broken on purpose, and seen to fail: alerts of paused GatewaySyncs, a metric of another name, a text
with a label that is not there, times cut short, no heed of a rollout, series that are not put
together over replicas, a silent test that is gone.
"""

from __future__ import annotations

import re
import subprocess
from functools import cache
from pathlib import Path
from typing import Any, Final

import pytest
import yaml
from cluster import programs
from cluster.running import Steps
from kit import Helm
from kit.charts import CHART, render
from kit.telling import families_of, selectors

HERE: Final = Path(__file__).parent
ROOT: Final = HERE.parents[1]
RULES: Final = CHART / "files" / "alerts.yaml"
TESTS: Final = sorted((HERE / "alerts").glob("*.yaml"))
OUTSIDE: Final = frozenset({"up", "process_start_time_seconds"})
"""Series that Prometheus makes, or that every process has."""

Rule = dict[str, Any]


@cache
def rules() -> list[Rule]:
    return [one for group in yaml.safe_load(RULES.read_text())["groups"] for one in group["rules"]]


@cache
def cases() -> list[Rule]:
    return [one for path in TESTS for one in yaml.safe_load(path.read_text())["tests"]]


def fired(alert: str) -> list[dict[str, str]]:
    """The labels of the alerts that tests expect to fire."""
    return [
        dict(re.findall(r'(\w+)="([^"]*)"', sample["labels"]))
        for test in cases()
        if test["name"].startswith(f"{alert} fires: ")
        for asked in test.get("promql_expr_test", [])
        if asked["expr"] == f'ALERTS{{alertname="{alert}",alertstate="firing"}}'
        for sample in asked["exp_samples"]
    ]


def silences(alert: str) -> list[str]:
    """When tests that are called silent expect nothing."""
    return [
        asked["eval_time"]
        for test in cases()
        if test["name"].startswith(f"{alert} is silent: ")
        for asked in test["alert_rule_test"]
        if asked["alertname"] == alert and not asked.get("exp_alerts")
    ]


def promtool(*words: str) -> str:
    tool = programs.built(programs.PROMETHEUS, Steps(print)) / "promtool"
    done = subprocess.run([tool, *words], capture_output=True, text=True, check=False)  # noqa: S603
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


# --- What promtool says ---


def test_the_rules_are_rules() -> None:
    assert f"{len(rules())} rules found" in promtool("check", "rules", "--lint-fatal", str(RULES))


@pytest.mark.parametrize("path", TESTS, ids=lambda path: path.stem)
def test_alerts_fire_and_are_silent(path: Path) -> None:
    assert "SUCCESS" in promtool("test", "rules", str(path))


# --- What promtool does not see ---


@pytest.mark.parametrize("rule", rules(), ids=lambda rule: rule["alert"])
def test_every_alert_is_tested_both_ways(rule: Rule) -> None:
    assert fired(rule["alert"])
    assert silences(rule["alert"])


def test_every_test_is_about_an_alert() -> None:
    names = {rule["alert"] for rule in rules()}
    for test in cases():
        first = re.split(r" fires: | is silent: |: ", test["name"])[0]
        assert first in {*names, "Peace"}, test["name"]


@pytest.mark.parametrize("rule", rules(), ids=lambda rule: rule["alert"])
def test_every_series_is_told_by_a_process(rule: Rule) -> None:
    """With the labels by which it is picked; what is grouped by comes from the tests that fire."""
    told = families_of()
    for name, labels in selectors(rule["expr"]):
        if name in OUTSIDE:
            continue
        assert name in told, f"nobody tells {name}"
        assert labels <= told[name], f"{name} has no {labels - told[name]}"


@pytest.mark.parametrize("rule", rules(), ids=lambda rule: rule["alert"])
def test_alerts_say_what_where_and_what_to_do(rule: Rule) -> None:
    said = rule["annotations"]
    assert set(said) == {"summary", "description", "runbook"}
    assert rule["labels"]["severity"] in {"critical", "warning", "info"}
    used = set(re.findall(r"\$labels\.(\w+)", said["summary"] + said["description"]))
    for labels in fired(rule["alert"]):
        assert used <= set(labels), f"{rule['alert']} has no label {used - set(labels)}"


def test_what_to_do_is_written_down() -> None:
    page = (ROOT / "docs" / "troubleshooting.md").read_text()
    titles = re.findall(r"^#{2,} (.+)$", page, re.MULTILINE)
    anchors = {re.sub(r"[^\w\s-]", "", one).strip().lower().replace(" ", "-") for one in titles}
    wanted = {
        rule["annotations"]["runbook"].removeprefix("troubleshooting.md#") for rule in rules()
    }
    assert wanted <= anchors


def test_every_alert_is_in_the_guide() -> None:
    guide = (ROOT / "docs" / "guides" / "monitoring.md").read_text()
    rows = dict(re.findall(r"^\| `(Stoker\w+)` \| (\w+) \|", guide, re.MULTILINE))
    assert rows == {rule["alert"]: rule["labels"]["severity"] for rule in rules()}


# --- What the chart makes of them ---


def test_the_chart_has_the_rules_as_they_are(helm: Helm, tmp_path: Path) -> None:
    mine = {"alert": "Mine", "expr": "vector(1) > 0", "labels": {"severity": "info"}}
    values = {"prometheusRule": {"enabled": True, "additionalRules": [mine]}}
    (made,) = render(helm, values, templates=["monitoring/prometheusrule"])
    ours = yaml.safe_load(RULES.read_text())["groups"]
    assert made["spec"]["groups"] == [*ours, {"name": "stoker.additional", "rules": [mine]}]
    path = tmp_path / "rendered.yaml"
    path.write_text(yaml.safe_dump(made["spec"]))
    assert f"{len(rules()) + 1} rules found" in promtool("check", "rules", str(path))
