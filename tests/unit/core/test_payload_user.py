"""Who the sender of a webhook says has asked: the name that their system has for them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from stoker.core.payload import RefRequest, parse_payload

PAYLOADS = Path(__file__).parent / "payloads"


def user_of(document: dict[str, Any]) -> str:
    request = parse_payload({}, json.dumps({"ref": "v1", **document}).encode())
    assert isinstance(request, RefRequest)
    return request.user


@pytest.mark.parametrize(
    ("document", "user"),
    [
        ({}, ""),
        ({"sender": {"login": "mara"}}, "mara"),
        ({"user_username": "mara", "user_name": "Mara Lind"}, "mara"),
        ({"user_name": "Mara Lind"}, "Mara Lind"),
        ({"user": {"username": "mara"}}, "mara"),
        ({"user": "mara"}, "mara"),
        ({"actor": {"nickname": "mara", "name": "x"}}, "mara"),
        ({"actor": {"name": "mara"}}, "mara"),
        ({"sender": {"login": 7}, "user": ["x"], "actor": None}, ""),
        ({"user": "m\x1b[31m\nara"}, "m?[31m?ara"),
        ({"user": "m" * 99}, "m" * 80),
    ],
)
def test_who_asks(document: dict[str, Any], user: str) -> None:
    assert user_of(document) == user


@pytest.mark.parametrize(
    "name", ["github_release", "gitlab_push", "bitbucket_push", "bitbucket_dc_push", "gitea_push"]
)
def test_the_systems_say_it(name: str) -> None:
    request = parse_payload({}, (PAYLOADS / f"{name}.json").read_bytes())
    assert isinstance(request, RefRequest)
    assert request.user


def test_who_asks_makes_no_difference_to_what_is_asked() -> None:
    one = parse_payload({}, b'{"ref": "v1", "user": "a"}')
    assert one == parse_payload({}, b'{"ref": "v1", "user": "b"}')
