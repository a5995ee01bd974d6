"""Who is let in, and what those who are not can learn: nothing, not even from the time."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from integration.receiver.running import GLOBAL, OWN, Answer, Running
from stoker.core.errors import StokerError
from stoker.core.payload import Rate
from support.crs_api import CrsApi
from support.scripted_server import HANG
from support.server_processes import eventually
from support.small_api import status

BODY = {"ref": "v1.2.3"}
REF = "stoker.io/requested-ref"
RECEIVER = {"secretRef": {"name": "hook", "key": "secret"}}
MUCH = Rate(0, 1)


def own(api: CrsApi, name: str = "line-a", secret: str = OWN) -> str:
    """A CR with a secret of its own."""
    api.keep("hook", secret=secret)
    api.make(name, receiver=RECEIVER)
    return f"/webhook/plant/{name}"


def test_the_proofs_of_all_systems_are_taken(running: Running) -> None:
    for headers in (
        {"Authorization": f"Bearer {GLOBAL}"},
        {"Authorization": f"bearer  {GLOBAL}"},
        {"X-Gitlab-Token": GLOBAL},
    ):
        assert running.post(BODY, headers, secret=None).status == 202
    signed = running.post(BODY, {"X-Hub-Signature": "sha1=" + "0" * 40})
    assert signed.status == 202


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"X-Gitlab-Token": "wrong"},
        {"Authorization": "Bearer wrong"},
        {"Authorization": f"Basic {GLOBAL}"},
        {"X-Hub-Signature-256": "sha256=" + "0" * 64},
        {"X-Gitlab-Token": GLOBAL, "Authorization": "Bearer wrong"},
        {"X-Gitlab-Token": f"{GLOBAL}, {GLOBAL}"},
    ],
)
def test_without_a_proof_nothing_is_written(shared: Running, headers: dict[str, str]) -> None:
    written = len(shared.api.patches)
    answer = shared.post(BODY, headers, secret=None)
    assert (answer.status, answer.headers["www-authenticate"]) == (401, "Bearer")
    assert answer.body == {"accepted": False, "message": "unauthorized"}
    assert len(shared.api.patches) == written
    assert shared.meter.counted[-1][:2] == ("unknown", 401)


def test_a_proof_twice_is_no_proof(running: Running) -> None:
    with running.raw() as connection:
        connection.sendall(
            b"POST /webhook/plant/site HTTP/1.1\r\nHost: x\r\nContent-Length: 13\r\n"
            + f"X-Gitlab-Token: {GLOBAL}\r\n".encode() * 2
            + b"Connection: close\r\n\r\n"
            + b'{"ref": "v1"}'
        )
        assert connection.recv(100).startswith(b"HTTP/1.1 401 ")


def test_a_cr_with_a_secret_of_its_own_knows_no_other(running: Running) -> None:
    path = own(running.api)
    running.knows("line-a")
    answer = running.post(BODY, path=path, secret=OWN)
    assert answer.status == 202
    assert running.post(BODY, path=path, secret=GLOBAL).status == 401
    assert running.post(BODY, {"X-Gitlab-Token": OWN}, path, secret=None).status == 202
    assert running.post(BODY, secret=OWN).status == 401


def test_all_refusals_are_the_same_and_take_the_same_time(run: Callable[..., Running]) -> None:
    """Seen to fail when who is refused is answered at once: the CR with a Secret took longer."""
    running = run(refusal_seconds=0.25, source_rate=MUCH)
    api = running.api
    paths = [own(api), "/webhook/plant/site", "/webhook/plant/gone", "/webhook/elsewhere/gone"]
    api.make("unread", receiver={"secretRef": {"name": "missing", "key": "x"}})
    paths += ["/webhook/plant/unread", "/webhook/plant/NO%20NAME"]
    running.knows("unread")
    # A Secret takes its time, and no refusal shows it.
    api.fault = lambda asked: [0.1, *status(404, "NotFound")] if "secrets" in asked.path else None
    answers: dict[str, list[Answer]] = {path: [] for path in paths}
    for _ in range(3):
        for path, told in answers.items():
            told.append(running.post(BODY, path=path, secret="wrong"))
    assert {(one.status, one.raw) for told in answers.values() for one in told} == {
        (401, answers[paths[0]][0].raw)
    }
    headers = {
        frozenset((name, text) for name, text in one.headers.items() if name != "date")
        for told in answers.values()
        for one in told
    }
    assert len(headers) == 1
    quickest = [min(one.seconds for one in told) for told in answers.values()]
    assert min(quickest) >= 0.25
    assert max(quickest) - min(quickest) < 0.03


def test_no_refusal_waits_for_a_secret_that_does_not_come(run: Callable[..., Running]) -> None:
    running = run(refusal_seconds=0.2)
    path = own(running.api)
    running.api.fault = lambda asked: [HANG] if "secrets" in asked.path else None
    running.knows("line-a")
    answer = running.post(BODY, path=path, secret=OWN)
    assert answer.status == 401
    assert 0.2 <= answer.seconds < 0.4


def test_secrets_are_read_ahead(api: CrsApi, run: Callable[..., Running]) -> None:
    """Seen to fail when a secret was read by the first request for it."""
    path = own(api)
    running = run()
    assert eventually(lambda: len(api.asked("GET", "secrets")) == 1, 0.5)
    later = own(api, "line-b")
    assert eventually(lambda: running.known.cr("plant", "line-b") is not None)
    time.sleep(0.1)
    api.fault = lambda asked: [HANG] if "secrets" in asked.path else None
    for one in (path, later):
        answer = running.post(BODY, path=one, secret=OWN)
        assert answer.status == 202
        assert answer.seconds < 0.2


def test_a_secret_that_was_replaced_counts_at_once(running: Running) -> None:
    """Seen to fail when what was known was believed for thirty seconds."""
    path = own(running.api)
    running.knows("line-a")
    assert running.post(BODY, path=path, secret=OWN).status == 202
    time.sleep(0.15)  # a secret is not read more often
    running.api.keep("hook", secret="another-secret")
    assert running.post(BODY, path=path, secret="another-secret").status == 202
    assert running.post(BODY, path=path, secret=OWN).status == 401


def test_a_secret_that_was_taken_back_counts_for_one_more(running: Running) -> None:
    path = own(running.api)
    running.knows("line-a")
    time.sleep(0.15)
    del running.api.secrets["plant", "hook"]
    assert running.post(BODY, path=path, secret=OWN).status == 202
    assert eventually(lambda: running.post(BODY, path=path, secret=OWN).status == 401)
    running.api.keep("hook", secret=OWN)
    time.sleep(0.15)
    assert running.post(BODY, path=path, secret=OWN).status == 202


def test_a_cr_that_names_another_secret_has_that_one(running: Running) -> None:
    path = own(running.api)
    running.knows("line-a")
    running.api.keep("other", secret="another-secret")
    running.api.make("line-a", receiver={"secretRef": {"name": "other", "key": "secret"}})
    assert eventually(lambda: running.post(BODY, path=path, secret="another-secret").status == 202)
    running.api.make("line-a")
    assert eventually(lambda: running.post(BODY, path=path).status == 202)


@pytest.mark.parametrize("fault", [status(403, "Forbidden"), status(404, "NotFound")])
def test_a_secret_that_cannot_be_read_lets_nobody_in(
    run: Callable[..., Running], capfd: pytest.CaptureFixture[str], fault: Any
) -> None:
    running = run(hmac_file=None, token_file=None, allow_unauthenticated=True)
    running.api.fault = lambda asked: fault if "secrets" in asked.path else None
    path = own(running.api)
    running.knows("line-a")
    for secret in (None, OWN, "", GLOBAL):
        assert running.post(BODY, path=path, secret=secret).status == 401
    assert "the secret of a GatewaySync cannot be read" in capfd.readouterr().err
    assert running.post(BODY, secret=None).status == 202


def test_a_secret_stays_in_force_while_the_api_server_is_away(running: Running) -> None:
    path = own(running.api)
    running.knows("line-a")
    assert running.post(BODY, path=path, secret=OWN).status == 202
    time.sleep(0.15)
    running.api.fault = lambda asked: (
        status(500, "InternalError") if "secrets" in asked.path else None
    )
    for _ in range(2):
        assert running.post(BODY, path=path, secret=OWN).status == 202
        assert running.post(BODY, path=path, secret=GLOBAL).status == 401


def test_a_cr_that_is_only_found_when_looked_up_has_its_own_secret(
    api: CrsApi, run: Callable[..., Running]
) -> None:
    """Seen to fail without the second look: whoever had the global secret was let in."""
    api.fault = lambda asked: [HANG] if "watch=1" in asked.target else None
    running = run()
    path = own(api)
    assert running.post(BODY, path=path, secret=GLOBAL).status == 401
    assert api.patches == []
    assert running.post(BODY, path=path, secret=OWN).status == 202


def test_a_spec_that_cannot_be_read_has_no_secret_that_anybody_knows(running: Running) -> None:
    running.api.make("odd", receiver={"secretRef": "text"}, sync=7)
    running.knows("odd")
    assert running.post(BODY, path="/webhook/plant/odd").status == 401


def test_the_global_secret_is_read_when_it_changes(running: Running, secret_file: Path) -> None:
    new = secret_file.with_name("new")
    new.write_text("another-secret\n")
    new.replace(secret_file)
    assert eventually(lambda: running.post(BODY, secret="another-secret").status == 202)
    assert running.post(BODY, secret=GLOBAL).status == 401


@pytest.mark.parametrize("harm", ["remove", "empty"])
def test_a_global_secret_that_vanishes_stays_in_force(
    running: Running, secret_file: Path, capfd: pytest.CaptureFixture[str], harm: str
) -> None:
    if harm == "remove":
        secret_file.unlink()
    else:
        secret_file.write_text("\n")
        os.utime(secret_file, (1, 1))
    time.sleep(1.1)
    assert running.post(BODY).status == 202
    assert running.post(BODY, secret=None).status == 401
    assert "stays in force" in capfd.readouterr().err


def test_without_any_secret_nobody_is_let_in_unless_that_is_wanted(
    run: Callable[..., Running],
) -> None:
    closed = run(hmac_file=None, token_file=None)
    assert closed.post(BODY, secret=None).status == 401
    assert closed.post(BODY, secret="").status == 401
    opened = run(hmac_file=None, token_file=None, allow_unauthenticated=True)
    assert opened.post(BODY, secret=None).status == 202


def test_to_be_let_in_without_proof_means_nothing_where_there_is_a_secret(
    run: Callable[..., Running],
) -> None:
    assert run(allow_unauthenticated=True).post(BODY, secret=None).status == 401


@pytest.mark.parametrize("text", [None, "", " \n"])
def test_a_file_that_holds_no_secret_is_told_at_the_start(
    run: Callable[..., Running], tmp_path: Path, text: str | None
) -> None:
    file = tmp_path / "secret"
    if text is not None:
        file.write_text(text)
    with pytest.raises(StokerError) as caught:
        run(hmac_file=file)
    assert caught.value.where == str(file)
    assert caught.value.cure


def test_secrets_beyond_ascii_are_known_as_they_are_sent(run: Callable[..., Running]) -> None:
    running = run()
    path = own(running.api, secret="größe-und-länge")
    running.knows("line-a")
    raw = "größe-und-länge".encode().decode("latin-1")
    assert running.post(BODY, {"X-Gitlab-Token": raw}, path, secret=None).status == 202
    assert running.post(BODY, path=path, secret="größe-und-länge").status == 202


def test_garbage_for_many_secrets_is_few_reads(api: CrsApi, run: Callable[..., Running]) -> None:
    """Seen to fail when each request that was refused had a Secret read."""
    for number in range(60):
        api.keep(f"hook-{number}", secret=OWN)
        ref = {"secretRef": {"name": f"hook-{number}", "key": "secret"}}
        api.make(f"line-{number}", receiver=ref)
    running = run(source_rate=MUCH, refusal_seconds=0.05)
    assert eventually(lambda: len(api.asked("GET", "secrets")) == 60)
    time.sleep(0.15)
    paths = [f"/webhook/plant/line-{number % 60}" for number in range(240)]
    with ThreadPoolExecutor(8) as pool:
        answers = [*pool.map(lambda path: running.post(BODY, path=path, secret="x"), paths)]
    assert {one.status for one in answers} == {401}
    assert len(api.asked("GET", "secrets")) - 60 <= 40 + 20 * 3
