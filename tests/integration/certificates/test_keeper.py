"""The keeper of certificates against an API server that refuses, hangs, forgets and tells too much.

What it does on the real one is in `tests/kind/test_webhook_certificates.py`.
"""

from __future__ import annotations

import base64
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from attrs import define, field

from stoker.adapters.clock import utc_now
from stoker.entrypoints.webhook.certificates import CertificateKeeper, secret
from support.certificate_api import CertificateApi, refusal
from support.scripted_server import HANG, RESET, Asked, Step

NAME = "stoker"
KINDS = ("mutatingwebhookconfigurations", "validatingwebhookconfigurations")


@define
class Kept:
    """A keeper, and what it says."""

    api: CertificateApi
    folder: Path
    complaints: list[str] = field(factory=list)
    shown: list[datetime] = field(factory=list)
    offset: timedelta = timedelta()
    keepers: list[CertificateKeeper] = field(factory=list)

    def start(self, **how: Any) -> CertificateKeeper:
        given: dict[str, Any] = {
            "namespace": "plant",
            "secret": NAME,
            "names": ("webhook.plant.svc",),
            "mutating": NAME,
            "validating": NAME,
            "now": lambda: utc_now() + self.offset,
            "complain": lambda what, error: self.complaints.append(f"{what}: {error}"),
            "grace": timedelta(seconds=0.3),
            "breath": timedelta(seconds=0.05),
            "on_change": self.shown.append,
        }
        self.keepers.append(CertificateKeeper(self.api.client(self.folder), **(given | how)))
        self.keepers[-1].start()
        return self.keepers[-1]

    def content(self) -> secret.Content:
        return secret.read(self.api.there["secrets", NAME])

    def is_published(self) -> bool:
        wanted = base64.b64encode(self.content().bundle).decode()
        return all(
            webhook["clientConfig"].get("caBundle") == wanted
            for kind in KINDS
            for webhook in self.api.there[kind, NAME]["webhooks"]
        )

    def own_complaints(self) -> list[str]:
        return [one for one in self.complaints if "watch" not in one]


@pytest.fixture
def kept(tmp_path: Path) -> Iterator[Kept]:
    with CertificateApi() as api:
        api.configure(NAME)
        made = Kept(api, tmp_path)
        yield made
        for keeper in made.keepers:
            keeper.stop()


def until(check: Callable[[], object], within: float = 10.0) -> None:
    end = time.monotonic() + within
    while not check():
        assert time.monotonic() < end
        time.sleep(0.01)


def test_it_makes_publishes_and_serves(kept: Kept) -> None:
    keeper = kept.start()
    until(lambda: not keeper.trouble)
    assert kept.is_published()
    content = kept.content()
    assert content.leaf is not None
    assert kept.shown == [content.leaf.pair.not_after] == [keeper.not_after]
    assert kept.complaints == []
    assert [kept.api.asked("POST", "secrets"), kept.api.asked("PATCH", "secrets")] == [1, 0]
    assert sum(kept.api.asked("PATCH", kind) for kind in KINDS) == 2


@pytest.mark.parametrize(
    ("kind", "fault"),
    [
        ("secrets", refusal(500)),
        ("secrets", refusal(403, "Forbidden")),
        ("secrets", refusal(429, Retry_After="1")),
        ("secrets", [RESET]),
        (KINDS[1], [b"words"]),
        (KINDS[1], refusal(403, "Forbidden")),
    ],
)
def test_what_fails_is_told_once_and_tried_again(kept: Kept, fault: list[Step], kind: str) -> None:
    kept.api.fault = lambda asked: fault if f"/{kind}" in asked.path else None
    keeper = kept.start()
    until(lambda: kept.api.asked("GET", kind) >= 3)
    assert len(kept.own_complaints()) == 1
    assert keeper.trouble
    kept.api.fault = lambda _: None
    until(lambda: not keeper.trouble)
    assert kept.is_published()


def test_an_answer_that_is_lost_does_no_harm(kept: Kept) -> None:
    lost: list[Asked] = []

    def lose(asked: Asked) -> bool:
        if asked.method in ("POST", "PATCH") and len(lost) < 3:
            lost.append(asked)
            return True
        return False

    kept.api.lose = lose
    keeper = kept.start()
    until(lambda: not keeper.trouble, within=20)
    assert kept.is_published()
    assert len(lost) == 3
    assert len({keeper.not_after, *kept.shown}) == 1
    assert kept.api.asked("POST", "secrets") == 1


def test_a_server_that_says_nothing_keeps_nobody_from_stopping(kept: Kept) -> None:
    kept.api.fault = lambda _: [HANG]
    keeper = kept.start()
    until(lambda: kept.api.server.asked)
    began = time.monotonic()
    keeper.stop()
    assert time.monotonic() - began < 8
    kept.keepers.clear()


def test_nothing_of_a_key_is_told_though_the_server_repeats_it(kept: Kept) -> None:
    sent: list[bytes] = []

    def repeat(asked: Asked) -> list[Step] | None:
        if asked.method in ("GET", "WATCH") or "/secrets" not in asked.path:
            return None
        sent.append(asked.body)
        body = asked.body.decode()
        place = body.index("tls.key") + 40
        return refusal(422, "Invalid", f"cannot use {body[place : place + 90]}")

    kept.api.fault = repeat
    keeper = kept.start()
    until(lambda: sent and kept.own_complaints())
    told = "".join(kept.complaints) + keeper.trouble
    assert "HTTP 422" in told
    body = sent[0].decode()
    place = body.index("tls.key") + 40
    assert not any(body[at : at + 10] in told for at in range(place, place + 80))


