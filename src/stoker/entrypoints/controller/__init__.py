"""`stoker-controller`: watch GatewaySync resources and gateway pods, and tell agents what to do.

What is decided about a CR is `core.reconcile`; here is what drives it in a cluster.

- `settings`: what the command is told
- `watching`, `cluster` (with `sightings`, `reports`): what is known of the cluster
- `queue`: which CR is looked at next
- `reconciling`: one look after the other; `acting` writes, `telling` makes events, `asking` asks
  git servers and GitHub
- `running`: all of it, from start to end; `entrypoints.serving` serves probes and metrics
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from stoker.entrypoints.carrying_out import carried_out

if TYPE_CHECKING:
    from collections.abc import Sequence

    from stoker.entrypoints.controller.settings import ControllerSettings


def main(arguments: Sequence[str] | None = None) -> int:
    """Run until the process is told to end; its exit code."""
    from stoker.entrypoints.controller.settings import read_settings  # noqa: PLC0415 - as below

    return carried_out("stoker-controller", lambda: read_settings(arguments), _run)


def _run(settings: ControllerSettings) -> int:
    # What a cluster needs takes a second to import; help and version do not need it.
    from stoker.entrypoints.controller.running import run  # noqa: PLC0415 - see above

    return run(settings)
