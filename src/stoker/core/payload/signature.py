"""Proofs that the sender of a webhook knows the secret.

- `X-Hub-Signature-256: sha256=…` (GitHub, Gitea, Forgejo), or the same below `X-Hub-Signature`
  (Bitbucket): the HMAC of the raw body
- `Authorization: Bearer …`, `X-Gitlab-Token: …`: the token itself

A request must bear at least one proof, and every proof that it bears must hold: a request with a
right token and a wrong signature was tampered with. A header for which no secret is configured is
no proof, so that a token meant for a proxy in between does no harm.

Every proof is checked, whatever became of the others, and digests of equal length are compared in
constant time; the error is the same for all. So an answer tells neither what was wrong nor how
long the secret is.
"""

from __future__ import annotations

import hmac
from hashlib import sha256
from typing import TYPE_CHECKING, Final, Self

from attrs import field, frozen

from stoker.core.errors import SignatureError

if TYPE_CHECKING:
    from collections.abc import Mapping

_PREFIX: Final = "sha256="
_BEARER: Final = "bearer "


@frozen
class ReceiverSecret:
    """What a sender must know: a key for signatures, a token, or both; never printed."""

    hmac_key: bytes = field(default=b"", repr=False)
    token: bytes = field(default=b"", repr=False)

    @classmethod
    def of(cls, hmac_key: str | bytes = b"", token: str | bytes = b"") -> Self:
        """These secrets, without the line ends that files and editors put behind them."""
        return cls(_bytes(hmac_key).strip(), _bytes(token).strip())

    @classmethod
    def shared(cls, secret: str | bytes) -> Self:
        """One secret that is both key and token, as a CR's own is."""
        return cls.of(secret, secret)

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to know: an empty secret is no secret."""
        return not (self.hmac_key or self.token)


def authenticate(
    headers: Mapping[str, str],
    body: bytes,
    secret: ReceiverSecret | None,
    *,
    allow_unauthenticated: bool = False,
) -> None:
    """Raise `SignatureError` unless the request proves that its sender knows `secret`.

    `secret` is the CR's own, else the global one. Without any, requests are refused unless
    `allow_unauthenticated`, which means nothing where there is a secret.
    """
    if secret is None or secret.is_empty:
        if allow_unauthenticated:
            return
        raise SignatureError(
            "no secret is configured, so no request can be trusted",
            cure="configure webhookReceiver.hmac or .token, or spec.receiver.secretRef",
        )
    proofs = [
        holds
        for name, value in headers.items()
        if (holds := _holds(name.lower(), value.strip(), body, secret)) is not None
    ]
    if not proofs or not all(proofs):
        raise SignatureError(
            "the request does not prove that its sender knows the secret",
            cure="give sender and receiver the same secret",
        )


def sign(body: bytes, secret: str | bytes) -> str:
    """The value of `X-Hub-Signature-256` for `body`."""
    return _PREFIX + hmac.digest(_bytes(secret), body, sha256).hex()


def _holds(name: str, value: str, body: bytes, secret: ReceiverSecret) -> bool | None:
    """Whether a header proves the secret; None when it is no proof at all."""
    match name:
        case "x-hub-signature-256":
            return _is_signed(value, body, secret)
        case "x-hub-signature" if value.startswith(_PREFIX):
            return _is_signed(value, body, secret)
        case "authorization" if value.lower().startswith(_BEARER):
            return _is_token(value[len(_BEARER) :].strip(), secret)
        case "x-gitlab-token":
            return _is_token(value, secret)
        case _:
            return None


def _is_signed(value: str, body: bytes, secret: ReceiverSecret) -> bool | None:
    return _same(value.lower(), sign(body, secret.hmac_key)) if secret.hmac_key else None


def _is_token(value: str, secret: ReceiverSecret) -> bool | None:
    return _same(value, secret.token) if secret.token else None


def _same(given: str, expected: str | bytes) -> bool:
    # Digests have one length: comparing them does not tell that of the secret.
    ours, theirs = (sha256(_bytes(text)).digest() for text in (expected, given))
    return hmac.compare_digest(ours, theirs)


def _bytes(text: str | bytes) -> bytes:
    return text if isinstance(text, bytes) else text.encode("utf-8", "surrogatepass")
