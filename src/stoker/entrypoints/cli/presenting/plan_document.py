"""A plan as a JSON document: everything that the text shows, for programs.

Texts are as they are in the files, but for secrets and what the limits cut; whoever shows them has
to escape them.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Final

from stoker.core.differences import (
    BinaryChange,
    Detail,
    DocumentChanges,
    NotCompared,
    Reformatted,
    Restamped,
    SameContent,
    TextChanges,
    Whole,
)
from stoker.entrypoints.cli.presenting.occasion import Occasion, cautions

if TYPE_CHECKING:
    from collections.abc import Mapping

    from stoker.core.differences import (
        Differences,
        FileDifference,
        HomeDifference,
        LineChanges,
        ResourceDifference,
        Shape,
        ValueChange,
    )

Document = dict[str, object]


def document(differences: Differences, occasion: Occasion) -> Mapping[str, object]:
    """The JSON document of `stoker plan --output json`."""
    totals = differences.totals
    return {
        "commit": occasion.commit,
        "ref": occasion.ref,
        "gateway": occasion.gateway,
        "profile": occasion.profile,
        "summary": {
            "added": totals.added,
            "modified": totals.modified,
            "deleted": totals.deleted,
            "metadataOnly": totals.restamped,
            "kept": dict(sorted(Counter(each.reason.value for each in differences.kept).items())),
            "drifted": len(differences.drifted),
            "adopted": len(differences.adopted),
        },
        "scans": [kind.value for kind in differences.scans],
        "warnings": [
            {
                "kind": caution.kind,
                "message": caution.message,
                "paths": [str(path) for path in caution.paths],
            }
            for caution in cautions(differences, occasion)
        ],
        "changes": [_home(home) for home in differences.homes],
        "kept": [
            {"path": str(each.path), "reason": each.reason.value} for each in differences.kept
        ],
        "drifted": [str(path) for path in differences.drifted],
        "adopted": [str(path) for path in differences.adopted],
    }


def _home(home: HomeDifference) -> Document:
    return {
        "kind": home.name.kind.value,
        "name": home.name.name,
        "collection": home.name.collection,
        "resources": [_resource(resource) for resource in home.resources],
    }


def _resource(resource: ResourceDifference) -> Document:
    return {
        "kind": resource.name.kind,
        "module": resource.name.module,
        "type": resource.name.type,
        "name": resource.name.name,
        "state": resource.state.value,
        "drifted": resource.drifted,
        "files": [_file(file) for file in resource.files],
    }


def _file(file: FileDifference) -> Document:
    shown: Document = {
        "path": str(file.path),
        "state": file.state.value,
        "drifted": file.drifted,
        **_detail(file.detail),
    }
    if file.modes is not None:
        shown["mode"] = [f"{mode:04o}" for mode in file.modes]
    return shown


_BARE: Final[Mapping[type[Detail], str]] = {
    Whole: "whole",
    Restamped: "restamped",
    SameContent: "sameContent",
    Reformatted: "formatting",
}


def _detail(detail: Detail) -> Document:
    match detail:
        case DocumentChanges(changes=changes, cut=cut):
            listed = [_change(change) for change in changes]
            return {"detail": "json", "changes": listed, "omitted": cut}
        case TextChanges(lines=lines, problem=problem):
            return {"detail": "text", "problem": problem, **_lines(lines)}
        case BinaryChange(before, after):
            return {"detail": "binary", "before": _shape(before), "after": _shape(after)}
        case NotCompared(why):
            return {"detail": "notCompared", "why": why}
        case _:
            return {"detail": _BARE[type(detail)]}


def _change(change: ValueChange) -> Document:
    shown: Document = {
        "kind": change.kind.value,
        "tag": change.subject,
        "path": change.path,
        "before": change.before,
        "after": change.after,
        "notShown": change.withheld,
        "note": change.note,
    }
    if change.lines is not None:
        shown["text"] = _lines(change.lines)
    return shown


def _lines(lines: LineChanges) -> Document:
    return {
        "addedLines": lines.added,
        "removedLines": lines.removed,
        "lineEnds": lines.endings,
        "omittedLines": lines.cut,
        "hunks": [
            {
                "before": hunk.before,
                "after": hunk.after,
                "lines": [f"{line.sign}{line.text}" for line in hunk.lines],
            }
            for hunk in lines.hunks
        ],
    }


def _shape(shape: Shape) -> Document:
    return {
        "kind": shape.kind,
        "size": shape.size,
        "width": shape.width,
        "height": shape.height,
    }
