"""What `docs/webhooks.md` shows is what happens."""

from __future__ import annotations

import json
import os
import re
import subprocess
from pathlib import Path

import pytest
import yaml

from integration.receiver.running import GLOBAL, Running
from stoker.core.payload import RefRequest, parse_payload
from stoker.core.refs import RefName, RequestSource
from support.server_processes import program

PAGE = Path(__file__).parents[3] / "docs" / "webhooks.md"
REF = "stoker.io/requested-ref"


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", PAGE.read_text(), re.DOTALL | re.MULTILINE)


def test_curl_and_openssl_sign_as_the_receiver_expects(running: Running, tmp_path: Path) -> None:
    (code,) = blocks("bash")
    for name, package in (("curl", "curl"), ("openssl", "openssl"), ("bash", "bash")):
        program(name, package)
    running.api.make("line-a")
    running.knows("line-a")
    (tmp_path / "webhook-secret").write_text(f"{GLOBAL}\n")
    url = f"http://127.0.0.1:{running.port}"
    done = subprocess.run(  # noqa: S603 - as the page has it
        ["/bin/bash", "-euo", "pipefail", "-c", code],
        cwd=tmp_path,
        env={"PATH": os.environ["PATH"], "STOKER_RECEIVER_URL": url},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert json.loads(done.stdout) == {"accepted": True, "ref": "v1.4.0"}
    assert running.api.annotations("line-a")[REF] == "v1.4.0"


def test_argo_cd_s_template_is_read() -> None:
    (block,) = (one for one in blocks("yaml") if "template.stoker" in one)
    hook = yaml.safe_load(yaml.safe_load(block)["data"]["template.stoker"])["webhook"]["stoker"]
    body = re.sub(r"\{\{.*?\}\}", "v1.4.0", hook["body"])
    request = parse_payload({}, body.encode())
    assert request == RefRequest(RefName("v1.4.0"), RequestSource.ARGOCD)
    assert (hook["method"], hook["path"]) == ("POST", "/webhook/plant/line-a")


def test_kargo_s_step_is_read() -> None:
    (block,) = (one for one in blocks("yaml") if "uses: http" in one)
    (step,) = yaml.safe_load(block)["steps"]
    given = re.fullmatch(r"\$\{\{ quote\((.*)\) \}\}\n", step["config"]["body"], re.DOTALL)
    assert given is not None
    body = re.sub(r"commitFrom\(.*?\)\.\w+", '"v1.4.0"', given[1])
    request = parse_payload({}, body.encode())
    assert request == RefRequest(RefName("v1.4.0"), RequestSource.KARGO)


@pytest.mark.parametrize("status", [202, 400, 401, 404, 405, 408, 413, 429, 503])
def test_all_answers_are_in_the_table(status: int) -> None:
    assert f"\n| {status} | " in PAGE.read_text()


def test_the_audit_line_has_the_fields_of_a_real_one(
    running: Running, capfd: pytest.CaptureFixture[str]
) -> None:
    (shown,) = map(json.loads, blocks("json"))
    payload = Path(__file__).parents[2] / "unit" / "core" / "payloads" / "github_release.json"
    headers = {"X-GitHub-Event": "release", "X-GitHub-Delivery": "72d3162e"}
    running.post(payload.read_bytes(), headers)
    told = json.loads(capfd.readouterr().err)
    assert [name for name in told if name != "time"] == [*shown]
