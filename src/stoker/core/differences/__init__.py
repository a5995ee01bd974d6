"""What a plan changes, as the people think of it who work with the gateway.

`compare` turns a plan, and what is on the disk and in the commit, into `Differences`: homes
(projects, collections of the configuration, tag providers) hold resources, these hold files, and
each file says what changed in it. JSON is compared as documents, text by lines, all else by size.
Secrets are never part of the result, and its size is bounded.

- `places`: what a file belongs to · `files`: how one file is compared · `compare`: all of a plan
- `documents`, `comparison`, `changes`: JSON, exactly · `showing`, `secrecy`: what is shown of it
- `texts`, `alignment`: lines · `binaries`: everything else · `limits`: all bounds
"""

from __future__ import annotations

from stoker.core.differences.binaries import Shape
from stoker.core.differences.compare import Read, Reading, TooLarge, compare
from stoker.core.differences.files import (
    BinaryChange,
    Detail,
    DocumentChanges,
    FileDifference,
    NotCompared,
    Reformatted,
    Restamped,
    SameContent,
    State,
    TextChanges,
    Whole,
    compare_contents,
)
from stoker.core.differences.limits import MAX_FILE_BYTES
from stoker.core.differences.model import (
    Differences,
    HomeDifference,
    ResourceDifference,
    Totals,
)
from stoker.core.differences.places import HomeKind, HomeName, ResourceName
from stoker.core.differences.secrecy import WITHHELD
from stoker.core.differences.showing import ChangeKind, ValueChange
from stoker.core.differences.texts import Hunk, Line, LineChanges, Sign

__all__ = [
    "MAX_FILE_BYTES",
    "WITHHELD",
    "BinaryChange",
    "ChangeKind",
    "Detail",
    "Differences",
    "DocumentChanges",
    "FileDifference",
    "HomeDifference",
    "HomeKind",
    "HomeName",
    "Hunk",
    "Line",
    "LineChanges",
    "NotCompared",
    "Read",
    "Reading",
    "Reformatted",
    "ResourceDifference",
    "ResourceName",
    "Restamped",
    "SameContent",
    "Shape",
    "Sign",
    "State",
    "TextChanges",
    "TooLarge",
    "Totals",
    "ValueChange",
    "Whole",
    "compare",
    "compare_contents",
]
