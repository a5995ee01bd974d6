"""Fuzzing of the webhook: whatever bytes arrive, an answer.

A third of the inputs are taken as they are, as the body of a review. Another third is taken for the
JSON of a pod, put into a review that is in order, and goes on to injection and to the answer. Both
come to the whole application, as bytes of HTTP would. The rest is put in place of a GatewaySync,
once as what is asked about, and once as what is known when a pod comes.
"""

from __future__ import annotations

import asyncio
import json
from concurrent.futures import Future

from stoker.adapters.codec.crd import SITE, Seen, decode_seen
from stoker.adapters.logs import structured as logs
from stoker.core.discovery import discover
from stoker.core.errors import StokerError
from stoker.core.injection import ImageSettings, InjectionSettings
from stoker.core.pods import Pod
from stoker.entrypoints.webhook.admission import (
    MUTATE_PODS,
    VALIDATE_SYNCS,
    Judge,
    PodJudge,
    admission,
)
from stoker.entrypoints.webhook.admission.checking import SyncJudge
from support.asgi import ask
from support.crs_api import gateway_sync
from support.pods import a_pod

_NAMESPACE = "plant"
_SETTINGS = InjectionSettings(image=ImageSettings("ghcr.io/stoker/agent", "1.0.0"))
_POD = (
    b'{"apiVersion":"admission.k8s.io/v1","kind":"AdmissionReview","request":'
    b'{"uid":"u","operation":"CREATE","kind":{"kind":"Pod"},"namespace":"plant","object":'
)
_SYNC = _POD.replace(b'"Pod"', b'"GatewaySync"')
_AFTER = b"}}"
_ASKING = _POD + json.dumps(a_pod()).encode() + _AFTER
_KEY = {"token": {"secretRef": {"name": "git", "key": "pat"}}}
_CR = decode_seen(
    gateway_sync("prod", git={"repo": "https://git.example/p.git", "ref": "main", "auth": _KEY})
)


class _Known:
    """One CR, whichever it is now."""

    trouble = ""
    crs: tuple[Seen, ...] = (_CR,)

    def covers(self, namespace: str) -> bool:
        return namespace != "elsewhere"

    def of(self, namespace: str) -> tuple[Seen, ...]:
        return self.crs if namespace == _NAMESPACE else ()

    def ask(self, namespace: str) -> Future[tuple[Seen, ...]]:
        answer = Future[tuple[Seen, ...]]()
        answer.set_result(self.of(namespace))
        return answer


logs.configure("error")
_LOOP = asyncio.new_event_loop()
_KNOWN = _Known()
_JUDGES: dict[str, Judge] = {
    MUTATE_PODS: PodJudge(_KNOWN, _SETTINGS, lambda *_: None),
    VALIDATE_SYNCS: SyncJudge(SITE, lambda *_: None),
}
_APP = admission(_JUDGES)


def one_input(data: bytes) -> None:
    """Answer one review."""
    kind, rest = data[:1], data[1:]
    if kind < b"\x55":
        _answered(rest, MUTATE_PODS)
    elif kind < b"\xaa":
        _answered(_POD + rest + _AFTER, MUTATE_PODS)
        _look(rest)
    else:
        _answered(_SYNC + rest + _AFTER, VALIDATE_SYNCS)
        _known(rest)


def _answered(body: bytes, path: str) -> None:
    answer = _LOOP.run_until_complete(ask(_APP, body, path=path))
    if answer.status == 400:
        return
    response = json.loads(answer.body)["response"]
    if answer.status != 200 or response["uid"] != json.loads(body)["request"]["uid"]:
        raise AssertionError("another question was answered")
    if response.get("status", {}).get("code", 0) >= 500:
        raise AssertionError("a review could not be judged")


def _known(text: bytes) -> None:
    """A pod that belongs to such a CR."""
    try:
        spec = json.loads(text)
    except (ValueError, RecursionError):
        return
    metadata = {"name": "prod", "namespace": _NAMESPACE}
    _KNOWN.crs = (decode_seen({"metadata": metadata, "spec": spec}),)
    try:
        _answered(_ASKING, MUTATE_PODS)
    finally:
        _KNOWN.crs = (_CR,)


def _look(text: bytes) -> None:
    try:
        pod = Pod.of(json.loads(text))
    except (StokerError, ValueError, RecursionError):
        return
    for gateway in discover([pod], namespace=pod.namespace, cr_name="x", namespace_crs=["x"]):
        if not -(2**63) <= gateway.ordinal < 2**63:
            raise AssertionError("an ordinal is a number of 64 bits")
