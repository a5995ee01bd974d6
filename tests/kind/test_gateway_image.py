"""The fake gateway's image, as the user and with the volumes that Ignition's chart gives it."""

from __future__ import annotations

import json
import urllib.request
from pathlib import Path

import pytest
from images import build
from images.contents import Contents
from images.trial import Trial

from support.server_processes import free_port

DATA = "/usr/local/bin/ignition/data"


@pytest.fixture(scope="module")
def trial(tmp_path_factory: pytest.TempPathFactory) -> Trial:
    return Trial.of(build("gateway"), tmp_path_factory.mktemp("gateway"))


def test_it_is_the_product_as_another_user(trial: Trial) -> None:
    told = Contents(trial.image.archive).configuration
    assert told["User"] == "2003:2003"
    assert DATA in told["Entrypoint"]
    product = Contents(build("stoker").archive)
    assert set(Contents(trial.image.archive).files) == set(product.files)


def test_it_answers_and_loads_its_data_directory(trial: Trial, tmp_path: Path) -> None:
    (tmp_path / "projects/plant").mkdir(parents=True)
    (tmp_path / "projects/plant/project.json").write_text('{"title": "Plant", "enabled": true}')
    for path in (tmp_path, *tmp_path.rglob("*")):
        path.chmod(0o777)
    words = Contents(trial.image.archive).configuration["Entrypoint"]
    ports = [str(free_port()) for _ in range(3)]
    options = ("--port", ports[0], "--tls-port", ports[1], "--control-port", ports[2])
    here = trial.but(2003, (tmp_path, DATA))
    with here.start(*words, *options, "--token", "stoker:sesame") as process:
        line = process.stdout.readline() if process.stdout else ""
        assert line, process.communicate(timeout=10)[1]
        addresses = json.loads(line)
        assert set(addresses) == {"url", "secure_url", "control_url"}
        with urllib.request.urlopen(f"http://127.0.0.1:{ports[0]}/StatusPing") as answer:
            assert "RUNNING" in answer.read().decode()
