"""The chart's files against each other and against the code; tests/kind/test_chart.py renders them.

Broken on purpose, and seen to fail: a bound of the definition changed by hand, a value that no
template reads, an object of the schema left open.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import yaml

import stoker
from stoker.adapters.codec.crd_schema import custom_resource_definition
from stoker.entrypoints.cli.invoking import answer_to

CHART: Final = Path(__file__).resolve().parents[3] / "charts" / "stoker-operator"
CRD: Final = CHART / "crds" / "gatewaysyncs.stoker.io.yaml"

CONTRACT: Final = {
    *("replicaCount", "image", "imagePullSecrets", "nameOverride", "fullnameOverride"),
    *("agentImage", "leaderElection", "resources", "nodeSelector", "tolerations", "affinity"),
    *("podAnnotations", "podLabels", "priorityClassName", "controller", "certManager", "metrics"),
    *("serviceMonitor", "podMonitor", "prometheusRule", "grafanaDashboard", "networkPolicy"),
    *("webhook", "rbac", "webhookReceiver", "git", "watchNamespaces", "sharding"),
}
"""The names of CONTRACT §8."""

ALIASES: Final = {
    r"webhookReceiver\.(hmac|token)": "$given",
    r"networkPolicy(?=\.(metrics|webhook|receiver|egress))": "$given",
    r"grafanaDashboard(?=\.[nla])": "$given",
    r"(service|pod)Monitor(?=\.(interval|scrapeTimeout))": "",
}
"""What is read in one place for several."""


def values() -> dict[str, Any]:
    return dict(yaml.safe_load((CHART / "values.yaml").read_text()))


def schema() -> dict[str, Any]:
    return dict(json.loads((CHART / "values.schema.json").read_text()))


def paths(found: Any, place: str = "") -> Iterator[str]:
    """Each value that has no further names below it."""
    if isinstance(found, dict) and found:
        for name, one in found.items():
            yield from paths(one, f"{place}.{name}" if place else name)
    else:
        yield place


def described(path: str) -> dict[str, Any]:
    here = schema()
    definitions = here["definitions"]
    for name in path.split("."):
        here = here["properties"][name]
        if reference := here.get("$ref"):
            here = definitions[reference.rpartition("/")[2]]
    return dict(here)


def named(path: str) -> str:
    """What a template calls this value."""
    for part, name in ALIASES.items():
        if match := re.match(part, path):
            return name + path[match.end() :]
    return f".Values.{path}"


def test_the_definition_is_what_stoker_prints() -> None:
    """Renew it with `stoker crd > charts/stoker-operator/crds/gatewaysyncs.stoker.io.yaml`."""
    why = f"run: stoker crd > {CRD.relative_to(CHART.parents[1])}"
    assert yaml.safe_load(CRD.read_text()) == custom_resource_definition(), why
    assert CRD.read_text().rstrip() == str(answer_to(["crd"]).out).rstrip(), why
    assert [one.name for one in CRD.parent.iterdir()] == [CRD.name]


def test_the_chart_is_of_this_version() -> None:
    chart = yaml.safe_load((CHART / "Chart.yaml").read_text())
    assert chart["appVersion"] == chart["version"] == stoker.__version__


def test_values_have_the_contract_s_names() -> None:
    assert set(values()) <= CONTRACT


def test_each_value_is_described_by_the_schema_and_read_by_a_template() -> None:
    templates = "".join(one.read_text() for one in sorted(CHART.rglob("templates/**/*.*")))
    for path in paths(values()):
        if "resources." in path:
            continue
        assert described(path), path
        read = re.search(rf"{re.escape(named(path))}\b", templates)
        assert read, f"no template reads {path}"


def test_the_schema_knows_no_more_than_the_values() -> None:
    known = set(values()) | {"global"}  # helm hands `global` to a chart inside of another
    assert set(schema()["properties"]) == known


def test_no_object_of_the_schema_takes_whatever_comes() -> None:
    def objects(here: Any, place: str) -> Iterator[tuple[str, dict[str, Any]]]:
        if isinstance(here, dict):
            if here.get("type") == "object":
                yield place, here
            for name, one in here.items():
                yield from objects(one, f"{place}/{name}")

    opaque = {place for place, here in objects(schema(), "") if "additionalProperties" not in here}
    # What Kubernetes itself describes and checks, and what is not ours.
    assert opaque == {
        "/properties/global",
        "/properties/tolerations/items",
        "/properties/affinity",
        "/definitions/resources/properties/claims/items",
        "/properties/webhook/properties/objectSelector",
        "/properties/webhookReceiver/properties/ingress/properties/tls/items",
        "/definitions/peers/items",
        "/properties/networkPolicy/properties/egress/properties/extra/items",
        "/properties/prometheusRule/properties/additionalRules/items",
    }
