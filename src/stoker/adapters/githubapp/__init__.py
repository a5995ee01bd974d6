"""Tokens of a GitHub App's installation.

The App proves who it is by a statement that it signs with its private key (a JWT, RS256, good for
ten minutes), and gets a token for one installation, good for an hour. The token is kept and asked
for anew five minutes before its end; while that fails, the old one serves as long as it lives.

The statement and the token go to the configured address and nowhere else: redirects are not
followed, and the address has to be HTTPS. The private key is read at each exchange and not kept.

An exchange has one deadline from its first packet to its last byte: the library's own limits are
for single reads, so that a server which sends a byte now and then would keep it for ever. At the
deadline, or when somebody calls `Cord.pull`, the connection is shut and the call ends at once.
"""

from __future__ import annotations

import base64
import json
import re
import ssl
import threading
import time
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Final
from urllib.parse import urlsplit

from attrs import define, field, frozen

from stoker.adapters.githubapp.cord import Cord
from stoker.core.errors import Disposition, Permanent, Retryable, StokerError

if TYPE_CHECKING:
    from collections.abc import Mapping

    import httpx

GITHUB: Final = "https://api.github.com"
REFRESH: Final = 300.0
"""Seconds before its end that a token is renewed."""
LAST_USE: Final = 30.0
"""Seconds before its end that a token is not given to anybody any more."""

_LIFE: Final = 540
"""Seconds that a statement is good for; GitHub takes at most 600."""
_SKEW: Final = 60
"""How far this clock may be ahead of GitHub's."""
DEADLINE: Final = 15.0
"""Seconds that an exchange may take altogether."""
_MOST: Final = 1 << 16
"""Bytes of an answer; a real one has less than a thousand, or ten with many permissions."""
_CREATED: Final = 201
_TOO_MANY: Final = 429
_REFUSALS: Final = frozenset({403, _TOO_MANY})
_SERVER_ERROR: Final = 500
_LOCAL: Final = frozenset({"127.0.0.1", "::1", "localhost"})
_TOKEN: Final = re.compile(r"[!-~]{1,1024}")


@frozen
class GitHubAppFailed(StokerError):
    """No token could be had; `where` is the address that was asked, `status` its answer or 0."""

    status: int = field(default=0, kw_only=True)
    retry: Disposition = field(default=Retryable(), kw_only=True)
    timed_out: bool = field(default=False, kw_only=True)
    """Whether the server hung, instead of answering badly."""

    reason: ClassVar[str] = "GitHubAppExchangeFailed"

    @property
    def disposition(self) -> Disposition:
        """Whether the same exchange may work later."""
        return self.retry


@frozen
class InstallationToken:
    """A token, and when it ends in seconds since 1970."""

    text: str = field(repr=False)
    expires: float


@define(kw_only=True)
class GitHubApp:
    """One installation of an App; its calls may come from any thread."""

    app_id: int
    installation_id: int
    private_key: Callable[[], bytes] = field(repr=False)
    """The App's key as PEM, as it is now."""
    api_base_url: str = GITHUB
    ca_file: Path | None = None
    """Who may sign the server's certificate, instead of those that this machine trusts."""
    allow_local_http: bool = False
    """For servers of tests on this machine."""
    clock: Callable[[], float] = time.time
    deadline: float = DEADLINE
    cord: Cord | None = field(default=None, repr=False)
    """By which somebody else can end an exchange; it is of no use afterwards."""
    _kept: InstallationToken | None = None
    _lock: threading.Lock = field(factory=threading.Lock, repr=False)

    def token(self) -> InstallationToken:
        """A token that is good for at least half a minute; raises `GitHubAppFailed`."""
        with self._lock:
            kept, now = self._kept, self.clock()
            if kept is not None and kept.expires - now > REFRESH:
                return kept
            try:
                self._kept = self._exchange(now)
            except GitHubAppFailed:
                if kept is None or kept.expires - now <= LAST_USE:
                    raise
                return kept
            return self._kept

    def _exchange(self, now: float) -> InstallationToken:
        address = f"{self._base()}/app/installations/{self.installation_id}/access_tokens"
        headers = {
            "Authorization": f"Bearer {signed_statement(self.app_id, self.private_key(), now)}",
            "Accept": "application/vnd.github+json",
            "X-GitHub-Api-Version": "2022-11-28",
            "User-Agent": "stoker",
        }
        # One cord for both: whoever pulls first ends it.
        cord = self.cord or Cord()
        watch = threading.Timer(self.deadline, cord.pull)
        watch.daemon = True
        watch.start()
        try:
            status, answered, body = _post(address, headers, self.ca_file, self.deadline, cord)
        finally:
            watch.cancel()
            cord.untie()
        if status != _CREATED:
            raise _refused(address, status, answered, now)
        return _read(address, body)

    def _base(self) -> str:
        try:
            parts = urlsplit(self.api_base_url)
            host, is_plain = parts.hostname or "", parts.scheme == "https" and parts.port != 0
        except ValueError:
            host, is_plain, parts = "", False, urlsplit("")
        is_local = self.allow_local_http and parts.scheme == "http" and host in _LOCAL
        extra = parts.username or parts.password or parts.query or parts.fragment
        if not host or extra or not (is_plain or is_local):
            raise GitHubAppFailed(
                "the address of GitHub's API has to be a plain https:// address",
                where="spec.git.auth.githubApp.apiBaseURL",
                cure=f"write it without user and query, such as {GITHUB}",
                retry=Permanent(),
            )
        return self.api_base_url.rstrip("/")


