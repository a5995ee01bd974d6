"""`Doers`: all hands of one agent, in this process.

A doer translates and calls. It takes an effect with a ticket and returns the event that answers
it; an error becomes the failure that the machine knows. What the machine has not decided is not
decided here either: when to sync, whether to go on, when to try again.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from attrs import define, evolve, field

from stoker.adapters.ignition import Gateway
from stoker.core.agent import effects as ef
from stoker.core.errors import StokerError
from stoker.entrypoints.engine.file_doers import FileDoers
from stoker.entrypoints.engine.gateway_doers import Asked, GatewayDoers
from stoker.entrypoints.engine.hands import failed
from stoker.entrypoints.engine.workplace import Workplace

if TYPE_CHECKING:
    from stoker.core.agent import Assignment
    from stoker.core.agent import events as ev
    from stoker.core.refs import CommitId
    from stoker.core.scan import Readiness
    from stoker.entrypoints.engine.planner import Planner, Prepared
    from stoker.entrypoints.engine.target import Target


@define
class Doers:
    """The `Hands` that work on the files and speak with the gateway themselves."""

    place: Workplace
    first_gateway: Gateway | None = None
    files: FileDoers = field(init=False)
    asking: GatewayDoers = field(init=False)

    def __attrs_post_init__(self) -> None:
        """Both kinds of doers, for the same place."""
        place = self.place
        self.files = FileDoers(place)
        self.asking = GatewayDoers(self.first_gateway, place.now, place.progress, place.observe)

    @property
    def gateway(self) -> Gateway | None:
        """Whom to ask."""
        return self.asking.gateway

    @gateway.setter
    def gateway(self, gateway: Gateway | None) -> None:
        self.asking.gateway = gateway

    @property
    def prepared(self) -> Prepared | None:
        """The plan of the round."""
        return self.files.prepared

    @property
    def target(self) -> Target | None:
        """What the files were last planned for."""
        return self.files.target

    @property
    def unwatched(self) -> bool:
        """Nobody can say what others did to the files since they were last looked at as a whole."""
        return self.files.memory.unwatched

    @unwatched.setter
    def unwatched(self, unwatched: bool) -> None:
        self.files.memory = evolve(self.files.memory, unwatched=unwatched)

    @property
    def planner(self) -> Planner:
        """Who plans."""
        return self.files.planner

    def prepare(self, assignment: Assignment, commit: CommitId) -> Prepared:
        """The plan for `commit`; raises `StokerError`."""
        return self.files.prepare(assignment, commit)

    def answer(self, question: ef.Question) -> ev.Event:
        """Carry out `question`; an error that has a name is an answer too."""
        try:
            if isinstance(question, Asked):
                return self.asking.answer(question)
            if isinstance(question, ef.Recover):
                # Nobody else may work here from now on.
                self.place.store.lock()
            self.asking.note(question)
            return self.asking.attended(self.files.answer(question))
        except StokerError as error:
            return failed(question, error, self.place.now())

    def obey(self, order: ef.Order) -> None:
        """Carry out what nobody waits for; raises `StokerError`."""
        self.files.obey(order)

    def readiness(self) -> Readiness:
        """How far the gateway's start has come."""
        return self.asking.readiness()

    def idle(self) -> float | None:
        """What is held is held as long as the process lives."""
        return None
