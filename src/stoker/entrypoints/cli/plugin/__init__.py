"""`kubectl stoker`: a plugin of kubectl for GatewaySyncs.

- `app`: the commands and their help; `status` is that of `stoker`
- `diffing`, `diff_text`: what the last sync or dry run has changed, gateway by gateway
- `asking`: a sync now, or another ref, by the annotations that the receiver writes
- `logging`, `following`, `agents`: the logs of a GatewaySync's agents, as one
- `log_lines`: their lines: merged, filtered, and worded for people
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from stoker.entrypoints.cli import begin

if TYPE_CHECKING:
    from collections.abc import Sequence


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; the process's exit code. Without arguments, those of the process."""
    return begin("kubectl stoker", arguments)
