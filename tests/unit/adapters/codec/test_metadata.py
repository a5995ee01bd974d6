"""The data of the metadata ConfigMap, written by us, by the Go operator, and by nobody sane."""

from __future__ import annotations

import json
from typing import Any

import pytest

from stoker.adapters.codec.metadata import MAX_CHARACTERS, decode_metadata, encode_metadata
from stoker.core.errors import DecodeError
from stoker.core.profile import AuthType, Metadata, ResolvedProfile
from stoker.core.spec import DesignerPolicy, FieldPatch, MappingType, PruneMode
from support.specs import REPO, a_mapping

FULL = Metadata(
    commit="c" * 40,
    ref="v1",
    git_url=REPO,
    paused=True,
    auth_type=AuthType.GITHUB_APP,
    gateway_port=8043,
    gateway_tls=True,
    profiles={
        "red": ResolvedProfile(name="red"),
        "blue": ResolvedProfile(
            name="blue",
            mappings=(
                a_mapping(
                    "a",
                    "b",
                    type=MappingType.FILE,
                    patches=(FieldPatch(set={"x": "ü"}, file="y"),),
                ),
            ),
            exclude_patterns=("*.tmp",),
            vars={"z": "1", "a": "2"},
            sync_period=60,
            dry_run=True,
            prune=PruneMode.NONE,
        ),
    },
)

RED = {
    "designerSessionPolicy": "proceed",
    "designerSessionScope": "project",
    "driftAction": "report",
    "dryRun": False,
    "excludePatterns": ["**/.git/", "**/.gitkeep", "**/.resources/**"],
    "mappings": [],
    "paused": False,
    "prune": "mirror",
    "pruneLimitPercent": 50,
    "rollbackOnScanFailure": True,
    "syncPeriod": 30,
    "vars": {},
}


def test_what_is_written() -> None:
    data = encode_metadata(FULL)
    assert {key: value for key, value in data.items() if key != "profiles"} == {
        "commit": "c" * 40,
        "ref": "v1",
        "gitURL": REPO,
        "paused": "true",
        "authType": "githubApp",
        "gatewayPort": "8043",
        "gatewayTLS": "true",
    }
    profiles = json.loads(data["profiles"])
    assert list(profiles) == ["blue", "red"]
    assert profiles["red"] == RED
    assert profiles["blue"] == RED | {
        "mappings": [
            {
                "source": "a",
                "destination": "b",
                "type": "file",
                "required": False,
                "template": False,
                "templateEngine": "go",
                "patches": [{"set": {"x": "ü"}, "file": "y"}],
            }
        ],
        "excludePatterns": ["*.tmp"],
        "vars": {"a": "2", "z": "1"},
        "syncPeriod": 60,
        "dryRun": True,
        "prune": "none",
    }
    assert data["profiles"].startswith('{"blue":{"designerSessionPolicy":"proceed",')
    assert data["profiles"].isascii()
    assert decode_metadata(data) == FULL


def test_nothing_but_defaults() -> None:
    assert encode_metadata(Metadata()) == {
        "commit": "",
        "ref": "",
        "gitURL": "",
        "paused": "false",
        "authType": "none",
        "gatewayPort": "8088",
        "gatewayTLS": "false",
        "profiles": "{}",
    }
    assert decode_metadata(encode_metadata(Metadata())) == Metadata()
    assert decode_metadata({}) == Metadata()
    assert decode_metadata(dict.fromkeys(encode_metadata(Metadata()), "")) == Metadata()
    assert decode_metadata({"commit": None, "later": 5}) == Metadata()


def test_what_the_go_operator_writes() -> None:
    profile = {
        "mappings": [
            {"source": "a", "destination": "b", "type": "dir", "required": True, "patches": None},
            {"source": "c", "destination": "d", "type": ""},
        ],
        "excludePatterns": None,
        "vars": None,
        "syncPeriod": 0,
        "designerSessionPolicy": "",
        "paused": True,
        "fromTheFuture": [1],
    }
    data = {"profiles": json.dumps({"x": profile}), "trigger": "2026-01-31T12:00:00Z"}
    assert decode_metadata(data).profiles == {
        "x": ResolvedProfile(
            name="x",
            mappings=(
                a_mapping("a", "b", type=MappingType.DIR, required=True),
                a_mapping("c", "d"),
            ),
            designer_session_policy=DesignerPolicy.PROCEED,
            paused=True,
        )
    }


