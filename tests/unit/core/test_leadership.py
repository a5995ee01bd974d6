"""Single decisions of leader election; the laws are in tests/property/test_leadership.py."""

from __future__ import annotations

import pytest

from stoker.core import leadership
from stoker.core.errors import DecodeError
from stoker.core.leadership import Look, Record, Rest, Standing, Terms, Write

TERMS = Terms()
NEW = Standing("me", TERMS)
THEIRS = Record("other", 15, 3, "7")
MINE = Record("me", 15, 4, "8")


def test_the_lease_is_looked_at_first() -> None:
    assert leadership.move(NEW, 100.0) == Look()


def test_a_lease_that_is_not_there_is_made() -> None:
    looked = leadership.looked(NEW, None, 100.0)
    assert leadership.move(looked, 100.0) == Write(Record("me", 15, 0, ""))


def test_a_released_lease_is_taken_at_once_and_counted() -> None:
    looked = leadership.looked(NEW, Record("", 1, 3, "7"), 100.0)
    assert leadership.move(looked, 100.0) == Write(Record("me", 15, 4, "7"))


def test_a_lease_of_another_is_taken_when_it_did_not_change_for_its_duration() -> None:
    looked = leadership.looked(NEW, THEIRS, 100.0)
    assert leadership.move(looked, 100.0) == Rest(2.0)
    again = leadership.looked(leadership.rested(looked), THEIRS, 114.5)
    assert leadership.move(again, 114.5) == Rest(0.5)
    assert leadership.move(again, 115.0) == Write(Record("me", 15, 4, "7"))


def test_each_change_of_it_begins_the_wait_anew() -> None:
    looked = leadership.looked(NEW, THEIRS, 100.0)
    changed = Record("other", 15, 3, "8")
    again = leadership.looked(leadership.rested(looked), changed, 114.0)
    assert leadership.move(again, 115.0) == Rest(2.0)


@pytest.mark.parametrize("duration", [0.0, -3.0])
def test_a_lease_without_a_duration_is_given_ours(duration: float) -> None:
    looked = leadership.looked(NEW, Record("other", duration, 0, "1"), 100.0)
    assert isinstance(leadership.move(looked, 114.9), Rest)
    assert isinstance(leadership.move(looked, 115.0), Write)


def test_a_duration_beyond_all_reason_ends_after_an_hour() -> None:
    looked = leadership.looked(NEW, Record("other", 1e9, 0, "1"), 100.0)
    assert isinstance(leadership.move(looked, 3699.0), Rest)
    assert isinstance(leadership.move(looked, 3700.0), Write)


def test_who_wrote_leads_until_its_trust_ends_and_renews_meanwhile() -> None:
    leading = leadership.wrote(NEW, MINE, 100.0, 100.5)
    assert leading.leads(100.5)
    assert leading.leads(109.9)
    assert not leading.leads(110.0)
    assert leadership.move(leading, 100.5) == Rest(1.5)
    assert leadership.move(leadership.rested(leading), 102.0) == Write(MINE)


def test_trust_ends_with_the_margin_where_the_deadline_is_later() -> None:
    leading = leadership.wrote(Standing("me", Terms(15, 14.9, 2)), MINE, 100.0, 100.5)
    assert leading.leads(113.4)
    assert not leading.leads(113.5)


def test_after_a_conflict_it_looks_soon_and_does_not_lead_where_another_does() -> None:
    """Seen to fail when a look at somebody else's record kept the trust."""
    leading = leadership.refused(leadership.wrote(NEW, MINE, 100.0, 100.5), 102.0)
    assert leadership.move(leading, 102.0) == Rest(0.5)
    assert leadership.move(leading, 102.5) == Look()
    assert leading.leads(102.5)
    assert not leadership.looked(leading, THEIRS, 102.6).leads(102.6)
    assert not leadership.looked(leading, None, 102.6).leads(102.6)


def test_an_answer_that_was_lost_is_made_up_for() -> None:
    leading = leadership.wrote(NEW, MINE, 100.0, 100.5)
    unsure = leadership.failed(leading, 104.0)
    assert leadership.move(unsure, 104.0) == Rest(2.0)
    assert leadership.move(unsure, 106.0) == Look()
    later = Record("me", 15, 4, "9")
    found = leadership.looked(unsure, later, 106.1)
    assert found.leads(106.1)
    assert not found.leads(110.0)
    assert leadership.move(found, 106.1) == Write(later)


def test_requests_end_before_the_trust_does() -> None:
    leading = leadership.wrote(NEW, MINE, 100.0, 100.5)
    assert leading.patience(101.0) == 5.0
    assert leading.patience(107.0) == 3.0
    assert leading.patience(109.9) == 0.5
    assert leading.patience(200.0) == 5.0
    assert NEW.patience(0.0) == 5.0


def test_who_leaves_does_not_lead_and_leaves_no_holder() -> None:
    assert leadership.released(MINE) == Record("", 1, 4, "8")
    assert not leadership.resigned(leadership.wrote(NEW, MINE, 100.0, 100.5)).leads(100.5)


@pytest.mark.parametrize("wrong", [(15, 15, 2), (15, 10, 10), (15, 10, 0), (3601, 10, 2)])
def test_terms_that_cannot_be_kept_are_refused(wrong: tuple[float, float, float]) -> None:
    with pytest.raises(DecodeError, match="choose a retry period"):
        Terms(*wrong)


def test_a_part_of_a_second_is_promised_as_a_whole_one() -> None:
    assert Terms(1.2, 1.0, 0.1).seconds == 2
