"""The files of the downward API volume: whatever the kubelet writes is read back.

How Go quotes a text is asked of Go itself in `GO`, which holds what `strconv.Quote` of Go 1.26 made
of each; beyond that two writers stand in for it: one that escapes whatever can be, one as little.

Seen to fail: when escapes were decoded one character at a time instead of as bytes, when a line was
allowed to end in the middle of an escape, and when half a character was taken for one.
"""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stoker.core.errors import DecodeError
from stoker.entrypoints.agent.podinfo import parse

GO = {
    "": '""',
    "plain": '"plain"',
    'say "hi"': r'"say \"hi\""',
    "back\\slash": r'"back\\slash"',
    "a\nb\tc\rd": r'"a\nb\tc\rd"',
    "\a\b\f\v": r'"\a\b\f\v"',
    "\x00\x1b\x7f": r'"\x00\x1b\x7f"',
    "é": '"é"',
    "\u00a0": r'"\u00a0"',
    "\u200b": r'"\u200b"',
    "\u2028": r'"\u2028"',
    "日本": '"日本"',
    "😀": '"😀"',
    "\U000e0001": r'"\U000e0001"',
    "\ue000": r'"\ue000"',
    "\ufffd": '"\ufffd"',
    "it's `so`": '"it\'s `so`"',
}

SHORT = {"\a": "a", "\b": "b", "\f": "f", "\n": "n", "\r": "r", "\t": "t", "\v": "v"}
texts = st.text(st.characters(exclude_categories=["Cs"]))
keys = st.text(st.characters(exclude_characters="=\n", exclude_categories=["Cs"]), min_size=1)


def escaped(text: str, *, eagerly: bool) -> str:
    """As Go quotes, with every character escaped that need not be, or none."""

    def one(letter: str) -> str:
        if letter in '"\\':
            return "\\" + letter
        if letter in SHORT:
            return "\\" + SHORT[letter]
        if ord(letter) < 32 or ord(letter) == 127:
            return f"\\x{ord(letter):02x}"
        if eagerly and ord(letter) > 0xFFFF:
            return f"\\U{ord(letter):08x}"
        return f"\\u{ord(letter):04x}" if eagerly else letter

    return f'"{"".join(map(one, text))}"'


@pytest.mark.parametrize("text", GO)
def test_what_go_writes_is_read_back(text: str) -> None:
    assert parse(f"some/key={GO[text]}".encode()) == {"some/key": text}


@given(st.dictionaries(keys, texts), st.booleans(), st.booleans())
def test_any_map_is_read_back(written: dict[str, str], eagerly: bool, ends: bool) -> None:  # noqa: FBT001 - hypothesis gives them
    lines = [f"{key}={escaped(written[key], eagerly=eagerly)}" for key in sorted(written)]
    assert parse(("\n".join(lines) + "\n" * ends).encode()) == written


@given(st.binary() | texts.map(str.encode))
def test_anything_is_a_map_or_refused(text: bytes) -> None:
    with suppress(DecodeError):
        parse(text)


@given(st.lists(st.sampled_from(['"', "\\", "x", "u", "U", "d800", "00110000", "a", "=", "\n"])))
def test_anything_like_it_is_a_map_or_refused(parts: list[str]) -> None:
    with suppress(DecodeError):
        parse(('k="' + "".join(parts) + '"').encode())


@given(st.dictionaries(keys, texts, min_size=1), st.data())
def test_half_a_file_is_never_another_value(written: dict[str, str], data: st.DataObject) -> None:
    text = "\n".join(f"{key}={escaped(written[key], eagerly=False)}" for key in sorted(written))
    whole = text.encode()
    cut = whole[: data.draw(st.integers(0, len(whole)))]
    with suppress(DecodeError):
        assert parse(cut).items() <= written.items()


def test_bytes_that_are_no_text() -> None:
    assert parse(rb'k="a\xff\xc3\xa9"') == {"k": "a\ufffdé"}
    assert parse(b'k="\xff"') == {"k": "\ufffd"}


@pytest.mark.parametrize(
    "text",
    [
        *("k", "k=", "k=v", '="v"', 'k="v', 'k="v\\"'),
        *(r'k="\q"', r'k="\U00110000"', r'k="\ud800"', r'k="\x4"'),
    ],
)
def test_what_no_kubelet_writes_is_refused(text: str) -> None:
    with pytest.raises(DecodeError, match="line 1"):
        parse(text.encode())
