"""What the documentation shows is what happens."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "embedding.md"


def _run(code: str) -> str:
    done = subprocess.run(  # noqa: S603
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    return done.stdout


def _blocks(page: Path, language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", page.read_text(), re.DOTALL | re.MULTILINE)


def test_the_embedding_page_prints_what_it_says() -> None:
    shown = _blocks(PAGE, "text")[0]
    printed = _run("\n".join(_blocks(PAGE, "python")))
    assert [line.rstrip() for line in printed.splitlines()] == shown.splitlines()


def test_the_page_plans_a_sync_in_about_twenty_lines() -> None:
    code = [line for block in _blocks(PAGE, "python") for line in block.splitlines() if line]
    statements = [line for line in code if not line.startswith((" ", ")", "}"))]
    assert len(statements) <= 20


def test_the_readme_says_what_its_calls_return() -> None:
    (code,) = _blocks(ROOT / "README.md", "python")
    shown = re.findall(r"^(\w.*?)\s+# (.+)$", code, re.MULTILINE)
    assert len(shown) == 3
    for call, expected in shown:
        assert _run(f"{code}\nprint(repr({call}))").strip() == expected
