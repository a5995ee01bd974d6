"""Whatever a gateway answers has a typed meaning, and success is never read into it.

Rule: every reader takes any status with any body; a scan counts as done only after an answer of
success that says so by the gateway's own clock; a Designer that cannot be understood counts.
"""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from property.strategies.ignition import answers, lists_of_items, pings
from stoker.core.errors import Permanent, Retryable
from stoker.core.ignition import ResourcePath, ScanKind
from stoker.core.scan import (
    Accepted,
    Answer,
    Busy,
    Designer,
    DesignerList,
    Readiness,
    Running,
    ScanStatus,
    Succeeded,
    Unsupported,
    Verdict,
    active_designers,
    blamed_resources,
    failure,
    interpret_scan_post,
    interpret_scan_status,
    loaded_names,
    missing_resources,
    read_designers,
    read_scan_status,
    readiness,
)
from stoker.core.spec import DesignerScope

scopes = st.sampled_from(DesignerScope)
statuses = st.builds(ScanStatus, st.booleans(), st.integers(0, 3), st.integers(0, 3))


@given(answers)
def test_a_request_alone_never_succeeds(answer: Answer) -> None:
    """Seen to fail when another server's page was accepted, and when a status of 500 was."""
    for meaning in (interpret_scan_post(answer), read_scan_status(answer)):
        match meaning:
            case Accepted() | ScanStatus():
                assert answer.ok
                assert not answer.body or answer.document() is not None
            case Unsupported():
                assert answer.status == 404
            case outcome:
                assert outcome.verdict is not Verdict.TAKEN
                assert isinstance(outcome.disposition, Permanent | Retryable)
                assert failure(ScanKind.CONFIG, outcome).message.startswith("the scan of config ")


@given(statuses, statuses)
def test_a_scan_is_over_when_the_gateway_says_so(before: ScanStatus, after: ScanStatus) -> None:
    """Seen to fail when an unchanged timestamp counted, and when `before.active` did not."""
    match interpret_scan_status(before, after):
        case Succeeded(timestamp):
            assert not before.active
            assert not after.active
            assert timestamp == after.timestamp > before.timestamp
        case Busy():
            assert before.active
            assert not after.active
        case Running():
            assert after.active or after.timestamp <= before.timestamp


@given(pings | st.none() | answers, st.none() | answers)
def test_every_pair_of_answers_is_a_stage(ping: Answer | None, gwinfo: Answer | None) -> None:
    """Seen to fail when a gateway that is being commissioned counted as running."""
    stage = readiness(ping, gwinfo)
    assert (stage is Readiness.DOWN) is (ping is None and gwinfo is None)
    if stage is Readiness.RUNNING:
        assert ping is not None
        assert (ping.document() or {}).get("details") != "COMMISSIONING"


@given(lists_of_items | answers, st.integers(), scopes, st.sets(st.text(max_size=3)))
def test_any_list_of_designers_is_counted(
    answer: Answer, now_ms: int, scope: DesignerScope, projects: set[str]
) -> None:
    """Seen to fail when items that are no objects were left out."""
    listed = read_designers(answer)
    if listed is None:
        return
    assert len(listed.designers) == len(answer.items() or ())
    active = active_designers(listed, now_ms, scope, projects)
    unknown = sum(one == Designer() for one in listed.designers)
    assert unknown + listed.unlisted <= active <= len(listed.designers) + listed.unlisted
    everywhere = active_designers(listed, now_ms, DesignerScope.GATEWAY, projects)
    assert active <= everywhere
    more = DesignerList((*listed.designers, Designer()), listed.unlisted)
    assert active_designers(more, now_ms, scope, projects) == active + 1


@given(lists_of_items | answers, lists_of_items | answers)
def test_any_log_and_any_listing_can_be_read(log: Answer, listing: Answer) -> None:
    """Seen to fail when a message that is a number was searched for names."""
    written = [ResourcePath("config/resources/core", "m", "t", name) for name in ("a", "b")]
    blamed, told = blamed_resources(written, log)
    assert set(blamed) <= set(written)
    assert bool(blamed) is bool(told)
    missing = missing_resources(written, {("m", "t"): loaded_names(listing)})
    assert set(missing) <= set(written)
