"""How long what a CR wants counts, and what git is asked for."""

from __future__ import annotations

from stoker.core.refs import Advertisement, CommitId
from stoker.entrypoints.controller.asking.wishes import Want, cut, patterns

MAIN = ("refs/heads/main",)


def asked(*moments: float) -> Want:
    """What is known of a CR that asked at these times."""
    want: Want | None = None
    for moment in moments:
        want = Want(MAIN, moment, 0.0).after(want)
    assert want is not None
    return want


def test_a_cr_counts_for_two_of_its_intervals() -> None:
    polled = asked(0.0, 100.0, 200.0)
    assert polled.is_of_late(400.0)
    assert not polled.is_of_late(400.1)


def test_a_webhook_between_polls_does_not_make_a_cr_seem_gone() -> None:
    """Seen to fail with the last interval believed at once."""
    assert asked(0.0, 600.0, 1200.0, 1205.0).is_of_late(1800.0)


def test_one_that_asked_once_may_have_a_long_interval() -> None:
    assert asked(0.0).is_of_late(7200.0)
    assert not asked(0.0).is_of_late(7200.1)
    assert asked(0.0, 60.0).interval == 60.0


def test_too_many_names_become_folders() -> None:
    names = tuple(f"refs/{kind}/{n}" for n in range(300) for kind in ("heads", "tags"))
    assert patterns((*names, "HEAD")) == ("HEAD", "refs/heads/", "refs/tags/")
    assert patterns(names[:100]) == names[:100]
    # Folders of one's own, each with a single ref: everything is asked for, and cut afterwards.
    assert patterns(tuple(f"refs/k{n}/x" for n in range(500))) == ()


def test_what_only_ends_like_a_name_is_cut() -> None:
    commit = CommitId("1" * 40)
    printed = Advertisement({"refs/heads/main": commit, "refs/x/refs/heads/main": commit})
    assert cut(printed, MAIN) == Advertisement({"refs/heads/main": commit})
