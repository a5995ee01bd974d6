"""The pages of the documentation as tests look at them: blocks, commands, links, anchors.

Pages are read as text, line by line. A block is what stands between two fences; a command is a
line of a block that a shell would take, with its continuations; a link is a link outside of code.
"""

from __future__ import annotations

import re
import shlex
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import yaml
from attrs import frozen

ROOT: Final = Path(__file__).resolve().parents[2]
SHELLS: Final = frozenset({"console", "bash", "sh", "text"})

_FENCE: Final = re.compile(r"^( *)(```+)(\w*)")
_LINK: Final = re.compile(r"!?\[(?:[^\]\[]|\[[^\]]*\])*\]\(\s*<?([^)\s>]+)[^)]*\)")
_INLINE: Final = re.compile(r"(`+)(.+?)\1")
_HEADING: Final = re.compile(r"^(#{1,6}) +(.+?) *#*$")
_ENDS: Final = frozenset({"|", "||", "&&", ";", ">", ">>", "<", "&"})


@frozen
class Block:
    """What stands between two fences of a page."""

    page: Path
    line: int
    language: str
    text: str

    @property
    def place(self) -> str:
        """Where it is, for messages."""
        return f"{shown(self.page)}:{self.line}"


@frozen
class Command:
    """A command line, split as a shell splits it; what follows a pipe is left out."""

    place: str
    words: tuple[str, ...]


def pages() -> list[Path]:
    """Every page that somebody reads."""
    single = [ROOT / name for name in ("README.md", "CONTRIBUTING.md", "CHANGELOG.md")]
    return [*single, *sorted(ROOT.glob("charts/*/README.md")), *sorted(ROOT.glob("docs/**/*.md"))]


def shown(page: Path) -> str:
    """The page's name in messages."""
    return str(page.relative_to(ROOT)) if page.is_relative_to(ROOT) else page.name


def blocks(page: Path, text: str | None = None) -> Iterator[Block]:
    """The fenced blocks of a page."""
    inside: tuple[str, str, str, int] | None = None
    kept: list[str] = []
    for number, line in enumerate(_lines(page, text), 1):
        fence = _FENCE.match(line)
        if inside is None and fence:
            inside, kept = (*fence.groups(), number), []  # type: ignore[assignment]
        elif inside is not None and fence and fence.group(2) == inside[1] and not fence.group(3):
            indent = len(inside[0])
            yield Block(page, inside[3], inside[2], "\n".join(one[indent:] for one in kept) + "\n")
            inside = None
        else:
            kept.append(line)


def prose(page: Path, text: str | None = None) -> Iterator[tuple[int, str]]:
    """The lines of a page that are in no block, with their numbers."""
    fence = ""
    for number, line in enumerate(_lines(page, text), 1):
        mark = _FENCE.match(line)
        if not fence and mark:
            fence = mark.group(2)
        elif fence:
            fence = "" if mark and mark.group(2) == fence and not mark.group(3) else fence
        else:
            yield number, line


def documents(page: Path) -> Iterator[tuple[Block, dict[str, Any]]]:
    """The YAML documents of a page."""
    for block in blocks(page):
        if block.language == "yaml":
            for document in yaml.safe_load_all(block.text):
                yield block, document


def commands(page: Path, program: str) -> Iterator[Command]:
    """The command lines of a page that begin with `program`, in blocks and between backticks."""
    for block in blocks(page):
        if block.language in SHELLS:
            yield from _in_block(block, program)
    for number, line in prose(page):
        for _, code in _INLINE.findall(line):
            yield from _command(f"{shown(page)}:{number}", code, program)


def _in_block(block: Block, program: str) -> Iterator[Command]:
    has_prompt = re.search(r"^\$ ", block.text, re.MULTILINE)
    joined = block.text.replace("\\\n", " ")
    for line in joined.splitlines():
        if has_prompt and not line.startswith("$ "):
            continue  # what a command prints
        yield from _command(block.place, line.removeprefix("$ "), program)


def _command(place: str, text: str, program: str) -> Iterator[Command]:
    if not re.match(rf"{re.escape(program)}( |$)", text.strip()):
        return
    lexer = shlex.shlex(text.strip(), posix=True, punctuation_chars="|&;<>")
    lexer.whitespace_split = True
    words: list[str] = []
    for word in lexer:
        if word in _ENDS:
            break
        words.append(word)
    yield Command(place, tuple(words))


def links(page: Path, text: str | None = None) -> Iterator[tuple[int, str]]:
    """What a page points at, outside of code, with the number of the line."""
    for number, line in prose(page, text):
        for found in _LINK.finditer(_INLINE.sub("", line)):
            yield number, found.group(1)


def anchors(page: Path, text: str | None = None) -> frozenset[str]:
    """What can stand behind `#` in a link to the page."""
    seen: Counter[str] = Counter()
    found = set()
    for _, line in prose(page, text):
        heading = _HEADING.match(line)
        if heading is None:
            continue
        name = _slug(_plain(heading.group(2)))
        found.add(f"{name}_{seen[name]}" if seen[name] else name)
        seen[name] += 1
    return frozenset(found)


def _slug(heading: str) -> str:
    """As the pages' builder makes an anchor of a heading."""
    kept = re.sub(r"[^\w\s-]", "", heading).strip().lower()
    return re.sub(r"[-\s]+", "-", kept)


def _plain(heading: str) -> str:
    return re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading).replace("`", "").replace("*", "")


def _lines(page: Path, text: str | None) -> list[str]:
    return (page.read_text() if text is None else text).splitlines()
