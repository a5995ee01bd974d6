"""`stoker-webhook`: admission for the API server, and a receiver for who tells of new refs.

Every replica serves, none leads. Either half can be switched off, so that what the internet sends
need not reach the process that the API server waits for.

- `settings`: what the command is told
- `known` (with `lookups`): the CRs, from memory, and live where that is not enough
- `admission`: pods get their agent, GatewaySyncs are checked
- `certificates`: what admission is served with, and how the API server comes to trust it
- `receiver`: requests for refs
- `running`: all of it, from start to end; `entrypoints.serving` serves it
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from stoker.entrypoints.carrying_out import carried_out

if TYPE_CHECKING:
    from collections.abc import Sequence

    from stoker.entrypoints.webhook.settings import WebhookSettings


def main(arguments: Sequence[str] | None = None) -> int:
    """Run until the process is told to end; its exit code."""
    from stoker.entrypoints.webhook.settings import read_settings  # noqa: PLC0415 - as below

    return carried_out("stoker-webhook", lambda: read_settings(arguments), _run)


def _run(settings: WebhookSettings) -> int:
    # What serving needs takes a second to import; help and version do not need it.
    from stoker.entrypoints.webhook.running import run  # noqa: PLC0415 - see above

    return run(settings)
