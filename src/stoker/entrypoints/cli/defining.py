"""`stoker crd`: the definition of GatewaySync as YAML or JSON, ready for `kubectl apply`."""

from __future__ import annotations

from typing import Final

import yaml

from stoker.adapters.codec.crd_schema import custom_resource_definition
from stoker.entrypoints.cli.answers import Answer, json_text

_WIDTH: Final = 100


def crd_answer(*, as_json: bool) -> Answer:
    """The definition; fields in the order in which the types declare them."""
    definition = custom_resource_definition()
    if as_json:
        return Answer(json_text(definition))
    # What is not ASCII is escaped, so that the text fits any encoding.
    return Answer(yaml.safe_dump(definition, sort_keys=False, width=_WIDTH))
