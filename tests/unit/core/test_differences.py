"""A plan as people think of it: homes, resources, states, and what is not compared."""

from __future__ import annotations

import pytest

from stoker.core.differences import (
    BinaryChange,
    DocumentChanges,
    HomeKind,
    NotCompared,
    Restamped,
    SameContent,
    State,
    TextChanges,
    TooLarge,
    Totals,
    Whole,
    compare,
    compare_contents,
)
from stoker.core.differences.limits import (
    MAX_FILE_BYTES,
    MAX_LINES,
    MAX_TOTAL_BYTES,
    MAX_TOTAL_SHOWN,
)
from stoker.core.differences.places import place_of
from stoker.core.ignition import ScanKind
from stoker.core.manifest import Entry, Mode, digest_of
from stoker.core.paths import RelPath
from stoker.core.planning import Create, Kept, KeptReason, Plan, Replace
from support.plant import (
    AFTER,
    BEFORE,
    KEPT,
    Files,
    entry_of,
    plan_between,
    reading,
    stamped,
)

IA = "com.inductiveautomation"
CORE = "config/resources/core"
TYPES = "ignition/tag-type-definition"
DRIFTED = "projects/plant-a/ignition/script-python/plant/alarms/code.py"


@pytest.mark.parametrize(
    ("path", "home", "kind", "name"),
    [
        (f"projects/a b/{IA}.perspective/views/X/Y/view.json", "project a b", "View", "X/Y"),
        (f"projects/p/{IA}.perspective/page-config/x", "project p", "Page configuration", ""),
        (f"projects/p/{IA}.vision/windows/Main/window.bin", "project p", "Vision window", "Main"),
        (f"projects/p/{IA}.reporting/reports/Day/data.bin", "project p", "Report", "Day"),
        ("projects/p/ignition/named-query/q/query.sql", "project p", "Named query", "q"),
        ("projects/p/ignition/script-python/a/code.py", "project p", "Script library", "a"),
        ("projects/p/org.example.mod/thing/t/x.bin", "project p", "org.example.mod/thing", "t"),
        ("projects/p/project.json", "project p", "Project settings", "project.json"),
        ("projects/p/ignition/x.bin", "project p", "File", "ignition/x.bin"),
        (f"{CORE}/config-mode.json", "config core", "Deployment mode", "config-mode.json"),
        ("config/resources/dev/ignition/user-source/s/x", "config dev", "User source", "s"),
        (f"{CORE}/{IA}.opcua/device/PLC1/x", "config core", "Device connection", "PLC1"),
        (f"{CORE}/ignition/tag-definition/d/A/B/tags.json", "tags d", "Tags", "[d]A/B"),
        (f"{CORE}/ignition/tag-definition/d/tags.json", "tags d", "Tags", "[d]"),
        (f"{CORE}/ignition/tag-definition/tags.json", "config core", "Tags", ""),
        (f"{CORE}/{TYPES}/d/M/udts.json", "tags d", "UDT definitions", "[d]_types_/M"),
        ("config/resources/x.json", "other", "File", "config/resources/x.json"),
        ("config/ignition/x.json", "other", "File", "config/ignition/x.json"),
        ("user-lib/a.py", "other", "File", "user-lib/a.py"),
        ("a", "other", "File", "a"),
    ],
)
def test_every_file_has_its_place(path: str, home: str, kind: str, name: str) -> None:
    found, resource = place_of(RelPath(path))
    assert f"{found.kind.value} {found.name}".rstrip() == home
    assert (resource.kind, resource.name) == (kind, name)


