"""Law 16 as a machine: reports may be delivered in any order, repeated, delayed, lost, re-listed.

Agents report, die and come back in the same or in another life of their pod, with and without the
memory of their last number, while the clock is set forth and back. What the controller knows of
an origin is always the newest report that reached it, by delivery or by list; and once everything
is listed and no message is under way, it is exactly what the agents last said.

Seen to fail when `merge` took the report that came last, when `next_seq` started at 0 for an agent
without memory, when `relist` kept origins that were gone, and when two lives of a pod shared an
origin.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from property.strategies.reports import NAMESPACE, NOW
from stoker.core.report import GatewayReport, Origin, next_seq
from stoker.core.spec.status import SyncStatus
from stoker.core.status import StatusMap, forget, merge, relist, status_map

PODS = ("red-0", "blue-0")
pods = st.sampled_from(PODS)


class Reports(RuleBasedStateMachine):
    """Agents, their ConfigMaps, messages under way, and the controller's map."""

    def __init__(self) -> None:
        super().__init__()
        self.now: datetime = NOW
        self.lives = dict.fromkeys(PODS, 1)
        self.memory: dict[str, int | None] = dict.fromkeys(PODS)
        self.written: dict[str, GatewayReport] = {}
        self.under_way: list[GatewayReport] = []
        self.known: StatusMap = {}
        self.reached: dict[Origin, int] = {}

    @rule(step=st.integers(1, 5_000))
    def time_passes(self, step: int) -> None:
        self.now += timedelta(milliseconds=step)

    @rule(pod=pods, status=st.sampled_from(SyncStatus), back=st.just(0) | st.integers(1, 60_000))
    def agent_reports(self, pod: str, status: SyncStatus, back: int) -> None:
        last = self.memory[pod]
        if last is None and pod in self.written:
            # Its own ConfigMap is there, so the agent reads it before it writes.
            last = self.written[pod].seq
        # A clock that is behind does no harm to an agent that knows its last number.
        clock = self.now if last is None else self.now - timedelta(milliseconds=back)
        seq = next_seq(last, clock)
        report = GatewayReport(
            gateway=pod,
            namespace=NAMESPACE,
            pod_name=pod,
            pod_uid=f"{pod}/{self.lives[pod]}",
            seq=seq,
            sync_status=status,
        )
        self.memory[pod] = seq
        self.written[pod] = report
        self.under_way.append(report)

    @rule(pod=pods)
    def agent_restarts(self, pod: str) -> None:
        self.memory[pod] = None
        self.now += timedelta(seconds=1)

    @rule(pod=pods)
    def agent_restarts_and_its_config_map_is_gone(self, pod: str) -> None:
        self.agent_restarts(pod)
        self.written.pop(pod, None)

    @rule(pod=pods)
    def pod_is_made_anew(self, pod: str) -> None:
        self.lives[pod] += 1
        self.memory[pod] = None
        gone = self.written.pop(pod, None)
        if gone is not None:
            self.known = forget(self.known, {gone.origin})
            self.reached.pop(gone.origin, None)
        # Messages of the former life may still arrive.

    @precondition(lambda self: self.under_way)
    @rule(data=st.data(), keep=st.booleans())
    def message_arrives(self, data: st.DataObject, *, keep: bool) -> None:
        index = data.draw(st.integers(0, len(self.under_way) - 1))
        report = self.under_way[index] if keep else self.under_way.pop(index)
        self._reach(report)
        if data.draw(st.booleans()):
            self.known = merge(self.known, status_map([report]))
        else:
            self.known = merge(status_map([report]), self.known)

    @precondition(lambda self: self.under_way)
    @rule(data=st.data())
    def message_is_lost(self, data: st.DataObject) -> None:
        self.under_way.pop(data.draw(st.integers(0, len(self.under_way) - 1)))

    @rule()
    def everything_is_listed(self) -> None:
        self.known = relist(self.known, self.written.values())
        alive = {report.origin for report in self.written.values()}
        self.reached = {o: seq for o, seq in self.reached.items() if o in alive}
        for report in self.written.values():
            self._reach(report)
        assert self.known == {report.origin: report for report in self.written.values()}

    def _reach(self, report: GatewayReport) -> None:
        known = self.reached.get(report.origin, -1)
        self.reached[report.origin] = max(known, report.seq)

    @invariant()
    def the_map_holds_the_newest_that_reached_it(self) -> None:
        assert {origin: report.seq for origin, report in self.known.items()} == self.reached


TestReports = Reports.TestCase
