"""A law: whatever a profile's file holds, the command ends with 0 or 2, and without a traceback."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import example, given
from hypothesis import strategies as st

from stoker.core.errors import StokerError
from stoker.entrypoints.cli.answers import DONE, INVALID, Answer
from stoker.entrypoints.cli.invoking import answer_to
from support.specs import a_document

_WORDS = [
    *("mappings", "source", "destination", "kind", "GatewaySync", "apiVersion", "spec", "sync"),
    *("profiles", "default", "vars", "patches", "set", "no", "on", "~", "1.10", "<<", "*a", "&a"),
    *("stoker.io/v1alpha1", "!!binary", "{{.Vars.x}}", "..", "---", "\n", "  ", "- ", ": ", "["),
    *("]", "{", "}", "#", "|", ">", "'", '"', "\t", "%", "@", "? ", "\x00", "\ufeff", "\u2028"),
]

yaml_like = st.lists(st.sampled_from(_WORDS), max_size=40).map("".join)
values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda below: (
        st.lists(below, max_size=3)
        | st.dictionaries(st.sampled_from(_WORDS) | st.text(max_size=4), below, max_size=3)
    ),
    max_leaves=8,
)


@st.composite
def manifests(draw: st.DrawFn) -> str:
    """A good manifest with one thing in it changed to anything."""
    document = a_document()
    here: Any = document
    while True:
        key = draw(st.sampled_from(sorted(here)))
        below = here[key]
        if not isinstance(below, dict) or not below or draw(st.booleans()):
            here[key] = draw(values)
            break
        here = below
    return json.dumps(document) if draw(st.booleans()) else str(yaml.safe_dump(document))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("profiles")


def validated(folder: Path, content: bytes, name: str) -> Answer:
    path = folder / name
    path.write_bytes(content)
    return answer_to(["validate", str(path)], {})


def requested(folder: Path, content: bytes, name: str) -> Answer:
    path = folder / name
    path.write_bytes(content)
    arguments = ["render", "--repo", str(folder / "none"), "--ref", "x", "--profile", str(path)]
    return answer_to(arguments, {})


@given(content=st.binary(max_size=60) | (st.text() | yaml_like | manifests()).map(str.encode))
@example(content=b"[" * 5000)
@example(content=b"- " * 5000)
@example(content=b'{"a":' * 5000)
@example(content=b"mappings: &a [*a]")
@example(content=b"\xff\xfe\x00")
@example(content=b"a: .nan\n.nan: 1\n.nan: 2\n")
@example(content=b"? !x &y\n: *y\n")
def test_any_profile_file_is_valid_or_told_to_be_wrong(folder: Path, content: bytes) -> None:
    """Failed with UnicodeDecodeError when files were decoded unchecked, as `unexpected … (2)`.

    An error that nobody expected ends with 1.
    """
    for name in ("p.yaml", "p.json"):
        answer = validated(folder, content, name)
        assert answer.code in {DONE, INVALID}, answer
        assert bool(answer.code) == any(": error: " in line for line in answer.complaints)
        # The repository of this one is always missing, so it never comes to a network.
        answer = requested(folder, content, name)
        assert answer.code == INVALID
        assert all(line.isprintable() for line in answer.complaints)


def test_the_harness_would_see_an_error_that_nobody_expected(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object, **__: object) -> None:
        raise LookupError("secret")

    monkeypatch.setattr("stoker.entrypoints.cli.validating.read_documents", broken)
    answer = validated(folder, b"a: 1", "p.yaml")
    assert answer.code == 1
    (line,) = answer.complaints
    assert line.startswith("stoker: error: unexpected LookupError at test_cli_any_profile.py:")
    assert "secret" not in line
    assert not issubclass(LookupError, StokerError)
