"""What `python tests/kind/images` does: build images, or list them; errors in a line or two."""

from __future__ import annotations

import argparse
import sys
from typing import TYPE_CHECKING

from cluster.problems import Problem

from images import archives, building
from images.catalogue import NAMES

if TYPE_CHECKING:
    from collections.abc import Sequence


def main(arguments: Sequence[str]) -> int:
    """0: done; 1: told what is in the way."""
    options = _parser().parse_args(arguments)
    try:
        if options.command == "build":
            for name in options.names or NAMES:
                image = building.build(name)
                sys.stdout.write(f"{image.tag} {image.archive}\n")
        else:
            for archive in archives.all_of(options.names or NAMES):
                sys.stdout.write(f"{archive} {archive.stat().st_size >> 20} MiB\n")
    except Problem as problem:
        sys.stderr.write(f"{problem}\n")
        return 1
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python tests/kind/images",
        description="Build the images that the tests run in a cluster. BASE_IMAGE names another "
        "base than the usual one, STOKER_CACHE the folder where images are kept.",
    )
    commands = parser.add_subparsers(dest="command", required=True)
    for command, told in (
        ("build", "build what is not there yet; prints tag and archive of each image"),
        ("list", "print the archives that are there"),
    ):
        names = commands.add_parser(command, help=told, description=told)
        known = f"{', '.join(NAMES)}; without one, all"
        names.add_argument("names", nargs="*", metavar="NAME", help=known)
    return parser
