"""The generated pages are those that the generators make, and every field and value is explained.

Broken on purpose, and seen to fail: a page changed by hand, a field without a description, a value
of the chart without a comment, an annotation that the page does not have.
"""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture(autouse=True)
def _tools(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(ROOT))


def test_the_pages_are_what_the_generators_make() -> None:
    done = subprocess.run(
        [sys.executable, "tools/reference", "--check"],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, f"run `make reference`:\n{done.stdout}{done.stderr}"


def test_every_field_has_a_description() -> None:
    from tools.reference import gatewaysync  # noqa: PLC0415 - only now on the path

    schema = gatewaysync.definition()["properties"]
    silent = [
        path
        for part in ("spec", "status")
        for path, field, _ in gatewaysync.properties(part, schema[part])
        if not field.get("description")
    ]
    assert not silent


def test_every_note_is_about_a_field_that_is_there() -> None:
    from tools.reference import gatewaysync  # noqa: PLC0415
    from tools.reference.gatewaysync_notes import NOTES  # noqa: PLC0415

    schema = gatewaysync.definition()["properties"]
    known = {"spec", "status"}
    for part in ("spec", "status"):
        for path, field, _ in gatewaysync.properties(part, schema[part]):
            known |= {path, *(f"{path}{step}" for step in ("[]", ".*") if field)}
    assert NOTES.keys() <= known


def test_every_field_is_on_the_page() -> None:
    from tools.reference import gatewaysync  # noqa: PLC0415

    page, schema = gatewaysync.page(), gatewaysync.definition()["properties"]
    for part in ("spec", "status"):
        for path, _, _ in gatewaysync.properties(part, schema[part]):
            assert f"| `{path.rpartition('.')[2]}` |" in page, path


def test_what_profiles_share_is_told_with_its_default() -> None:
    from tools.reference import gatewaysync  # noqa: PLC0415

    shared = gatewaysync.shared_defaults()
    fields = gatewaysync.definition()["properties"]["spec"]["properties"]["sync"]["properties"]
    assert fields["defaults"]["properties"].keys() <= shared.keys()
    assert "| `pruneLimitPercent` | integer, 0 to 100 | `50` |" in gatewaysync.page()


def test_every_value_is_described_and_on_the_page() -> None:
    from tools.reference import values  # noqa: PLC0415

    found = values.values()
    assert len(found) > 60
    assert not [one.path for one in found if not one.description]
    page = values.page()
    assert not [one.path for one in found if f"| `{one.path}` |" not in page]


def test_every_annotation_and_label_is_on_the_page() -> None:
    from tools.reference import marks  # noqa: PLC0415

    assert marks.told() == marks.known()


def test_everything_that_the_core_exports_is_on_its_page() -> None:
    from tools.reference import core  # noqa: PLC0415

    import stoker.core  # noqa: PLC0415

    page = core.page()
    values = {"ROOT", "Digest", "StatusMap"}
    assert not [name for name in {*stoker.core.__all__} - values if f"`{name}" not in page]


def test_the_guide_names_what_the_core_exports() -> None:
    import stoker.core  # noqa: PLC0415

    guide = (ROOT / "docs" / "embedding.md").read_text().partition("## What else there is")[2]
    rows = re.findall(r"^\| [^|`]* \| (`[^|]*`) \|$", guide, re.MULTILINE)
    named = {name for row in rows for name in re.findall(r"`(\w+)`", row)}
    assert len(named) > 15
    assert named <= {*stoker.core.__all__}
