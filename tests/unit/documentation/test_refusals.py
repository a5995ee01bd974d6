"""Whatever a pod is refused for, the page of symptoms has a row with the words that one sees.

Broken on purpose, and seen to fail: a row taken out, and a message worded otherwise.
"""

from __future__ import annotations

import re
from copy import deepcopy
from typing import Any, Final

import pytest

from stoker.adapters.codec.crd import decode_gateway_sync
from stoker.core.injection import Denied, ImageSettings, InjectionSettings, admit
from stoker.core.spec.types import GatewaySync
from support.pages import ROOT

SETTINGS: Final = InjectionSettings(image=ImageSettings("registry.example/stoker", "1.0.0"))
POD: Final[dict[str, Any]] = {
    "metadata": {"name": "line-a-0", "annotations": {"stoker.io/inject": "true"}},
    "spec": {
        "containers": [
            {
                "name": "gateway",
                "image": "ignition",
                "volumeMounts": [{"name": "data", "mountPath": "/data"}],
            }
        ],
        "volumes": [{"name": "data", "emptyDir": {}}],
    },
}


def sync(name: str = "line-a") -> GatewaySync:
    mappings = [{"source": "projects", "destination": "projects"}]
    return decode_gateway_sync(
        {
            "apiVersion": "stoker.io/v1alpha1",
            "kind": "GatewaySync",
            "metadata": {"name": name, "namespace": "plant"},
            "spec": {
                "git": {"repo": "https://git.example/a.git", "ref": "v1"},
                "gateway": {"api": {"secretName": "gateway-api-key"}},
                "sync": {"profiles": {"default": {"mappings": mappings}}},
            },
        }
    )


def pod(annotations: dict[str, str] | None = None, **spec: Any) -> dict[str, Any]:
    made = deepcopy(POD)
    made["metadata"]["annotations"] |= annotations or {}
    made["spec"] |= spec
    return made


def mounting(**mount: str) -> dict[str, Any]:
    made = pod()
    made["spec"]["containers"][0]["volumeMounts"] = [{"name": "data", **mount}]
    return made


REFUSED: Final[dict[str, tuple[dict[str, Any], tuple[GatewaySync, ...]]]] = {
    "nothing there": (pod(), ()),
    "several": (pod(), (sync(), sync("line-b"))),
    "another name": (pod({"stoker.io/cr-name": "line-c"}), (sync(),)),
    "no profile": (pod({"stoker.io/profile": "fast"}), (sync(),)),
    "an image": (pod({"stoker.io/agent-image": "evil.example/agent:1"}), (sync(),)),
    "an impostor": (
        pod(initContainers=[{"name": "stoker-agent", "image": "x", "command": ["sleep"]}]),
        (sync(),),
    ),
    "our own place": (mounting(mountPath="/etc/stoker"), (sync(),)),
    "a path of variables": (mounting(mountPath="/data", subPathExpr="$(SITE)"), (sync(),)),
    "root": (pod(securityContext={"runAsUser": 0}), (sync(),)),
    "windows": (pod(os={"name": "windows"}), (sync(),)),
}


def rows() -> list[re.Pattern[str]]:
    """The messages of the section, with anything where the page has an ellipsis."""
    text = (ROOT / "docs" / "troubleshooting.md").read_text()
    section = re.search(r"^## Pods are refused\n(.*?)(?=^## )", text, re.DOTALL | re.MULTILINE)
    assert section
    shown = re.findall(r"^\| `([^`]+)` \|", section.group(1), re.MULTILINE)
    return [re.compile(re.escape(one).replace("…", ".+")) for one in shown]


@pytest.mark.parametrize("case", REFUSED)
def test_the_page_has_what_the_author_sees(case: str) -> None:
    made, syncs = REFUSED[case]
    answer = admit(made, "plant", syncs, SETTINGS)
    assert isinstance(answer, Denied)
    assert any(row.search(answer.message) for row in rows()), answer.message


def test_a_pod_without_a_fault_is_let_in() -> None:
    assert not isinstance(admit(pod(), "plant", (sync(),), SETTINGS), Denied)
