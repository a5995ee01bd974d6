"""Law 20: peeled beats tag object, tag beats branch, a full name is exact, a full id is itself.

And, as for everything that is listed: the order in which a server lists its refs never matters.
"""

from __future__ import annotations

import shutil
import subprocess

from hypothesis import example, given
from hypothesis import strategies as st

from property.strategies.refs import (
    advertisements,
    commit_ids,
    full_names,
    ref_names,
    short_names,
    untrusted_names,
)
from stoker.core.errors import DecodeError, RefError
from stoker.core.refs import Advertisement, CommitId, RefName, ref_prefixes, resolve_ref

GIT = shutil.which("git") or "git"


def resolved(advertised: Advertisement, ref: str) -> CommitId | None:
    try:
        return resolve_ref(advertised, ref)
    except RefError:
        return None


def listing(advertised: Advertisement, names: list[str]) -> str:
    return "".join(f"{advertised.refs[name]}\t{name}\n" for name in names)


@given(advertisements(), short_names)
def test_a_short_name_is_a_tag_then_a_branch(advertised: Advertisement, ref: RefName) -> None:
    """Seen to fail with the candidates swapped, and with the tag object before its commit."""
    refs = advertised.refs
    names = (f"refs/tags/{ref}^{{}}", f"refs/tags/{ref}", f"refs/heads/{ref}")
    expected = next((refs[name] for name in names if name in refs), None)
    assert resolved(advertised, ref) == expected


@given(advertisements(), full_names)
def test_a_full_name_is_exact(advertised: Advertisement, name: str) -> None:
    """Seen to fail when full names were looked up like short ones."""
    expected = advertised.refs.get(f"{name}^{{}}", advertised.refs.get(name))
    assert resolved(advertised, name) == expected


@given(advertised=advertisements(), commit=commit_ids, upper=st.booleans())
def test_a_full_id_is_itself(advertised: Advertisement, commit: CommitId, *, upper: bool) -> None:
    """Seen to fail when ids were not put into lower case, and when a branch of that name won."""
    refs = {**advertised.refs, f"refs/heads/{commit}": CommitId("f" * 40)}
    assert resolve_ref(Advertisement(refs), commit.upper() if upper else commit) == commit


@given(st.data(), advertisements(), ref_names)
def test_the_order_of_the_listing_never_matters(
    data: st.DataObject, advertised: Advertisement, ref: RefName
) -> None:
    """Seen to fail when a name was given to the first line that ended in it."""
    names = data.draw(st.permutations(list(advertised.refs)))
    parsed = Advertisement.parse(listing(advertised, names))
    assert parsed == advertised
    assert resolved(parsed, ref) == resolved(advertised, ref)


@given(advertisements(), ref_names)
def test_what_is_asked_for_is_enough(advertised: Advertisement, ref: RefName) -> None:
    """Seen to fail without the peeled names among the prefixes."""
    asked = set(ref_prefixes(ref))
    part = {name: commit for name, commit in advertised.refs.items() if name in asked}
    assert resolved(Advertisement(part), ref) == resolved(advertised, ref)


@given(untrusted_names)
@example("a.lock")
@example("a@{b")
def test_a_name_that_is_accepted_is_one_for_git(text: str) -> None:
    """Seen to fail without the rule about '.lock', and without that about '@{'."""
    try:
        name = RefName(text)
    except RefError as error:
        assert error.message
        assert error.cure
        return
    assert RefName(str(name)) == name
    assert not name.startswith("-")
    assert name.isascii() is text.isascii()
    argv = [GIT, "check-ref-format", f"refs/heads/{name}"]
    assert subprocess.run(argv, check=False).returncode == 0  # noqa: S603 - fixed program


@given(st.text() | st.lists(st.sampled_from(["\t", "\n", "a" * 40, "0" * 40, "ref: ", "x"])))
def test_only_decode_errors_escape(text: str | list[str]) -> None:
    """Seen to fail when an all-zero id raised `RefError`."""
    try:
        parsed = Advertisement.parse("".join(text))
    except DecodeError:
        return
    assert Advertisement.parse(listing(parsed, list(parsed.refs))) == parsed
