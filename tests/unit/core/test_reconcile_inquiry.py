"""When the git server and GitHub are asked, and what is known of the ref in the meantime."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

import pytest
from attrs import evolve

from property.strategies.reports import NOW, a_report
from property.strategies.snapshots import (
    APP,
    OTHER_REPO,
    REFUSED,
    REPO,
    SECRET,
    UNREACHABLE,
    World,
    a_pod,
    a_snapshot,
    a_spec,
    advertised,
    settle,
)
from property.strategies.snapshots import A as COMMIT
from property.strategies.snapshots import B as NEXT
from property.strategies.snapshots import C as THIRD
from stoker.core import names
from stoker.core.backoff import Backoff, until_poll
from stoker.core.errors import RefError, Retryable, StokerError
from stoker.core.reconcile import (
    Answer,
    ClearRequestedRef,
    EmitEvent,
    EventType,
    Exchange,
    ExchangeToken,
    Memory,
    Owned,
    Question,
    Resolve,
    Settings,
    Snapshot,
    Token,
    WriteStatus,
    announced,
    answered,
    decide,
    exchanged,
    token_key,
)
from stoker.core.reconcile.inquiry import FRESH
from stoker.core.refs import (
    Advertisement,
    Look,
    RefName,
    RequestedRef,
    RequestSource,
    Resolution,
    SemverRange,
)
from stoker.core.report import Origin
from stoker.core.spec import (
    Duration,
    GatewaySyncStatus,
    GitAuth,
    Polling,
    RefResolutionStatus,
)
from stoker.core.status import status_map

AT = NOW - timedelta(hours=1)
KARGO = RequestSource.KARGO
MAIN = Question(REPO, GitAuth(), None, RefName("main"), None)
KEY = token_key(APP)
WITH_APP = a_spec(auth=GitAuth(github_app=APP))


def of(kind: type, actions: Iterable[object]) -> list[Any]:
    return [action for action in actions if isinstance(action, kind)]


def said(status: GatewaySyncStatus, kind: str) -> tuple[str, str, str]:
    condition = status.conditions.get(kind)
    assert condition is not None
    return condition.status.value, condition.reason, condition.message


def after(seconds: float) -> datetime:
    return NOW + timedelta(seconds=seconds)


def asks(snapshot: Snapshot, seconds: float) -> bool:
    """Whether git is asked that many seconds after NOW."""
    return bool(of(Resolve, decide(snapshot, after(seconds)).actions))


class TestPolling:
    """An answer is asked for again."""

    place = until_poll(REPO, 60.0, NOW)
    """Seconds from NOW to the repository's place within the minute."""

    def test_at_the_place_of_the_repository(self) -> None:
        settled, _ = settle(a_snapshot(), NOW)
        assert 1 < self.place < 60
        assert not asks(settled, self.place - 0.01)
        assert asks(settled, self.place + 0.01)
        wake = decide(settled, NOW).wake_at
        assert wake is not None
        assert abs((wake - after(self.place)).total_seconds()) < 0.001

    def test_crs_of_one_repository_share_a_place(self) -> None:
        settled, _ = settle(a_snapshot(), NOW)
        metadata = evolve(settled.metadata, name="another")
        other = evolve(settled, metadata=metadata, namespace_crs=frozenset({"another"}))
        assert decide(other, NOW).wake_at == decide(settled, NOW).wake_at

    def test_each_repository_has_its_own_place(self) -> None:
        settled, _ = settle(a_snapshot(), NOW)
        other, _ = settle(a_snapshot(a_spec(repo=OTHER_REPO)), NOW)
        assert decide(other, NOW).wake_at != decide(settled, NOW).wake_at

    def test_half_an_interval_is_not_too_old(self) -> None:
        for interval, age in (("60s", 30.0), ("10m", 300.0), ("0s", 2.5)):
            spec = a_spec(polling=Polling(interval=Duration.parse(interval)))
            settled, _ = settle(a_snapshot(spec), NOW)
            (ask,) = of(Resolve, decide(settled, after(601)).actions)
            assert ask.max_age == age

    def test_what_is_not_known_or_failed_has_to_be_fresh(self) -> None:
        (first,) = of(Resolve, decide(a_snapshot(), NOW).actions)
        assert first.max_age == FRESH
        failed, _ = settle(a_snapshot(), NOW, World(git=UNREACHABLE))
        (again,) = of(Resolve, decide(failed, after(31)).actions)
        assert again.max_age == FRESH

    def test_what_a_webhook_asks_for_was_never_asked_before(self) -> None:
        settled, _ = settle(a_snapshot(), NOW)
        asked = evolve(settled.metadata, annotations={names.REQUESTED_REF: "next"})
        (ask,) = of(Resolve, decide(evolve(settled, metadata=asked), NOW).actions)
        assert ask.max_age == 0.0

    def test_by_the_interval_of_the_spec(self) -> None:
        spec = a_spec(polling=Polling(interval=Duration.parse("10m")))
        settled, _ = settle(a_snapshot(spec), NOW)
        place = until_poll(REPO, 600.0, NOW)
        assert not asks(settled, place - 0.01)
        assert asks(settled, place + 0.01)

    def test_an_interval_of_nothing_is_five_seconds(self) -> None:
        spec = a_spec(polling=Polling(interval=Duration.parse("0s")))
        settled, _ = settle(a_snapshot(spec), NOW)
        assert not asks(settled, until_poll(REPO, 5.0, NOW) - 0.01)
        assert asks(settled, until_poll(REPO, 5.0, NOW) + 0.01)

    def test_not_when_it_is_switched_off(self) -> None:
        settled, _ = settle(a_snapshot(a_spec(polling=Polling(enabled=False))), NOW)
        assert not asks(settled, 1_000_000)
        assert decide(settled, NOW).wake_at is None

    def test_at_once_when_the_clock_was_set_back(self) -> None:
        settled, _ = settle(a_snapshot(), NOW)
        assert asks(settled, -1)
        assert not asks(settled, 0)

    def test_a_wake_lies_at_least_a_second_ahead_and_at_most_an_hour(self) -> None:
        settled, _ = settle(a_snapshot(), NOW)
        just_before = after(self.place - 0.1)
        assert decide(settled, just_before).wake_at == just_before + timedelta(seconds=1)
        spec = a_spec(polling=Polling(interval=Duration.parse("24h")))
        settled, _ = settle(a_snapshot(spec), NOW)
        assert decide(settled, NOW).wake_at == after(3600)


