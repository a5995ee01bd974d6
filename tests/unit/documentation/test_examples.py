"""Every YAML example of the documentation is one that its reader would take.

Each block is of a known kind: a GatewaySync or a part of one, a profile, values of the chart,
another object of Kubernetes, or one of the few foreign files that are named here. One that is of no
kind is an error, so an example with a misspelt first word is not overlooked.

Broken on purpose, and seen to fail: an unknown field of a GatewaySync, a value that the chart does
not have, an annotation that a pod is refused for.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from copy import deepcopy
from functools import cache
from pathlib import Path
from typing import Any, Final

import pytest
import yaml

from stoker.core import names
from stoker.core.pods.annotations import PodAnnotations
from stoker.core.spec import GatewaySyncSpec
from stoker.core.spec.schema import fields_of
from stoker.core.spec.types import SyncSettings
from stoker.entrypoints.cli.invoking import answer_to
from stoker.entrypoints.standalone.config import read_config
from support.json_schema import flaws
from support.pages import ROOT, Block, blocks, commands, documents, pages, shown

CHART: Final = ROOT / "charts" / "stoker-operator"
SCHEMA: Final = json.loads((CHART / "values.schema.json").read_text())

_BASE: Final[dict[str, Any]] = {
    "apiVersion": names.API_VERSION,
    "kind": names.KIND,
    "metadata": {"name": "example"},
    "spec": {
        "git": {"repo": "https://git.example/plant.git", "ref": "v1.0.0"},
        "gateway": {"api": {"secretName": "gateway-api-key"}},
        "sync": {
            "profiles": {"default": {"mappings": [{"source": "a", "destination": "projects"}]}}
        },
    },
}
"""What a part of a GatewaySync is laid over."""
_SPEC: Final = {field.json_name for field in fields_of(GatewaySyncSpec)}
_PROFILE: Final = {"mappings", *(field.json_name for field in fields_of(SyncSettings))}
_FOREIGN: Final = (
    {"jobs"},  # a workflow of GitHub Actions
    {"steps"},  # of Kargo
    {"data"},  # of the ConfigMap of Argo CD
    {"repos"},  # pre-commit
    {"scrape_configs"},  # of Prometheus; tests/kind/test_monitoring.py tries it
    {"inhibit_rules"},  # of Alertmanager
)


def _is_of_a_sync(document: dict[str, Any]) -> bool:
    return (
        "kind" not in document
        and document.keys() <= {"spec", "metadata"}
        and bool(document.get("spec"))
        and document["spec"].keys() <= _SPEC
    )


def _laid_over(base: Any, part: Any) -> Any:
    if not (isinstance(base, dict) and isinstance(part, dict)):
        return part
    merged = deepcopy(base)
    for name, value in part.items():
        merged[name] = _laid_over(base.get(name), value)
    if {"ref", "semver"} <= merged.keys():  # of the base and of the example; one may be there
        merged.pop(*({"ref", "semver"} - part.keys()))
    return merged


def _profile_or_sync(document: dict[str, Any]) -> dict[str, Any] | None:
    if document.get("kind") == names.KIND:
        return document
    if "mappings" in document and document.keys() <= _PROFILE:
        return document
    return _laid_over(_BASE, document) if _is_of_a_sync(document) else None


def _is_of_the_chart(document: dict[str, Any]) -> bool:
    elsewhere = document.keys() & {"kind", "dataDir"}
    return not elsewhere and bool(document.keys() & SCHEMA["properties"].keys())


def _annotations(document: Any) -> Iterator[dict[str, Any]]:
    match document:
        case {"annotations": dict(found), **rest}:
            yield found
            yield from _annotations(list(rest.values()))
        case dict():
            yield from _annotations(list(document.values()))
        case list():
            for one in document:
                yield from _annotations(one)


@cache
def _every_document() -> list[tuple[Block, dict[str, Any]]]:
    return [found for page in pages() for found in documents(page)]


def test_every_example_is_of_a_known_kind() -> None:
    for block, document in _every_document():
        known = (
            _profile_or_sync(document) is not None
            or _is_of_the_chart(document)
            or "kind" in document
            or "dataDir" in document
            or document.keys() <= {"metadata"}
            or any(foreign <= document.keys() for foreign in _FOREIGN)
        )
        assert known, f"{block.place}: nobody knows what {sorted(document)} belongs to"


def test_every_gatewaysync_and_profile_is_valid(tmp_path: Path) -> None:
    for block, document in _every_document():
        ours = _profile_or_sync(document)
        if ours is not None:
            name = block.place.replace("/", "-").replace(":", "-")
            (tmp_path / f"{name}.yaml").write_text(yaml.safe_dump(ours))
    answer = answer_to(["validate", str(tmp_path)])
    assert answer.code == 0, answer
    assert len(list(tmp_path.iterdir())) > 10


@pytest.mark.parametrize("page", pages(), ids=shown)
def test_values_are_those_of_the_chart(page: Path) -> None:
    for block, document in documents(page):
        if _is_of_the_chart(document) and _profile_or_sync(document) is None:
            found = flaws(document, SCHEMA)
            assert not found, f"{block.place}: {found}"


def _set(option: str, setting: str) -> dict[str, Any]:
    """The chart's values with this one set; a variable of the shell stands for some text."""
    path, _, value = setting.partition("=")
    text = re.sub(r"\$\{?\w+\}?", "x", value)
    nested: Any = text if option == "--set-string" or not text else yaml.safe_load(text)
    for name in reversed(re.split(r"(?<!\\)\.", path)):
        nested = {name: nested}
    return dict(_laid_over(yaml.safe_load((CHART / "values.yaml").read_text()), nested))


@pytest.mark.parametrize("page", pages(), ids=shown)
def test_values_of_helm_commands_are_those_of_the_chart(page: Path) -> None:
    for command in commands(page, "helm"):
        if not any(word.endswith("stoker-operator") for word in command.words):
            continue  # another chart
        given = zip(command.words, command.words[1:], strict=False)
        for option, setting in given:
            if re.fullmatch(r"--set(-string|-json|-file)?", option):
                assert not flaws(_set(option, setting), SCHEMA), f"{command.place}: {setting}"


def test_every_annotation_is_one_that_pods_may_have() -> None:
    known = names.POD_ANNOTATIONS | {names.REQUESTED_REF, names.REQUESTED_AT, names.REQUESTED_BY}
    for block, document in _every_document():
        for found in _annotations(document):
            ours = {name for name in found if name.startswith(names.PREFIX)}
            assert ours <= known, f"{block.place}: {sorted(ours - known)}"
            assert not PodAnnotations.read(found).problems, block.place


def test_every_configuration_of_an_agent_is_one(tmp_path: Path) -> None:
    for block in (block for page in pages() for block in blocks(page)):
        if block.language == "yaml" and "dataDir:" in block.text:
            file = tmp_path / "agent.yaml"
            file.write_text(block.text)
            read_config(file)
