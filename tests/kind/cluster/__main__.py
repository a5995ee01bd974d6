"""Makes `python tests/kind/cluster` work: the package is found beside itself."""

from __future__ import annotations

import sys
from importlib import import_module
from pathlib import Path

# Python puts this very folder first, where `node` and `state` would be modules of their own.
sys.path[0] = str(Path(__file__).parents[1])
sys.exit(import_module("cluster.command").main())
