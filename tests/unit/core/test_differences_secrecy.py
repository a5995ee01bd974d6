"""Nothing that looks like a secret is part of any difference."""

from __future__ import annotations

import json
from typing import Any

import pytest

from stoker.core.differences import DocumentChanges, TextChanges, compare_contents
from stoker.core.differences.secrecy import glimpse, names_a_secret, veiled_text
from stoker.core.paths import RelPath

CONFIG = RelPath("config/resources/core/ignition/database-connection/db/config.json")
OLD, NEW = "hunter2hunter2", "correcthorsebattery"


def leaks(detail: object) -> bool:
    return "hunter2" in repr(detail) or "correcthorse" in repr(detail)


@pytest.mark.parametrize(
    "around",
    [
        lambda secret: {"password": secret},
        lambda secret: {"Password": {"data": {"x": secret}, "type": "Embedded"}},
        lambda secret: {"settings": [{"apiKey": secret}]},
        lambda secret: {"secret": [secret]},
        lambda secret: {"a": {"ciphertext": secret}},
        lambda secret: {"password": {"encoded": secret}},
        lambda secret: {"private_key": f"-----\n{secret}\n-----"},
        lambda secret: [{"name": "api-token", "value": secret}],
        lambda secret: [{"id": 1, "name": "clientSecret", "defaultValue": {"x": secret}}],
        lambda secret: {"url": f"https://user:{secret}@git.example.org/x.git"},
        lambda secret: {"connectURL": f"jdbc:postgresql://db/x?user=u&password={secret}"},
        lambda secret: {"connectURL": f"jdbc:sqlserver://db;password={secret};encrypt=true"},
        lambda secret: {"headers": f"Authorization: Bearer {secret}"},
        lambda secret: {"script": f'login("anna", password="{secret}")\nnext()'},
        lambda secret: {"script": f"apiKey = '{secret}'\nnext()"},
        lambda secret: {"script": f'{{"token": "{secret}"}}\nnext()'},
        lambda secret: {"script": f'headers.put("X-Api-Token", "{secret}")\nnext()'},
        lambda secret: {"xml": f"<dbPassword>{secret}</dbPassword>"},
        lambda secret: {
            "pem": f"x\n-----BEGIN RSA PRIVATE KEY-----\n{secret}\n-----END RSA PRIVATE KEY-----\n"
        },
        lambda secret: {"pem": f"-----BEGIN PRIVATE KEY-----{secret}-----END PRIVATE KEY-----"},
    ],
)
def test_a_changed_secret_is_a_change_without_values(around: Any) -> None:
    """Seen to fail for each of these with one rule after the other taken away.

    Whether it is changed, added or removed, as a value, in a larger one, or as text.
    """
    before, after = (json.dumps(around(secret)).encode() for secret in (OLD, NEW))
    changed = compare_contents(CONFIG, before, after)
    assert isinstance(changed, DocumentChanges)
    assert changed.total == 1
    assert not leaks(changed)
    added = compare_contents(CONFIG, b'{"x": {}}', b'{"x": {}, "y": %s}' % after)
    assert not leaks(added)
    assert not leaks(compare_contents(CONFIG, b'{"y": %s}' % before, b"{}"))
    text = compare_contents(CONFIG, b"{" + before.replace(b"\\n", b"\n"), b"{" + after)
    assert isinstance(text, TextChanges)
    assert not leaks(text)


def test_the_inside_of_a_private_key_is_never_shown() -> None:
    begin, end = "-----BEGIN PRIVATE KEY-----", "-----END PRIVATE KEY-----"
    lines = [begin, *[f"line{number}" for number in range(20)], end, "# after"]
    changed = [*lines]
    changed[10] = NEW
    path = RelPath("user-lib/key.pem")
    detail = compare_contents(path, "\n".join(lines).encode(), "\n".join(changed).encode())
    assert isinstance(detail, TextChanges)
    (hunk,) = detail.lines.hunks
    assert {line.text for line in hunk.lines} == {"(not shown)"}
    assert {line.sign for line in hunk.lines} == {" ", "+", "-"}


def test_a_secret_is_not_shown_by_cutting_its_name_off() -> None:
    """Seen to fail with texts cut to where they differ before secrets are replaced."""
    padding = "x" * 300
    for name in ("password=", 'token="'):
        before, after = (
            json.dumps({"url": f"{padding};{name}{'a' * 40}{secret}"}).encode()
            for secret in (OLD, NEW)
        )
        detail = compare_contents(CONFIG, before, after)
        assert isinstance(detail, DocumentChanges)
        assert not leaks(detail)
        assert detail.changes[0].withheld
    long = f'x = {{"password": "{"y" * 2000}{OLD}"}}'
    path = RelPath("user-lib/x.py")
    assert "yyy" not in repr(compare_contents(path, b"x = 1", long.encode()))


def test_of_a_secret_nothing_is_told_but_that_it_changed() -> None:
    """Neither the names inside it, nor how many changes, nor their order."""
    before = b'{"secrets":[{"name":"hunter2"},{"name":"B"}],"x":1}'
    after = b'{"secrets":[{"name":"B"},{"name":"hunter2","on":true}],"x":2}'
    detail = compare_contents(CONFIG, before, after)
    assert isinstance(detail, DocumentChanges)
    assert [(change.path, change.withheld) for change in detail.changes] == [
        ("secrets", True),
        ("x", False),
    ]
    assert detail.total == 2
    moved = compare_contents(CONFIG, before, after.replace(b',"on":true', b""))
    assert isinstance(moved, DocumentChanges)
    assert not leaks(moved)


def test_switches_are_shown() -> None:
    detail = compare_contents(CONFIG, b'{"showPassword":true}', b'{"showPassword":false}')
    assert isinstance(detail, DocumentChanges)
    assert detail.changes[0].after == "false"
    assert glimpse({"password": None, "secret": True, "token": "x"}, 99) == (
        '{"password":null,"secret":true,"token":"(not shown)"}'
    )
    detail = compare_contents(CONFIG, b'{"password":null}', b'{"password":"x"}')
    assert isinstance(detail, DocumentChanges)
    assert detail.changes[0].withheld


@pytest.mark.parametrize("name", ["name", "value", "path", "tagType", "key", "text", "passed"])
def test_ordinary_names_are_no_secrets(name: str) -> None:
    assert not names_a_secret(name)


def test_code_stays_readable() -> None:
    line = "    token = self.session.custom.token or login(password=password)"
    assert veiled_text(line, code=True).startswith(
        "    token = self.session.custom.token or login("
    )
    assert veiled_text("a user@example.org: 12:30") == "a user@example.org: 12:30"
