"""`AdmissionReview` of `admission.k8s.io/v1`: bytes to a question, an answer to bytes.

Members that this version does not know are ignored. What it reads must be of the right kind: a
question that is half understood must not be answered. Size, depth and numbers are bounded before
anything looks at the object, so that what comes after may walk through it freely.

The answer carries only what changes, as a JSON patch. What is wrong with a document of ours is told
as the API server tells it of its own, problem by problem, so that kubectl lists it line by line.
Texts in it are cut to what Kubernetes passes
on: a warning of more than 256 characters, or with a control character, would be lost as a whole.
"""

from __future__ import annotations

import base64
import json
import math
from typing import TYPE_CHECKING, Any, Final, NoReturn, assert_never

from attrs import frozen

from stoker.core.errors import DecodeError
from stoker.core.injection import Admission, Allowed, Denied, Injected
from stoker.core.jsonpatch import diff

if TYPE_CHECKING:
    from collections.abc import Mapping

    from stoker.core.errors import Problem

MAX_BODY: Final = 4 * 1024 * 1024
"""Bytes; more than the API server takes for one object."""
MAX_DEPTH: Final = 100
"""Levels of nesting, which is also as deep as two pods can be compared; a pod has about twenty."""
MAX_UID: Final = 256
MAX_WARNINGS: Final = 16
MAX_WARNING: Final = 256
MAX_MESSAGE: Final = 4096
MAX_FIELD: Final = 512
MAX_CAUSE: Final = 1024

_API_VERSION: Final = "admission.k8s.io/v1"
_KIND: Final = "AdmissionReview"
_REASONS: Final = {400: "BadRequest", 403: "Forbidden", 503: "ServiceUnavailable"}
_INVALID: Final = 422


@frozen(kw_only=True)
class AdmissionRequest:
    """What the API server asks about."""

    uid: str
    operation: str
    group: str = ""
    kind: str = ""
    namespace: str = ""
    name: str = ""
    subresource: str = ""
    dry_run: bool = False
    object: dict[str, Any] | None = None
    old_object: dict[str, Any] | None = None
    """What it was before, where it is changed."""

    @property
    def creates_pod(self) -> bool:
        """Whether it is about a pod that is to be created."""
        made = self.operation == "CREATE" and not self.subresource
        return made and self.kind == "Pod" and self.object is not None


def decode_review(body: bytes) -> AdmissionRequest:
    """Read a review, or raise `DecodeError`."""
    review = _members(_load(body), "AdmissionReview")
    if review.get("apiVersion") != _API_VERSION or review.get("kind") != _KIND:
        raise DecodeError(
            f"the document is no {_KIND} of {_API_VERSION}",
            cure="list v1 in the webhook's admissionReviewVersions",
        )
    request = _members(review.get("request"), "request")
    uid = _text(request, "uid")
    if not 0 < len(uid) <= MAX_UID:
        raise DecodeError(f"must have from 1 to {MAX_UID} characters", where="request.uid")
    return AdmissionRequest(
        uid=uid,
        operation=_text(request, "operation"),
        group=_kind(request.get("kind"), "group"),
        kind=_kind(request.get("kind"), "kind"),
        namespace=_text(request, "namespace"),
        name=_text(request, "name"),
        subresource=_text(request, "subResource"),
        dry_run=_flag(request, "dryRun"),
        object=_content(request, "object"),
        old_object=_content(request, "oldObject"),
    )


def encode_review(request: AdmissionRequest, admission: Admission) -> bytes:
    """The answer to `request`."""
    response = {"uid": request.uid, **_verdict(request, admission)}
    review = {"apiVersion": _API_VERSION, "kind": _KIND, "response": response}
    return _dump(review)


def _verdict(request: AdmissionRequest, admission: Admission) -> dict[str, Any]:
    match admission:
        case Denied(message=message, problems=problems, code=code):
            told = {"message": _line(message, MAX_MESSAGE), **_reason(request, problems, code)}
            return {"allowed": False, "status": told}
        case Allowed(warnings=warnings):
            return {"allowed": True, **_warned(warnings)}
        case Injected(pod=pod, warnings=warnings):
            patch = _dump([step.as_json() for step in diff(request.object, pod)])
            encoded = base64.b64encode(patch).decode("ascii")
            return {
                "allowed": True,
                "patchType": "JSONPatch",
                "patch": encoded,
                **_warned(warnings),
            }
        case unknown:
            assert_never(unknown)


def _reason(request: AdmissionRequest, problems: tuple[Problem, ...], code: int) -> dict[str, Any]:
    if not problems:
        return {"code": code, "reason": _REASONS.get(code, "InternalError")}
    causes = [
        {
            "reason": "FieldValueInvalid",
            "field": _line(problem.path or request.kind, MAX_FIELD),
            "message": _line(_said(problem), MAX_CAUSE),
        }
        for problem in problems
    ]
    details = {"name": request.name, "group": request.group, "kind": request.kind}
    return {"code": _INVALID, "reason": "Invalid", "details": {**details, "causes": causes}}


def _said(problem: Problem) -> str:
    return f"{problem.message} ({problem.cure})" if problem.cure else problem.message


def _warned(warnings: tuple[str, ...]) -> dict[str, Any]:
    if not warnings:
        return {}
    return {"warnings": [_line(warning, MAX_WARNING) for warning in warnings[:MAX_WARNINGS]]}


def _line(text: str, limit: int) -> str:
    shown = text if len(text) <= limit else f"{text[: limit - 1]}…"
    return "".join(character if character.isprintable() else "\ufffd" for character in shown)


def _load(body: bytes) -> object:
    if len(body) > MAX_BODY:
        raise DecodeError(f"the document is larger than {MAX_BODY} bytes")
    try:
        document = json.loads(
            body.decode("utf-8"), parse_constant=_refuse_constant, parse_float=_finite
        )
    except (ValueError, RecursionError):
        raise DecodeError("the document is not JSON, or nested too deeply") from None
    _check_depth(document)
    return document


def _refuse_constant(text: str) -> NoReturn:
    raise ValueError(text)


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError(text)
    return number


def _check_depth(document: object) -> None:
    level = [document] if isinstance(document, (dict, list)) else []
    for _ in range(MAX_DEPTH):
        # One expression: it looks at every part of every review.
        level = [
            child
            for parent in level
            for child in (parent.values() if isinstance(parent, dict) else parent)
            if isinstance(child, (dict, list))
        ]
        if not level:
            return
    raise DecodeError(f"the document is nested more than {MAX_DEPTH} levels deep")


def _members(value: object, where: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise DecodeError("is not an object", where=where)
    return value


def _content(request: Mapping[str, Any], name: str) -> dict[str, Any] | None:
    value = request.get(name)
    return None if value is None else _members(value, f"request.{name}")


def _kind(value: object, part: str) -> str:
    if value is None:
        return ""
    return _text(_members(value, "request.kind"), part, f"request.kind.{part}")


def _text(request: Mapping[str, Any], name: str, where: str = "") -> str:
    value = request.get(name)
    if value is None:
        return ""
    if not isinstance(value, str):
        raise DecodeError("is not a string", where=where or f"request.{name}")
    return value


def _flag(request: Mapping[str, Any], name: str) -> bool:
    value = request.get(name)
    if value is None:
        return False
    if not isinstance(value, bool):
        raise DecodeError("is neither true nor false", where=f"request.{name}")
    return value


def _dump(document: object) -> bytes:
    # ASCII: text from outside may hold half a character, which UTF-8 cannot.
    return json.dumps(document, ensure_ascii=True, allow_nan=False, separators=(",", ":")).encode()
