"""The agent's environment: what the webhook writes is read, and all that is wrong is told."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from attrs import evolve

from stoker.core import names
from stoker.core.errors import StokerError
from stoker.core.injection import inject
from stoker.entrypoints.agent.settings import PROBES, AgentSettings, read_settings
from support.pods import SETTINGS, a_cr, a_pod, env_of, mounts_of

LEAST = {"POD_NAME": "gw-0", "POD_NAMESPACE": "plant", "CR_NAME": "site"}


def test_the_least_that_is_needed_gets_the_contracts_defaults() -> None:
    assert read_settings(LEAST) == AgentSettings(
        pod_name="gw-0",
        pod_uid="",
        namespace="plant",
        cr_name="site",
        gateway_name="",
        profile="",
        sync_period="",
        repo=Path("/repo"),
        repo_limit=None,
        data=Path("/ignition-data"),
        gateway_port=8088,
        gateway_tls=False,
        api_key_file=Path("/etc/stoker/api-key/apiKey"),
        git_host="",
        git_protocols=("https", "ssh"),
        token_file=None,
        ssh_key_file=None,
        known_hosts_file=None,
        skip_host_key_check=False,
        ca_file=None,
        service_account=Path("/var/run/secrets/kubernetes.io/serviceaccount"),
        podinfo=Path("/etc/stoker/podinfo"),
        probes=("", 8082),
        metrics=("", 8083),
    )


@pytest.mark.parametrize(
    ("variable", "text", "field", "value"),
    [
        ("GATEWAY_PORT", "8043", "gateway_port", 8043),
        ("GATEWAY_TLS", "true", "gateway_tls", True),
        ("REPO_SIZE_LIMIT", "1610612736", "repo_limit", 3 << 29),
        ("GIT_ALLOWED_PROTOCOLS", "https, git", "git_protocols", ("https", "git")),
        ("GIT_TOKEN_FILE", "/t", "token_file", Path("/t")),
        ("GIT_INSECURE_SKIP_HOST_KEY_CHECK", "true", "skip_host_key_check", True),
        (PROBES, "[::1]:80", "probes", ("::1", 80)),
        (PROBES, ":80", "probes", ("", 80)),
    ],
)
def test_what_is_said_is_taken(variable: str, text: str, field: str, value: Any) -> None:
    assert getattr(read_settings({**LEAST, variable: text}), field) == value


def test_everything_that_is_wrong_is_told_at_once() -> None:
    wrong = {
        "POD_NAME": "",
        "GATEWAY_PORT": "0",
        "GATEWAY_TLS": "yes",
        "REPO_SIZE_LIMIT": "much",
        PROBES: "nowhere",
    }
    with pytest.raises(StokerError) as caught:
        read_settings({**LEAST, **wrong})
    assert caught.value.message == (
        "POD_NAME is not set; REPO_SIZE_LIMIT='much' is not a number of bytes; GATEWAY_PORT='0'"
        " is not a port from 1 to 65535; GATEWAY_TLS='yes' is neither true nor false;"
        f" {PROBES}='nowhere' is not a port from 1 to 65535"
    )
    assert caught.value.where == "environment"


def test_what_the_webhook_writes_is_what_the_agent_reads() -> None:
    pod = inject(a_pod(), a_cr(), evolve(SETTINGS, allowed_protocols=("git",)))
    kubelet = {names.ENV_POD_NAME: "gw-0", names.ENV_POD_NAMESPACE: "plant"}
    said = {name: text for name, text in env_of(pod).items() if isinstance(text, str)}
    read = read_settings({**said, **kubelet})
    assert read.git_protocols == ("git",)
    assert read.repo_limit == 2 << 30
    assert read.podinfo == Path(names.PATH_PODINFO)
    mounts = {one["mountPath"] for one in mounts_of(pod).values()}
    paths = (read.repo, read.data, read.podinfo, read.api_key_file.parent)
    assert {str(path) for path in paths} <= mounts
