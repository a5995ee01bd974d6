"""`python tests/kind/images {build,list} [NAME…]`."""

from __future__ import annotations

import sys
from pathlib import Path

# Run as a folder, Python looks for modules inside it; the package is found from beside it.
sys.path[0] = str(Path(__file__).resolve().parents[1])

from images.command_line import main  # noqa: E402 - the line above makes it importable

sys.exit(main(sys.argv[1:]))
