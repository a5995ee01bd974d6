"""Rules about what Kubernetes has to take: names, keys, images and amounts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from fractions import Fraction
from typing import TYPE_CHECKING, Final

from stoker.core.errors import DecodeError
from stoker.core.spec.kubernetes import (
    check_key,
    check_name,
    check_repository,
    check_tag,
    quantity,
)
from stoker.core.spec.problems import Finding, Place, nearest, refusal, shown

if TYPE_CHECKING:
    from stoker.core.spec.rules.site import Site
    from stoker.core.spec.types import (
        AgentImage,
        AgentSettings,
        GatewayApi,
        ObjectMeta,
        SecretKeyRef,
    )

_AMOUNTS: Final = ("requests", "limits")
_RESOURCES: Final = (*_AMOUNTS, "claims")


def object_meta(metadata: ObjectMeta, place: Place, _: Site) -> Iterator[Finding]:
    """A name that the API server takes."""
    yield from refusal((*place, "name"), check_name, metadata.name)


def secret_key(ref: SecretKeyRef, place: Place, _: Site) -> Iterator[Finding]:
    """A Secret and a key that can exist."""
    yield from refusal((*place, "name"), check_name, ref.name)
    yield from refusal((*place, "key"), check_key, ref.key)


def gateway_api(api: GatewayApi, place: Place, _: Site) -> Iterator[Finding]:
    """A Secret and a key that can exist."""
    yield from refusal((*place, "secretName"), check_name, api.secret_name)
    yield from refusal((*place, "secretKey"), check_key, api.secret_key)


def agent_image(image: AgentImage, place: Place, _: Site) -> Iterator[Finding]:
    """An image that can be named."""
    if image.repository is not None:
        yield from refusal((*place, "repository"), check_repository, image.repository)
    if image.tag is not None:
        yield from refusal((*place, "tag"), check_tag, image.tag)


def agent_settings(agent: AgentSettings, place: Place, _: Site) -> Iterator[Finding]:
    """Amounts that the API server takes, so that the gateway's pod is not refused."""
    if agent.resources is not None:
        yield from _resources(agent.resources, (*place, "resources"))
    yield from refusal((*place, "repoSizeLimit"), _check_size, agent.repo_size_limit)


def _check_size(text: str) -> None:
    if quantity(text) <= 0:
        raise DecodeError("leaves no room for a repository", cure="write a size such as 2Gi")


def _resources(resources: Mapping[str, object], place: Place) -> Iterator[Finding]:
    for key in resources:
        if key not in _RESOURCES:
            near = nearest(key, _RESOURCES)
            cure = f"did you mean {near}?" if near else "write requests and limits"
            yield Finding((*place, key), f"{shown(key)} is not a field of resources", cure)
    amounts: dict[str, dict[str, Fraction]] = {}
    for kind in _AMOUNTS:
        amounts[kind] = {}
        yield from _read_amounts(resources.get(kind), (*place, kind), amounts[kind])
    for name, request in amounts["requests"].items():
        limit = amounts["limits"].get(name, request)
        if request > limit:
            yield Finding(
                (*place, "requests", name),
                "is more than the limit",
                "lower the request or raise the limit; Kubernetes would refuse the pod",
            )


def _read_amounts(listed: object, place: Place, amounts: dict[str, Fraction]) -> Iterator[Finding]:
    """Fill `amounts` with what can be read, and say what cannot."""
    if listed is None:
        return
    if not isinstance(listed, Mapping):
        yield Finding(place, "must be an object", "write it as cpu: 50m and memory: 64Mi")
        return
    for name, value in listed.items():
        try:
            amount = _amount(value)
        except DecodeError as error:
            yield Finding((*place, name), error.message, error.cure)
        else:
            amounts[name] = amount


def _amount(value: object) -> Fraction:
    match value:
        case str():
            amount = quantity(value)
        case int() if not isinstance(value, bool):
            amount = Fraction(value)
        case float():
            amount = quantity(str(value))
        case _:
            raise DecodeError("is not an amount", cure="write a number and a unit, such as 64Mi")
    if amount < 0:
        raise DecodeError("is less than nothing", cure="write a positive amount")
    return amount