class TestFailure:
    """The git server does not answer, or has no such ref."""

    def test_is_told_with_the_time_of_the_next_try(self) -> None:
        settled, world = settle(a_snapshot(), NOW, World(git=UNREACHABLE))
        message = "the git server does not answer; next try at 2026-03-01T12:00:30Z"
        assert said(settled.status, "RefResolved") == ("False", "RefResolutionFailed", message)
        assert said(settled.status, "Ready") == ("False", "Reconciling", message)
        assert said(settled.status, "Stalled")[0] == "False"
        assert settled.status.ref_resolution_status is RefResolutionStatus.ERROR
        assert settled.owned.metadata is None
        assert world.done[-1] == EmitEvent(EventType.WARNING, "RefResolutionFailed", message)
        assert decide(settled, NOW).wake_at == after(30)

    def test_a_time_is_told_in_whole_seconds(self) -> None:
        now = NOW + timedelta(microseconds=500_000)
        settled, _ = settle(a_snapshot(), now, World(git=UNREACHABLE))
        assert said(settled.status, "RefResolved")[2].endswith("next try at 2026-03-01T12:00:30Z")

    def test_is_tried_again_after_30_60_120_240_300_300(self) -> None:
        snapshot, moment, waits = a_snapshot(), NOW, []
        for _ in range(6):
            snapshot, _ = settle(snapshot, moment, World(git=UNREACHABLE))
            wake = decide(snapshot, moment).wake_at
            assert wake is not None
            assert not of(Resolve, decide(snapshot, wake - timedelta(seconds=1)).actions)
            waits.append((wake - moment).total_seconds())
            moment = wake
        assert waits == [30, 60, 120, 240, 300, 300]

    def test_the_server_may_ask_for_more_time(self) -> None:
        busy = evolve(UNREACHABLE, message="busy")

        class Busy(StokerError):
            @property
            def disposition(self) -> Retryable:
                return Retryable(after=400.0)

        snapshot, _ = settle(a_snapshot(), NOW, World(git=Busy("busy")))
        assert decide(snapshot, NOW).wake_at == after(400)
        assert busy.disposition == Retryable()

    def test_success_resets(self) -> None:
        failed, _ = settle(a_snapshot(), NOW, World(git=UNREACHABLE))
        good, _ = settle(failed, after(30))
        assert said(good.status, "RefResolved") == ("True", "RefResolved", COMMIT)
        again, _ = settle(good, after(100), World(git=UNREACHABLE))
        assert again.memory.answer is not None
        assert again.memory.answer.backoff == Backoff(1, after(100), 30.0)

    def test_a_second_failure_is_a_new_time_and_no_new_event(self) -> None:
        failed, _ = settle(a_snapshot(), NOW, World(git=UNREACHABLE))
        again, world = settle(failed, after(30), World(git=UNREACHABLE))
        assert said(again.status, "RefResolved")[2].endswith("next try at 2026-03-01T12:01:30Z")
        assert of(EmitEvent, world.done) == []

    def test_what_was_resolved_before_stays_in_force(self) -> None:
        snapshot = a_snapshot(pods=(a_pod(),), reports=status_map([a_report(reported_at=NOW)]))
        good, _ = settle(snapshot, NOW)
        failed, world = settle(good, after(61), World(git=UNREACHABLE))
        assert failed.owned.metadata == good.owned.metadata
        assert failed.status.last_sync_commit == COMMIT
        assert said(failed.status, "AllGatewaysSynced")[2] == "1/1 synced"
        assert said(failed.status, "Ready")[0] == "False"
        assert len(of(Resolve, world.done)) == 1

    def test_a_ref_that_is_not_there_stalls(self) -> None:
        settled, _ = settle(a_snapshot(a_spec(ref="gone")), NOW)
        status, reason, message = said(settled.status, "RefResolved")
        assert (status, reason) == ("False", "RefResolutionFailed")
        assert message.startswith("gone: the repository has no such ref (")
        assert message.endswith("; next try at 2026-03-01T12:00:30Z")
        assert said(settled.status, "Stalled")[:2] == ("True", "RefResolutionFailed")
        found, _ = settle(settled, after(30), World(git=advertised(gone=NEXT)))
        assert found.status.last_sync_commit == NEXT

    def test_an_edit_of_the_source_is_tried_at_once_and_counted_anew(self) -> None:
        failed, _ = settle(a_snapshot(), NOW, World(git=UNREACHABLE))
        failed, _ = settle(failed, after(30), World(git=UNREACHABLE))
        edited = evolve(
            failed, spec=a_spec(repo=OTHER_REPO), metadata=evolve(failed.metadata, generation=2)
        )
        assert said(of(WriteStatus, decide(edited, after(31)).actions)[0].status, "RefResolved")[
            0
        ] == ("Unknown")
        again, _ = settle(edited, after(31), World(git=UNREACHABLE))
        assert decide(again, after(31)).wake_at == after(61)

    def test_an_edit_elsewhere_waits_like_before(self) -> None:
        failed, _ = settle(a_snapshot(), NOW, World(git=UNREACHABLE))
        spec = a_spec(polling=Polling(enabled=False))
        edited = evolve(failed, spec=spec, metadata=evolve(failed.metadata, generation=2))
        assert not asks(edited, 1)
        assert asks(edited, 30)

    @pytest.mark.parametrize(
        ("fields", "words"),
        [
            ({"repo": "file:///srv/git"}, "has the scheme 'file', which is not allowed"),
            ({"ref": "-x"}, "starts with '-'"),
            ({"ref": None}, "spec.git: there is nothing to follow (set ref or semver)"),
            ({"ref": None, "semver": "much"}, "much"),
        ],
    )
    def test_what_cannot_be_asked_is_not(self, fields: dict[str, Any], words: str) -> None:
        settled, world = settle(a_snapshot(a_spec(**fields)), NOW)
        assert of(Resolve, world.done) == []
        status, reason, message = said(settled.status, "RefResolved")
        assert (status, reason) == ("False", "RefResolutionFailed")
        assert words in message
        assert "next try" not in message
        assert said(settled.status, "Stalled")[0] == "True"

    def test_protocols_are_a_matter_of_the_installation(self) -> None:
        settings = Settings(allowed_protocols=("file",))
        snapshot = a_snapshot(a_spec(repo="file:///srv/git"), settings=settings)
        assert len(of(Resolve, decide(snapshot, NOW).actions)) == 1

    def test_a_restart_while_it_fails_keeps_what_was_said(self) -> None:
        for error, stalled in ((UNREACHABLE, "False"), (REFUSED, "True")):
            failed, _ = settle(a_snapshot(), NOW, World(git=error))
            restarted = evolve(failed, memory=Memory())
            assert decide(restarted, after(5)).actions == (Resolve(MAIN, FRESH),)
            assert said(failed.status, "Stalled")[0] == stalled


