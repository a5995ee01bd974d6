"""The fake gateway in a process of its own, many at once, and many clients of one.

Seen failing: with a stop that leaves a thread behind, and with the state read without the lock.
"""

from __future__ import annotations

import gc
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import pytest

from stoker.testing.gateway import FakeGateway, Settings
from stoker.testing.gateway.__main__ import main
from support.ignition_trees import put_project
from support.talk import api, ask


def open_descriptors() -> int:
    gc.collect()
    return sum(1 for _ in Path("/proc/self/fd").iterdir())


@contextmanager
def process(*arguments: str) -> Iterator[tuple[subprocess.Popen[str], dict[str, str]]]:
    command = [sys.executable, "-W", "error", "-m", "stoker.testing.gateway", *arguments]
    with subprocess.Popen(  # noqa: S603
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as started:
        try:
            assert started.stdout is not None
            yield started, json.loads(started.stdout.readline())
        finally:
            started.terminate()


def test_a_process_of_its_own(tmp_path: Path) -> None:
    put_project(tmp_path, "line")
    token_file = tmp_path / "token"
    token_file.write_text("agent:5ecret\n")
    arguments = ["--port", "0", "--tls-port", "0", "--control-port", "0", "--speed", "2"]
    switches = ["--set", "name=plant-4", "--set", "scan_seconds=0.01"]
    data = ["--data", str(tmp_path), "--token-file", str(token_file)]
    with process(*data, *arguments, *switches) as (started, where):
        assert set(where) == {"url", "secure_url", "control_url"}
        info = ask(where["secure_url"], "GET /data/api/v1/gateway-info", token="agent:5ecret")
        assert info.json["name"] == "plant-4"
        state = ask(where["control_url"], "GET /state").json
        assert [one["name"] for one in state["projects"]] == ["line"]
        started.send_signal(signal.SIGTERM)
        assert started.wait(10) == 0
        assert started.stderr is not None
        assert started.stderr.read() == ""


def test_a_token_on_the_command_line(tmp_path: Path) -> None:
    with process("--data", str(tmp_path), "--port", "0", "--token", "a:b") as (_, where):
        assert ask(where["url"], "GET /data/api/v1/designers", token="a:b").status == 200


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        (["--data", "/nowhere"], "no such data directory"),
        (["--set", "nothing=1"], "no such switch"),
        (["--set", "nothing"], "NAME=VALUE"),
        (["--token-file", "/nowhere"], "/nowhere"),
    ],
)
def test_bad_arguments(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], why: str
) -> None:
    assert main(["--data", str(tmp_path), "--port", "0", *arguments]) == 2
    assert why in capsys.readouterr().err


@pytest.mark.parametrize("more", [[], ["--tls-port", "0", "--control-port", "0"]])
def test_the_main_function_ends_by_a_signal(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], more: list[str]
) -> None:
    before = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}
    threading.Timer(0.3, os.kill, (os.getpid(), signal.SIGTERM)).start()
    settings = ["--port", "0", "--lifelike", "--token", "a:b", "--set", "name=plant-4", *more]
    try:
        assert main(["--data", str(tmp_path), *settings]) == 0
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    where = json.loads(capsys.readouterr().out)
    assert set(where) == ({"url", "secure_url", "control_url"} if more else {"url"})


def test_several_at_once_and_nothing_left(tmp_path: Path) -> None:
    threads, descriptors = set(threading.enumerate()), open_descriptors()
    gateways = []
    for number in range(5):
        data = tmp_path / str(number)
        data.mkdir()
        put_project(data, f"line-{number}")
        gateways.append(FakeGateway(data, Settings(tls_port=0, control_port=0)).start())
    for number, gateway in enumerate(gateways):
        assert list(gateway.projects) == [f"line-{number}"]
        assert ask(gateway.secure_url, "GET /StatusPing").status == 200
    for gateway in gateways:
        gateway.stop()
        gateway.stop()
    assert not set(threading.enumerate()) - threads
    assert open_descriptors() == descriptors


def test_one_that_was_never_started_leaves_nothing(tmp_path: Path) -> None:
    FakeGateway(tmp_path).stop()


def test_many_clients(tmp_path: Path) -> None:
    """Everybody is answered, and every project that was there before a scan is loaded by it."""
    with FakeGateway(tmp_path, Settings(scan_seconds=0.01)) as fake:

        def work(number: int) -> None:
            put_project(tmp_path, f"line-{number}")
            assert api(fake, "GET /designers").status == 200
            assert api(fake, "POST /scan/projects").status == 200
            assert ask(fake.url, "GET /_fake/state").status == 200
            assert isinstance(fake.loaded.files(), dict)

        with ThreadPoolExecutor(16) as pool:
            list(pool.map(work, range(48)))
        fake.scan()
        fake.wait_for(lambda one: len(one.projects) == 48)


def test_it_is_there_at_once(tmp_path: Path) -> None:
    put_project(tmp_path, "line")
    started = time.perf_counter()
    with FakeGateway(tmp_path) as fake:
        ask(fake.url, "GET /StatusPing")
    assert time.perf_counter() - started < 0.5
    heavy = "asyncio", "cryptography", "email", "http.client", "ssl"
    code = f"import sys, stoker.testing.gateway; print({{*{heavy!r}}} & {{*sys.modules}})"
    assert subprocess.check_output([sys.executable, "-c", code]) == b"set()\n"  # noqa: S603
