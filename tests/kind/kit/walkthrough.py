"""A page of the documentation, done as it stands there.

All its blocks of `bash` are run, in one shell as it were: variables of an earlier block are
those of the next. What differs between the reader's world and the test's is a table of
texts and what takes their place, each of which has to be on the page exactly once, and the values
of the variables that the page has its reader set, all of which have to be given.

A block of `text` right behind is what was printed last, but for what differs from one time to the
next: ages, commits, the ends of pods' names, the widths of columns. A line that ends in `…` is the
beginning of one, and a line of nothing else stands for any number of them.
"""

from __future__ import annotations

import re
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from cluster import Problem

_FENCE: Final = re.compile(r"^```(\w+)\n(.*?)^```$", re.DOTALL | re.MULTILINE)
_HEADING: Final = re.compile(r"^## (.+)$", re.MULTILINE)
_VARIABLE: Final = re.compile(r"^export (\w+)=(\S+)(.*)$", re.MULTILINE)
_PATIENCE: Final = 180.0
_SHAPES: Final = (
    (re.compile(r"\b[0-9a-f]{40}\b"), "COMMIT"),
    (re.compile(r"\b[0-9a-f]{7}\b"), "COMMIT"),
    (re.compile(r"\d{4}-\d\d-\d\dT[\d:.]+(?:Z|[+-]\d\d:\d\d)"), "TIME"),
    (re.compile(r"-[0-9a-f]{8,10}-[a-z0-9]{5}\b"), "-POD"),
    (re.compile(r"\b\d+(\.\d+)? ?(ms|s|m|h)(\d+s)?\b"), "AGE"),
    (re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d UTC"), "TIME"),
    (re.compile(r"https?://[^\s,]+"), "URL"),
    (re.compile(r"[ \t]+"), " "),
)


@dataclass(frozen=True)
class Step:
    """Commands, and what the page shows that they print."""

    commands: str
    shown: str | None


def steps_of(text: str) -> dict[str, list[Step]]:
    """The steps of a page by its headings; what stands before the first is that of ''."""
    parts = _HEADING.split(text)
    titles = ["", *parts[1::2]]
    return {title: _steps(part) for title, part in zip(titles, parts[::2], strict=True)}


def _steps(text: str) -> list[Step]:
    blocks = list(_FENCE.finditer(text))
    made = []
    for number, block in enumerate(blocks):
        after = blocks[number + 1] if number + 1 < len(blocks) else None
        is_shown = after is not None and after[1] == "text"
        if block[1] == "bash":
            made.append(Step(block[2], after[2] if after is not None and is_shown else None))
    return made


def altered(text: str, replaced: Mapping[str, str], variables: Mapping[str, str]) -> str:
    """The page for another world; each change has to find its place, each variable its value."""
    for old, new in replaced.items():
        if text.count(old) != 1:
            raise Problem(f"the page has this {text.count(old)} times and not once: {old!r}")
        text = text.replace(old, new)
    told = [found[1] for found in _VARIABLE.finditer(text)]
    if sorted(told) != sorted(variables):
        raise Problem(f"the page has its reader set {told}, and given are {sorted(variables)}")
    return _VARIABLE.sub(lambda found: f"export {found[1]}={variables[found[1]]}{found[3]}", text)


def shape(line: str) -> str:
    """A line without what differs from one time to the next."""
    for pattern, word in _SHAPES:
        line = pattern.sub(word, line)
    return line.strip()


def is_as_shown(printed: str, shown: str) -> bool:
    """Whether this, or the end of it, is what the page shows."""
    lines = [shape(line) for line in printed.splitlines() if line.strip()]
    patterns = [_pattern(shape(line)) for line in shown.splitlines() if line.strip()]
    end = "".join(f"{line}\n" for line in lines)
    return re.search(rf"(?:^|\n){''.join(patterns)}\Z", end) is not None


def _pattern(line: str) -> str:
    if line == "…":
        return r"(?:.*\n)*"
    if line.endswith("…"):
        return rf"{re.escape(line.removesuffix('…').rstrip())}.*\n"
    return rf"{re.escape(line)}\n"


@dataclass
class Walkthrough:
    """A page that is done section by section, in a folder, with this environment."""

    page: str
    folder: Path
    environment: Mapping[str, str]
    printed: list[str] = field(default_factory=list)
    """What each block printed so far."""

    def __post_init__(self) -> None:
        """With nothing set yet."""
        self._left = steps_of(self.page)
        self._state.touch()

    @property
    def _state(self) -> Path:
        return self.folder / ".state-of-the-shell"

    def does(self, section: str) -> list[str]:
        """What the blocks of a section print, which is as the page shows it."""
        __tracebackhide__ = True
        if section not in self._left:
            raise Problem(f"the page has no section {section!r}, or it was done before")
        told = []
        for step in self._left.pop(section):
            told.append(self._run(step))
            self.printed.append(told[-1])
        return told

    def is_done(self) -> bool:
        """Whether no command of the page is left."""
        return not any(self._left.values())

    def _run(self, step: Step) -> str:
        __tracebackhide__ = True
        before, after = f". {self._state}", f"export -p > {self._state}"
        script = f"{before}\nset -aeuo pipefail\n{step.commands}\n{after}\n"
        done = subprocess.run(  # noqa: S603 - as the page has it
            ["/bin/bash", "-c", script],
            cwd=self.folder,
            env=dict(self.environment),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=_PATIENCE,
            check=False,
        )
        assert done.returncode == 0, f"{step.commands}\nends with {done.returncode}:\n{done.stdout}"
        if step.shown is not None:
            told = f"{step.commands}\nshows\n{step.shown}\nand prints\n{done.stdout}"
            assert is_as_shown(done.stdout, step.shown), told
        return done.stdout
