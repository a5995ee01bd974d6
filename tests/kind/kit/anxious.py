"""A controller that lists anew every few seconds what it lists anew every half hour.

What an API server has failed to tell is found out by that, and no test waits so long. All else is
`stoker-controller` as it is; the process is started as `python anxious.py OPTIONS…`.
"""

from __future__ import annotations

import sys
from typing import Any, Final

RELISTING: Final = 3.0
LASTING: Final = (2, 4)


def _worry() -> None:
    from stoker.adapters.kube.watch import Watch  # noqa: PLC0415 - the tests need none of it
    from stoker.entrypoints.controller import watching  # noqa: PLC0415 - as above

    of_watches: Any = watching
    of_watches.RELISTING = RELISTING
    made: Any = Watch.__init__
    made.__kwdefaults__["lasting"] = LASTING


if __name__ == "__main__":
    from stoker.entrypoints.controller import main
    from stoker.entrypoints.programs import leave

    _worry()
    leave(main(sys.argv[1:]))