def test_the_key_is_the_name() -> None:
    data = {"profiles": json.dumps({"x": {"name": "y", "syncPeriod": 5}})}
    assert decode_metadata(data).profiles == {"x": ResolvedProfile(name="x", sync_period=5)}


@pytest.mark.parametrize(
    ("key", "text", "attribute", "value"),
    [
        ("gatewayPort", "1", "gateway_port", 1),
        ("gatewayPort", "65535", "gateway_port", 65535),
        ("gatewayPort", "08088", "gateway_port", 8088),
        ("gatewayTLS", "true", "gateway_tls", True),
        ("paused", "false", "paused", False),
        ("authType", "none", "auth_type", AuthType.NONE),
        ("authType", "token", "auth_type", AuthType.TOKEN),
        ("authType", "ssh", "auth_type", AuthType.SSH),
        ("authType", "githubApp", "auth_type", AuthType.GITHUB_APP),
    ],
)
def test_single_keys(key: str, text: str, attribute: str, value: object) -> None:
    assert getattr(decode_metadata({key: text}), attribute) == value


def profiles(value: Any) -> dict[str, str]:
    return {"profiles": json.dumps(value)}


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (None, "the metadata must be an object, not null"),
        ([], "the metadata must be an object, not a list"),
        ({"commit": 5}, "commit: must be text, not a number"),
        ({"commit": False}, "commit: must be text, not a boolean"),
        ({"commit": b"x"}, "commit: is a bytes, which is not JSON (put quotes round it)"),
        ({"paused": "True"}, 'paused: "True" is neither true nor false'),
        *(
            ({"gatewayPort": text}, f'gatewayPort: "{text}" is not a port (write 1 to 65535)')
            for text in ("0", "65536", "-1", "8088 ", "1e3", "123456")
        ),
        ({"authType": "basic"}, 'authType: "basic" is none of none, token, ssh, githubApp'),
        ({"profiles": "{"}, "profiles: is not JSON, or nested too deeply"),
        ({"profiles": "[" * 100_000}, "profiles: is not JSON, or nested too deeply"),
        ({"profiles": "9" * 5000}, "profiles: is not JSON, or nested too deeply"),
        ({"profiles": "NaN"}, "profiles: is not JSON, or nested too deeply"),
        ({"profiles": '{"a": Infinity}'}, "profiles: is not JSON, or nested too deeply"),
        (
            {"profiles": "[" * 42 + "]" * 42},
            "profiles: the document is nested more than 40 levels deep (flatten it)",
        ),
        ({"profiles": "[]"}, "profiles: must be an object of profiles by name, not a list"),
        ({"profiles": " " * (MAX_CHARACTERS + 1)}, "profiles: has more than 1048576 characters"),
        (
            {"profiles": '{"x": {"vars": {"a": "\\ud800"}}}'},
            "profiles: x.vars.a: is not valid Unicode (write it in UTF-8)",
        ),
        (
            profiles({"x": 5}),
            "profiles: x: must be an object, not a number (write its fields as 'name: value')",
        ),
        (
            profiles({"x": {"syncPeriod": 4}}),
            (
                "profiles: x.syncPeriod: is 4, but must be from 5 to 3600 (choose a number in this"
                " range)"
            ),
        ),
        (
            profiles({"x": {"pruneLimitPercent": 101}}),
            (
                "profiles: x.pruneLimitPercent: is 101, but must be from 0 to 100 (choose a"
                " number in"
                " this range)"
            ),
        ),
        (
            profiles({"x": {"mappings": [{"source": "", "destination": "b"}]}}),
            "profiles: x.mappings[0].source: is empty (write a value, or remove the field)",
        ),
    ],
)
def test_what_cannot_be_read(data: object, message: str) -> None:
    with pytest.raises(DecodeError) as caught:
        decode_metadata(data)
    assert caught.value.message == message


def test_everything_at_once() -> None:
    data = {
        "gatewayPort": "x",
        "profiles": json.dumps({"b": {"dryRun": 1}, "a": {"vars": 1, "prune": "x"}}),
        "paused": "1",
    }
    with pytest.raises(DecodeError) as caught:
        decode_metadata(data)
    assert caught.value.message == (
        'gatewayPort: "x" is not a port (write 1 to 65535);'
        " profiles: b.dryRun: must be true or false, not a number (write true or false, without"
        " quotes); a.vars: must be an object, not a number (write its entries as 'name: value');"
        ' a.prune: "x" is none of mirror, owned, none (choose one of them);'
        ' paused: "1" is neither true nor false'
    )
    assert caught.value.cure == "the controller writes it anew at its next look"
