"""The table of what is never overwritten, its closed ends, and destinations."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from stoker.core.ignition import (
    FREE,
    Free,
    Guarded,
    Protected,
    is_protected,
    may_write,
    protection,
    protects_everything_below,
    refused_destination,
)
from stoker.core.paths import RelPath

VECTORS = Path(__file__).parents[2] / "vectors" / "paths.jsonl"

CORE = "config/resources/core"


@pytest.mark.parametrize(
    ("path", "covers"),
    [
        (".resources", "**/.resources"),
        (".resources/x", "**/.resources"),
        ("projects/.resources", "**/.resources"),
        ("projects/P/a/.resources/b/c", "**/.resources"),
        ("config/resources/core/.resources/x", "**/.resources"),
        (".stoker", ".stoker/"),
        (".stoker/manifest", ".stoker/"),
        ("db", "db/"),
        ("db/config.idb", "db/"),
        ("db/.resources/x", "db/"),
        ("var/x", "var/"),
        ("logs/wrapper.log", "logs/"),
        ("temp/a/b", "temp/"),
        ("redundancy.xml", "redundancy.xml"),
        ("gateway.xml", "gateway.xml"),
        ("gateway.xml/a", "gateway.xml"),
        ("ignition.conf", "ignition.conf"),
        ("modules.json", "modules.json"),
        ("metro-keystore", "metro-keystore"),
        (".uuid", ".uuid"),
        ("config/local", "config/local/"),
        ("config/local/a", "config/local/"),
        ("config/resources/local", "config/resources/local/"),
        ("config/resources/local/ignition/x/y.json", "config/resources/local/"),
        ("config/resources/local/ignition/api-token/t/config.json", "config/resources/local/"),
        ("config/ignition/keys", "config/ignition/keys/"),
        ("config/ignition/keys/root.json", "config/ignition/keys/"),
        ("config/ignition/tags/valueStore.idb", "config/ignition/tags/valueStore.idb"),
        ("config/ignition/tags/valueStore.idb/x", "config/ignition/tags/valueStore.idb"),
        (
            "config/com.inductiveautomation.opcua/server/keystore.pfx",
            "config/com.inductiveautomation.opcua/**/<keystore>",
        ),
        (
            "config/com.inductiveautomation.opcua/certificates.PFX",
            "config/com.inductiveautomation.opcua/**/<keystore>",
        ),
        (
            "config/com.inductiveautomation.opcua/KeyStore/a",
            "config/com.inductiveautomation.opcua/**/<keystore>",
        ),
    ],
)
def test_protected_places(path: str, covers: str) -> None:
    found = protection(RelPath(path))
    assert isinstance(found, Protected)
    assert found.rule.covers == covers
    assert found.rule.belongs_to
    assert protects_everything_below(RelPath(path))
    assert is_protected(path)


@pytest.mark.parametrize(
    "path",
    [
        ".",
        "a",
        "projects",
        "projects/P/project.json",
        "projects/db/x",
        "projects/gateway.xml",
        "projects/config/local/x",
        "x.resources/a",
        "a/.resources2/b",
        ".RESOURCES/a",
        "DB/x",
        "db2/x",
        ".stoker2",
        "gateway.xml.bak",
        "config",
        "config/locale",
        "config/resources",
        "config/resources/locals/x",
        "config/resources/core/local/x",
        "config/ignition",
        "config/ignition/key/x",
        "config/ignition/tags",
        "config/ignition/tags/valueStore.idb2",
        "config/ignition/valueStore.idb",
        "config/com.inductiveautomation.opcua",
        "config/com.inductiveautomation.opcua/server/pki/trusted/a.der",
        "config/com.inductiveautomation.opcua/a.pfx.txt",
        "config/com.inductiveautomation.vision/keystore.pfx",
        "config/resources/core/com.inductiveautomation.opcua/device/keystore/a",
        f"{CORE}/ignition",
        f"{CORE}/ignition/user-source",
        f"{CORE}/ignition/user-source/other/x",
        f"{CORE}/ignition/identity-provider",
        f"{CORE}/ignition/identity-provider/opcua-module",
        f"{CORE}/ignition/api-tokens/x",
        f"{CORE}/module/api-token/x",
        "config/other/core/ignition/api-token/x",
        "config/localised/x/ignition/api-token/y",
        "config/resources/core/other/api-token",
        "config/resources/core/ignition/identity-provider/*",
        "config/resources/core/ignition/user-source/*/x",
        "projects/config/resources/ignition/api-token",
    ],
)
def test_free_places(path: str) -> None:
    assert protection(RelPath(path)) is FREE
    assert not protects_everything_below(RelPath(path))
    assert not is_protected(path)
    assert refused_destination(RelPath(path)) is None
    assert may_write(RelPath(path), RelPath(".")) is FREE


@pytest.mark.parametrize(
    ("path", "covers"),
    [
        (f"{CORE}/ignition/user-source/default", "user-source/default/"),
        (f"{CORE}/ignition/user-source/default/config.json", "user-source/default/"),
        ("config/resources/prod/ignition/user-source/default/a", "user-source/default/"),
        (f"{CORE}/ignition/user-source/opcua-module/a/b", "user-source/opcua-module/"),
        (f"{CORE}/ignition/identity-provider/default/x", "identity-provider/default/"),
        (f"{CORE}/ignition/api-token", "api-token/*/"),
        (f"{CORE}/ignition/api-token/ci/config.json", "api-token/*/"),
    ],
)
def test_guarded_places(path: str, covers: str) -> None:
    found = protection(RelPath(path))
    assert isinstance(found, Guarded)
    assert found.rule.covers == f"config/resources/*/ignition/{covers}"
    assert not protects_everything_below(RelPath(path))
    assert not is_protected(path)
    assert refused_destination(RelPath(path)) is None


TOKEN = f"{CORE}/ignition/api-token/ci/config.json"
USERS = f"{CORE}/ignition/user-source/default/config.json"


@pytest.mark.parametrize(
    ("path", "destination", "free"),
    [
        (TOKEN, f"{CORE}/ignition/api-token", True),
        (TOKEN, f"{CORE}/ignition/api-token/ci", True),
        (TOKEN, TOKEN, True),
        (TOKEN, f"{CORE}/ignition", False),
        (TOKEN, "config", False),
        (TOKEN, ".", False),
        (TOKEN, f"{CORE}/ignition/api-token/other", False),
        (TOKEN, "config/resources/prod/ignition/api-token", False),
        (TOKEN, f"{CORE}/ignition/user-source/default", False),
        (USERS, f"{CORE}/ignition/user-source", False),
        (USERS, f"{CORE}/ignition/user-source/default", True),
        (USERS, f"{CORE}/ignition/user-source/opcua-module", False),
    ],
)
def test_a_guarded_place_wants_to_be_named(path: str, destination: str, *, free: bool) -> None:
    found = may_write(RelPath(path), RelPath(destination))
    assert isinstance(found, Free) is free
    assert isinstance(found, Guarded) is not free


def test_naming_a_protected_place_does_not_free_it() -> None:
    found = may_write(RelPath("db/x"), RelPath("db"))
    assert isinstance(found, Protected)
    inside = RelPath(f"{CORE}/ignition/api-token/.resources/x")
    assert isinstance(may_write(inside, RelPath(f"{CORE}/ignition/api-token")), Protected)


def test_a_destination_that_is_protected_is_an_error_that_says_so() -> None:
    error = refused_destination(RelPath("config/local/x"))
    assert error is not None
    assert error.where == "config/local/x"
    assert error.message == (
        "the destination is never overwritten: it lies in 'config/local/', "
        "what this one gateway keeps for itself"
    )
    assert error.cure == "choose another destination, or remove the mapping"


def _vectors() -> list[dict[str, Any]]:
    lines = VECTORS.read_text().splitlines()
    return [case for line in lines if (case := json.loads(line))["kind"] == "is_protected"]


def test_the_vectors_are_there() -> None:
    assert len(_vectors()) == 28


@pytest.mark.parametrize("case", _vectors(), ids=lambda case: str(case["id"]))
def test_vectors(case: dict[str, Any]) -> None:
    assert is_protected(case["input"]["path"]) is case["want"]


@pytest.mark.parametrize(
    ("text", "protected"),
    [
        ("a/../.resources", True),
        ("a/.resources/..", False),
        (".resources/../a", False),
        (".resources/../..", False),
        ("/../db", True),
        ("/..", False),
        ("../db", False),
        ("a/../../db", False),
        ("./db//x", True),
        ("/db", True),
        ("..//.resources", True),
        ("a/./.resources", True),
    ],
)
def test_text_is_cleaned_before_it_is_judged(text: str, *, protected: bool) -> None:
    assert is_protected(text) is protected
