"""Law 16, for two reports: which of them counts is a total order.

`newer` is commutative, associative and idempotent, never invents a report, never prefers a smaller
number, and of two with one number never prefers the better state.
"""

from __future__ import annotations

from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from property.strategies.reports import any_reports, legacy_reports, pod_reports, rel_paths
from stoker.core.paths import RelPath
from stoker.core.report import (
    GatewayReport,
    badness,
    list_changes,
    newer,
    next_seq,
    report_text,
)

reports = pod_reports() | legacy_reports() | any_reports()


@given(reports, reports)
def test_commutative_and_one_of_the_two(a: GatewayReport, b: GatewayReport) -> None:
    """Seen to fail with `_rank` ending at the state: of two equal ones the first was taken."""
    assert newer(a, b) == newer(b, a)
    assert newer(a, b) in (a, b)


@given(reports, reports, reports)
def test_associative(a: GatewayReport, b: GatewayReport, c: GatewayReport) -> None:
    """Seen to fail with a `newer` that compared times only where both reports had one."""
    assert newer(a, newer(b, c)) == newer(newer(a, b), c)


@given(reports)
def test_idempotent(a: GatewayReport) -> None:
    """Seen to fail with a `newer` that counted `seq` up."""
    assert newer(a, a) == a


@given(pod_reports(), pod_reports())
def test_number_first_then_the_worse(a: GatewayReport, b: GatewayReport) -> None:
    """Seen to fail with `badness` before `seq`, and with the sign of `badness` turned."""
    winner = newer(a, b)
    assert winner.seq == max(a.seq, b.seq)
    if a.seq == b.seq:
        worst = max(badness(a.sync_status), badness(b.sync_status))
        assert badness(winner.sync_status) == worst


moments = st.datetimes(datetime(1900, 1, 1), datetime(2200, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 - bounds


@given(st.integers(0, 2**62), st.lists(moments, min_size=1, max_size=8))
def test_numbers_grow_whatever_the_clock_does(last: int, clock: list[datetime]) -> None:
    """Seen to fail with `max(last, milliseconds)`."""
    for now in clock:
        following = next_seq(last, now)
        assert following > last
        last = following


@given(moments, moments)
def test_an_agent_that_forgot_is_ahead_unless_its_clock_was_set_back(
    before: datetime, after: datetime
) -> None:
    """Seen to fail with an agent without memory that started at 0."""
    if int(after.timestamp() * 1000) > max(0, int(before.timestamp() * 1000)):
        assert next_seq(None, after) > next_seq(None, before)


@given(st.text(st.characters(), max_size=60), st.integers(1, 50))
def test_texts_are_bounded_once_and_for_all(text: str, limit: int) -> None:
    """Seen to fail with the ellipsis added behind `limit` characters, and without surrogates."""
    bounded = report_text(text, limit)
    assert len(bounded) <= limit
    assert report_text(bounded, limit) == bounded
    assert bounded.encode().decode() == bounded
    assert not set(bounded) & set(map(chr, (*range(10), *range(11, 32), *range(127, 160))))


path_lists = st.lists(rel_paths, max_size=6)


@given(path_lists, path_lists, path_lists, st.integers(0, 120))
def test_a_cut_list_is_a_prefix_and_says_what_is_missing(
    added: list[RelPath], modified: list[RelPath], deleted: list[RelPath], limit: int
) -> None:
    """Seen to fail with a cut that skipped a long path and went on behind it."""
    made = list_changes(commit="", added=added, modified=modified, deleted=deleted, limit=limit)
    kept = 0
    for listed, given_paths in (
        (made.deleted, deleted),
        (made.modified, modified),
        (made.added, added),
    ):
        assert list(listed) == sorted(given_paths)[: len(listed)]
        kept += len(listed)
    assert made.omitted == len(added) + len(modified) + len(deleted) - kept
    if made.omitted == 0:
        return
    assert made.deleted == tuple(sorted(deleted)) or not (made.modified or made.added)
    assert made.modified == tuple(sorted(modified)) or not made.added
