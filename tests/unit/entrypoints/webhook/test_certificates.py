"""Secrets and webhook configurations of any shape, as the keeper of certificates sees them."""

from __future__ import annotations

import base64
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from property.strategies.pods import json_values
from stoker.adapters.certs import Root, read_leaf, self_signed
from stoker.adapters.clock import utc_now
from stoker.adapters.kube.client import connect
from stoker.adapters.kube.errors import ApiFailed, Forbidden, Invalid
from stoker.core.errors import DecodeError
from stoker.entrypoints.webhook.certificates import CertificateKeeper, configurations, secret
from stoker.entrypoints.webhook.certificates.discretion import discreet
from stoker.entrypoints.webhook.certificates.secret import Content

DAY = timedelta(days=1)
NOW = utc_now()
NAMES = ("webhook.plant.svc",)
ROOT, OTHER = Root.make(100 * DAY, NOW), Root.make(200 * DAY, NOW)
PAIR = ROOT.sign(NAMES, NOW + DAY)
LEAF = read_leaf(PAIR.certificate, PAIR.key, [ROOT])
WHOLE = Content((OTHER, Root(ROOT.certificate)), LEAF)


def encoded(text: bytes) -> str:
    return base64.b64encode(text).decode()


def document(**data: bytes) -> dict[str, Any]:
    return {"data": {name.replace("_", "."): encoded(text) for name, text in data.items()}}


# --- The Secret ---


def test_what_is_written_is_read_again() -> None:
    made = secret.new(WHOLE, "webhook")
    assert made["metadata"]["name"] == "webhook"
    assert made["type"] == "kubernetes.io/tls"
    assert secret.read(made) == WHOLE
    held = secret.read(made).held
    assert [one.has_key for one in held.authorities] == [True, False]
    assert held.serving is not None
    assert held.serving.issuer == ROOT.identity
    assert held.is_whole(NOW)


def test_a_change_says_what_was_there_and_keeps_what_is_not_ours() -> None:
    before = document(own=b"x", tls_crt=b"old")
    test, add = secret.change(WHOLE, before)
    assert test == {"op": "test", "path": "/data", "value": before["data"]}
    assert add["value"]["own"] == encoded(b"x")
    assert secret.read({"data": add["value"]}) == WHOLE
    assert secret.change(WHOLE, {"metadata": {}})[0]["value"] is None


@pytest.mark.parametrize(
    ("data", "roots", "why"),
    [
        ({}, 0, "empty"),
        ({"ca_crt": ROOT.pem}, 1, "there is no certificate"),
        ({"ca_crt": ROOT.pem, "tls_crt": PAIR.certificate}, 1, "no private key"),
        (
            {"ca_crt": ROOT.pem, "tls_crt": PAIR.certificate, "tls_key": OTHER.key_pem},
            1,
            "the key is not that of the certificate",
        ),
        (
            {"ca_crt": OTHER.pem * 2, "tls_crt": PAIR.certificate, "tls_key": PAIR.key},
            1,
            "no authority of it has signed",
        ),
        (
            {"ca_crt": ROOT.pem, "tls_crt": PAIR.certificate, "tls_key": PAIR.key},
            1,
            "the key of no authority",
        ),
    ],
)
def test_what_cannot_be_used_is_left_out_and_named(
    data: dict[str, bytes], roots: int, why: str
) -> None:
    content = secret.read(document(**data))
    assert len(content.roots) == roots
    assert why in content.trouble
    assert not content.held.is_whole(NOW)


@given(json_values | st.fixed_dictionaries({"data": json_values}))
def test_whatever_a_secret_is_it_is_read(value: Any) -> None:
    assert not secret.read(value if isinstance(value, dict) else {"data": value}).roots


def test_nothing_of_a_key_is_in_what_python_shows() -> None:
    shown = repr(WHOLE) + str(WHOLE.held) + repr(ROOT)
    assert PAIR.key.decode().splitlines()[1] not in shown


# --- Configurations ---


def configuration(*webhooks: Any) -> dict[str, Any]:
    return {"metadata": {"resourceVersion": "7"}, "webhooks": list(webhooks)}


def webhook(name: str, bundle: bytes | None = None) -> dict[str, Any]:
    config = {} if bundle is None else {"caBundle": encoded(bundle)}
    return {"name": name, "clientConfig": {"url": "https://a/", **config}}


