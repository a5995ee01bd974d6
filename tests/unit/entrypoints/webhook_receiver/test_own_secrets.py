"""The secrets of single CRs: read ahead, read again, forgotten, and never too often."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from attrs import evolve

from stoker.adapters.codec.crd import Seen
from stoker.adapters.kube.errors import Unreachable
from stoker.adapters.kube.secrets import SecretMissing
from stoker.core.errors import InvalidDocument, Problem, StokerError
from stoker.core.payload import ReceiverSecret
from stoker.core.spec import GatewaySyncStatus, SecretKeyRef
from stoker.core.spec.types import ObjectMeta, ReceiverSettings
from stoker.entrypoints.webhook.receiver.own_secrets import EACH_SECOND, OwnSecrets, Place
from support.server_processes import eventually
from support.specs import a_spec

KEY = ("plant", "site")
REF = SecretKeyRef("hook", "secret")
PLACE = Place("plant", REF)
INVALID = InvalidDocument.of("the spec", (Problem("spec", "is odd"),))


class Cluster:
    """The values that there are, and who asked for them."""

    def __init__(self) -> None:
        self.values: dict[str, bytes | StokerError] = {"hook": b"first"}
        self.read: list[str] = []
        self.complaints: list[str] = []
        self.now = 1_000.0

    def __call__(self, _: str, ref: SecretKeyRef) -> bytes:
        self.read.append(ref.name)
        found = self.values[ref.name]
        if isinstance(found, StokerError):
            raise found
        return found


@pytest.fixture
def cluster() -> Cluster:
    return Cluster()


@pytest.fixture
def own(cluster: Cluster) -> Iterator[OwnSecrets]:
    def complain(_: str, error: StokerError) -> None:
        cluster.complaints.append(error.message)

    with ThreadPoolExecutor(2) as pool:
        made = OwnSecrets(cluster, pool, complain, clock=lambda: cluster.now)
        yield made
        made.close()


def seen(ref: SecretKeyRef | None = REF, spec: Any = None) -> Seen:
    given = spec or evolve(a_spec(), receiver=ReceiverSettings(ref))
    return Seen(ObjectMeta(name="site", namespace="plant"), given, GatewaySyncStatus())


def known(own: OwnSecrets, place: Place = PLACE) -> bytes | None:
    secret = own.secret(place)
    return None if secret is None else secret.token


def fetched(own: OwnSecrets) -> None:
    future = own.refresh(PLACE)
    assert future is not None
    future.result(5)


def test_it_is_read_when_a_cr_names_it(own: OwnSecrets, cluster: Cluster) -> None:
    own.changed(seen(), KEY)
    assert eventually(lambda: known(own) == b"first")
    assert own.secret(PLACE) == ReceiverSecret(b"first", b"first")
    own.changed(seen(), KEY)
    assert cluster.read == ["hook"]
    assert own.place(KEY, seen()) == PLACE


def test_a_cr_without_one_or_that_is_not_there_has_no_place(own: OwnSecrets) -> None:
    own.changed(seen(None), KEY)
    assert own.place(KEY, seen(None)) is None
    assert own.place(("plant", "gone"), None) is None


def test_a_spec_that_cannot_be_read_keeps_the_place_that_was_known(own: OwnSecrets) -> None:
    with pytest.raises(InvalidDocument):
        own.place(KEY, seen(spec=INVALID))
    own.changed(seen(), KEY)
    assert own.place(KEY, seen(spec=INVALID)) == PLACE
    own.changed(None, KEY)
    with pytest.raises(InvalidDocument):
        own.place(KEY, seen(spec=INVALID))


def test_it_is_not_read_again_at_once(own: OwnSecrets, cluster: Cluster) -> None:
    fetched(own)
    assert own.refresh(PLACE) is None
    cluster.now += 2.1
    cluster.values["hook"] = b"second"
    fetched(own)
    assert known(own) == b"second"


def test_what_is_gone_is_no_secret_and_what_cannot_be_reached_is_the_old_one(
    own: OwnSecrets, cluster: Cluster
) -> None:
    fetched(own)
    cluster.values["hook"] = Unreachable("nobody listens there")
    for _ in range(3):
        cluster.now += 3
        fetched(own)
    assert known(own) == b"first"
    assert cluster.complaints == ["nobody listens there"]
    cluster.values["hook"] = SecretMissing("there is no such Secret")
    cluster.now += 3
    fetched(own)
    assert known(own) is None
    cluster.values["hook"] = b" \n"
    cluster.now += 3
    fetched(own)
    assert known(own) is None


def test_an_error_that_nobody_expected_leaves_it_as_it_was(
    own: OwnSecrets, cluster: Cluster
) -> None:
    fetched(own)
    del cluster.values["hook"]
    cluster.now += 3
    future = own.refresh(PLACE)
    assert future is not None
    assert isinstance(future.exception(5), KeyError)
    assert known(own) == b"first"
    cluster.now += 3
    assert own.refresh(PLACE) is not None


def test_upon_use_so_many_are_read_each_second(own: OwnSecrets, cluster: Cluster) -> None:
    names = [f"hook-{number}" for number in range(100)]
    cluster.values = dict.fromkeys(names, b"x")
    futures = [own.refresh(Place("plant", SecretKeyRef(name, "secret"))) for name in names]
    assert sum(one is not None for one in futures) == 40
    cluster.now += 1
    futures = [own.refresh(Place("plant", SecretKeyRef(name, "secret"))) for name in names[50:]]
    assert sum(one is not None for one in futures) == 20


def test_all_are_read_again_after_a_while_and_what_nobody_names_is_forgotten(
    own: OwnSecrets, cluster: Cluster
) -> None:
    own.changed(seen(), KEY)
    assert eventually(lambda: known(own) == b"first")
    cluster.values["hook"] = b"second"
    cluster.now += 31
    assert eventually(lambda: known(own) == b"second")
    own.changed(None, KEY)
    assert eventually(lambda: known(own) is None)


def test_many_are_read_again_a_few_each_second(own: OwnSecrets, cluster: Cluster) -> None:
    for number in range(60):
        cluster.values[f"hook-{number}"] = b"x"
        own.changed(seen(SecretKeyRef(f"hook-{number}", "secret")), ("plant", str(number)))
    assert eventually(lambda: len(cluster.read) == 60)
    cluster.now += 31
    assert eventually(lambda: len(cluster.read) > 60)
    assert len(cluster.read) <= 60 + 2 * EACH_SECOND


def test_when_closed_nothing_is_read(own: OwnSecrets, cluster: Cluster) -> None:
    own.close()
    own.changed(seen(), KEY)
    assert own.refresh(PLACE) is None
    assert cluster.read == []