def signed_statement(app_id: int, private_key: bytes, now: float) -> str:
    """The JWT by which an App says that it is itself; raises `GitHubAppFailed` for a bad key."""
    from cryptography.hazmat.primitives import hashes  # noqa: PLC0415 - large, and seldom used
    from cryptography.hazmat.primitives.asymmetric import padding, rsa  # noqa: PLC0415 - as above
    from cryptography.hazmat.primitives.serialization import load_pem_private_key  # noqa: PLC0415 - as above

    try:
        key = load_pem_private_key(private_key, password=None)
    except (ValueError, TypeError) as error:
        # The library's own words may repeat what it read.
        raise _bad_key("cannot be read") from error
    if not isinstance(key, rsa.RSAPrivateKey):
        raise _bad_key("is not an RSA key")
    claims = {"iat": int(now) - _SKEW, "exp": int(now) + _LIFE, "iss": str(app_id)}
    said = f"{_encoded({'alg': 'RS256', 'typ': 'JWT'})}.{_encoded(claims)}"
    signature = key.sign(said.encode(), padding.PKCS1v15(), hashes.SHA256())
    return f"{said}.{_base64(signature)}"


def _bad_key(what: str) -> GitHubAppFailed:
    return GitHubAppFailed(
        f"the App's private key {what}",
        where="spec.git.auth.githubApp.privateKeySecretRef",
        cure="put the PEM file that GitHub made for the App into the Secret",
        retry=Permanent(),
    )


def _encoded(document: Mapping[str, object]) -> str:
    return _base64(json.dumps(document, separators=(",", ":")).encode())


def _base64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def _post(
    address: str,
    headers: Mapping[str, str],
    ca_file: Path | None,
    deadline: float,
    cord: Cord,
) -> tuple[int, httpx.Headers, bytes]:
    import httpx  # noqa: PLC0415 - seldom used, and slow to import

    def trace(event: str, told: Mapping[str, Any]) -> None:
        if event == "connection.connect_tcp.complete":
            cord.tie(told["return_value"].get_extra_info("socket"))

    try:
        trust: ssl.SSLContext | bool = True
        if ca_file is not None:
            trust = ssl.create_default_context(cafile=str(ca_file))
        with (
            httpx.Client(verify=trust, timeout=deadline, follow_redirects=False) as client,
            client.stream(
                "POST", address, headers=dict(headers), extensions={"trace": trace}
            ) as answer,
        ):
            return answer.status_code, answer.headers, _bounded(address, answer)
    except (httpx.HTTPError, httpx.InvalidURL, OSError) as error:
        timed_out = cord.was_pulled or isinstance(error, httpx.TimeoutException)
        why = f"not within {deadline:g} s" if timed_out else f"{type(error).__name__}: {error}"
        raise GitHubAppFailed(
            f"GitHub's API does not answer: {why}",
            where=address,
            cure="check apiBaseURL, the network, and the server's certificate",
            timed_out=timed_out,
        ) from error


def _bounded(address: str, answer: httpx.Response) -> bytes:
    body = b""
    for part in answer.iter_bytes():
        body += part
        if len(body) > _MOST:
            raise _unreadable(address)
    return body


def _refused(address: str, status: int, headers: Mapping[str, str], now: float) -> GitHubAppFailed:
    after = _wait(status, headers, now) if status in _REFUSALS else None
    is_passing = after is not None or status in {_TOO_MANY, *range(_SERVER_ERROR, 600)}
    if is_passing:
        cure = "it is tried again later"
    elif status in range(300, 400):
        cure = "correct apiBaseURL: the credential is not sent to where the server points"
    else:
        cure = "check appId, installationId, the private key, and this machine's clock"
    return GitHubAppFailed(
        f"GitHub's API answered with HTTP {status}",
        where=address,
        cure=cure,
        status=status,
        retry=Retryable(after) if is_passing else Permanent(),
    )


def _wait(status: int, headers: Mapping[str, str], now: float) -> float | None:
    """How long GitHub wants to be left alone."""
    if (after := headers.get("retry-after", "")).isdecimal():
        return float(after)
    reset = headers.get("x-ratelimit-reset", "")
    is_used_up = status == _TOO_MANY or headers.get("x-ratelimit-remaining") == "0"
    if is_used_up and reset.isdecimal():
        return max(0.0, float(reset) - now)
    return None


def _read(address: str, body: bytes) -> InstallationToken:
    try:
        document: Any = json.loads(body)
        token, expires = document["token"], datetime.fromisoformat(document["expires_at"])
        if not _TOKEN.fullmatch(token):
            raise _unreadable(address)
        return InstallationToken(token, expires.timestamp())
    except (ValueError, TypeError, KeyError, RecursionError, OverflowError) as error:
        raise _unreadable(address) from error


def _unreadable(address: str) -> GitHubAppFailed:
    return GitHubAppFailed(
        "the answer is not one of GitHub's API", where=address, cure="check apiBaseURL"
    )
