"""`stoker trigger` through the API server of a real cluster, to a receiver that helm has installed.

The API server passes requests on to pods alone, and says of its own refusals what only it knows; so
this is where the way through it is tried.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from typing import Any, Final

import pytest
from cluster import Cluster
from kit import Space, eventually, manifests
from kit.charts import Installed, installed
from kit.kubectl import Document
from kit.plants import gateway_sync

from stoker.core import names

KEY: Final = "the planted key of all"
OWN: Final = "the planted key of one"
VALUES: Final[Document] = {
    "git": {"allowedProtocols": ["https", "git"]},
    "webhook": {"enabled": False},
    "webhookReceiver": {"enabled": True, "hmac": {"secret": KEY}},
}


@pytest.fixture(scope="module")
def release(shared_space: Space, definition: Document, product: str) -> Iterator[Installed]:
    assert definition
    with installed(
        shared_space, product, {**VALUES, "watchNamespaces": [shared_space.name]}
    ) as made:
        own = {"secretRef": {"name": "hook", "key": "key"}}
        shared_space.apply(
            manifests.secret("hook", {"key": OWN}),
            gateway_sync("plant", "git://nowhere.example/plant.git"),
            gateway_sync("own", "git://nowhere.example/plant.git", receiver=own),
        )
        yield made


def trigger(
    release: Installed, cluster: Cluster, name: str, *more: str, secret: str | None = None
) -> subprocess.CompletedProcess[str]:
    environ = {"PATH": os.environ["PATH"], "KUBECONFIG": str(cluster.kubeconfig)}
    if secret is not None:
        environ["STOKER_WEBHOOK_SECRET"] = secret
    space = release.space.name
    service = ("--service", f"{space}/{release.name}-receiver")
    return subprocess.run(  # noqa: S603 - our own command
        [sys.executable, "-m", "stoker", "trigger", f"{space}/{name}", *service, *more],
        env=environ, capture_output=True, text=True, check=False,
    )  # fmt: skip


def requested(release: Installed, name: str) -> dict[str, Any]:
    found = release.space.kubectl.json("get", "gatewaysync", name)["metadata"]
    return dict(found.get("annotations", {}))


def test_a_gateway_sync_s_own_secret_is_read_and_used(release: Installed, cluster: Cluster) -> None:
    def taken() -> bool:
        done = trigger(release, cluster, "own", "--ref", "v1.2.3", "--output", "json")
        assert (done.returncode, done.stderr) == (0, "")
        assert json.loads(done.stdout)["result"] == "accepted"
        return True

    eventually(taken, what="the pod behind the Service is known")
    asked = requested(release, "own")
    assert asked[names.REQUESTED_REF] == "v1.2.3"
    assert asked[names.REQUESTED_BY] == "generic"


def test_the_secret_of_all_is_given_by_the_user(release: Installed, cluster: Cluster) -> None:
    done = trigger(release, cluster, "plant", "--ref", "v2", secret=KEY)
    assert (done.returncode, done.stderr) == (0, "")
    assert requested(release, "plant")[names.REQUESTED_REF] == "v2"
    assert "no secret of its own" in trigger(release, cluster, "plant", "--ref", "v2").stderr


@pytest.mark.parametrize(
    ("name", "secret", "told"),
    [
        ("plant", "a guess", "it does not accept the secret from $STOKER_WEBHOOK_SECRET"),
        ("own", KEY, "it does not accept the secret from $STOKER_WEBHOOK_SECRET"),
        ("gone", KEY, "there is no GatewaySync"),
        ("gone", None, "there is no such GatewaySync"),
    ],
)
def test_a_refusal_is_one_line_with_the_cure(
    release: Installed, cluster: Cluster, name: str, secret: str | None, told: str
) -> None:
    done = trigger(release, cluster, name, "--ref", "v3", secret=secret)
    assert (done.returncode, done.stdout) == (1, "")
    assert told in done.stderr
    assert done.stderr.count("\n") == 1
    for each in (KEY, OWN):
        assert each not in done.stderr
        assert each not in release.logs()


def test_a_port_that_nobody_serves_is_told(release: Installed, cluster: Cluster) -> None:
    service = f"{release.space.name}/{release.name}-receiver:1"
    done = trigger(release, cluster, "own", "--ref", "v3", "--service", service)
    assert done.returncode == 1
    assert "the API server has not passed the request on" in done.stderr


def test_who_waits_is_told_how_far_it_is(release: Installed, cluster: Cluster) -> None:
    given = ("--ref", "v4", "--wait", "--timeout", "2s")
    done = trigger(release, cluster, "own", *given)
    assert done.returncode == 1
    assert "v4 is not resolved yet" in done.stderr or "Unresolvable" in done.stderr
