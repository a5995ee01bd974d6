"""Which names are refs, and which texts are commit ids."""

from __future__ import annotations

import shutil
import subprocess

import pytest

from stoker.core.errors import RefError
from stoker.core.refs import CommitId, RefName

SHA1 = "6113728f27ae82c7b1a177c8d03f9e96e0adf246"
SHA256 = "ab" * 32
ZERO = "0" * 40

LEGAL = [
    "main",
    "v1.2.3",
    "feature/pump-alarms",
    "refs/heads/main",
    "refs/tags/v1.2.3",
    "refs/pull/7/head",
    "HEAD",
    "release-2026.03",
    "a",
    "a.b",
    "größe",
    "日本",
    "a@b",
    "x@",
    "@x",
    "a{b}",
    "lock",
    "a.lockx",
    "a-",
    "#1",
    "a|b;c&d$(e)",
    "1.2",
    "refs",
    "a" * 1024,
    SHA1,
    SHA1[:39],
]

ILLEGAL = [
    ("", "is empty"),
    ("a..b", "contains '..'"),
    ("a@{1}", "contains '@{'"),
    ("a//b", "contains '//'"),
    ("a b", "contains a space"),
    ("main~1", "contains '~'"),
    ("v1^{}", "contains '^'"),
    ("a:b", "contains ':'"),
    ("a?", "contains '?'"),
    ("a*", "contains '*'"),
    ("a[b", "contains '['"),
    ("a\\b", "contains '\\'"),
    ("a\nb", "contains the control character U+000A"),
    ("a\x00", "contains the control character U+0000"),
    ("a\x1f", "contains the control character U+001F"),
    ("a\x7f", "contains the control character U+007F"),
    ("@", "is only '@'"),
    ("/a", "starts or ends with '/'"),
    ("a/", "starts or ends with '/'"),
    ("a.", "ends with '.'"),
    (".a", "has a part that starts with '.'"),
    ("a/.b", "has a part that starts with '.'"),
    ("a.lock", "has a part that ends with '.lock'"),
    ("a.lock/b", "has a part that ends with '.lock'"),
]

ONLY_OURS = [
    ("-a", "starts with '-'"),
    ("--upload-pack=x", "starts with '-'"),
    ("a\x80", "contains the control character U+0080"),
    ("a\x9f", "contains the control character U+009F"),
    ("a" * 1025, "is longer than 1024 bytes"),
    ("ä" * 513, "is longer than 1024 bytes"),
    (ZERO, "is the id of nothing"),
]


@pytest.mark.parametrize("text", LEGAL)
def test_legal_names_are_kept_as_they_are(text: str) -> None:
    assert RefName(text) == text
    assert RefName.parse(text) == text


@pytest.mark.parametrize(("text", "why"), [*ILLEGAL, *ONLY_OURS])
def test_illegal_names_are_refused_with_the_reason(text: str, why: str) -> None:
    with pytest.raises(RefError) as caught:
        RefName.parse(text)
    assert caught.value.message == f"the ref {why}"
    assert caught.value.where == (text if len(text) <= 1024 else text[:80] + "…")
    assert caught.value.cure


def test_half_a_character_is_refused() -> None:
    with pytest.raises(RefError, match="the ref is not valid UTF-8"):
        RefName("a\ud800")


def test_git_itself_agrees() -> None:
    git = shutil.which("git")
    assert git is not None

    def accepts(text: str) -> bool:
        argv = [git, "check-ref-format", "--allow-onelevel", text]
        return subprocess.run(argv, check=False).returncode == 0  # noqa: S603 - fixed program

    assert [text for text in LEGAL if not accepts(text)] == []
    assert [text for text, _ in ILLEGAL if "\x00" not in text and accepts(text)] == []
    assert [text for text, _ in ONLY_OURS if not accepts(text)] == ["-a", "--upload-pack=x"]


def test_a_parsed_name_is_not_parsed_again() -> None:
    name = RefName("main")
    assert RefName.parse(name) is name


def test_names_print_as_they_are_and_show_what_they_are() -> None:
    assert str(RefName("main")) == "main"
    assert repr(RefName("main")) == "RefName('main')"
    assert repr(CommitId(SHA1)) == f"CommitId('{SHA1}')"


def test_short_names_of_branches_and_tags_get_their_full_names() -> None:
    assert RefName.branch("main") == "refs/heads/main"
    assert RefName.tag("v1") == "refs/tags/v1"
    with pytest.raises(RefError):
        RefName.branch("")


@pytest.mark.parametrize(
    ("text", "is_exact", "candidates"),
    [
        ("main", False, ("refs/tags/main", "refs/heads/main")),
        ("HEAD", True, ("HEAD",)),
        ("head", False, ("refs/tags/head", "refs/heads/head")),
        ("refs/heads/x", True, ("refs/heads/x",)),
        ("refs", False, ("refs/tags/refs", "refs/heads/refs")),
        ("tags/x", False, ("refs/tags/tags/x", "refs/heads/tags/x")),
        (SHA1, False, ()),
    ],
)
def test_what_a_name_may_mean(text: str, *, is_exact: bool, candidates: tuple[str, ...]) -> None:
    assert RefName(text).is_exact is is_exact
    assert RefName(text).candidates == candidates


@pytest.mark.parametrize("text", [SHA1, SHA1.upper(), SHA256, SHA256.upper()])
def test_a_full_id_is_a_commit_in_lower_case(text: str) -> None:
    assert CommitId(text) == text.lower()
    assert RefName(text) == text.lower()
    assert RefName(text).commit == text.lower()
    assert CommitId.parse(text).short == text.lower()[:7]


@pytest.mark.parametrize(
    "text", ["", "main", SHA1[:39], SHA1 + "0", SHA256[:63], SHA256 + "0", "g" * 40, SHA1 + "\n"]
)
def test_anything_else_is_no_commit_id(text: str) -> None:
    with pytest.raises(RefError) as caught:
        CommitId(text)
    assert caught.value.message == "the ref is not a commit id"
    assert caught.value.cure == "give all 40 or 64 hexadecimal digits"


def test_a_name_that_is_no_id_has_no_commit() -> None:
    assert RefName("main").commit is None


@pytest.mark.parametrize("length", [40, 64])
def test_the_id_of_nothing_is_no_commit(length: int) -> None:
    with pytest.raises(RefError, match="the ref is the id of nothing"):
        CommitId("0" * length)
    assert CommitId("0" * (length - 1) + "1").endswith("01")
