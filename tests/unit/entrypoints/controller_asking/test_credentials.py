"""Which CRs share a connection, and what an error says of a Secret."""

from __future__ import annotations

import pytest

from stoker.core.errors import Permanent, Retryable, StokerError
from stoker.core.reconcile import Question
from stoker.core.refs import RefName, check_repo_url
from stoker.core.spec import GitAuth, GitHubAppAuth, SecretKeyRef, SshKeyAuth, TokenAuth
from stoker.core.spec.types import KnownHosts
from stoker.entrypoints.controller.asking.credentials import (
    SecretUnavailable,
    digest,
    place_of,
    proof_of,
)

URL = "https://git.example.com/site.git"
REF = SecretKeyRef("git", "token")
CA = SecretKeyRef("authority", "ca.crt")
TOKEN = GitAuth(token=TokenAuth(REF))
HOSTS = KnownHosts(SecretKeyRef("hosts", "known_hosts"))
APP = GitAuth(github_app=GitHubAppAuth(7, 42, SecretKeyRef("app", "pem")))


def question(auth: GitAuth, ca: SecretKeyRef | None = None, ref: str = "main") -> Question:
    return Question(URL, auth, ca, RefName(ref), None)


def place(namespace: str, name: str, auth: GitAuth, ca: SecretKeyRef | None = None) -> object:
    return place_of((namespace, name), question(auth, ca), check_repo_url(URL))


def test_a_public_repository_is_one_place_for_everybody() -> None:
    assert place("one", "a", GitAuth()) == place("two", "b", GitAuth())
    assert place("one", "a", GitAuth(), CA) != place("two", "b", GitAuth(), CA)


def test_crs_of_one_namespace_that_refer_to_the_same_are_one_place() -> None:
    assert place("one", "a", TOKEN, CA) == place("one", "b", TOKEN, CA)
    assert place("one", "a", TOKEN) != place("one", "a", TOKEN, CA)
    assert place("one", "a", TOKEN) != place("two", "a", TOKEN)
    other = GitAuth(token=TokenAuth(SecretKeyRef("git", "other")))
    assert place("one", "a", TOKEN) != place("one", "a", other)


def test_tokens_of_a_github_app_belong_to_one_cr_each() -> None:
    assert place("one", "a", APP) != place("one", "b", APP)


def test_checked_and_unchecked_host_keys_are_different_credentials() -> None:
    strict = GitAuth(ssh_key=SshKeyAuth(REF, HOSTS))
    loose = GitAuth(ssh_key=SshKeyAuth(REF, HOSTS, insecure_skip_host_key_check=True))
    url = check_repo_url("ssh://git@git.example.com/site.git")
    proofs = [
        proof_of(place_of(("one", "a"), question(auth), url), lambda *_: b"x", ("ssh",))
        for auth in (strict, loose)
    ]
    assert proofs[0].identity != proofs[1].identity


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({"token": b"a"}, {"token": b"b"}),
        ({"token": b"a"}, {"sshKey": b"a"}),
        ({"token": b"ab", "ca": b"c"}, {"token": b"a", "ca": b"bc"}),
        ({"token": b"a"}, {"token": b"a", "ca": b""}),
        ({}, {"ca": b""}),
        ({"ca": b"1", "token": b"2"}, {"ca": b"1token2"}),
    ],
)
def test_different_secrets_have_different_digests(
    one: dict[str, bytes], other: dict[str, bytes]
) -> None:
    """Seen to fail without the lengths in front."""
    assert digest(one) != digest(other)
    assert digest(one) == digest(dict(one))


def test_nobody_shows_a_secret_who_shows_a_proof() -> None:
    auth = GitAuth(token=TokenAuth(REF))
    proof = proof_of(
        place_of(("one", "a"), question(auth, CA), check_repo_url(URL)),
        lambda *_: b"planted",
        ("https",),
    )
    assert "planted" not in repr(proof)
    assert "planted" not in repr(proof.access)


@pytest.mark.parametrize("retry", [Permanent(), Retryable(3.0)])
def test_an_error_names_the_field_the_secret_and_the_cure(retry: Permanent | Retryable) -> None:
    class Away(StokerError):
        disposition = retry

    def read(_: str, ref: SecretKeyRef) -> bytes:
        if ref == HOSTS.secret_ref:
            raise Away("it is not there")
        return b"x"

    url = check_repo_url("ssh://git@git.example.com/site.git")
    auth = GitAuth(ssh_key=SshKeyAuth(REF, HOSTS))
    with pytest.raises(SecretUnavailable) as caught:
        proof_of(place_of(("one", "a"), question(auth), url), read, ("ssh",))
    error = caught.value
    assert error.where == "spec.git.auth.sshKey.knownHosts.secretRef"
    assert "Secret 'hosts'" in error.message
    assert "key 'known_hosts'" in error.message
    assert "create Secret 'hosts'" in error.cure
    assert error.disposition == retry
