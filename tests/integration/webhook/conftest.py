"""An API server, what a pod is given to reach it, and webhooks that are processes of their own."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from stoker.adapters.certs import KeyPair
from stoker.adapters.certs import self_signed as certificate
from stoker.adapters.clock import utc_now
from support.scripted_server import self_signed
from support.syncs_api import SyncsApi
from support.webhook_process import WebhookProcess, webhook_process

Start = Callable[..., WebhookProcess]


@pytest.fixture(scope="session")
def account(tmp_path_factory: pytest.TempPathFactory) -> tuple[Any, Path]:
    """TLS for the API server, and the folder of an account that believes it."""
    folder = tmp_path_factory.mktemp("account")
    tls, authority = self_signed(folder)
    (folder / "token").write_text("planted")
    (folder / "ca.crt").write_bytes(authority.read_bytes())
    return tls, folder


@pytest.fixture(scope="session")
def served(tmp_path_factory: pytest.TempPathFactory) -> tuple[KeyPair, Path]:
    """What admission is served with, and its folder."""
    folder = tmp_path_factory.mktemp("certificate")
    pair = certificate(["localhost", "127.0.0.1"], timedelta(days=1), utc_now())
    (folder / "tls.crt").write_bytes(pair.certificate)
    (folder / "tls.key").write_bytes(pair.key)
    return pair, folder


@pytest.fixture
def api(account: tuple[Any, Path]) -> Iterator[SyncsApi]:
    with SyncsApi(account[0]) as made:
        yield made


@pytest.fixture
def start(
    api: SyncsApi, account: tuple[Any, Path], served: tuple[KeyPair, Path]
) -> Iterator[Start]:
    """A function that starts a webhook of admission; it ends with the test."""
    with ExitStack() as stack:

        def begin(**options: object) -> WebhookProcess:
            pair, folder = served
            return stack.enter_context(webhook_process(api, account[1], folder, pair, **options))

        yield begin


@pytest.fixture(scope="module")
def hook(account: tuple[Any, Path], served: tuple[KeyPair, Path]) -> Iterator[WebhookProcess]:
    """One for all tests of a file that leave no trace in it; it knows the CR `prod`."""
    with SyncsApi(account[0]) as api:
        api.make("prod")
        with webhook_process(api, account[1], served[1], served[0]) as running:
            yield running.ready()
