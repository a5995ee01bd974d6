"""Who knows the secret, and what a request says to those who do not."""

from __future__ import annotations

import pytest

from stoker.core.errors import SignatureError
from stoker.core.payload import ReceiverSecret, authenticate, sign

# The example of GitHub's documentation on validating webhook deliveries.
SECRET = "It's a Secret to Everybody"
BODY = b"Hello, World!"
SIGNATURE = "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17"

OURS = ReceiverSecret.shared(SECRET)


def test_signatures_are_github_s() -> None:
    assert sign(BODY, SECRET) == SIGNATURE
    assert sign(BODY, SECRET.encode()) == SIGNATURE


PROOFS = [
    {"X-Hub-Signature-256": SIGNATURE},
    {"x-hub-signature-256": f" {SIGNATURE} "},
    {"X-HUB-SIGNATURE-256": SIGNATURE.upper()},
    {"X-Hub-Signature": SIGNATURE},
    {"Authorization": f"Bearer {SECRET}"},
    {"authorization": f"bearer   {SECRET} "},
    {"X-Gitlab-Token": SECRET},
    {"x-gitlab-token": SECRET},
    {"X-Hub-Signature-256": SIGNATURE, "X-Hub-Signature": "sha1=" + "0" * 40},
    {"X-Hub-Signature-256": SIGNATURE, "Authorization": "Basic eDp5"},
    {"X-Hub-Signature-256": SIGNATURE, "Authorization": f"Bearer {SECRET}", "Host": "h"},
]


@pytest.mark.parametrize("headers", PROOFS)
def test_a_proof_that_holds_is_enough(headers: dict[str, str]) -> None:
    authenticate(headers, BODY, OURS)
    authenticate(headers, BODY, OURS, allow_unauthenticated=True)


NO_PROOFS = [
    {},
    {"Host": SECRET},
    {"X-Hub-Signature-256": ""},
    {"X-Hub-Signature-256": SIGNATURE[:-1]},
    {"X-Hub-Signature-256": SIGNATURE[:-1] + "8"},
    {"X-Hub-Signature-256": SIGNATURE.removeprefix("sha256=")},
    {"X-Hub-Signature-256": SIGNATURE.replace("sha256=", "sha1=")},
    {"X-Hub-Signature-256": SECRET},
    {"X-Hub-Signature": "sha1=01dc10d0c83e72ed246219cdd91669667fe2ca59"},
    {"Authorization": SECRET},
    {"Authorization": f"Bearer{SECRET}"},
    {"Authorization": f"Basic {SECRET}"},
    {"Authorization": "Bearer "},
    {"Authorization": f"Bearer {SECRET}x"},
    {"Authorization": f"Bearer {SECRET[:-1]}"},
    {"X-Gitlab-Token": ""},
    {"X-Gitlab-Token": SECRET.lower()},
    {"X-Gitlab-Token": "größe\ud800"},
    {"X-Hub-Signature-256": SIGNATURE, "Authorization": "Bearer wrong"},
    {"X-Hub-Signature-256": SIGNATURE[:-1] + "8", "X-Gitlab-Token": SECRET},
    {"X-Hub-Signature-256": SIGNATURE, "x-hub-signature-256": SIGNATURE[:-1] + "8"},
]


@pytest.mark.parametrize("allow", [False, True])
@pytest.mark.parametrize("headers", NO_PROOFS)
def test_without_a_proof_or_with_a_wrong_one_the_error_is_the_same(
    headers: dict[str, str], *, allow: bool
) -> None:
    with pytest.raises(SignatureError) as caught:
        authenticate(headers, BODY, OURS, allow_unauthenticated=allow)
    assert str(caught.value) == (
        "the request does not prove that its sender knows the secret "
        "(give sender and receiver the same secret)"
    )


def test_a_signature_is_of_this_body() -> None:
    with pytest.raises(SignatureError):
        authenticate({"X-Hub-Signature-256": SIGNATURE}, BODY + b" ", OURS)


@pytest.mark.parametrize(
    "secret", [None, ReceiverSecret(), ReceiverSecret.of("", b""), ReceiverSecret.shared(" \r\n")]
)
def test_without_a_secret_nobody_is_trusted_unless_allowed(secret: ReceiverSecret | None) -> None:
    empty = {"X-Hub-Signature-256": sign(BODY, b""), "X-Gitlab-Token": ""}
    for headers in ({}, empty):
        with pytest.raises(SignatureError) as caught:
            authenticate(headers, BODY, secret)
        assert caught.value.message == "no secret is configured, so no request can be trusted"
        assert caught.value.cure == (
            "configure webhookReceiver.hmac or .token, or spec.receiver.secretRef"
        )
        authenticate(headers, BODY, secret, allow_unauthenticated=True)


def test_a_header_without_a_configured_secret_proves_nothing_and_harms_nothing() -> None:
    only_key, only_token = ReceiverSecret.of(hmac_key=SECRET), ReceiverSecret.of(token=SECRET)
    signed, bearer = {"X-Hub-Signature-256": SIGNATURE}, {"Authorization": f"Bearer {SECRET}"}
    authenticate({**signed, "Authorization": "Bearer for-a-proxy"}, BODY, only_key)
    authenticate({**bearer, "X-Hub-Signature-256": "sha256=other"}, BODY, only_token)
    for secret, headers in ((only_key, bearer), (only_token, signed)):
        with pytest.raises(SignatureError):
            authenticate(headers, BODY, secret)


def test_key_and_token_may_differ() -> None:
    both = ReceiverSecret.of(hmac_key=SECRET, token=b"t0ken")
    authenticate({"X-Hub-Signature-256": SIGNATURE}, BODY, both)
    authenticate({"X-Gitlab-Token": "t0ken"}, BODY, both)
    with pytest.raises(SignatureError):
        authenticate({"X-Gitlab-Token": SECRET}, BODY, both)


def test_line_ends_behind_a_secret_do_not_count() -> None:
    from_file = ReceiverSecret.shared(f"{SECRET}\r\n")
    assert from_file == OURS
    authenticate({"X-Hub-Signature-256": SIGNATURE}, BODY, from_file)


@pytest.mark.parametrize(
    ("secret", "is_empty"),
    [
        (ReceiverSecret(), True),
        (ReceiverSecret.of(hmac_key="x"), False),
        (ReceiverSecret.of(token="x"), False),
    ],
)
def test_an_empty_secret_is_no_secret(secret: ReceiverSecret, *, is_empty: bool) -> None:
    assert secret.is_empty is is_empty


def test_a_secret_is_never_printed() -> None:
    assert repr(OURS) == "ReceiverSecret()"
    assert SECRET not in str(OURS)


def test_secrets_of_any_text_work() -> None:
    odd = ReceiverSecret.shared("größe\ud800")
    authenticate({"X-Gitlab-Token": "größe\ud800"}, BODY, odd)
    authenticate({"X-Hub-Signature-256": sign(BODY, "größe\ud800")}, BODY, odd)
