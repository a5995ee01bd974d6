"""How a field of the CRD describes itself.

Each field of the frozen types carries a `Schema`: its description and its bounds. Its type,
its default, and whether it must be given are those of the attrs class. The codec reads names from
here, validation reads bounds from here, and the CRD is generated from here, so a field is stated
once. `fields_of` is the way in.
"""

from __future__ import annotations

from functools import cache
from typing import Any, Final, cast, get_type_hints

from attrs import NOTHING, Attribute, Factory, field, fields, frozen

_KEY: Final = "stoker.schema"


@frozen
class Schema:
    """What the CRD says of one field beside its type and default."""

    description: str
    minimum: int | None = None
    maximum: int | None = None
    key_pattern: str | None = None
    """What each key of a map must match as a whole."""
    min_length: int | None = None
    min_items: int | None = None
    """Of a list or a map."""
    json_name: str | None = None
    """The name in the document where it is not the camelCase of the attribute's name."""
    inline: bool = False
    """The object's fields stand beside this one's neighbours instead of below a name."""
    opaque: bool = False
    """Any JSON, kept as it is."""


_UNSAID: Final = Schema("")


@frozen
class SpecField:
    """One field of one of the types: what is in its `Schema`, and what attrs knows."""

    name: str
    """The attribute's name."""
    json_name: str
    type: Any
    schema: Schema
    default: Any
    """The value of an absent field, or `NOTHING`."""

    @property
    def required(self) -> bool:
        """Whether a document must give it."""
        return self.default is NOTHING


def described(  # noqa: PLR0913 - one argument for each word of the schema
    description: str,
    *,
    default: Any = NOTHING,  # noqa: ANN401 - a default is of the field's own type
    factory: Any = None,  # noqa: ANN401 - and so is what this makes
    minimum: int | None = None,
    maximum: int | None = None,
    key_pattern: str | None = None,
    min_length: int | None = None,
    min_items: int | None = None,
    json_name: str | None = None,
    inline: bool = False,
    opaque: bool = False,
) -> Any:  # noqa: ANN401 - what attrs.field itself returns
    """An attrs field that carries its `Schema`."""
    schema = Schema(
        description,
        minimum=minimum,
        maximum=maximum,
        key_pattern=key_pattern,
        min_length=min_length,
        min_items=min_items,
        json_name=json_name,
        inline=inline,
        opaque=opaque,
    )
    given = default if factory is None else Factory(factory)
    return field(default=given, metadata={_KEY: schema})


def schema_of(attribute: Attribute[Any]) -> Schema:
    """The `Schema` of an attribute made by `described`; an empty one of any other attribute."""
    found: Schema = attribute.metadata.get(_KEY, _UNSAID)
    return found


def json_name(attribute: Attribute[Any]) -> str:
    """The attribute's name in the document: `secret_ref` is `secretRef`."""
    named = schema_of(attribute).json_name
    if named is not None:
        return named
    first, *others = attribute.name.split("_")
    return first + "".join(word.capitalize() for word in others)


def fields_of(cls: type[Any]) -> tuple[SpecField, ...]:
    """The fields of a type of the spec, in the order in which they are declared."""
    key: Any = cls  # mypy takes no type for hashable
    return _read_fields(key)


@cache
def _read_fields(cls: Any) -> tuple[SpecField, ...]:  # noqa: ANN401 - see `fields_of`
    hints = get_type_hints(cls)
    return tuple(
        SpecField(
            name=attribute.name,
            json_name=json_name(attribute),
            type=hints[attribute.name],
            schema=schema_of(attribute),
            default=_default(attribute),
        )
        for attribute in fields(cls)
    )


def _default(attribute: Attribute[Any]) -> Any:  # noqa: ANN401 - of the field's own type
    given: Any = attribute.default
    # attrs' stubs call the class a function.
    return given.factory() if isinstance(given, cast("type[Any]", Factory)) else given
