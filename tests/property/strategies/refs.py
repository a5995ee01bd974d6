"""Ref names, commit ids, versions, ranges, advertisements, requests, and texts that are none."""

from __future__ import annotations

from datetime import UTC, datetime

from hypothesis import strategies as st

from stoker.core.errors import RefError
from stoker.core.refs import Advertisement, CommitId, RefName, RequestedRef, RequestSource

# Every character that has a meaning to git somewhere, and some that have none.
PIECES = [
    "-", ".", "..", "/", "//", "@", "@{", "{", "^", "~", ":", "?", "*", "[", "\\", " ", ".lock",
    "refs/", "heads/", "tags/", "\n", "\0", "\x7f", "\x80", "ä", "\ud800", "v", "1",
]  # fmt: skip

commit_ids = st.integers(1, 2**160 - 1).map(lambda number: CommitId(f"{number:040x}"))
WORDS = ["main", "v1.0.0", "1.0.0", "v1.1.0", "a/b"]
pieces = st.sampled_from(PIECES)
untrusted_names = st.one_of(
    st.builds("{}{}".format, st.sampled_from(WORDS), pieces),
    st.builds("{}{}".format, pieces, st.sampled_from(WORDS)),
    st.builds("a{}b".format, pieces),
    st.lists(pieces, max_size=5).map("".join),
    st.text(max_size=8),
)

short_names = st.sampled_from(WORDS).map(RefName)


def _is_legal(text: str) -> bool:
    try:
        RefName(text)
    except RefError:
        return False
    return True


ref_names = short_names | untrusted_names.filter(_is_legal).map(RefName)

full_names = st.builds(
    "refs/{}/{}".format, st.sampled_from(["heads", "tags"]), st.sampled_from(WORDS)
)


@st.composite
def advertisements(draw: st.DrawFn) -> Advertisement:
    """Branches, tags, some of them annotated, and HEAD."""
    refs = draw(st.dictionaries(full_names | st.just("HEAD"), commit_ids, max_size=8))
    tags = [name for name in refs if name.startswith("refs/tags/")]
    for name in draw(st.sets(st.sampled_from(tags))) if tags else ():
        refs[f"{name}^{{}}"] = draw(commit_ids)
    return Advertisement(refs)


times = st.datetimes(
    datetime(2026, 3, 2, 12, 0),  # noqa: DTZ001 - Hypothesis wants the zone apart
    datetime(2026, 3, 2, 12, 0, 3),  # noqa: DTZ001
    timezones=st.just(UTC),
)
requests = st.builds(RequestedRef, ref_names, times, st.sampled_from(RequestSource))

numbers = st.sampled_from(["0", "1", "2", "10"])
labels = st.lists(
    st.sampled_from(["0", "2", "11", "beta", "a-b", "-", "0a", "x"]), min_size=1, max_size=2
).map(".".join)
triples = st.lists(numbers, min_size=3, max_size=3).map(".".join)
prereleases = st.just("") | labels.map("-{}".format)
builds = st.just("") | labels.map("+{}".format)
# Versions that differ by their labels alone are the interesting ones.
cores = st.just("1.0.0") | triples
versions = st.builds("{}{}{}".format, cores, prereleases, builds)
releases = triples

partials = st.lists(numbers | st.sampled_from(["x", "*"]), min_size=1, max_size=3).map(".".join)
OPERATORS = ["", "=", "!=", ">", "<", ">=", "<=", "=>", "=<", "~", "~>", "^"]
comparators = st.builds(
    "{}{}".format, st.sampled_from(OPERATORS), st.builds("{}{}".format, partials, prereleases)
)
groups = st.lists(comparators, min_size=1, max_size=3).map(" ".join)
ranges = st.lists(groups, min_size=1, max_size=3).map(" || ".join)
untrusted_ranges = (
    st.lists(
        st.sampled_from(
            [*OPERATORS, "1", "2", "x", ".", "-", " - ", " ", ",", "||", "|", "v", "+"]
        ),
        max_size=12,
    ).map("".join)
    | st.text(max_size=12)
    | ranges
)

URLS = ["https://h/a", "ssh://git@h/a", "git@h:a", "https://h:22/a", "https://[::1]:22/a", "/a"]
URL_PIECES = [
    "ext::", "EXT::", "file://", "://", "::", ":", "@", "x@", "/", "//", "-", "-oProxyCommand=x",
    "%2d", "%40", "\\", "?", "#", "?x=", "#@", " ", "[::1]", "22", "99999", "\n", "\0", "ä",
    "\ud800", "~", "..", "|", "H",
]  # fmt: skip


@st.composite
def untrusted_urls(draw: st.DrawFn) -> str:
    """A plain address with something put into it, or any text."""
    text = draw(st.sampled_from(URLS) | st.text(max_size=9))
    for piece in draw(st.lists(st.sampled_from(URL_PIECES), max_size=2)):
        place = draw(st.integers(0, len(text)))
        text = text[:place] + piece + text[place:]
    return text
