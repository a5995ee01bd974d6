"""How much work a query may cause.

A query is short and can still ask for a lot: every pipe, selector and item looks at its part of
the document again. Each look is paid for by the bytes in reach; a path may also not nest so deep
that answering it would exhaust the interpreter's stack.
"""

from __future__ import annotations

import re
from typing import Final

from attrs import define

from stoker.core.fieldpatch.refusals import over_limit

MAX_QUERY_LENGTH: Final = 4096
"""The bytes of a query path."""
MAX_QUERY_STEPS: Final = 64
"""The dots, pipes, queries, selectors, modifiers of a query path."""
MAX_QUERY_WORK: Final = 16 << 20
"""The bytes that all looks of a query may have in reach together."""
MAX_QUERY_DEPTH: Final = 64
"""How deep a modifier follows containers in containers."""
_LOOK: Final = 128
"""What a look costs beside the bytes."""
_COMPARED_AT_ONCE: Final = 16
"""How many characters of a pattern are compared in the time of one look at a byte."""

_STEP: Final = re.compile(r"[.|#(\[{@!]")


@define
class Meter:
    """The work that is left to one query."""

    left: int = MAX_QUERY_WORK

    def pay(self, size: int) -> None:
        """Pay for a look at `size` bytes, or raise `PatchError`."""
        self.left -= size + _LOOK
        if self.left < 0:
            raise over_limit("the query looks at too much of the document")

    def pay_match(self, data: str, pattern: str) -> None:
        """Pay for a comparison of `data` with a pattern."""
        self.pay(len(data) * len(pattern) // _COMPARED_AT_ONCE)


def check_query(query: str) -> None:
    """Raise `PatchError` for a query path that is too long or has too many steps."""
    if len(query) > MAX_QUERY_LENGTH:
        raise over_limit(f"the query is longer than {MAX_QUERY_LENGTH} bytes")
    if len(_STEP.findall(query)) > MAX_QUERY_STEPS:
        raise over_limit(f"the query has more than {MAX_QUERY_STEPS} steps")
