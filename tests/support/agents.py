"""An agent whose doers are the test: it hears events, and what it does is looked at."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, TypeVar

from attrs import evolve

from property.strategies.agents import NOW, changes, identity, pod
from stoker.core.agent import effects as ef
from stoker.core.agent import events as ev
from stoker.core.agent import initial, step
from stoker.core.agent import state as at
from stoker.core.agent.facts import OnDisk, PlanSummary
from stoker.core.ignition import ResourcePath, ScanKind
from stoker.core.pods import Pod
from stoker.core.profile import Metadata, ResolvedProfile
from stoker.core.report import GatewayReport
from stoker.core.scan import Readiness, ScanOutcome, Succeeded
from stoker.core.spec import SyncStatus

COMMIT = "1" * 40
OTHER = "2" * 40
URL = "https://git.example/plant.git"
NOTHING = PlanSummary(changes=changes(COMMIT))
SOME = PlanSummary(
    changes=changes(OTHER, added=1, modified=2, deleted=3),
    drifted=4,
    projects=("p",),
    managed_projects=("p", "q"),
    resources=(ResourcePath("projects/p", "m", "t", "r"),),
    scans=(ScanKind.PROJECTS,),
)

Done = TypeVar("Done")


def metadata(commit: str = COMMIT, *, paused: bool = False, **profile: Any) -> Metadata:
    """Metadata with one profile, `default`."""
    default = ResolvedProfile(**{"name": "default", **profile})
    return Metadata(
        commit=commit, ref="main", git_url=URL, paused=paused, profiles={"default": default}
    )


class Driver:
    """The agent, its clock, and the effects of the last step, without timer, report and news."""

    def __init__(self, *, has_gateway: bool = True, of: Pod | None = None) -> None:
        self.now: datetime = NOW
        self.state = initial(identity(has_gateway=has_gateway), of or pod())
        self.timer = -1.0
        self.reports: list[GatewayReport] = []
        self.told: GatewayReport | None = None
        self.done: list[ef.Effect] = []
        self.announced: list[ef.Announce] = []

    def hear(self, kind: type[ev.Event], *values: Any) -> list[ef.Effect]:
        """Let it happen now."""
        self.state, effects = step(self.state, kind(self.now, *values))
        self.told = None
        self.done = []
        for effect in effects:
            match effect:
                case ef.SetTimer(seconds):
                    self.timer = seconds
                case ef.Report(report):
                    self.told = report
                    self.reports.append(report)
                case ef.Announce():
                    self.announced.append(effect)
                case _:
                    self.done.append(effect)
        return self.done

    def answer(self, kind: type[ev.Event], *values: Any) -> list[ef.Effect]:
        """Let the question that is open be answered."""
        return self.hear(kind, self.state.ticket, *values)

    def tick(self, seconds: float) -> list[ef.Effect]:
        """Let time pass, and the timer ring."""
        self.now += timedelta(seconds=seconds)
        return self.hear(ev.Tick)

    def only(self, kind: type[Done]) -> Done:
        """The one effect of its kind in the last step."""
        (found,) = [effect for effect in self.done if isinstance(effect, kind)]
        return found

    @property
    def report(self) -> GatewayReport:
        """What was told last."""
        return evolve(self.reports[-1], reported_at=None, seq=0)

    def says(self, status: SyncStatus) -> bool:
        """Whether this state was told last."""
        return self.reports[-1].sync_status is status

    def spoke(self) -> bool:
        """Whether anything was told in the last step."""
        return self.told is not None

    def rests_in(self, phase: type[at.Phase]) -> bool:
        """Whether it has come to this phase."""
        return isinstance(self.state.phase, phase)

    def synced(self) -> None:
        """Up to the point where a gateway that runs has taken a first commit."""
        self.start(Readiness.RUNNING)
        self.hear(ev.MetadataChanged, metadata())
        self.answer(ev.Fetched, COMMIT, "jane")
        self.answer(ev.Planned, NOTHING)
        self.scanned(Succeeded(1), Succeeded(2))
        assert self.says(SyncStatus.SYNCED)
        assert self.rests_in(at.Idle)

    def planned(self, summary: PlanSummary, **profile: Any) -> list[ef.Effect]:
        """From an old commit to the plan for a new one."""
        self.hear(ev.MetadataChanged, metadata(OTHER, **profile))
        self.answer(ev.Fetched, OTHER, "joe")
        return self.answer(ev.Planned, summary)

    def applied(self, **profile: Any) -> list[ef.Effect]:
        """From an old commit to a new one on the disk, which the gateway has not judged."""
        self.planned(SOME, **profile)
        self.answer(ev.Locked)
        return self.answer(ev.Applied)

    def scanned(self, *outcomes: ScanOutcome) -> list[ef.Effect]:
        """The scans end so, one after the other."""
        for outcome in outcomes:
            self.answer(ev.ScanFinished, outcome)
        return self.done

    def start(
        self,
        gateway: Readiness = Readiness.DOWN,
        on_disk: OnDisk = OnDisk(),  # noqa: B008 - frozen
    ) -> list[ef.Effect]:
        """Up to the point where metadata is waited for."""
        self.hear(ev.Started)
        return self.answer(ev.Recovered, on_disk, gateway)