class TestQuestion:
    """What is asked."""

    def test_carries_all_that_the_answer_depends_on(self) -> None:
        spec = evolve(a_spec(), git=evolve(a_spec().git, ca_secret_ref=SECRET))
        (ask,) = of(Resolve, decide(a_snapshot(spec), NOW).actions)
        assert ask.question == evolve(MAIN, ca_secret_ref=SECRET)
        assert ask.question.prefixes == ("refs/tags/main", "refs/tags/main^{}", "refs/heads/main")

    def test_a_commit_is_not_asked_for(self) -> None:
        settled, world = settle(a_snapshot(a_spec(ref=str(NEXT))), NOW)
        assert of(Resolve, world.done) == []
        assert settled.status.last_sync_commit == NEXT
        assert said(settled.status, "RefResolved") == ("True", "RefResolved", NEXT)
        assert decide(settled, NOW).wake_at is None

    def test_a_range_of_versions(self) -> None:
        spec = a_spec(ref=None, semver=">=1.0.0")
        world = World(git=Advertisement({"refs/tags/v1.0.0": COMMIT, "refs/tags/v1.2.0": NEXT}))
        settled, world = settle(a_snapshot(spec), NOW, world)
        assert settled.status.last_sync_ref == "v1.2.0"
        assert settled.status.last_sync_commit == NEXT
        (ask,) = of(Resolve, world.done)
        assert ask.question.tracked == SemverRange.parse(">=1.0.0")

    def test_the_commit_of_the_metadata_stands_in_for_a_status_that_was_lost(self) -> None:
        settled, _ = settle(a_snapshot(), NOW)
        lost = evolve(settled, status=GatewaySyncStatus(), memory=Memory())
        snapshot = evolve(lost, pods=(a_pod(),), reports=status_map([a_report(reported_at=NOW)]))
        status = of(WriteStatus, decide(snapshot, NOW).actions)[0].status
        assert said(status, "AllGatewaysSynced")[2] == "1/1 synced"
        assert said(status, "Ready")[0] == "False"


