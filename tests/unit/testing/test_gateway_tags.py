"""Tags of the fake gateway: a truncated file is a line in the log, and tags of type Unknown.

Seen failing: with a broken file that spoils its resource, and with every instance taken for known.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from stoker.core.ignition import ScanKind
from stoker.testing.gateway import Loaded, Settings
from stoker.testing.gateway.disk import Disk
from stoker.testing.gateway.loaded import Reading
from support.ignition_trees import TAG_TYPES, TAGS, put, put_resource

MOTOR = {"name": "Motor", "tagType": "UdtType", "tags": [{"name": "Speed"}]}
DRIVE = {"name": "Drives", "tagType": "Folder", "tags": [{**MOTOR, "name": "Drive"}]}


def instance(name: str, type_id: str) -> dict[str, Any]:
    return {"name": name, "tagType": "UdtInstance", "typeId": type_id, "tags": []}


def scan(data: Path, before: Loaded | None = None) -> Reading:
    return Disk(data).read(ScanKind.CONFIG, before or Loaded(), Settings(), 0)


def tags(reading: Reading) -> dict[str, str]:
    return dict(reading.loaded.tags["default"].tags)


def plant(data: Path) -> None:
    put_resource(data, f"{TAG_TYPES}/default", {"udts.json": [MOTOR, DRIVE]})
    put_resource(
        data,
        f"{TAGS}/default/Line 4/West",
        {
            "tags.json": [{"name": "Speed", "tagType": "AtomicTag"}, {"no": "name"}, 7],
            "udts.json": [
                instance("M1", "Motor"),
                instance("D1", "_types_/Drives/Drive"),
                instance("P1", "Pump"),
            ],
        },
        unary=True,
    )


def test_types_and_tags(tmp_path: Path) -> None:
    plant(tmp_path)
    reading = scan(tmp_path)
    assert not reading.failures
    assert reading.loaded.tags["default"].types == {"Motor", "Drives/Drive"}
    assert tags(reading) == {
        "Line 4/West/Speed": "AtomicTag",
        "Line 4/West/M1": "Motor",
        "Line 4/West/D1": "Drives/Drive",
        "Line 4/West/P1": "Unknown",
    }


def test_a_truncated_file_of_instances(tmp_path: Path) -> None:
    plant(tmp_path)
    before = scan(tmp_path).loaded
    put(tmp_path, f"{TAGS}/default/Line 4/West/udts.json", '[{"name": "M1", "tagTy')
    reading = scan(tmp_path, before)
    (failure,) = reading.failures
    assert failure.only_log
    assert "ignition/tag-definition/default/Line 4/West: udts.json is not JSON" in failure.message
    names = reading.loaded.names("ignition", "tag-definition")
    assert [one["name"] for one in names] == ["default/Line 4/West"]
    assert tags(reading)["Line 4/West/M1"] == "Unknown"
    assert tags(reading)["Line 4/West/Speed"] == "AtomicTag"


def test_a_truncated_file_of_types(tmp_path: Path) -> None:
    plant(tmp_path)
    put(tmp_path, f"{TAG_TYPES}/default/udts.json", "[")
    reading = scan(tmp_path)
    assert reading.loaded.names("ignition", "tag-type-definition")
    assert tags(reading)["Line 4/West/M1"] == "Unknown"


def test_a_whole_provider_in_one_file(tmp_path: Path) -> None:
    """As an export has it, with its types in a folder of their own."""
    types = {"name": "_types_", "tagType": "Folder", "tags": [MOTOR]}
    line = {"name": "Line", "tagType": "Folder", "tags": [instance("M1", "Motor")]}
    put_resource(tmp_path, f"{TAGS}/default", {"tags.json": {"name": "", "tags": [types, line]}})
    reading = scan(tmp_path)
    assert reading.loaded.tags["default"].types == {"Motor"}
    assert tags(reading) == {"Line": "Folder", "Line/M1": "Motor"}


@pytest.mark.parametrize("content", [None, 7, "text", {"name": "x", "tagType": "Provider"}])
def test_any_json_is_read(tmp_path: Path, content: Any) -> None:
    text = '"text"' if content == "text" else content
    put_resource(tmp_path, f"{TAGS}/default", {"tags.json": text})
    assert not scan(tmp_path).failures


def test_tags_that_are_nested_too_deep(tmp_path: Path) -> None:
    tag: dict[str, Any] = {"name": "x"}
    for _ in range(100):
        tag = {"name": "x", "tagType": "Folder", "tags": [tag]}
    put_resource(tmp_path, f"{TAGS}/default", {"tags.json": [tag]})
    assert len(tags(scan(tmp_path))) == 65


def test_tags_need_a_provider_and_the_platforms_module(tmp_path: Path) -> None:
    put_resource(tmp_path, TAGS, {"tags.json": [{"name": "x"}]})
    put_resource(tmp_path, TAGS.replace("ignition", "com.a") + "/a", {"tags.json": [{"name": "x"}]})
    put_resource(tmp_path, f"{TAGS}-not/default", {"tags.json": [{"name": "x"}]})
    assert scan(tmp_path).loaded.tags == {}
