"""Fuzzing of the webhook: whatever bytes arrive, an answer or a `DecodeError`.

Half of the inputs are taken as they are, as the body of a review. The others are taken for the
JSON of a pod, put into a review that is in order, and go on to injection and to the answer.
"""

from __future__ import annotations

import json

from stoker.adapters.codec.admission import decode_review, encode_review
from stoker.core.discovery import discover
from stoker.core.errors import DecodeError, StokerError
from stoker.core.injection import ImageSettings, InjectionSettings, admit
from stoker.core.pods import Pod
from stoker.core.spec import (
    GatewayAccess,
    GatewayApi,
    GatewaySync,
    GatewaySyncSpec,
    GitAuth,
    GitSource,
    ObjectMeta,
    SecretKeyRef,
    SourceMapping,
    SyncProfile,
    SyncSection,
    TokenAuth,
)

_NAMESPACE = "plant"
_SETTINGS = InjectionSettings(image=ImageSettings("ghcr.io/stoker/agent", "1.0.0"))
_CR = GatewaySync(
    metadata=ObjectMeta(name="prod", namespace=_NAMESPACE),
    spec=GatewaySyncSpec(
        git=GitSource(
            repo="https://git.example.com/plant.git",
            ref="main",
            auth=GitAuth(token=TokenAuth(SecretKeyRef("git", "pat"))),
        ),
        gateway=GatewayAccess(api=GatewayApi("gateway-key")),
        sync=SyncSection(profiles={"default": SyncProfile(mappings=(SourceMapping("a", "b"),))}),
    ),
)
_BEFORE = (
    b'{"apiVersion":"admission.k8s.io/v1","kind":"AdmissionReview","request":'
    b'{"uid":"u","operation":"CREATE","kind":{"kind":"Pod"},"object":'
)
_AFTER = b"}}"


def one_input(data: bytes) -> None:
    """Answer one review."""
    whole = data[:1] < b"\x80"
    body = data[1:] if whole else _BEFORE + data[1:] + _AFTER
    try:
        request = decode_review(body)
    except DecodeError:
        return
    if request.object is None:
        return
    answer = admit(request.object, _NAMESPACE, [_CR], _SETTINGS)
    response = json.loads(encode_review(request, answer))["response"]
    if response["uid"] != request.uid:
        raise AssertionError("another question was answered")
    _look(request.object)


def _look(raw: object) -> None:
    try:
        pod = Pod.of(raw)
    except StokerError:
        return
    for gateway in discover([pod], namespace=pod.namespace, cr_name="x", namespace_crs=["x"]):
        if not -(2**63) <= gateway.ordinal < 2**63:
            raise AssertionError("an ordinal is a number of 64 bits")
