"""What a CR refers to, what stands in its Secrets, and whether two of them have the same.

Secrets are read anew each time and kept for one connection. What is kept for longer is a digest
with a key that this process made for itself: good to compare with, and of no use to anybody else.
"""

from __future__ import annotations

import secrets
from hashlib import blake2b
from typing import TYPE_CHECKING, ClassVar, Final, TypeAlias

from attrs import field, frozen

from stoker.adapters.git.credentials import Access, Given
from stoker.core.errors import Disposition, StokerError
from stoker.core.names import GITHUB_TOKEN_KEY, github_token_secret
from stoker.core.refs import RepoUrl
from stoker.core.spec import GitHubAppAuth, SecretKeyRef, SshKeyAuth, TokenAuth

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from stoker.core.reconcile import Question
    from stoker.entrypoints.controller.asking.answers import Key

ReadSecret: TypeAlias = "Callable[[str, SecretKeyRef], bytes]"
"""The bytes of a Secret's key, of a namespace; raises `StokerError`."""

TOKEN: Final = "token"  # noqa: S105 - the name of a part
SSH_KEY: Final = "sshKey"
KNOWN_HOSTS: Final = "knownHosts"
CA: Final = "ca"

_PROCESS_KEY: Final = secrets.token_bytes(32)


@frozen
class SecretUnavailable(StokerError):
    """A Secret that the CR refers to cannot be read; `where` is the field that refers to it."""

    ref: SecretKeyRef = field(kw_only=True)
    retry: Disposition = field(kw_only=True)

    reason: ClassVar[str] = "SecretUnavailable"

    @property
    def disposition(self) -> Disposition:
        """As of the error that was met."""
        return self.retry


@frozen
class Part:
    """One reference to a Secret: what it is for, and the field that it stands in."""

    what: str
    ref: SecretKeyRef
    path: str
    cure: str = ""
    """What helps, where that is not to create the Secret."""


@frozen(cache_hash=True)
class Place:
    """A repository, as CRs see it that may use one credential without anything being read."""

    url: RepoUrl
    namespace: str
    """Empty where no Secret is needed: a public repository is the same one for everybody."""
    parts: tuple[Part, ...] = ()
    insecure_skip_host_key_check: bool = False

    @property
    def lane(self) -> str:
        """The host that is asked."""
        return self.url.host


@frozen
class Proof:
    """What stood in the Secrets."""

    identity: tuple[str, bytes]
    access: Access = field(repr=False)


def place_of(key: Key, question: Question, url: RepoUrl) -> Place:
    """Where a CR's question belongs."""
    parts = list(_parts(key[1], question.auth.method))
    if question.ca_secret_ref is not None:
        parts.append(Part(CA, question.ca_secret_ref, "spec.git.caSecretRef"))
    method = question.auth.method
    insecure = isinstance(method, SshKeyAuth) and method.insecure_skip_host_key_check
    return Place(url, key[0] if parts else "", tuple(parts), insecure)


def proof_of(place: Place, read: ReadSecret, protocols: tuple[str, ...]) -> Proof:
    """Read the Secrets; raises `SecretUnavailable`."""
    found = {part.what: read_part(place.namespace, part, read) for part in place.parts}
    kind = "insecure" if place.insecure_skip_host_key_check else ""
    texts = {what: data.decode(errors="replace") for what, data in found.items()}
    token = texts.get(TOKEN)
    access = Access(
        host=place.url.host,
        token=None if token is None else lambda: token,
        insecure_skip_host_key_check=place.insecure_skip_host_key_check,
        given=Given(
            ssh_key=texts.get(SSH_KEY), known_hosts=texts.get(KNOWN_HOSTS), ca=texts.get(CA)
        ),
        protocols=protocols,
    )
    return Proof((place.url.text, digest(found, kind)), access)


def read_part(namespace: str, part: Part, read: ReadSecret) -> bytes:
    """What the Secret holds; raises `SecretUnavailable`, which names the field and the Secret."""
    try:
        return read(namespace, part.ref)
    except StokerError as error:
        name, key = part.ref.name, part.ref.key
        raise SecretUnavailable(
            f"key {key!r} of Secret {name!r} cannot be read: {error.message}",
            where=part.path,
            cure=part.cure
            or error.cure
            or f"create Secret {name!r} with key {key!r} in this namespace",
            ref=part.ref,
            retry=error.disposition,
        ) from error


def digest(found: Mapping[str, bytes], kind: str = "") -> bytes:
    """Equal for equal credentials, different for all others, and of use within this process."""
    total = blake2b(key=_PROCESS_KEY, digest_size=32)
    for one in _framed([kind.encode(), *_flat(found)]):
        total.update(one)
    return total.digest()


def _flat(found: Mapping[str, bytes]) -> Iterable[bytes]:
    for what in sorted(found):
        yield from (what.encode(), found[what])


def _framed(texts: Iterable[bytes]) -> Iterable[bytes]:
    """Each with its length in front, so that nothing can move from one to the next."""
    for text in texts:
        yield from (len(text).to_bytes(8), text)


def _parts(cr: str, method: TokenAuth | SshKeyAuth | GitHubAppAuth | None) -> Iterable[Part]:
    match method:
        case TokenAuth(ref):
            yield Part(TOKEN, ref, "spec.git.auth.token.secretRef")
        case SshKeyAuth(ref, known_hosts):
            yield Part(SSH_KEY, ref, "spec.git.auth.sshKey.secretRef")
            if known_hosts is not None:
                path = "spec.git.auth.sshKey.knownHosts.secretRef"
                yield Part(KNOWN_HOSTS, known_hosts.secret_ref, path)
        case GitHubAppAuth():
            # The token that the controller keeps for this one CR, as it came from the exchange.
            ref = SecretKeyRef(github_token_secret(cr), GITHUB_TOKEN_KEY)
            cure = "the controller makes it by the next exchange"
            yield Part(TOKEN, ref, "spec.git.auth.githubApp", cure)
        case None:
            pass