def test_a_clock_that_jumps_changes_no_authority(kept: Kept) -> None:
    """A certificate of ninety days, and a clock that is set on by a hundred, and back by two."""
    keeper = kept.start()
    until(lambda: not keeper.trouble)
    before, roots = keeper.not_after, kept.content().roots
    kept.offset = timedelta(days=100)
    touch(kept)
    until(lambda: keeper.not_after != before)
    ahead = keeper.not_after
    assert ahead is not None
    assert ahead > utc_now() + timedelta(days=150)
    kept.offset = timedelta(hours=-12)
    touch(kept)
    time.sleep(0.5)
    assert keeper.not_after == ahead
    assert kept.content().roots == roots
    assert keeper.trouble == ""


@pytest.mark.parametrize(
    "lost", [None, {}, {"data": {"tls.crt": "AAAA", "tls.key": "%", "own": "eA=="}}]
)
def test_a_lost_secret_is_written_again_from_memory(
    kept: Kept, lost: dict[str, Any] | None
) -> None:
    keeper = kept.start()
    until(lambda: not keeper.trouble)
    before = kept.content()
    if lost is None:
        del kept.api.there["secrets", NAME]
        touch(kept)
    else:
        kept.api.put("secrets", NAME, lost)
    until(lambda: ("secrets", NAME) in kept.api.there and kept.content() == before)
    assert len(kept.shown) == 1
    assert kept.complaints == []
    if lost and "data" in lost:
        assert kept.api.there["secrets", NAME]["data"]["own"] == "eA=="


def test_certificates_and_authorities_of_seconds_are_renewed(kept: Kept) -> None:
    keeper = kept.start(life=timedelta(seconds=2), authority_life=timedelta(seconds=4))
    until(lambda: not keeper.trouble)
    first = kept.content().roots[0].identity
    until(lambda: len(kept.shown) >= 5)
    content = kept.content()
    assert content.leaf is not None
    assert content.leaf.issuer != first
    assert first in {root.identity for root in content.roots}
    until(kept.is_published)
    assert keeper.trouble == ""
    assert kept.complaints == []


def test_an_overwritten_bundle_is_put_back(kept: Kept) -> None:
    keeper = kept.start()
    until(lambda: not keeper.trouble)
    webhook = {"name": "a.stoker.io", "clientConfig": {"url": "https://a/", "caBundle": "eA=="}}
    other = {"name": "a.example.com", "clientConfig": {"url": "https://a/", "caBundle": "eQ=="}}
    kept.api.put(KINDS[0], NAME, {"webhooks": [other, webhook, webhook | {"name": "b.stoker.io"}]})
    until(lambda: kept.api.there[KINDS[0], NAME]["webhooks"][2] != webhook)
    until(lambda: kept.api.asked("PATCH", KINDS[0]) == 2)
    assert kept.api.there[KINDS[0], NAME]["webhooks"][0] == other
    said = [one["clientConfig"]["caBundle"] for one in kept.api.there[KINDS[0], NAME]["webhooks"]]
    assert said[1:] == [base64.b64encode(kept.content().bundle).decode()] * 2


def test_others_who_write_first_are_no_failure(kept: Kept) -> None:
    """The Secret is taken each time between our look and our write, and we begin anew."""
    taken: list[str] = []

    def take(asked: Asked) -> list[Step] | None:
        if asked.method in ("POST", "PATCH") and "/secrets" in asked.path and len(taken) < 3:
            taken.append(asked.method)
            data = {"own": base64.b64encode(str(len(taken)).encode()).decode()}
            kept.api.put("secrets", NAME, {"data": data})
        return None

    kept.api.fault = take
    keeper = kept.start()
    until(lambda: not keeper.trouble)
    assert taken == ["POST", "PATCH", "PATCH"]
    assert kept.complaints == []
    assert kept.is_published()


def touch(kept: Kept) -> None:
    """Have the keeper look."""
    there = kept.api.there[KINDS[0], NAME]
    kept.api.put(KINDS[0], NAME, {**there, "touched": True})


def test_a_configuration_that_has_no_webhook_of_ours_is_named(kept: Kept) -> None:
    kept.api.put(KINDS[0], NAME, {"webhooks": [{"name": "a.example.com"}]})
    keeper = kept.start()
    until(lambda: "has no webhook of ours" in keeper.trouble)
    assert "MutatingWebhookConfiguration stoker" in keeper.trouble
    kept.api.configure(NAME)
    until(lambda: not keeper.trouble)


def test_one_configuration_may_be_none_of_our_business(kept: Kept) -> None:
    del kept.api.there[KINDS[1], NAME]
    keeper = kept.start(validating="")
    until(lambda: not keeper.trouble)
    assert kept.api.asked("GET", KINDS[1]) == 0


def test_a_defect_does_not_end_the_thread(kept: Kept) -> None:
    def broken() -> datetime:
        if not seen:
            seen.append(1)
            raise ZeroDivisionError
        return datetime.now(UTC)  # noqa: TID251 - as the clock adapter

    seen: list[int] = []
    keeper = kept.start(now=broken)
    until(lambda: not keeper.trouble)
    assert len(seen) == 1
