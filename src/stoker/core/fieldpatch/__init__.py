"""Set fields of JSON documents by path, byte for byte as sjson does (`tidwall/sjson`, `Set`).

The document is text and stays text: what is not set keeps its bytes, with its order, blanks and
duplicate keys. `fields` is the entrance; `path` and `value` read what comes in; `edit` follows a
path and `creation` builds what is missing; `syntax` tells what is JSON. Paths with wildcards,
queries, modifiers or pipes are asked of `query`, which answers as gjson does (`tidwall/gjson`).
Where sjson would leave something that is not JSON, a patch is refused (`PatchError`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from stoker.core.exporting import exported

if TYPE_CHECKING:
    from stoker.core.fieldpatch.fields import get_field, set_field, set_fields
    from stoker.core.fieldpatch.path import PatchPath, PathPart, PlainPath, QueryPath, parse_path
else:
    __getattr__ = exported(
        __name__,
        fields="get_field set_field set_fields",
        path="PatchPath PathPart PlainPath QueryPath parse_path",
    )

__all__ = [
    "PatchPath",
    "PathPart",
    "PlainPath",
    "QueryPath",
    "get_field",
    "parse_path",
    "set_field",
    "set_fields",
]
