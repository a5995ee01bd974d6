"""A process of `stoker-controller` on the tests' machine."""

from __future__ import annotations

import sys
import time
from collections import Counter
from dataclasses import dataclass
from typing import ClassVar, Final

from kit import anxious
from kit.eventually import eventually
from kit.local_process import LocalProcess

_WRITES: Final = frozenset({"POST", "PUT", "PATCH", "DELETE"})
_OF_ITSELF: Final = frozenset({"leases", "tokenreviews", "subjectaccessreviews"})
_REST: Final = 6.0


@dataclass
class LocalController(LocalProcess):
    """A controller, running or not."""

    program: ClassVar[str] = "stoker-controller"

    def asked(self) -> Counter[tuple[str, str]]:
        """How many requests it has sent to the API server, by method and resource."""
        counted: Counter[tuple[str, str]] = Counter()
        for sample in self.metrics():
            if sample.name == "stoker_controller_api_requests_total":
                counted[sample.labels["method"], sample.labels["resource"]] += int(sample.value)
        return counted

    def writes(self) -> int:
        """How many of them were writes for GatewaySyncs: no leases, no reviews."""
        return sum(
            number
            for (method, resource), number in self.asked().items()
            if method in _WRITES and resource not in _OF_ITSELF
        )

    def comes_to_rest(self, within: float = 30) -> None:
        """Wait until it has written nothing for some seconds.

        A life that has just begun finds everything right, and still has to ask the git servers: an
        event then tells anew of a ref that is not there.
        """
        __tracebackhide__ = True
        eventually(self._rests, what=f"{self.name} writes nothing", within=within)

    def _rests(self) -> bool:
        before = self.writes()
        time.sleep(_REST)
        after = self.writes()
        assert after == before, f"{after - before} writes in {_REST:.0f} s"
        return True


class AnxiousController(LocalController):
    """One that lists anew within seconds; see `kit.anxious`."""

    @property
    def command(self) -> tuple[str, ...]:
        """What is run, before its arguments."""
        # -P: the modules beside that file are none of the program's.
        return (sys.executable, "-P", anxious.__file__)
