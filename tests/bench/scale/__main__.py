"""Makes `python tests/bench/scale` work: what it is made of is found from the tests' folders."""

from __future__ import annotations

import sys
from importlib import import_module
from pathlib import Path

_TESTS = Path(__file__).resolve().parents[2]
sys.path[:1] = [str(_TESTS), str(_TESTS / "kind")]
sys.exit(import_module("bench.scale.command").main())
