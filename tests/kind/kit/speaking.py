"""The API server, spoken to without a program for each word: as administrator or as an account.

A test looks at the status of a CR many times until it is as it should be. For each look kubectl
takes a tenth of a second of processor time, and a connection that stays open a hundredth of that.
"""

from __future__ import annotations

import json
import tempfile
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import yaml

from stoker.adapters.kube.client import Client, connect

if TYPE_CHECKING:
    from kit.kubectl import Document
    from kit.spaces import Space

_AGENT: Final = "stoker-tests"


@cache
def as_admin(kubeconfig: Path) -> Client:
    """With the rights of the kubeconfig."""
    return connect(kubeconfig, user_agent=_AGENT, pool=8)


@cache
def as_account(space: Space, name: str) -> Client:
    """As a ServiceAccount of the namespace."""
    token = space.kubectl("create", "token", name, "--duration", "2h").strip()
    original: Any = yaml.safe_load(space.cluster.kubeconfig.read_text())
    with tempfile.NamedTemporaryFile("w") as file:
        json.dump(with_token(original, token, space.name), file)
        file.flush()
        return connect(Path(file.name), user_agent=_AGENT, pool=2)


def with_token(original: Document, token: str, namespace: str) -> Document:
    """The kubeconfig of somebody else for the same cluster."""
    current = next(
        one["context"] for one in original["contexts"] if one["name"] == original["current-context"]
    )
    cluster = next(one for one in original["clusters"] if one["name"] == current["cluster"])
    context = {"cluster": cluster["name"], "user": "account", "namespace": namespace}
    return {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [cluster],
        "users": [{"name": "account", "user": {"token": token}}],
        "contexts": [{"name": "account", "context": context}],
        "current-context": "account",
    }
