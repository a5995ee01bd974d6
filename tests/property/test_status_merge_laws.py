"""Law 16, for maps: `merge` of reports is commutative, associative and idempotent.

So every order, repetition and grouping of the same reports gives the same map; `relist` agrees
with it on what it keeps.
"""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from property.strategies.reports import legacy_reports, pod_reports
from stoker.core.report import GatewayReport
from stoker.core.status import forget, merge, relist, status_map

Reports = list[GatewayReport]
report_lists = st.lists(pod_reports() | legacy_reports(), max_size=6)


@given(report_lists, report_lists)
def test_commutative(a: Reports, b: Reports) -> None:
    """Seen to fail with a `status_map` that let the later report win."""
    assert merge(status_map(a), status_map(b)) == merge(status_map(b), status_map(a))


@given(report_lists, report_lists, report_lists)
def test_associative(a: Reports, b: Reports, c: Reports) -> None:
    """Seen to fail with a `merge` that took its first map as it was wherever both had a report."""
    x, y, z = status_map(a), status_map(b), status_map(c)
    assert merge(x, merge(y, z)) == merge(merge(x, y), z)


@given(report_lists, report_lists)
def test_idempotent(a: Reports, b: Reports) -> None:
    """Seen to fail with a `merge` that dropped reports that both maps have."""
    both = merge(status_map(a), status_map(b))
    assert merge(both, both) == both
    assert merge(both, status_map(a)) == both
    assert merge(both, status_map([])) == both


@given(report_lists, st.data())
def test_delivery_does_not_matter(reports: Reports, data: st.DataObject) -> None:
    """Seen to fail with a `status_map` that let the later report win."""
    delivered = data.draw(st.permutations(reports))
    repeated = data.draw(st.lists(st.sampled_from(reports), max_size=4)) if reports else []
    known = status_map([])
    for report in (*delivered, *repeated):
        known = merge(known, status_map([report]))
    assert known == status_map(reports)


@given(report_lists, report_lists)
def test_a_list_is_the_whole_and_never_older(known: Reports, listed: Reports) -> None:
    """Seen to fail with a `relist` that returned the list alone, and with one that was `merge`."""
    before, fresh = status_map(known), status_map(listed)
    after = relist(before, listed)
    assert after.keys() == fresh.keys()
    for origin, report in after.items():
        if origin.pod_uid:
            assert report == merge(before, fresh)[origin]
        else:
            assert report == fresh[origin]


@given(report_lists)
def test_forgetting_is_final_and_no_more(reports: Reports) -> None:
    """Seen to fail with a `forget` that kept what it should drop."""
    known = status_map(reports)
    for origin in known:
        assert forget(known, {origin}).keys() == known.keys() - {origin}