def test_a_plant() -> None:
    """The whole example: what a reviewer is told of each resource."""
    plan = plan_between(BEFORE, AFTER, (DRIFTED,))
    found = compare(plan, reading(BEFORE), reading(AFTER), kept=reversed(KEPT))
    told = {
        f"{resource.name.kind} {resource.name.name}": resource.state.value
        for home in found.homes
        for resource in home.resources
    }
    assert told == {
        "Named query Reports/Daily": "changed",
        "Style class Card": "changed",
        "View Old/Trend": "removed",
        "View Overview/Mixer": "equal",
        "View Overview/Tank": "changed",
        "View Reports/Shift": "added",
        "Script library plant/alarms": "changed",
        "Image Logos/plant.png": "changed",
        "Database connection historian": "changed",
        "Tags [default]Plant/Tank1": "changed",
        "File user-lib/pylib/plant.py": "changed",
    }
    assert [home.name.kind for home in found.homes] == [
        HomeKind.PROJECT,
        HomeKind.PROJECT,
        HomeKind.COLLECTION,
        HomeKind.TAGS,
        HomeKind.OTHER,
    ]
    assert found.totals == Totals(added=2, modified=12, deleted=2, restamped=3)
    assert found.scans == (ScanKind.PROJECTS, ScanKind.CONFIG)
    assert found.kept == tuple(sorted(KEPT, key=lambda kept: kept.path))
    assert found.drifted == (RelPath(DRIFTED),)
    drifted = [r.name.name for home in found.homes for r in home.resources if r.drifted]
    assert drifted == ["plant/alarms"]
    assert (found.homes[1].restamped, len(found.homes[1].notable)) == (1, 5)


def test_a_resource_that_was_only_saved_again_is_equal() -> None:
    """Seen to fail with `resource.json` compared like any other document."""
    path = "projects/p/com.x/views/V/resource.json"
    found = compare(
        plan_between({path: stamped(1, "view.json")}, {path: stamped(2, "view.json")}),
        reading({path: stamped(1, "view.json")}),
        reading({path: stamped(2, "view.json")}),
    )
    ((resource,),) = (home.resources for home in found.homes)
    assert resource.state is State.EQUAL
    assert resource.files[0].detail == Restamped()
    assert found.totals == Totals(modified=1, restamped=1)
    # Its mode is more than a stamp.
    plan = Plan(
        ops=(
            Replace(
                RelPath(path),
                entry_of(stamped(2, "view.json"), Mode.EXECUTABLE),
                entry_of(stamped(1, "view.json")),
            ),
        )
    )
    found = compare(
        plan, reading({path: stamped(1, "view.json")}), reading({path: stamped(2, "view.json")})
    )
    assert found.homes[0].resources[0].state is State.CHANGED


def test_stamps_are_left_out_of_a_resource_that_changed() -> None:
    path = RelPath("projects/p/com.x/views/V/resource.json")
    detail = compare_contents(path, stamped(1, "view.json"), stamped(2, "view.json", "x.png"))
    assert isinstance(detail, DocumentChanges)
    assert [change.path for change in detail.changes] == ["files[1]"]
    assert detail.restamped
    assert detail.total == 1
    other = compare_contents(RelPath("a/b.json"), stamped(1), stamped(2))
    assert isinstance(other, DocumentChanges)
    assert other.total == 2
    assert not other.restamped


def test_a_resource_comes_and_goes_with_its_resource_json() -> None:
    folder = "projects/p/com.x/views/V"
    view, thumbnail, marker = (
        {f"{folder}/{name}": b"{}"} for name in ("view.json", "thumbnail.png", "resource.json")
    )

    def state(before: Files, after: Files) -> State:
        plan = plan_between({"projects/p/x": b"", **before}, {"projects/p/x": b"", **after})
        found = compare(plan, reading(before), reading(after))
        ((resource,),) = (home.resources for home in found.homes)
        return resource.state

    assert state({}, {**view, **marker}) is State.ADDED
    assert state({**view, **marker}, {}) is State.REMOVED
    assert state({**view, **marker}, {**view, **marker, **thumbnail}) is State.CHANGED
    assert state({**view, **marker, **thumbnail}, {**view, **marker}) is State.CHANGED
    assert state({**view}, {**marker}) is State.CHANGED
    assert state({}, {"projects/p/readme.md": b""}) is State.ADDED
    assert state({"projects/p/readme.md": b""}, {}) is State.REMOVED


def test_a_mode_alone() -> None:
    path = RelPath("user-lib/run.sh")
    plan = Plan(ops=(Replace(path, entry_of(b"x", Mode.EXECUTABLE), entry_of(b"x")),))
    found = compare(plan, _nobody_reads, _nobody_reads)
    (file,) = found.homes[0].resources[0].files
    assert file.detail == SameContent()
    assert file.modes == (Mode.REGULAR, Mode.EXECUTABLE)
    assert file.state is State.CHANGED


