"""Every question of the client, against every way in which a server can be broken.

One row for each fault, one column for each question; a cell is what exactly has to come of it. The
questions of a scan and of a verification that come before the broken one are answered properly.

Seen failing: with the deadline of the whole exchange replaced by a timeout of each read, `drip`
and `crumbs` took until the server gave up; with bodies unbounded, `endless` and `endless chunk`
went on until the deadline; with redirects answered as success, `welcome` was taken for
a scan.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from itertools import chain, repeat
from typing import Any

import pytest

from stoker.adapters.ignition import Gateway, GatewayInfo, NoAnswer
from stoker.adapters.ignition.errors import not_locked, refused
from stoker.core.errors import Retryable, StokerError
from stoker.core.ignition import ResourcePath, ScanKind
from stoker.core.scan import (
    Busy,
    Forbidden,
    NotCommissioned,
    Readiness,
    Refused,
    ScanOutcome,
    Unauthorized,
    Unreachable,
    Unsupported,
)
from support.gateways import TOKEN, gateway_at
from support.scripted_server import (
    HANG,
    RESET,
    Asked,
    ClosedPort,
    ScriptedServer,
    Step,
    reply,
)

TIMEOUT = 0.4
SLOW_FAULTS = ("hang", "drip", "crumbs")
CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
PAGE = b"<html><body>Sign in</body></html>"
DATABASE = ResourcePath("config/resources/core", "ignition", "database-connection", "MES")


def gateway(url: str, fault: str = "") -> Gateway:
    return gateway_at(url, timeout=TIMEOUT if fault in SLOW_FAULTS else 20.0)


def drip() -> Iterator[Step]:
    """An answer that needs forty times the time that it has, and never stands still for long."""
    yield b"HTTP/1.1 200 OK\r\nContent-Length: 400\r\n\r\n"
    for _ in range(400):
        yield b" "
        yield TIMEOUT / 10


FAULTS: dict[str, Callable[[], Any]] = {
    "reset": lambda: [RESET],
    "closed": list,
    "hang": lambda: [HANG],
    "drip": drip,
    "not http": lambda: [b"SSH-2.0-OpenSSH_9.6\r\n"],
    "cut off": lambda: [b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{}"],
    "bad chunks": lambda: [CHUNKED, b"-5\r\nabcde"],
    "401": lambda: reply(401, PAGE),
    "403": lambda: reply(403, PAGE),
    "404": lambda: reply(404, PAGE),
    "welcome": lambda: reply(302, location="/welcome"),
    "elsewhere": lambda: reply(302, location="http://192.0.2.1/"),
    "400": lambda: reply(400, PAGE),
    "429": lambda: reply(429, PAGE, retry_after="900"),
    "500": lambda: reply(500, PAGE),
    "503": lambda: reply(503, PAGE),
    "page": lambda: reply(200, PAGE),
    "half json": lambda: reply(200, b'{"scanActive": fal'),
    "other json": lambda: reply(
        200,
        {
            "scanActive": "no",
            "lastScanTimestamp": [],
            "items": {"name": 1},
            "metadata": 7,
            "name": {},
            "state": 9,
        },
    ),
    "a list": lambda: reply(200, [1, 2]),
    "ten megabytes": lambda: reply(200, b"[" + b" " * 10_000_000),
    "endless": lambda: chain([b"HTTP/1.1 200 OK\r\n\r\n"], repeat(b" " * (1 << 20))),
    "endless chunk": lambda: chain([CHUNKED, b"-1\r\n"], repeat(b" " * (1 << 20))),
    "crumbs": lambda: chain([CHUNKED], repeat(b"1\r\n \r\n" * 1000)),
    "deep json": lambda: reply(200, b"[" * 200_000 + b"]" * 200_000),
}


def status(timestamp: int) -> list[Step]:
    return reply(200, {"scanActive": False, "lastScanTimestamp": timestamp, "lastScanDuration": 5})


def broken_at(fault: str, number: int, healthy: Callable[[Asked], Any]) -> Callable[[Asked], Any]:
    """A script that is healthy for so many requests, and broken from then on."""
    left = [number]

    def script(asked: Asked) -> Any:
        left[0] -= 1
        return healthy(asked) if left[0] >= 0 else FAULTS[fault]()

    return script


def healthy(asked: Asked) -> Any:
    if asked.method == "POST":
        return reply(200, {"scanActive": True, "lastScanTimestamp": 1, "lastScanDuration": 5})
    if asked.path.startswith("/data/api/v1/scan/"):
        return status(1)
    return reply(200, {"items": [{"name": "MES", "enabled": True, "modes": ["core"]}]})


def raised(call: Callable[[], object]) -> object:
    """What a call gives, or the error that it raises; anything else fails the test."""
    try:
        return call()
    except StokerError as error:
        return error


QUESTIONS: dict[str, tuple[int, Callable[[Gateway], object]]] = {
    "state before a scan": (0, lambda one: one.scan(ScanKind.PROJECTS)),
    "request of a scan": (1, lambda one: one.scan(ScanKind.PROJECTS)),
    "state after it": (2, lambda one: one.scan(ScanKind.PROJECTS)),
    "loaded names": (0, lambda one: one.verify([DATABASE], 1)),
    "log": (1, lambda one: one.verify([DATABASE], 1)),
    "lock": (0, lambda one: raised(lambda: one.lock([ScanKind.CONFIG], acquire=0))),
    "designers": (0, lambda one: raised(one.designers)),
    "name": (0, lambda one: raised(one.info)),
    "readiness": (0, lambda one: one.readiness()),
}

NO_ANSWER = {
    "refused": "nobody listens there",
    "reset": "the connection broke off",
    "closed": "the connection broke off",
    "hang": f"no whole answer within {TIMEOUT:g} s",
    "drip": f"no whole answer within {TIMEOUT:g} s",
    "not http": "the answer is not HTTP",
    "cut off": "the answer broke off",
    "bad chunks": "the answer is not HTTP",
    "endless chunk": "the answer is not HTTP",
    "crumbs": f"no whole answer within {TIMEOUT:g} s",
    "bad tls": "TLS failed: wrong version number",
}
FOREIGN = "the answer is not the gateway's"
GARBAGE = ("page", "half json", "other json", "a list", "ten megabytes", "endless", "deep json")
OUTCOMES: dict[str, ScanOutcome] = {
    "401": Unauthorized(),
    "403": Forbidden(),
    "404": Unsupported(),
    "welcome": NotCommissioned(),
    "elsewhere": Refused(302),
    "400": NotCommissioned(),
    "429": Busy(900.0),
    "500": Refused(500),
    "503": Unreachable("it is starting or stopping"),
    **dict.fromkeys(GARBAGE, Refused(200, FOREIGN)),
    **{fault: Unreachable(why) for fault, why in NO_ANSWER.items()},
}
OF_VERIFICATION: dict[str, ScanOutcome] = {
    **OUTCOMES,
    **dict.fromkeys(("400", "403", "404"), Unsupported()),
    "500": Unreachable("it cannot say what it has loaded, status 500"),
}
OF_START = {
    **dict.fromkeys(FAULTS, Readiness.WEB_SERVER_UP),
    **dict.fromkeys(NO_ANSWER, Readiness.DOWN),
    "welcome": Readiness.COMMISSIONING,
    "503": Readiness.STARTING,
}


def expected(question: str, fault: str) -> object:
    outcome = OUTCOMES[fault]
    special = {
        "readiness": OF_START[fault],
        "loaded names": OF_VERIFICATION[fault],
        "log": OF_VERIFICATION[fault],
        "lock": not_locked("config", outcome),
        "designers": refused("the list of Designers", outcome),
        "name": refused("the question for the gateway's name and version", outcome),
    }
    if question == "lock" and fault in {"404", "other json"}:
        return None  # no such lock; and any object is a receipt
    if question == "name" and fault == "other json":
        return GatewayInfo()
    if question in {"designers", "name"} and fault in NO_ANSWER:
        return outcome
    return special.get(question, outcome)


def shown(result: object) -> object:
    """What a result is compared by: an error that was raised has a place besides."""
    if isinstance(result, NoAnswer):
        assert result.disposition == Retryable()
        return Unreachable(result.message)
    if isinstance(result, StokerError):
        return type(result), str(result), result.disposition
    return result


@pytest.mark.parametrize("question", QUESTIONS)
@pytest.mark.parametrize("fault", FAULTS)
def test_each_fault_has_its_outcome(question: str, fault: str) -> None:
    number, ask = QUESTIONS[question]
    with ScriptedServer(broken_at(fault, number, healthy)) as server:
        began = time.monotonic()
        result = ask(gateway(server.url, fault))
        took = time.monotonic() - began
    assert shown(result) == shown(expected(question, fault))
    if fault in SLOW_FAULTS:
        assert took < 20 * TIMEOUT  # the state after a scan is asked for until the grace is over
    assert TOKEN not in f"{result} {result!r}"


@pytest.mark.parametrize("question", QUESTIONS)
def test_a_port_where_nobody_listens(question: str) -> None:
    _, ask = QUESTIONS[question]
    with ClosedPort() as url:
        assert shown(ask(gateway(url))) == shown(expected(question, "refused"))


@pytest.mark.parametrize("question", QUESTIONS)
def test_a_server_that_speaks_no_tls(question: str) -> None:
    _, ask = QUESTIONS[question]
    with ScriptedServer(lambda _: reply(400, PAGE), hasty=True) as server:
        result = ask(gateway(server.url.replace("http://", "https://")))
    assert shown(result) == shown(expected(question, "bad tls"))
