"""What a template is rendered with."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from attrs import field, frozen

from stoker.core.template.characters import encode
from stoker.core.template.values import Pointer, Record, StringMap


def _frozen(mapping: Mapping[str, str]) -> Mapping[str, str]:
    return MappingProxyType(dict(mapping))


def _pointer(context: TemplateContext) -> Pointer:
    named: dict[str, str | int | Mapping[str, str]] = context.named()
    fields: dict[bytes, bytes | int | StringMap] = {}
    for name, value in named.items():
        match value:
            case str():
                fields[name.encode()] = encode(value)
            case int():
                fields[name.encode()] = value
            case _:
                entries = {encode(key): encode(text) for key, text in value.items()}
                fields[name.encode()] = StringMap(entries)
    return Pointer(Record(fields))


@frozen(kw_only=True)
class TemplateContext:
    """The gateway pod that files are rendered for, and the variables of its profile."""

    gateway_name: str
    pod_name: str
    pod_ordinal: int
    namespace: str
    ref: str
    commit: str
    cr_name: str
    labels: Mapping[str, str] = field(converter=_frozen, hash=False)
    vars: Mapping[str, str] = field(converter=_frozen, hash=False)
    # The same as the engine sees it: made once, used by every file that is rendered.
    pointer: Pointer = field(init=False, eq=False, repr=False)

    def __attrs_post_init__(self) -> None:
        object.__setattr__(self, "pointer", _pointer(self))

    def named(self) -> dict[str, str | int | Mapping[str, str]]:
        """The values under the names that templates use, in the order in which they print."""
        return {
            "GatewayName": self.gateway_name,
            "PodName": self.pod_name,
            "PodOrdinal": self.pod_ordinal,
            "Namespace": self.namespace,
            "Ref": self.ref,
            "Commit": self.commit,
            "CRName": self.cr_name,
            "Labels": self.labels,
            "Vars": self.vars,
        }