def _nobody_reads(path: RelPath) -> bytes | None:
    raise AssertionError(path)


def test_only_files_with_other_bytes_are_read() -> None:
    plan = plan_between(
        {"projects/a": b"x", "projects/c": b""}, {"projects/b": b"x", "projects/c": b""}
    )
    found = compare(plan, _nobody_reads, _nobody_reads)
    assert [
        file.detail for home in found.homes for each in home.resources for file in each.files
    ] == [Whole(), Whole()]


def _replace(*paths: str) -> Plan:
    entries = [Entry(digest_of(text), Mode.REGULAR) for text in (b"old", b"new")]
    return Plan(ops=tuple(Replace(RelPath(path), *entries) for path in paths))


def test_what_cannot_be_compared_says_why() -> None:
    huge = b"x" * (MAX_FILE_BYTES + 1)
    for before, after, why in (
        (None, b"x", "the file on the disk could not be read"),
        (b"x", None, "the file of the commit could not be read"),
        (TooLarge(10**9), b"x", "the file on the disk has 1,000,000,000 bytes"),
        (b"x", TooLarge(10**9), "the file of the commit has 1,000,000,000 bytes"),
        (huge, b"x", f"the file on the disk has {len(huge):,} bytes"),
        (b"x", huge, f"the file of the commit has {len(huge):,} bytes"),
    ):
        found = compare(_replace("a"), lambda _, it=before: it, lambda _, it=after: it)  # type: ignore[misc]
        assert found.homes[0].resources[0].files[0].detail == NotCompared(why)


def test_all_files_together_are_bounded() -> None:
    """Seen to fail with the budgets of bytes and of lines never charged."""
    at_once = MAX_FILE_BYTES // 2
    files = MAX_TOTAL_BYTES // (2 * at_once)
    plan = _replace(*(f"f{number:03}.bin" for number in range(files + 2)))
    found = compare(plan, lambda _: b"\0" * at_once, lambda _: b"\1\0" * (at_once // 2))
    kinds = [type(each.files[0].detail) for each in found.homes[0].resources]
    assert kinds == [BinaryChange] * files + [NotCompared] * 2

    many = "\n".join(map(str, range(MAX_LINES))).encode()
    files = MAX_TOTAL_SHOWN // MAX_LINES
    plan = _replace(*(f"f{number:03}.txt" for number in range(files + 2)))
    found = compare(plan, lambda _: b"", lambda _: many)
    kinds = [type(each.files[0].detail) for each in found.homes[0].resources]
    assert kinds == [TextChanges] * files + [NotCompared] * 2


def test_an_empty_plan() -> None:
    found = compare(Plan(adopted={RelPath("a"): entry_of(b"")}), _nobody_reads, _nobody_reads)
    assert found.is_empty
    assert found.scans == ()
    assert found.adopted == (RelPath("a"),)
    kept = Plan(kept=(Kept(RelPath("b"), KeptReason.EXCLUDED),))
    assert compare(kept, _nobody_reads, _nobody_reads).kept == kept.kept
    assert not compare(
        Plan(ops=(Create(RelPath("a"), entry_of(b"")),)), _nobody_reads, _nobody_reads
    ).is_empty


def test_an_image_and_a_tag() -> None:
    found = compare(plan_between(BEFORE, AFTER), reading(BEFORE), reading(AFTER))
    details = {
        file.path.name: file.detail
        for home in found.homes
        for each in home.resources
        for file in each.files
    }
    assert isinstance(details["data.bin"], BinaryChange)
    tags = details["tags.json"]
    assert isinstance(tags, DocumentChanges)
    assert [change.subject for change in tags.changes] == [
        "[default]Plant/Tank1/Level",
        "[default]Plant/Tank1/Level",
        "[default]Plant/Tank1/Pressure",
        "[default]Plant/Tank1/Temperature",
        "[default]Plant/Tank1/Pump/Speed",
    ]
