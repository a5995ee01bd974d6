"""Who may read the metrics, on the real API server and with the chart's rights.

Broken on purpose, and seen to fail: the SubjectAccessReview left out, the right to make
TokenReviews taken from the chart, nothing remembered.
"""

from __future__ import annotations

import http.client
import json
import ssl
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import pytest
from kit import Space
from kit.controllers import Controllers

from stoker.adapters.kube.client import connect
from stoker.adapters.metrics.controller import ControllerMetrics
from stoker.entrypoints.serving import About, Servers, reviewer_of

Ask = Callable[[str], tuple[int, str]]


@dataclass(frozen=True)
class _Settings:
    metrics_address: str = "127.0.0.1:0"
    metrics_certificates: Path | None = None
    probe_address: str = "0"


class _Well:
    def alive(self) -> str:
        return ""

    def ready(self) -> str:
        return ""


def serve(kubeconfig: Path) -> Iterator[Ask]:
    """Metrics whose readers are reviewed by the cluster of this kubeconfig."""
    with closing(connect(kubeconfig, user_agent="stoker-controller/test", pool=2)) as client:
        metrics = ControllerMetrics()
        about = About(_Settings(), _Well(), metrics.registry, reviewer_of(client))
        servers = Servers(about.listeners)
        servers.start()

        def ask(token: str) -> tuple[int, str]:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
            context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
            where = ("127.0.0.1", servers.ports["metrics"])
            connection = http.client.HTTPSConnection(*where, timeout=20, context=context)
            with closing(connection):
                headers = {"Authorization": f"Bearer {token}"} if token else {}
                connection.request("GET", "/metrics", headers=headers)
                answer = connection.getresponse()
                return answer.status, answer.read().decode()

        yield ask
        servers.stop()


@pytest.fixture
def ask(local_controllers: Controllers) -> Iterator[Ask]:
    yield from serve(local_controllers.kubeconfig)


def token_of(space: Space, account: str) -> str:
    return space.kubectl("create", "token", account, "--duration", "10m").strip()


def test_only_who_has_the_right_may_read(
    ask: Ask, local_controllers: Controllers, space: Space
) -> None:
    assert ask("") == (401, "Unauthorized\n")
    assert ask("nonsense") == (401, "Unauthorized\n")
    # A token of nobody, of somebody, and of somebody who is bound to the reader's role.
    head, body, _ = local_controllers.scraper.split(".")
    assert ask(f"{head}.{body}.c2lnbmF0dXJl") == (401, "Unauthorized\n")
    assert ask(token_of(space, "default")) == (403, "Forbidden\n")
    status, told = ask(local_controllers.scraper)
    assert status == 200
    assert "stoker_controller_leader 0.0" in told


def test_what_was_allowed_is_not_asked_again_at_once(
    ask: Ask, local_controllers: Controllers, space: Space
) -> None:
    assert ask(local_controllers.scraper)[0] == 200
    space.kubectl("delete", "serviceaccount", "scraper")
    assert ask(local_controllers.scraper)[0] == 200


def test_without_an_api_server_nobody_is_let_in(
    local_controllers: Controllers, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    away = json.loads(local_controllers.kubeconfig.read_text())
    away["clusters"][0]["cluster"]["server"] = "https://127.0.0.1:1"
    kubeconfig = tmp_path / "away"
    kubeconfig.write_text(json.dumps(away))
    for ask in serve(kubeconfig):
        assert ask(local_controllers.scraper) == (503, "Service Unavailable\n")
        assert ask(local_controllers.scraper) == (503, "Service Unavailable\n")
    told = capfd.readouterr().err
    assert told.count("who asks for metrics cannot be reviewed") == 1
    assert local_controllers.scraper not in told
