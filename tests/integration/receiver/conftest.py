"""The fixtures of these tests: an API server, and receivers that ask it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from ipaddress import ip_network
from pathlib import Path
from typing import Any

import pytest

from integration.receiver import running as receivers
from integration.receiver.running import GLOBAL, Running
from stoker.core.payload import Rate
from support.crs_api import CrsApi
from support.scripted_server import self_signed


@pytest.fixture(scope="session")
def account(tmp_path_factory: pytest.TempPathFactory) -> tuple[Any, Path]:
    """TLS for the API server, and the folder of an account."""
    folder = tmp_path_factory.mktemp("account")
    tls, certificate = self_signed(folder)
    (folder / "token").write_text("planted-account-token")
    (folder / "ca.crt").write_bytes(certificate.read_bytes())
    return tls, folder


@pytest.fixture
def api(account: tuple[Any, Path]) -> Iterator[CrsApi]:
    with CrsApi(account[0]) as made:
        made.make("site")
        yield made


@pytest.fixture
def secret_file(tmp_path: Path) -> Path:
    file = tmp_path / "hmac"
    file.write_text(f"{GLOBAL}\n")
    return file


@pytest.fixture(scope="module")
def shared(
    account: tuple[Any, Path], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Running]:
    """One for all tests of a file that leave no trace in it; it has no limits of rate."""
    file = tmp_path_factory.mktemp("secret") / "hmac"
    file.write_text(GLOBAL)
    limits: dict[str, Any] = {"source_rate": Rate(0), "cr_rate": Rate(0), "refusal_seconds": 0.02}
    proxies = (ip_network("127.0.0.0/8"),)
    with CrsApi(account[0]) as api:
        api.make("site")
        one = receivers.start(
            api, account[1], hmac_file=file, token_file=file, trusted_proxies=proxies, **limits
        )
        yield one
        receivers.stop(one)


@pytest.fixture
def run(
    api: CrsApi, account: tuple[Any, Path], secret_file: Path
) -> Iterator[Callable[..., Running]]:
    """A function that starts a receiver with the global secret; it stops at the end."""
    made: list[Running] = []

    def one(**given: Any) -> Running:
        settings = {"hmac_file": secret_file, "token_file": secret_file, **given}
        made.append(receivers.start(api, account[1], **settings))
        return made[-1]

    yield one
    for each in made:
        receivers.stop(each)


@pytest.fixture
def running(run: Callable[..., Running]) -> Running:
    """One with the usual settings."""
    return run()
