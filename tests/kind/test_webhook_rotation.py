"""Certificates that end within seconds, while pods are created all the time.

Two processes share a Secret and the API server's trust in it, as two replicas do; their keys and
their authority are made anew again and again, and at the end one of the two goes. A pod that came
at the wrong moment would start without its agent, as the policy is Ignore.

Broken on purpose, and seen to fail: only the newest authority is announced; no time to drain.
"""

from __future__ import annotations

import base64
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import pytest
from cryptography import x509
from kit import Space, eventually
from kit.admissions import Admissions, pods_are_created
from kit.api import Api
from kit.local_webhook import LocalWebhook
from kit.plants import gateway_sync
from kit.webhooks import MUTATING, VALIDATING, Webhooks

from support.authority import Authority

LIFE: Final = "4s"
AUTHORITY_LIFE: Final = "10s"
SEEN: Final = 30.0


@dataclass
class Sight:
    """What was shown and what was trusted so far."""

    served: dict[int, set[int]] = field(default_factory=dict)
    """Serial numbers of the certificates that were shown at each port."""
    trusted: set[int] = field(default_factory=set)
    """Those of the authorities that the API server was told to trust."""


@contextmanager
def looking(webhooks: Webhooks, *those: LocalWebhook) -> Iterator[Sight]:
    """Look twice a second, for the `with`."""
    over, sight = threading.Event(), Sight()

    def look() -> None:
        while not over.wait(0.5):
            for one in those:
                shown = shown_at(webhooks.host, one.port)
                sight.served.setdefault(one.port, set()).add(shown)
            sight.trusted |= authorities(webhooks.space, MUTATING, webhooks.name)

    looker = threading.Thread(target=look, daemon=True)
    looker.start()
    try:
        yield sight
    finally:
        over.set()
        looker.join()


def shown_at(host: str, port: int) -> int:
    """The serial number of the certificate that is shown there."""
    text = ssl.get_server_certificate((host, port), timeout=5)
    return x509.load_pem_x509_certificate(text.encode()).serial_number


def authorities(space: Space, kind: str, name: str) -> set[int]:
    """The serial numbers of those that the API server is told to trust."""
    hooks = space.kubectl.json("get", kind, name)["webhooks"]
    bundles = {one["clientConfig"]["caBundle"] for one in hooks}
    pems = [base64.b64decode(one) for one in bundles]
    return {one.serial_number for pem in pems for one in x509.load_pem_x509_certificates(pem)}


@dataclass(frozen=True)
class Story:
    """What has come of it."""

    sight: Sight
    made: Admissions
    webhooks: Webhooks


@pytest.fixture(scope="module")
def story(new_webhooks: Callable[..., Webhooks], api: Api) -> Story:
    webhooks = new_webhooks()
    space = webhooks.space
    lives = {"certificate_life": LIFE, "authority_life": AUTHORITY_LIFE, "hasty": True}
    space.apply(gateway_sync("plant", "https://localhost:1/plant.git"))
    first = webhooks.begin("first", drain="5s", **lives)
    second = webhooks.begin("second", port=webhooks.another_port(), **lives)
    for one in (first, second):
        one.ready()
    webhooks.is_asked()
    with pods_are_created(api, space.name) as made:
        with looking(webhooks, first, second) as sight:
            made.will_be(40)

            def renewed() -> bool:
                assert len(sight.trusted) >= 3, sight
                assert all(len(serials) >= 4 for serials in sight.served.values()), sight
                return True

            what = "several certificates and authorities"
            eventually(renewed, what=what, within=SEEN, tell=[webhooks.tell])
        # Who ends is asked for a while still: a Service hears of it later.
        first.terminate()
        made.will_be(40)
        webhooks.ask(second.port)
        made.will_be(80)
        assert first.stop() == 0
    return Story(sight, made, webhooks)


def test_no_pod_comes_without_its_agent(story: Story) -> None:
    failed = story.made.failed()
    assert not failed, (len(failed), len(story.made.done), failed[:3])
    assert len(story.made.done) > 200


def test_none_has_to_wait_for_it(story: Story) -> None:
    took = sorted(one.seconds for one in story.made.done)
    assert took[len(took) * 95 // 100] < 2.0, took[-10:]


def test_both_show_what_was_made_by_one(story: Story) -> None:
    shown = [*story.sight.served.values()]
    assert len(shown[0] & shown[1]) >= 2, shown


def test_the_api_server_trusts_the_same_for_both_kinds(story: Story) -> None:
    space, name = story.webhooks.space, story.webhooks.name

    def same() -> bool:
        return authorities(space, MUTATING, name) == authorities(space, VALIDATING, name)

    eventually(same, what="both configurations have one bundle", within=10)


def test_how_long_the_certificate_is_good_is_a_metric(story: Story) -> None:
    (second,) = [one for one in story.webhooks.there if one.name == "second"]
    expiry = second.metric("stoker_webhook_certificate_expiry_timestamp_seconds")
    # Certificates are judged by the real clock.
    assert 0 < expiry - time.time() < 3600


def test_a_certificate_of_somebody_else_is_replaced_as_well(
    story: Story, api: Api, tmp_path: Path
) -> None:
    """As cert-manager does it: a mounted Secret changes, and who is trusted was told before."""
    webhooks, space = story.webhooks, story.webhooks.space
    for one in webhooks.there:
        one.stop()
    old, new = Authority.create(), Authority.create()
    webhooks.write_certificate(tmp_path, old)
    port = webhooks.another_port()
    webhooks.start("third", port=port, certificate_dir=tmp_path)
    webhooks.trust(old, new)
    webhooks.ask(port)
    webhooks.is_asked()
    with pods_are_created(api, space.name) as made:
        made.will_be(20)
        before = shown_at(webhooks.host, port)
        webhooks.write_certificate(tmp_path, new)
        what = "the new certificate is shown"
        eventually(lambda: shown_at(webhooks.host, port) != before, what=what, within=20)
        made.will_be(40)
    assert not made.failed(), made.failed()[:3]