def requested(ref: str = "next", at: str = "2026-03-01T11:00:00Z") -> dict[str, str]:
    return {names.REQUESTED_REF: ref, names.REQUESTED_AT: at, names.REQUESTED_BY: "kargo"}


def look(at: str = "2026-03-01T11:00:00Z") -> dict[str, str]:
    return {names.REQUESTED_AT: at, names.REQUESTED_BY: "kargo"}


def with_annotations(snapshot: Snapshot, annotations: dict[str, str]) -> Snapshot:
    return evolve(snapshot, metadata=evolve(snapshot.metadata, annotations=annotations))


class TestRequests:
    """Refs that webhooks ask for."""

    world = World(git=advertised(main=COMMIT, next=NEXT, later=THIRD))

    def test_are_resolved_at_once_and_come_first(self) -> None:
        settled, _ = settle(a_snapshot(), NOW, self.world)
        asked = with_annotations(settled, requested())
        (ask,) = of(Resolve, decide(asked, after(1)).actions)
        request = RequestedRef(RefName("next"), AT, KARGO)
        assert ask.question == evolve(MAIN, request=request)
        done, _ = settle(asked, after(1), self.world)
        assert (done.status.last_sync_ref, done.status.last_sync_commit) == ("next", NEXT)
        assert done.metadata.annotations == requested()

    def test_do_not_upset_the_cr_while_they_are_asked_for(self) -> None:
        snapshot = a_snapshot(pods=(a_pod(),), reports=status_map([a_report(reported_at=NOW)]))
        settled, _ = settle(snapshot, NOW, self.world)
        asked = with_annotations(settled, requested())
        assert of(WriteStatus, decide(asked, after(1)).actions) == []

    def test_the_same_request_again_is_nothing_new_but_a_later_one_is(self) -> None:
        settled, _ = settle(a_snapshot(annotations=requested()), NOW, self.world)
        assert not asks(settled, 1)
        later = with_annotations(settled, requested(at="2026-03-01T11:59:00Z"))
        assert asks(later, 1)

    def test_reset_the_backoff(self) -> None:
        failed, _ = settle(a_snapshot(), NOW, World(git=UNREACHABLE))
        failed, _ = settle(failed, after(30), World(git=UNREACHABLE))
        assert not asks(failed, 31)
        asked = with_annotations(failed, requested())
        again, _ = settle(asked, after(31), World(git=UNREACHABLE))
        assert decide(again, after(31)).wake_at == after(61)

    def test_end_when_the_spec_names_the_ref(self) -> None:
        settled, _ = settle(a_snapshot(annotations=requested()), NOW, self.world)
        committed = evolve(
            settled, spec=a_spec(ref="next"), metadata=evolve(settled.metadata, generation=2)
        )
        done, world = settle(committed, after(1), self.world)
        request = RequestedRef(RefName("next"), AT, KARGO)
        assert of(ClearRequestedRef, world.done) == [ClearRequestedRef(request)]
        assert done.metadata.annotations == {}
        assert done.status.last_sync_ref == "next"
        assert len(of(Resolve, world.done)) == 1

    def test_a_push_to_the_followed_ref_is_a_look_at_once(self) -> None:
        settled, _ = settle(a_snapshot(), NOW, self.world)
        pushed = with_annotations(settled, requested("main", "2026-03-01T12:00:00Z"))
        moved, world = settle(pushed, after(1), World(git=advertised(main=NEXT)))
        assert len(of(Resolve, world.done)) == 1
        assert moved.status.last_sync_commit == NEXT
        assert moved.metadata.annotations == {}

    def test_a_look_asks_at_once_leaves_all_as_it_is_and_tells_the_agents(self) -> None:
        settled, _ = settle(a_snapshot(), NOW, self.world)
        pushed = with_annotations(settled, look())
        (ask,) = of(Resolve, decide(pushed, after(1)).actions)
        assert (ask.question, ask.max_age) == (evolve(MAIN, request=Look(AT, KARGO)), 0.0)
        assert ask.question.prefixes == MAIN.prefixes
        moved, world = settle(pushed, after(1), World(git=advertised(main=NEXT)))
        assert len(of(Resolve, world.done)) == 1
        assert moved.status.last_sync_commit == NEXT
        assert moved.metadata.annotations == look()
        assert moved.owned.metadata is not None
        assert moved.owned.metadata.requested_at == look()[names.REQUESTED_AT]
        assert not asks(moved, 2)
        assert not asks(with_annotations(moved, {}), 2)
        assert asks(with_annotations(moved, look("2026-03-01T11:59:00Z")), 2)

    def test_a_look_resets_the_backoff(self) -> None:
        failed, _ = settle(a_snapshot(), NOW, World(git=UNREACHABLE))
        assert not asks(failed, 1)
        assert asks(with_annotations(failed, look()), 1)

    def test_a_look_looks_at_the_ref_that_was_requested_once_more(self) -> None:
        settled, _ = settle(a_snapshot(annotations=requested()), NOW, self.world)
        annotations = {**requested(), **look("2026-03-01T12:00:00Z")}
        moved, _ = settle(
            with_annotations(settled, annotations), after(1), World(git=advertised(next=THIRD))
        )
        assert (moved.status.last_sync_ref, moved.status.last_sync_commit) == ("next", THIRD)

    def test_one_that_is_not_there_is_told_once_and_ignored(self) -> None:
        asked = a_snapshot(annotations=requested("gone"))
        settled, world = settle(asked, NOW, self.world)
        assert (settled.status.last_sync_ref, settled.status.last_sync_commit) == ("main", COMMIT)
        (event,) = [one for one in of(EmitEvent, world.done) if one.remembered]
        assert (event.type, event.reason) == (EventType.WARNING, "RequestedRefUnresolvable")
        assert event.message.startswith(
            "the requested ref is ignored: gone: the repository has no such ref"
        )
        assert settled.memory.announced == "gone at 2026-03-01T11:00:00+00:00"
        again, world = settle(settled, after(61), self.world)
        assert len(of(Resolve, world.done)) == 1
        assert of(EmitEvent, world.done) == []
        other = with_annotations(again, requested("away"))
        _, world = settle(other, after(62), self.world)
        assert len(of(EmitEvent, world.done)) == 1

    def test_one_that_appears_later_is_taken(self) -> None:
        settled, _ = settle(a_snapshot(annotations=requested()), NOW)
        assert settled.status.last_sync_ref == "main"
        there, _ = settle(settled, after(61), self.world)
        assert there.status.last_sync_ref == "next"

    def test_one_that_is_malformed_is_told_once_and_ignored(self) -> None:
        snapshot = a_snapshot(annotations={names.REQUESTED_REF: "-x"})
        settled, world = settle(snapshot, NOW)
        assert settled.status.last_sync_ref == "main"
        (event,) = [one for one in of(EmitEvent, world.done) if one.remembered]
        assert event.reason == "RequestedRefUnresolvable"
        assert event.message.startswith(
            "the requested ref is ignored: metadata.annotations.stoker.io/requested-ref: "
        )
        assert settled.memory.announced.startswith("malformed: ")

    def test_one_that_somebody_took_back(self) -> None:
        settled, _ = settle(a_snapshot(annotations=requested()), NOW, self.world)
        taken, world = settle(with_annotations(settled, {}), after(1), self.world)
        assert len(of(Resolve, world.done)) == 1
        assert taken.status.last_sync_ref == "main"


