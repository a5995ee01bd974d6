"""The workflows of GitHub Actions, read by actionlint; the rest is in `unit/tools/test_release.py`.

They run nowhere here: their syntax, expressions, shells and the outputs that jobs hand on are what
can be known without GitHub.

Broken on purpose, and seen to fail: an output that no step has, a permission of no such name.
"""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Final

import pytest
from cluster import programs
from cluster.running import Steps

WORKFLOWS: Final = Path(__file__).resolve().parents[2] / ".github" / "workflows"


@pytest.fixture(scope="module")
def actionlint() -> Path:
    return programs.built(programs.ACTIONLINT, Steps(print)) / "actionlint"


def complaints(actionlint: Path, text: str) -> str:
    command = [str(actionlint), "-no-color", "-"]
    done = subprocess.run(  # noqa: S603 - a program that we have built
        command, input=text, capture_output=True, text=True, check=False
    )
    assert done.returncode in {0, 1}, done.stderr
    return done.stdout


@pytest.mark.parametrize("name", ["ci", "release"])
def test_nothing_is_wrong_with_it(name: str, actionlint: Path) -> None:
    assert complaints(actionlint, (WORKFLOWS / f"{name}.yaml").read_text()) == ""


@pytest.mark.parametrize(
    ("right", "wrong", "why"),
    [
        ("needs.image.outputs.name", "needs.image.outputs.nome", "nome"),
        ("id-token: write", "id-tokens: write", "unknown permission scope"),
        ("needs: [image, chart, python]", "needs: [image, charts]", "charts"),
    ],
)
def test_what_is_wrong_is_found(right: str, wrong: str, why: str, actionlint: Path) -> None:
    text = (WORKFLOWS / "release.yaml").read_text()
    assert right in text
    assert why in complaints(actionlint, text.replace(right, wrong, 1))