def test_only_webhooks_of_ours_are_read_and_changed() -> None:
    there = configuration(
        webhook("stoker.io.example.com", OTHER.pem),
        webhook("pods.stoker.io", ROOT.pem),
        webhook("more.stoker.io"),
    )
    said, roots = configurations.read(there)
    assert [one.identities for one in said.entries] == [(ROOT.identity,), ()]
    assert said.common == frozenset()
    assert [one.identity for one in roots] == [ROOT.identity]
    steps = configurations.change(there, OTHER.pem)
    assert [(one["op"], one["path"]) for one in steps] == [
        ("test", "/webhooks/1/name"),
        ("test", "/webhooks/1/clientConfig/caBundle"),
        ("add", "/webhooks/1/clientConfig/caBundle"),
        ("test", "/webhooks/2/name"),
        ("test", "/webhooks/2/clientConfig/caBundle"),
        ("add", "/webhooks/2/clientConfig/caBundle"),
    ]
    assert [one["value"] for one in steps[1::3]] == [encoded(ROOT.pem), None]


def test_a_bundle_that_is_written_otherwise_is_not_clean() -> None:
    foreign = self_signed(NAMES, DAY, NOW).certificate
    texts = [ROOT.pem, b"", ROOT.pem + b"\n", b"words", foreign + ROOT.pem, b"\xff"]
    said, roots = configurations.read(
        configuration(*(webhook(f"{n}.stoker.io", text) for n, text in enumerate(texts)))
    )
    assert [one.is_clean for one in said.entries] == [True, True, False, False, True, False]
    assert [len(one.identities) for one in said.entries] == [1, 0, 1, 0, 2, 0]
    assert [one.identity for one in roots] == [ROOT.identity]
    odd = configuration({"name": "a.stoker.io", "clientConfig": {"caBundle": "%"}})
    assert configurations.read(odd)[0].entries[0].is_clean is False


def test_whether_somebody_else_has_changed_it() -> None:
    there = configuration(webhook("a.stoker.io", b"x"), webhook("b", b"y"))
    other = configuration(webhook("a.stoker.io", b"x"), webhook("b", b"z"))
    assert configurations.is_same(there, other)
    assert not configurations.is_same(there, configuration(webhook("a.stoker.io", b"z")))
    assert not configurations.is_same(there, configuration(webhook("b"), *there["webhooks"]))


@given(json_values | st.lists(json_values, max_size=3))
def test_whatever_a_configuration_is_it_is_read(value: Any) -> None:
    said, roots = configurations.read({"metadata": {}, "webhooks": value})
    assert (said.entries, roots) == ((), ())


# --- Discretion ---


def test_an_error_that_repeats_a_key_loses_its_words() -> None:
    text = PAIR.key.decode()
    inner = "".join(text.splitlines()[1:-1])
    for piece in (text, inner[20:40], encoded(PAIR.key)[31:52], text.replace("\n", "\\n")):
        error = Invalid(f"cannot take {piece}", where="PATCH /x", status=422, code="Invalid")
        told = discreet(error, [b"", OTHER.key_pem, PAIR.key])
        assert isinstance(told, Invalid)
        assert str(told) == "PATCH /x: it was refused with HTTP 422"
        assert told.disposition == error.disposition


def test_other_errors_keep_theirs() -> None:
    error: ApiFailed = Forbidden("system:serviceaccount:a:b may not", where="PATCH /x", status=403)
    assert discreet(error, [PAIR.key, ROOT.key_pem]) is error


# --- The keeper ---


@pytest.mark.parametrize(
    "wrong",
    [{"names": ()}, {"life": timedelta()}, {"authority_life": timedelta(minutes=2)}],
)
def test_terms_that_are_none_are_refused_at_once(wrong: dict[str, Any], tmp_path: Any) -> None:
    file = tmp_path / "kubeconfig"
    file.write_text(
        '{"clusters": [{"name": "c", "cluster": {"server": "http://127.0.0.1:1"}}],'
        ' "contexts": [{"name": "c", "context": {"cluster": "c", "user": "u"}}],'
        ' "users": [{"name": "u", "user": {}}], "current-context": "c"}'
    )
    given_terms: dict[str, Any] = {
        "namespace": "a",
        "secret": "b",
        "names": NAMES,
        "mutating": "c",
        "validating": "",
        "now": utc_now,
        "complain": lambda *_: None,
    }
    client = connect(file, user_agent="x", pool=1)
    assert "could not be asked" in CertificateKeeper(client, **given_terms).trouble
    with pytest.raises(DecodeError):
        CertificateKeeper(client, **(given_terms | wrong))