class TestToken:
    """GitHub Apps."""

    def test_comes_first(self) -> None:
        decision = decide(a_snapshot(WITH_APP), NOW)
        assert of(ExchangeToken, decision.actions) == [ExchangeToken(APP, KEY, None)]
        assert of(Resolve, decision.actions) == []
        settled, world = settle(a_snapshot(WITH_APP), NOW)
        assert len(of(ExchangeToken, world.done)) == len(of(Resolve, world.done)) == 1
        assert settled.status.last_sync_commit == COMMIT

    def test_a_new_one_is_tried_at_once_where_the_old_one_was_in_vain(self) -> None:
        failed, _ = settle(a_snapshot(WITH_APP), NOW, World(git=UNREACHABLE))
        assert not asks(failed, 1)
        memory = exchanged(failed.memory, KEY, None, None, after(1))
        assert asks(evolve(failed, memory=memory), 1)
        # A good answer stays one.
        settled, _ = settle(a_snapshot(WITH_APP), NOW)
        assert exchanged(settled.memory, KEY, None, None, NOW).answer == settled.memory.answer

    def test_is_replaced_five_minutes_before_its_end(self) -> None:
        spec = evolve(WITH_APP, polling=Polling(enabled=False))
        settled, _ = settle(a_snapshot(spec), NOW)
        assert decide(settled, NOW).wake_at == after(3300)
        assert of(ExchangeToken, decide(settled, after(3299)).actions) == []
        assert of(ExchangeToken, decide(settled, after(3300)).actions) == [
            ExchangeToken(APP, KEY, None)
        ]

    def test_the_old_one_serves_while_it_lives(self) -> None:
        settled, _ = settle(a_snapshot(WITH_APP), NOW)
        failed, world = settle(settled, after(3400), World(github=REFUSED))
        assert len(of(Resolve, world.done)) == 1
        assert said(failed.status, "RefResolved")[0] == "True"
        dead, world = settle(failed, after(3600), World(github=REFUSED))
        assert of(Resolve, world.done) == []
        assert said(dead.status, "RefResolved")[:2] == ("False", "GitHubAppExchangeFailed")

    def test_failures_are_told_and_wait(self) -> None:
        failed, world = settle(a_snapshot(WITH_APP), NOW, World(github=REFUSED))
        assert said(failed.status, "RefResolved") == (
            "False",
            "GitHubAppExchangeFailed",
            "the key is none; next try at 2026-03-01T12:00:30Z",
        )
        assert said(failed.status, "Stalled")[:2] == ("True", "GitHubAppExchangeFailed")
        assert len(of(ExchangeToken, world.done)) == 1
        assert decide(failed, NOW).wake_at == after(30)
        again, _ = settle(failed, after(30), World(github=REFUSED))
        assert decide(again, after(30)).wake_at == after(90)
        good, _ = settle(again, after(90))
        assert said(good.status, "RefResolved")[0] == "True"

    def test_a_request_resets_the_wait(self) -> None:
        failed, _ = settle(a_snapshot(WITH_APP), NOW, World(github=REFUSED))
        asked = with_annotations(failed, requested())
        (ask,) = of(ExchangeToken, decide(asked, after(1)).actions)
        assert ask.request == RequestedRef(RefName("next"), AT, KARGO)

    def test_another_app_needs_another_token(self) -> None:
        settled, _ = settle(a_snapshot(WITH_APP), NOW)
        app = evolve(APP, app_id=9)
        other = evolve(settled, spec=a_spec(auth=GitAuth(github_app=app)))
        assert of(ExchangeToken, decide(other, after(1)).actions) == [
            ExchangeToken(app, token_key(app), None)
        ]
        assert KEY == "https://api.github.com 7:8 git/key"

    def test_one_that_was_deleted_is_made_again(self) -> None:
        settled, _ = settle(a_snapshot(WITH_APP), NOW)
        lost = evolve(settled, owned=evolve(settled.owned, token=None))
        assert of(ExchangeToken, decide(lost, after(29)).actions) == []
        assert len(of(ExchangeToken, decide(lost, after(30)).actions)) == 1

    def test_a_clock_ahead_of_github_s_makes_no_storm(self) -> None:
        world = World(github=-timedelta(hours=2))
        settled, done = settle(a_snapshot(WITH_APP), NOW, world)
        assert len(of(ExchangeToken, done.done)) == 1
        assert said(settled.status, "RefResolved") == ("True", "RefResolved", COMMIT)
        assert not of(ExchangeToken, decide(settled, after(29)).actions)

    def test_a_token_that_just_came_is_used_while_it_lives(self) -> None:
        token = Token(KEY, after(200))
        snapshot = a_snapshot(WITH_APP, owned=Owned(token=token))
        decision = decide(snapshot, NOW)
        assert len(of(ExchangeToken, decision.actions)) == len(of(Resolve, decision.actions)) == 1
        over = a_snapshot(WITH_APP, owned=Owned(token=evolve(token, expires=NOW)))
        assert of(Resolve, decide(over, NOW).actions) == []

    def test_a_paused_cr_keeps_its_token(self) -> None:
        spec = evolve(WITH_APP, paused=True)
        settled, world = settle(a_snapshot(spec), NOW)
        assert len(of(ExchangeToken, world.done)) == 1
        assert decide(settled, NOW).wake_at == after(3300)


