"""Print the Python of a documentation page: all its ```python blocks, in their order.

What the documentation shows is what the tests and `make demo` run.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

_BLOCK = re.compile(r"^```python\n(.*?)^```$", re.DOTALL | re.MULTILINE)


def page_code(page: Path) -> str:
    """The code of a page."""
    return "\n".join(_BLOCK.findall(page.read_text()))


if __name__ == "__main__":
    print(page_code(Path(sys.argv[1])))
