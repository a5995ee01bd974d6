"""The form of the documents on the data volume, and what of a broken one is told."""

from __future__ import annotations

import pytest

from stoker.adapters.codec.manifest import (
    decode_journal,
    decode_manifest,
    encode_journal,
    encode_manifest,
)
from stoker.core.errors import DecodeError
from stoker.core.journal import Claim, Journal
from stoker.core.manifest import Digest, Entry, Manifest, Mode, Origin, Stamp
from stoker.core.paths import RelPath

ONE = Entry(Digest("1" * 40), Mode.REGULAR)
RUN = Entry(Digest("2" * 64), Mode.EXECUTABLE)
A, B = RelPath("a"), RelPath("größe/b c")


def test_the_manifest_form() -> None:
    origin = Origin(ONE.digest, frozenset({"Vars", "Ref"}), "key")
    manifest = Manifest({B: RUN, A: ONE}, {A: Stamp(1, 2, 3)}, {A: origin}, frozenset({B}))
    text = encode_manifest(manifest).decode()
    assert text == (
        '{"version":1,"paths":{"a":["' + "1" * 40 + '",420,[1,2,3],["' + "1" * 40 + '",'
        '["Ref","Vars"],"key"],false],"größe/b c":["' + "2" * 64 + '",493,null,null,true]}}'
    )
    assert decode_manifest(text.encode()) == manifest


def test_the_journal_form() -> None:
    journal = Journal({A: Claim(None, ONE, None), B: Claim(ONE, None, ONE, adopted=True)})
    one = '["' + "1" * 40 + '",420]'
    text = encode_journal(journal).decode()
    assert text == (
        f'{{"version":1,"paths":{{"a":[null,{one},null,false],'
        f'"größe/b c":[{one},null,{one},true]}}}}'
    )
    assert decode_journal(text.encode()) == journal


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "the manifest is not JSON: Expecting value: line 1 column 1 (char 0)"),
        ("[]", "the manifest has no version and paths"),
        ("{}", "the manifest has no version and paths"),
        ('{"version":1}', "the manifest has no version and paths"),
        ('{"version":1,"paths":[]}', "the manifest has no version and paths"),
        ('{"version":2,"paths":{}}', "the manifest has version 2, not 1"),
        ('{"version":1,"paths":{"../a":[]}}', "../a: the path leaves its root by '..'"),
        ('{"version":1,"paths":{"./a":[]}}', "./a: the path is not in its normal form"),
        ('{"version":1,"paths":{"a":[]}}', "a: what is recorded"),
        ('{"version":1,"paths":{"a":["x",420,null,null,false]}}', "a: what is recorded"),
        ('{"version":1,"paths":{"a":["%s",421,null,null,false]}}', "a: what is recorded"),
        ('{"version":1,"paths":{"a":["%s",420.0,null,null,false]}}', "a: what is recorded"),
        ('{"version":1,"paths":{"a":["%s",420,[1,2],null,false]}}', "a: what is recorded"),
        ('{"version":1,"paths":{"a":["%s",420,[1,2,true],null,false]}}', "a: what is recorded"),
        ('{"version":1,"paths":{"a":["%s",420,null,["x",[],""],false]}}', "a: what is recorded"),
        ('{"version":1,"paths":{"a":["%s",420,null,["%s",[1],""],false]}}', "a: what is recorded"),
        ('{"version":1,"paths":{"a":["%s",420,null,[],false]}}', "a: what is recorded"),
        ('{"version":1,"paths":{"a":["%s",420,null,null,0]}}', "a: what is recorded"),
        ("[" * 100_000, "the manifest is not JSON: maximum recursion depth exceeded"),
        ("1" * 5_000, "the manifest is not JSON: Exceeds the limit (4300 digits)"),
    ],
)
def test_broken_manifests(text: str, message: str) -> None:
    with pytest.raises(DecodeError) as caught:
        decode_manifest(text.replace("%s", "1" * 40).encode())
    assert str(caught.value).startswith(message)
    assert str(caught.value).endswith("(remove it: the next sync takes stock anew)")


@pytest.mark.parametrize(
    "row", ["[]", "[null,null,null,0]", "[1,null,null,false]", "[[],1,1,true]"]
)
def test_broken_journals(row: str) -> None:
    with pytest.raises(DecodeError, match="what is recorded of this path"):
        decode_journal(f'{{"version":1,"paths":{{"a":{row}}}}}'.encode())


def test_a_broken_journal_says_that_it_is_one() -> None:
    with pytest.raises(DecodeError, match="the journal has version 7, not 1"):
        decode_journal(b'{"version":7}')


def test_text_that_is_no_utf8() -> None:
    with pytest.raises(DecodeError, match="the manifest is not JSON"):
        decode_manifest(b"\xff\xfe\xfd")
