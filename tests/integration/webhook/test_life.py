"""A webhook from its start to its end, with an API server that is late, away, or hangs.

Broken on purpose, and seen to fail: ready before the list; no drain; connections not told to close;
an end that waits for a reading that hangs.
"""

from __future__ import annotations

import json
import signal
import socket
import threading
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from stoker.adapters.certs import KeyPair, self_signed
from stoker.adapters.clock import utc_now
from support.pods import a_pod
from support.scripted_server import HANG, Asked
from support.small_api import status
from support.syncs_api import SyncsApi
from support.webhook_process import JSON, MUTATE, WebhookProcess, review_of

Start = Callable[..., WebhookProcess]
HURRIED = f"{MUTATE}?timeout=2s"
IN_PLANT = "/namespaces/plant/"


def wait_until(condition: Callable[[], object]) -> None:
    until = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < until
        time.sleep(0.01)


def test_it_is_ready_when_everything_is_listed_and_answers_before(
    api: SyncsApi, start: Start
) -> None:
    go = threading.Event()

    def late(asked: Asked) -> None:
        if IN_PLANT not in asked.path:
            go.wait(10)

    api.before = late
    api.make("prod")
    hook = start()
    assert hook.probe("/healthz") == (200, "ok\n")
    assert hook.probe("/readyz") == (503, "the GatewaySyncs are not listed yet\n")
    assert hook.review(review_of(a_pod()))["patchType"] == "JSONPatch"
    assert api.lists() == 1
    go.set()
    hook.ready()
    assert hook.review(review_of(a_pod()))["patchType"] == "JSONPatch"
    assert api.lists() == 1


def test_a_cr_made_a_moment_before_its_pod_and_one_that_went(api: SyncsApi, start: Start) -> None:
    hook = start().ready()
    wait_until(lambda: api.watched)
    with api.silence():
        api.make("prod")
    assert hook.review(review_of(a_pod()))["patchType"] == "JSONPatch"
    assert api.lists() == 1
    # From now on it is known.
    assert hook.review(review_of(a_pod()))["patchType"] == "JSONPatch"
    assert api.lists() == 1
    api.drop("prod")
    wait_until(lambda: not hook.review(review_of(a_pod()))["allowed"])
    denied = hook.review(review_of(a_pod()))
    assert "there is no GatewaySync" in denied["status"]["message"]


def test_a_cr_that_cannot_be_read_denies_its_pods_alone(api: SyncsApi, start: Start) -> None:
    api.make("broken", git={"repo": 5})
    api.make("prod")
    hook = start().ready()
    denied = hook.review(review_of(a_pod({"stoker.io/cr-name": "broken"})))
    assert not denied["allowed"]
    assert "spec.git.repo" in denied["status"]["message"]
    assert hook.review(review_of(a_pod({"stoker.io/cr-name": "prod"})))["allowed"]
    api.make("broken")
    wait_until(lambda: hook.review(review_of(a_pod({"stoker.io/cr-name": "broken"})))["allowed"])


def test_many_who_miss_at_once_are_two_readings(api: SyncsApi, start: Start) -> None:
    hook = start().ready()
    go = threading.Event()

    def late(asked: Asked) -> None:
        if IN_PLANT in asked.path:
            go.wait(10)

    api.before = late
    told: list[dict[str, Any]] = []
    threads = [
        threading.Thread(target=lambda: told.append(hook.review(review_of(a_pod()))))
        for _ in range(60)
    ]
    for thread in threads:
        thread.start()
    wait_until(lambda: api.lists() == 1)
    # Who needs no reading does not wait for those who do.
    plain = a_pod()
    del plain["metadata"]["annotations"]["stoker.io/inject"]
    assert hook.review(review_of(plain))["allowed"]
    with api.silence():
        api.make("prod")
    go.set()
    for thread in threads:
        thread.join()
    assert len(told) == 60
    assert all(one["allowed"] for one in told)
    assert api.lists() <= 2


@pytest.mark.parametrize("answer", [status(503, "ServiceUnavailable"), [HANG]])
def test_an_api_server_that_is_away_or_hangs(answer: Any, api: SyncsApi, start: Start) -> None:
    api.make("prod")
    hook = start().ready()
    wait_until(lambda: api.watched)
    api.fault = lambda _: answer
    # What is known is decided as ever.
    began = time.monotonic()
    assert hook.review(review_of(a_pod()))["allowed"]
    assert time.monotonic() - began < 1
    # What is not, is denied in time, with the reason.
    denied = hook.review(review_of(a_pod(), namespace="other"), HURRIED)
    assert time.monotonic() - began < 3
    assert denied["status"]["code"] == 503
    assert "cannot be read from the API server now" in denied["status"]["message"]
    # However many there are.
    began = time.monotonic()
    threads = [
        threading.Thread(
            target=hook.review, args=(review_of(a_pod(), namespace=f"other-{number}"), HURRIED)
        )
        for number in range(12)
    ]
    for thread in threads:
        thread.start()
    assert hook.review(review_of(a_pod()))["allowed"]
    for thread in threads:
        thread.join()
    assert time.monotonic() - began < 4
    assert hook.probe("/readyz")[0] == 200
    assert hook.probe("/healthz")[0] == 200


def test_other_namespaces_pass_with_a_warning(api: SyncsApi, start: Start) -> None:
    api.make("prod")
    hook = start(watch_namespaces="plant").ready()
    assert hook.review(review_of(a_pod()))["patchType"] == "JSONPatch"
    passed = hook.review(review_of(a_pod(), namespace="elsewhere"))
    assert passed["allowed"]
    assert "patch" not in passed
    assert "watchNamespaces" in passed["warnings"][0]


