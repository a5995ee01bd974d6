"""The few things about a pod that decisions need.

A `Pod` is a view: it is read from the API server's JSON, whatever that holds. A field of a wrong
type counts as absent, because one odd pod must not hide the others.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final, Self

from attrs import frozen

from stoker.core import names
from stoker.core.errors import DecodeError
from stoker.core.pods.annotations import PodAnnotations
from stoker.core.pods.json_shapes import members, objects, text, texts

_FINISHED: Final = frozenset({"Succeeded", "Failed"})


@frozen(kw_only=True)
class Pod:
    """A pod as far as Stoker looks at it; empty texts stand for what it does not say."""

    name: str = ""
    namespace: str = ""
    uid: str = ""
    labels: Mapping[str, str]
    annotations: PodAnnotations
    service_account_name: str = ""
    phase: str = ""
    ready: bool = False
    terminating: bool = False
    has_agent: bool = False
    created: datetime | None = None

    @classmethod
    def of(cls, raw: object) -> Self:
        """View the JSON of a pod; `DecodeError` when it is no object at all."""
        if not isinstance(raw, Mapping):
            raise DecodeError("a pod is an object", cure="give the pod's own JSON")
        metadata, spec, status = (members(raw.get(key)) for key in ("metadata", "spec", "status"))
        return cls(
            name=text(metadata.get("name")),
            namespace=text(metadata.get("namespace")),
            uid=text(metadata.get("uid")),
            labels=texts(metadata.get("labels")),
            annotations=PodAnnotations.read(members(metadata.get("annotations"))),
            service_account_name=text(spec.get("serviceAccountName")),
            phase=text(status.get("phase")),
            ready=_is_ready(status),
            terminating=bool(metadata.get("deletionTimestamp")),
            has_agent=has_agent(spec),
            created=_moment(text(metadata.get("creationTimestamp"))),
        )

    @property
    def gateway_name(self) -> str:
        """What the gateway in this pod is called."""
        return self.given_gateway_name or self.name

    @property
    def given_gateway_name(self) -> str:
        """The name that an annotation or a label gives the gateway; else it is the pod's own."""
        return self.annotations.gateway_name or self.labels.get(names.APP_NAME_LABEL, "")

    @property
    def profile(self) -> str:
        """The name of the profile that this pod uses."""
        return self.annotations.profile or names.DEFAULT_PROFILE

    @property
    def finished(self) -> bool:
        """Whether none of its containers runs or will run again."""
        return self.phase in _FINISHED


def has_agent(spec: Mapping[str, Any]) -> bool:
    """Whether the pod runs an agent: injected, or written by hand."""
    containers = (*objects(spec.get("initContainers")), *objects(spec.get("containers")))
    return any(container.get("name") == names.AGENT_CONTAINER for container in containers)


def _is_ready(status: Mapping[str, Any]) -> bool:
    return any(
        condition.get("type") == "Ready" and condition.get("status") == "True"
        for condition in objects(status.get("conditions"))
    )


def _moment(written: str) -> datetime | None:
    try:
        moment = datetime.fromisoformat(written)
    except ValueError:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
