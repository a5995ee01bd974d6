"""Errors as the JSON that `--output json` promises."""

from __future__ import annotations

from typing import TYPE_CHECKING

from stoker.entrypoints.cli.answers import json_text, one_line
from stoker.entrypoints.cli.outcome import SyncFailure, SyncOutcome, SyncResult, document

if TYPE_CHECKING:
    from stoker.core.errors import StokerError


def failure_of(error: StokerError) -> SyncFailure:
    """What went wrong, for a document."""
    flaws = getattr(error, "flaws", ())
    path = error.where or (flaws[0].file if flaws else "")
    message = f"{error.message} ({error.cure})" if error.cure else error.message
    return SyncFailure(kind=error.reason, message=one_line(message), path=one_line(path))


def failure_text(error: StokerError, *, is_sync: bool) -> str:
    """The document of a command that failed."""
    failed = document(SyncOutcome(result=SyncResult.ERROR, error=failure_of(error)))
    if is_sync:
        return json_text(failed)
    return json_text({"result": failed["result"], "error": failed["error"]})
