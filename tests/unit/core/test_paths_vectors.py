"""The recorded path checks of the Go operator, and where ours is stricter on purpose."""

from __future__ import annotations

import json
import re
from pathlib import Path

from stoker.core.errors import PathError
from stoker.core.paths import RelPath

VECTORS = Path(__file__).parents[2] / "vectors" / "paths.jsonl"


def _is_stricter(path: str) -> bool:
    """What the contract refuses and the Go operator takes: `..`, backslashes, control."""
    return not path or ".." in path.split("/") or re.search(r"[\\\x00-\x1f\x7f]", path) is not None


def test_recorded_paths() -> None:
    rows = [json.loads(line) for line in VECTORS.read_text().splitlines()]
    checks = [row for row in rows if row["kind"] == "validate_path"]
    assert len(checks) == 159
    wrong = []
    for row in checks:
        path = row["input"]["path"]
        try:
            RelPath.parse(path)
            taken = True
        except PathError:
            taken = False
        if taken is not ("want" in row and not _is_stricter(path)):
            wrong.append((row["id"], path))
    assert wrong == []
