"""A release: one version everywhere, its notes, and the chart that names its image.

The version stands in `src/stoker/__init__.py`; the wheel takes it from there. What else has to name
it (the chart, the changelog) is written by `prepare` and held equal by `check`, so a tag that does
not say what the sources say is never released.

    python tools/release.py version                    what the sources are
    python tools/release.py prepare 0.2.0 2026-12-01   make them so
    python tools/release.py check v0.2.0               whether they may be released as that
    python tools/release.py notes                      what the changelog says of this version
    python tools/release.py chart IMAGE FOLDER         a copy of the chart that names this image
"""

from __future__ import annotations

import argparse
import re
import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable

ROOT: Final = Path(__file__).resolve().parents[1]
_SOURCE: Final = "src/stoker/__init__.py"
_CHART: Final = "charts/stoker-operator"
_CHANGES: Final = "CHANGELOG.md"

_VERSION: Final = re.compile(r"(?m)^__version__ = \"([^\"]*)\"$")
_CHART_VERSIONS: Final = re.compile(r"(?m)^(version|appVersion): (\S+)$")
_IMAGE: Final = re.compile(r"(?m)^(image:\n(?:  #.*\n)*  repository: )(\S+)$")
_WELL_FORMED: Final = re.compile(r"\d+\.\d+\.\d+(-[0-9A-Za-z.-]+)?")
_UNRELEASED: Final = "## [Unreleased]\n"


class Unfit(Exception):
    """What keeps a version from being released, one line each."""


def version(root: Path) -> str:
    """What the sources are."""
    return _only(_VERSION.findall((root / _SOURCE).read_text()), _SOURCE)


def prepare(root: Path, wanted: str, day: str) -> None:
    """Write the version wherever it has to stand, and close the changelog's open section."""
    if not _WELL_FORMED.fullmatch(wanted):
        raise Unfit(f"{wanted} is no version (write it as 1.2.3)")
    if not re.fullmatch(r"\d{4}-\d{2}-\d{2}", day):
        raise Unfit(f"{day} is no day (write it as 2026-12-01)")
    changes = (root / _CHANGES).read_text()
    if _UNRELEASED not in changes:
        raise Unfit(f"{_CHANGES} has no section [Unreleased]")
    if f"## [{wanted}]" in changes:
        raise Unfit(f"{_CHANGES} has a section [{wanted}] already")
    _rewrite(root / _SOURCE, lambda text: _VERSION.sub(f'__version__ = "{wanted}"', text))
    _rewrite(
        root / _CHART / "Chart.yaml",
        lambda text: _CHART_VERSIONS.sub(lambda found: f"{found[1]}: {wanted}", text),
    )
    closed = f"{_UNRELEASED}\n## [{wanted}] - {day}\n"
    (root / _CHANGES).write_text(changes.replace(_UNRELEASED, closed, 1))


def check(root: Path, tag: str) -> None:
    """Raise `Unfit` if this tag would say something else than the sources."""
    here, wrong = version(root), []
    if tag != f"v{here}":
        wrong.append(f"the tag is {tag}, and {_SOURCE} says {here}")
    wrong += [
        f"{_CHART}/Chart.yaml: {name} is {said}, and {_SOURCE} says {here}"
        for name, said in _CHART_VERSIONS.findall((root / _CHART / "Chart.yaml").read_text())
        if said != here
    ]
    if not notes(root):
        wrong.append(f"{_CHANGES} says nothing of {here} (run: tools/release.py prepare)")
    if wrong:
        raise Unfit("\n".join(wrong))


def notes(root: Path) -> str:
    """The changelog's section of this version; nothing where there is none."""
    heading = rf"(?ms)^## \[{re.escape(version(root))}\][^\n]*\n(.*?)(?=^## \[|\Z)"
    found = re.search(heading, (root / _CHANGES).read_text())
    return found[1].strip() if found else ""


def chart(root: Path, image: str, folder: Path) -> Path:
    """Copy the chart into a folder, with this image as what it installs."""
    made = folder / Path(_CHART).name
    shutil.copytree(root / _CHART, made)
    values = made / "values.yaml"
    text, count = _IMAGE.subn(lambda found: found[1] + image, values.read_text())
    if count != 1:
        raise Unfit(f"{_CHART}/values.yaml has no image.repository where it is looked for")
    values.write_text(text)
    return made


def main(words: list[str] | None = None) -> int:
    """Do what is asked, and say in a line what keeps from it."""
    given = _parser().parse_args(words)
    try:
        match given.command:
            case "version":
                print(version(ROOT))
            case "prepare":
                prepare(ROOT, given.version, given.day)
            case "check":
                check(ROOT, given.tag)
            case "notes":
                print(notes(ROOT))
            case "chart":
                print(chart(ROOT, given.image, given.folder))
    except Unfit as error:
        print(error, file=sys.stderr)
        return 1
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="tools/release.py", description=__doc__.split("\n")[0])
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("version")
    preparing = commands.add_parser("prepare")
    preparing.add_argument("version")
    preparing.add_argument("day")
    commands.add_parser("check").add_argument("tag")
    commands.add_parser("notes")
    charting = commands.add_parser("chart")
    charting.add_argument("image")
    charting.add_argument("folder", type=Path)
    return parser


def _only(found: list[str], place: str) -> str:
    if len(found) != 1:
        raise Unfit(f"{place} names {len(found)} versions")
    return found[0]


def _rewrite(file: Path, change: Callable[[str], str]) -> None:
    file.write_text(change(file.read_text()))


if __name__ == "__main__":
    sys.exit(main())