class TestMemory:
    """What is remembered of answers."""

    request = RequestedRef(RefName("next"), AT)

    def test_an_answer_covers_its_own_question(self) -> None:
        answer = Answer(MAIN, NOW, Resolution(RefName("main"), COMMIT))
        assert answer.covers(MAIN)
        assert not answer.covers(evolve(MAIN, repo=OTHER_REPO))
        assert not answer.covers(evolve(MAIN, request=self.request))

    def test_and_that_without_the_request_only_if_the_spec_s_ref_is_in_force(self) -> None:
        asked = evolve(MAIN, request=self.request)
        own = Answer(asked, NOW, Resolution(RefName("main"), COMMIT, clear=True))
        assert own.covers(MAIN)
        foreign = Answer(asked, NOW, Resolution(RefName("next"), NEXT, self.request))
        assert not foreign.covers(MAIN)
        failed = Answer(asked, NOW, RefError("none"))
        assert not failed.covers(MAIN)

    def test_answered(self) -> None:
        memory = answered(Memory(announced="x"), MAIN, advertised(main=COMMIT), NOW)
        expected = Answer(MAIN, NOW, Resolution(RefName("main"), COMMIT))
        assert memory == Memory(answer=expected, announced="x")
        failed = answered(memory, MAIN, UNREACHABLE, after(1))
        assert failed.answer == Answer(MAIN, after(1), UNREACHABLE, Backoff(1, after(1), 30.0))
        again = answered(failed, MAIN, UNREACHABLE, after(2))
        assert again.answer is not None
        assert again.answer.backoff.failures == 2
        other = answered(again, evolve(MAIN, repo=OTHER_REPO), UNREACHABLE, after(3))
        assert other.answer is not None
        assert other.answer.backoff.failures == 1

    def test_exchanged(self) -> None:
        failed = exchanged(Memory(), "k", None, REFUSED, NOW)
        assert failed.exchange == Exchange("k", None, REFUSED, Backoff(1, NOW, 30.0))
        for key, request, failures in (("k", None, 2), ("l", None, 1), ("k", self.request, 1)):
            again = exchanged(failed, key, request, REFUSED, NOW).exchange
            assert again is not None
            assert again.backoff.failures == failures
        good = exchanged(failed, "k", None, None, NOW)
        assert good.exchange == Exchange("k", None, None, Backoff(0, NOW, 30.0))

    def test_announced(self) -> None:
        assert announced(Memory(), "x") == Memory(announced="x")
        assert announced(Memory(announced="x"), "") == Memory(announced="x")


class TestSilence:
    """An agent that falls silent is noticed without anything else happening."""

    def test_a_wake_follows_the_deadline(self) -> None:
        snapshot = a_snapshot(
            a_spec(polling=Polling(enabled=False)),
            pods=(a_pod(),),
            reports=status_map([a_report(reported_at=NOW)]),
        )
        settled, _ = settle(snapshot, NOW)
        assert decide(settled, NOW).wake_at == after(91)
        assert decide(settled, after(90)).wake_at == after(91)
        assert decide(settled, after(90)).actions == ()
        stale = decide(settled, after(91))
        assert said(of(WriteStatus, stale.actions)[0].status, "AgentReady")[0] == "False"
        assert stale.wake_at is None
        heard = evolve(settled, heard={Origin("blue-0", "u1"): after(60)})
        assert decide(heard, after(91)).wake_at == after(151)
