"""The errand to GitHub: an App's key for a token of one installation.

A token is kept until five minutes before its end, for everybody who has shown the same key for the
same App, installation and address. One that seems to be too old when it comes, because clocks
differ, serves for a little while all the same: otherwise each CR would have one made of its own.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from attrs import define, field, frozen

from stoker.adapters.githubapp import REFRESH, GitHubApp, GitHubAppFailed, InstallationToken
from stoker.adapters.githubapp.cord import Cord
from stoker.core.errors import StokerError
from stoker.core.reconcile.memory import PAUSE
from stoker.core.spec import GitHubAppAuth
from stoker.entrypoints.controller.asking.credentials import Part, ReadSecret, digest, read_part
from stoker.entrypoints.controller.asking.lanes import Verdict
from stoker.entrypoints.controller.asking.resolving import Observe

if TYPE_CHECKING:
    from stoker.entrypoints.controller.asking.wishes import Prefixes

OPERATION: Final = "exchange"

_FIELD: Final = "spec.git.auth.githubApp.privateKeySecretRef"


@frozen(cache_hash=True)
class AppPlace:
    """An installation of an App, as the CRs of one namespace see it."""

    namespace: str
    auth: GitHubAppAuth

    @property
    def lane(self) -> str:
        """The host that is asked."""
        try:
            return urlsplit(self.auth.api_base_url).netloc.rpartition("@")[2].lower()
        except ValueError:
            return ""


@frozen
class AppProof:
    """The App's key."""

    identity: tuple[str, int, int, bytes]
    pem: bytes = field(repr=False)


@frozen
class _Kept:
    token: InstallationToken
    since: float

    def is_good(self, now: float, wall: float) -> bool:
        return self.token.expires - wall > REFRESH or now - self.since < PAUSE


@define(kw_only=True, eq=False)
class Exchanging:
    """How to ask GitHub."""

    secrets: ReadSecret = field(repr=False)
    deadline: float
    observe: Observe
    wall: Callable[[], float] = time.time
    trust: Path | None = None
    """Who may sign the certificates of API servers, instead of those that this machine trusts."""
    _kept: dict[tuple[str, int, int, bytes], _Kept] = field(factory=dict, repr=False)
    _cords: dict[int, Cord] = field(factory=dict, repr=False)
    _is_over: bool = False
    _lock: threading.Lock = field(factory=threading.Lock, repr=False)

    def prove(self, place: AppPlace) -> AppProof:
        """Read the App's key."""
        auth = place.auth
        part = Part("privateKey", auth.private_key_secret_ref, _FIELD)
        pem = read_part(place.namespace, part, self.secrets)
        app = (auth.api_base_url, auth.app_id, auth.installation_id)
        return AppProof((*app, digest({part.what: pem})), pem)

    def carry(
        self, place: AppPlace, proof: AppProof, prefixes: Prefixes
    ) -> tuple[InstallationToken | StokerError, Verdict]:
        """The token that is kept, or a new one."""
        del prefixes
        kept = self._find(proof)
        if kept is not None:
            return kept, Verdict.NOTHING
        cord = self._cord()
        begun = time.monotonic()
        outcome: InstallationToken | StokerError
        try:
            outcome = self._app(place.auth, proof, cord).token()
        except StokerError as error:
            outcome = error
        finally:
            self._let_go(cord)
        self.observe(OPERATION, _result(outcome), time.monotonic() - begun)
        if isinstance(outcome, InstallationToken):
            self._keep(proof, outcome)
        hung = isinstance(outcome, GitHubAppFailed) and outcome.timed_out
        return outcome, Verdict.HUNG if hung else Verdict.ANSWERED

    def part(self, whole: InstallationToken, prefixes: Prefixes) -> InstallationToken:
        """Everybody gets all of it."""
        del prefixes
        return whole

    def close(self) -> None:
        """End what is under way."""
        with self._lock:
            self._is_over = True
            cords = tuple(self._cords.values())
        for cord in cords:
            cord.pull()

    def _app(self, auth: GitHubAppAuth, proof: AppProof, cord: Cord) -> GitHubApp:
        return GitHubApp(
            app_id=auth.app_id,
            installation_id=auth.installation_id,
            private_key=lambda: proof.pem,
            api_base_url=auth.api_base_url,
            ca_file=self.trust,
            clock=self.wall,
            deadline=self.deadline,
            cord=cord,
        )

    def _find(self, proof: AppProof) -> InstallationToken | None:
        now, wall = time.monotonic(), self.wall()
        with self._lock:
            # Also what nobody asks for any more goes here.
            self._kept = {who: one for who, one in self._kept.items() if one.is_good(now, wall)}
            kept = self._kept.get(proof.identity)
        return None if kept is None else kept.token

    def _keep(self, proof: AppProof, token: InstallationToken) -> None:
        with self._lock:
            self._kept[proof.identity] = _Kept(token, time.monotonic())

    def _cord(self) -> Cord:
        cord = Cord()
        with self._lock:
            self._cords[id(cord)] = cord
            if self._is_over:
                cord.pull()
        return cord

    def _let_go(self, cord: Cord) -> None:
        with self._lock:
            del self._cords[id(cord)]


def _result(outcome: InstallationToken | StokerError) -> str:
    match outcome:
        case GitHubAppFailed(timed_out=True):
            return "timeout"
        case StokerError():
            return "error"
        case _:
            return "ok"
