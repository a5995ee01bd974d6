"""`python -m stoker` is `stoker`."""

from __future__ import annotations

import sys

from stoker.entrypoints.cli import main

sys.exit(main())