# --- The end ---


def test_it_answers_while_it_goes_and_stays_ready(api: SyncsApi, start: Start) -> None:
    api.make("prod")
    hook = start(drain="2s").ready()
    body = json.dumps(review_of(a_pod())).encode()
    with closing(hook.connection()) as kept:
        kept.request("POST", MUTATE, body, JSON)
        assert kept.getresponse().read()
        before = kept.sock
        hook.end()
        began = time.monotonic()
        hook.wait_for("ending")
        # A Service sends to whoever ends only if nobody else is ready, and only to who is.
        assert hook.probe("/readyz")[0] == 200
        assert hook.probe("/healthz")[0] == 200
        # A connection that there is answers once more, and is told to go.
        kept.request("POST", MUTATE, body, JSON)
        answer = kept.getresponse()
        assert answer.headers["Connection"] == "close"
        assert answer.read()
        assert kept.sock is not before
    answered = 0
    while time.monotonic() - began < 1.7:
        assert hook.review(review_of(a_pod()))["allowed"]
        answered += 1
    assert answered
    assert hook.process.wait(10) == 0
    assert 1.9 < time.monotonic() - began < 8
    assert hook.told("stopped")
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", hook.ports["admission"]))


def test_a_second_signal_ends_the_wait(start: Start) -> None:
    hook = start(drain="60s").ready()
    hook.end()
    hook.wait_for("ending")
    hook.process.send_signal(signal.SIGINT)
    assert hook.process.wait(10) == 0


def test_its_end_waits_for_nobody_who_hangs(api: SyncsApi, start: Start) -> None:
    hook = start().ready()
    api.fault = lambda _: [HANG]
    told: list[dict[str, Any]] = []
    slow = threading.Thread(target=lambda: told.append(hook.review(review_of(a_pod()))))
    slow.start()
    wait_until(lambda: api.lists() == 1)
    with closing(hook.connection()) as idle:
        idle.connect()
        hook.end()
        began = time.monotonic()
        assert hook.process.wait(12) == 0
        assert time.monotonic() - began < 8
    slow.join()
    assert [one["status"]["code"] for one in told] == [503]


def test_a_port_that_is_taken_is_named(start: Start) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        hook = start(admission_bind_address=f"127.0.0.1:{port}")
        assert hook.process.wait(10) == 1
    wait_until(lambda: any("Address already in use" in line["message"] for line in hook.lines))


def test_files_that_are_missing_are_named(start: Start, tmp_path: Path) -> None:
    hook = start(certificate_dir=tmp_path)
    assert hook.process.wait(10) == 1
    wait_until(lambda: any("mount a Secret" in line["message"] for line in hook.lines))


# --- What it is served with ---


def test_the_certificate_is_told_of_in_the_metrics(
    served: tuple[KeyPair, Path], start: Start
) -> None:
    hook = start().ready()
    name = "stoker_webhook_certificate_expiry_timestamp_seconds "
    until = time.monotonic() + 15
    while not (told := [one for one in hook.metrics().splitlines() if one.startswith(name)]):
        assert time.monotonic() < until
        time.sleep(0.2)
    assert float(told[0].split()[1]) == served[0].not_after.timestamp()


def test_another_certificate_is_served_without_losing_a_review(
    api: SyncsApi, served: tuple[KeyPair, Path], start: Start, tmp_path: Path
) -> None:
    api.make("prod")
    folder = tmp_path / "tls"
    folder.mkdir()
    (folder / "tls.crt").write_bytes(served[0].certificate)
    (folder / "tls.key").write_bytes(served[0].key)
    hook = start(certificate_dir=folder).ready()
    new = self_signed(["127.0.0.1"], served[0].not_after - served[0].not_before, utc_now())
    hook.tls.load_verify_locations(cadata=new.certificate.decode())
    (folder / "tls.key").write_bytes(new.key)
    (folder / "tls.crt").write_bytes(new.certificate)
    until = time.monotonic() + 20
    while not hook.told("the certificate of admission was read anew"):
        assert hook.review(review_of(a_pod()))["allowed"]
        assert time.monotonic() < until
    assert hook.review(review_of(a_pod()))["allowed"]


# --- Both halves ---


def test_both_halves_in_one_process(
    api: SyncsApi, served: tuple[KeyPair, Path], start: Start, tmp_path: Path
) -> None:
    api.make("prod")
    token = tmp_path / "token"
    token.write_text("a-token-of-twenty-characters")
    receiving = {"receiver_cert_dir": served[1], "receiver_token_file": token}
    hook = start(receiver_bind_address="127.0.0.1:0", **receiving).ready()
    with closing(hook.connection("receiver")) as sender:
        headers = {"Authorization": f"Bearer {token.read_text()}", **JSON}
        sender.request("POST", "/webhook/plant/prod", b'{"ref": "v2"}', headers)
        answer = sender.getresponse()
        assert (answer.status, json.loads(answer.read())["ref"]) == (202, "v2")
    assert api.annotations("prod")["stoker.io/requested-ref"] == "v2"
    assert hook.review(review_of(a_pod()))["allowed"]
    told = hook.metrics()
    assert 'receiver_requests_total{source="generic",status_code="202"} 1.0' in told
    assert 'injections_total{namespace="plant",result="injected"} 1.0' in told


def test_a_receiver_alone_has_no_admission(start: Start) -> None:
    hook = start(admission_bind_address="0", receiver_bind_address="127.0.0.1:0").ready()
    assert "admission" not in hook.ports
    with socket.create_connection(("127.0.0.1", hook.ports["receiver"])) as plain:
        plain.sendall(b"POST /mutate-pods HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n")
        assert b" 404 " in plain.recv(1000)
