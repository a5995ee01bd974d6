"""GatewaySyncs are checked in a thread: nobody else waits, and nobody waits for ever.

Broken on purpose, and seen to fail: checked in the loop; no time limit; a dry run counted.
"""

from __future__ import annotations

import asyncio
import threading
import time
from typing import Any

import pytest

from stoker.adapters.codec.admission import AdmissionRequest
from stoker.adapters.codec.crd import SITE
from stoker.core.injection import Admission, Allowed, Denied
from stoker.entrypoints.webhook.admission import checking
from stoker.entrypoints.webhook.admission.checking import SyncJudge
from support.crs_api import gateway_sync


def asked(sync: Any, **request: Any) -> AdmissionRequest:
    given = {"operation": "CREATE", "kind": "GatewaySync", "namespace": "plant", **request}
    return AdmissionRequest(uid="u", object=sync, **given)


def judged(request: AdmissionRequest, seconds: float = 5) -> Admission:
    return asyncio.run(SyncJudge(SITE, lambda *_: None).judge(request, seconds))


def test_what_is_decided() -> None:
    assert isinstance(judged(asked(gateway_sync("a"))), Allowed)
    assert isinstance(judged(asked(gateway_sync("a", git=5))), Denied)
    assert judged(asked({"spec": 5}, kind="Pod")) == Allowed()


def test_nobody_waits_for_one_that_takes_long(monkeypatch: pytest.MonkeyPatch) -> None:
    go = threading.Event()

    def slow(*_: object) -> Admission:
        assert go.wait(10)
        return Allowed()

    monkeypatch.setattr(checking, "admit_sync", slow)
    judge = SyncJudge(SITE, lambda *_: None)

    async def many() -> list[Admission]:
        slow_ones = [asyncio.create_task(judge.judge(asked({}), 5)) for _ in range(5)]
        began = time.monotonic()
        hasty = await judge.judge(asked({}), 0.1)
        assert time.monotonic() - began < 2
        go.set()
        return [hasty, *await asyncio.gather(*slow_ones)]

    hasty, *others = asyncio.run(many())
    assert others == [Allowed()] * 5
    match hasty:
        case Denied(message=message, code=503):
            assert "took longer than 0.1 s" in message
        case other:
            pytest.fail(str(other))


@pytest.mark.parametrize(
    ("admission", "counted"),
    [
        (Allowed(), "allowed"),
        (Allowed(("unwise",)), "warned"),
        (Denied("no"), "denied"),
        (Denied("no", code=503), "error"),
    ],
)
def test_what_is_counted_and_told(
    admission: Admission, counted: str, capfd: pytest.CaptureFixture[str]
) -> None:
    counts: list[tuple[str, float]] = []
    judge = SyncJudge(SITE, lambda *one: counts.append(one))
    judge.told(asked({}), admission, 0.5)
    judge.told(asked({}, dry_run=True), admission, 0.5)
    assert counts == [(counted, 0.5)]
    lines = capfd.readouterr().err.splitlines()
    assert len(lines) == (2 if isinstance(admission, Denied) else 0)
