"""A webhook that is in more of a hurry with its authorities than one in the world may be.

An authority is published a minute before anything that it signed is served, and an option that
shortened this would only do harm. Here it is seconds, so that a test sees several of them. All else
is `stoker-webhook` as it is; the process is started as `python hasty.py OPTIONS…`.
"""

from __future__ import annotations

import sys
from datetime import timedelta
from typing import Any, Final

GRACE: Final = timedelta(seconds=2)


def _hurry() -> None:
    from stoker.entrypoints.webhook.certificates import CertificateKeeper  # noqa: PLC0415 - the tests need none of it

    made: Any = CertificateKeeper.__init__
    made.__kwdefaults__["grace"] = GRACE


if __name__ == "__main__":
    from stoker.entrypoints.programs import leave
    from stoker.entrypoints.webhook import main

    _hurry()
    leave(main(sys.argv[1:]))
