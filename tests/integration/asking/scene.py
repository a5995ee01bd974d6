"""CRs that ask, the Secrets that they refer to, and what they heard."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from typing import Any

from attrs import define, field, frozen

from stoker.adapters.githubapp import InstallationToken
from stoker.core.errors import StokerError
from stoker.core.reconcile import ExchangeToken, Question, Resolve
from stoker.core.refs import Advertisement, RefName, SemverRange
from stoker.core.spec import (
    GitAuth,
    GitHubAppAuth,
    SecretKeyRef,
    SshKeyAuth,
    TokenAuth,
)
from stoker.core.spec.types import KnownHosts
from stoker.entrypoints.controller.asking import Asker, Limits

Key = tuple[str, str]
PROTOCOLS = ("https", "ssh", "http", "git")
CA = SecretKeyRef("authority", "ca.crt")
PATIENCE = 60.0


@frozen
class Missing(StokerError):
    """There is no such Secret."""


@define
class Secrets:
    """What the Secrets hold, and how often they were read."""

    held: dict[tuple[str, SecretKeyRef], bytes] = field(factory=dict)
    reads: list[tuple[str, SecretKeyRef]] = field(factory=list)
    fault: Exception | None = None

    def __call__(self, namespace: str, ref: SecretKeyRef) -> bytes:
        self.reads.append((namespace, ref))
        if self.fault is not None:
            raise self.fault
        if (namespace, ref) not in self.held:
            raise Missing(f"Secret {namespace}/{ref.name} does not exist")
        return self.held[namespace, ref]

    def put(self, namespace: str, ref: SecretKeyRef, value: bytes | str) -> SecretKeyRef:
        self.held[namespace, ref] = value.encode() if isinstance(value, str) else value
        return ref


@define
class Heard:
    """Everything that the asker said."""

    settled: list[tuple[Key, Question, Advertisement | StokerError]] = field(factory=list)
    exchanged: list[tuple[Key, ExchangeToken, InstallationToken | StokerError]] = field(
        factory=list
    )
    complaints: list[tuple[str, Exception]] = field(factory=list)
    observed: list[tuple[str, str]] = field(factory=list)
    fault: Exception | None = None
    _changed: threading.Condition = field(factory=threading.Condition)

    def settle(self, key: Key, question: Question, outcome: Advertisement | StokerError) -> None:
        with self._changed:
            self.settled.append((key, question, outcome))
            self._changed.notify_all()
        if self.fault is not None:
            raise self.fault

    def exchange(
        self, key: Key, asked: ExchangeToken, outcome: InstallationToken | StokerError
    ) -> None:
        with self._changed:
            self.exchanged.append((key, asked, outcome))
            self._changed.notify_all()

    def complain(self, what: str, error: Exception) -> None:
        self.complaints.append((what, error))

    def observe(self, operation: str, result: str, seconds: float) -> None:
        assert seconds >= 0
        self.observed.append((operation, result))

    def wait(self, settled: int = 0, exchanged: int = 0, patience: float = PATIENCE) -> bool:
        """Whether so many answers come in time."""
        with self._changed:
            return self._changed.wait_for(
                lambda: len(self.settled) >= settled and len(self.exchanged) >= exchanged,
                patience,
            )

    def outcome(self, patience: float = PATIENCE) -> Advertisement | StokerError:
        """The only answer, which is taken away."""
        assert self.wait(1, patience=patience)
        (last,) = self.settled
        self.settled.clear()
        return last[2]

    def token(self) -> InstallationToken | StokerError:
        """The only answer to an exchange, which is taken away."""
        assert self.wait(exchanged=1)
        (last,) = self.exchanged
        self.exchanged.clear()
        return last[2]


@define
class Scene:
    """An asker among all of that."""

    secrets: Secrets = field(factory=Secrets)
    heard: Heard = field(factory=Heard)

    @contextmanager
    def asker(self, **more: Any) -> Iterator[Asker]:
        told: dict[str, Any] = {
            "secrets": self.secrets,
            "settled": self.heard.settle,
            "exchanged": self.heard.exchange,
            "complain": self.heard.complain,
            "observe": self.heard.observe,
            "allowed_protocols": PROTOCOLS,
            "limits": Limits(deadline=20.0, stall=15.0),
        }
        asker = Asker(**(told | more))
        try:
            yield asker
        finally:
            asker.close()


def question(
    repo: str, ref: str = "main", auth: GitAuth | None = None, ca: SecretKeyRef | None = None
) -> Question:
    tracked = SemverRange.parse(ref) if ref[0] in "<>=^~" else RefName(ref)
    return Question(repo, auth or GitAuth(), ca, tracked, None)


def resolve(
    repo: str,
    ref: str = "main",
    auth: GitAuth | None = None,
    ca: SecretKeyRef | None = None,
    max_age: float = 0.0,
) -> Resolve:
    return Resolve(question(repo, ref, auth, ca), max_age)


def token(name: str = "git") -> GitAuth:
    return GitAuth(token=TokenAuth(SecretKeyRef(name, "token")))


def ssh(*, known: bool = True) -> GitAuth:
    hosts = KnownHosts(SecretKeyRef("ssh", "known_hosts")) if known else None
    return GitAuth(ssh_key=SshKeyAuth(SecretKeyRef("ssh", "key"), hosts))


def app(url: str, installation: int = 42, name: str = "app") -> ExchangeToken:
    auth = GitHubAppAuth(7, installation, SecretKeyRef(name, "pem"), url)
    return ExchangeToken(auth, "key", None)


@contextmanager
def mute_servers(count: int) -> Iterator[Sequence[str]]:
    """Servers that take connections and say nothing; their hosts."""
    with ExitStack() as stack:
        listeners = [
            stack.enter_context(socket.create_server(("127.0.0.1", 0), backlog=64))
            for _ in range(count)
        ]
        yield [f"127.0.0.1:{listener.getsockname()[1]}" for listener in listeners]


@define
class Relay:
    """Passes on what a client and a server say, and keeps what the server said."""

    port: int
    connections: int = 0
    said: bytearray = field(factory=bytearray)
    _listener: socket.socket = field(factory=lambda: socket.create_server(("127.0.0.1", 0)))

    @property
    def host(self) -> str:
        return f"127.0.0.1:{self._listener.getsockname()[1]}"

    @contextmanager
    def running(self) -> Iterator[Relay]:
        thread = threading.Thread(target=self._accept, daemon=True)
        thread.start()
        try:
            yield self
        finally:
            self._listener.shutdown(socket.SHUT_RDWR)
            self._listener.close()
            thread.join(5)

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                self.connections += 1
                server = socket.create_connection(("127.0.0.1", self.port))
                both = [
                    threading.Thread(target=self._pass, args=(client, server, None)),
                    threading.Thread(target=self._pass, args=(server, client, self.said)),
                ]
                for one in both:
                    one.start()
                for one in both:
                    one.join()
                client.close()
                server.close()

    def _pass(self, one: socket.socket, other: socket.socket, kept: bytearray | None) -> None:
        with suppress(OSError):
            while part := one.recv(1 << 16):
                if kept is not None:
                    kept += part
                other.sendall(part)
            other.shutdown(socket.SHUT_WR)
