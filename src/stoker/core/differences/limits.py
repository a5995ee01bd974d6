"""How much is compared and shown. What lies beyond a limit is counted, never silently left out."""

from __future__ import annotations

from typing import Final

MAX_FILE_BYTES: Final = 8 << 20
"""A larger file is compared by its size alone; the largest in public repositories has 4 MB."""

MAX_TOTAL_BYTES: Final = 64 << 20
"""What is read of all files together; those after it are listed and not compared."""

MAX_DEPTH: Final = 128
"""Containers inside one another in a document that is compared as one."""

MAX_CHANGES: Final = 50
"""Changes of one document that are shown."""

MAX_LINES: Final = 200
"""Lines of one file that are shown, context included."""

MAX_TOTAL_SHOWN: Final = 20_000
"""Changes and lines of all files together; files after it are listed and not compared."""

MAX_VALUE: Final = 120
"""Characters of one shown value."""

MAX_LINE: Final = 240
"""Characters of one shown line."""

MAX_LABEL: Final = 60
"""Characters of the name by which an element of an array is shown."""

MAX_PATH: Final = 400
"""Characters of the path of a change."""

MAX_EDITS: Final = 256
"""Differences between two anchors that an alignment looks for before it gives up on them."""

MAX_STEPS: Final = 1_000_000
"""Comparisons that one alignment may make after its anchors are found."""
