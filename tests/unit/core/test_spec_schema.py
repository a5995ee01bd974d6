"""What the types say of their fields: enough to read, check, and describe a document."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, get_args

import pytest
from attrs import NOTHING, fields_dict, frozen, has

from stoker.core.spec import (
    GatewaySync,
    GatewaySyncStatus,
    GitHubAppAuth,
    GitSource,
    Polling,
    SourceMapping,
    SyncProfile,
    SyncSettings,
)
from stoker.core.spec.durations import Duration
from stoker.core.spec.schema import (
    Schema,
    SpecField,
    described,
    fields_of,
    json_name,
    schema_of,
)


@frozen
class Sample:
    """A type with one field of each kind."""

    plain_name: int
    renamed: str = described("Renamed.", json_name="otherName")
    bounded: int = described("Bounded.", default=3, minimum=1, maximum=9)
    listed: tuple[str, ...] = described("Listed.", factory=tuple, min_items=1)
    secret_key_ref: str | None = described("Maybe.", default=None, min_length=2)
    named: Mapping[str, str] = described("Named.", factory=dict, key_pattern="[a-z]+")
    beside: Any = described("Beside.", default=None, inline=True, opaque=True)


def test_a_field_says_all_that_its_author_said() -> None:
    assert fields_of(Sample) == (
        SpecField("plain_name", "plainName", int, Schema(""), NOTHING),
        SpecField("renamed", "otherName", str, Schema("Renamed.", json_name="otherName"), NOTHING),
        SpecField("bounded", "bounded", int, Schema("Bounded.", minimum=1, maximum=9), 3),
        SpecField("listed", "listed", tuple[str, ...], Schema("Listed.", min_items=1), ()),
        SpecField(
            "secret_key_ref", "secretKeyRef", str | None, Schema("Maybe.", min_length=2), None
        ),
        SpecField("named", "named", Mapping[str, str], Schema("Named.", key_pattern="[a-z]+"), {}),
        SpecField("beside", "beside", Any, Schema("Beside.", inline=True, opaque=True), None),
    )


def test_required_is_what_has_no_default() -> None:
    required = {field.name: field.required for field in fields_of(Sample)}
    assert required == {
        "plain_name": True,
        "renamed": True,
        "bounded": False,
        "listed": False,
        "secret_key_ref": False,
        "named": False,
        "beside": False,
    }


def test_an_attribute_knows_its_own_schema_and_name() -> None:
    attributes = fields_dict(GitHubAppAuth)
    assert json_name(attributes["api_base_url"]) == "apiBaseURL"
    assert json_name(attributes["private_key_secret_ref"]) == "privateKeySecretRef"
    assert schema_of(attributes["app_id"]).minimum == 1
    assert json_name(fields_dict(Duration)["seconds"]) == "seconds"


@pytest.mark.parametrize(
    ("cls", "name", "default"),
    [
        (Polling, "interval", Duration("60s", 60.0)),
        (Polling, "enabled", True),
        (SourceMapping, "required", False),
        (SourceMapping, "type", None),
        (GitSource, "ref", None),
        (SyncProfile, "settings", SyncSettings()),
        (GitHubAppAuth, "api_base_url", "https://api.github.com"),
    ],
)
def test_defaults_are_values(cls: type, name: str, default: object) -> None:
    found = {field.name: field.default for field in fields_of(cls)}
    assert found[name] == default


def _types(cls: type) -> Iterator[type]:
    yield cls
    for field in fields_of(cls):
        waiting = [field.type]
        while waiting:
            kind = waiting.pop()
            if (
                isinstance(kind, type)
                and has(kind)
                and kind.__module__.startswith("stoker.core.spec")
            ):
                yield from _types(kind)
            waiting.extend(argument for argument in get_args(kind) if argument is not Ellipsis)


@pytest.mark.parametrize("root", [GatewaySync, GatewaySyncStatus])
def test_every_field_of_the_resource_is_described(root: type) -> None:
    plain = {Duration}
    for cls in set(_types(root)) - plain:
        for field in fields_of(cls):
            assert field.schema.description.endswith("."), f"{cls.__name__}.{field.name}"
            assert cls.__doc__


def test_names_of_the_contract() -> None:
    names = {field.json_name for cls in _types(GatewaySync) for field in fields_of(cls)}
    assert {
        "caSecretRef",
        "insecureSkipHostKeyCheck",
        "githubApp",
        "apiBaseURL",
        "excludePatterns",
        "syncPeriod",
        "designerSessionPolicy",
        "designerSessionScope",
        "dryRun",
        "pruneLimitPercent",
        "driftAction",
        "rollbackOnScanFailure",
        "templateEngine",
        "repoSizeLimit",
        "pullPolicy",
    } <= names
