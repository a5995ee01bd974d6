"""A process of `stoker-controller` on the tests' machine."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import ClassVar, Final

from kit import anxious
from kit.local_process import LocalProcess

_WRITES: Final = frozenset({"POST", "PUT", "PATCH", "DELETE"})
_OF_ITSELF: Final = frozenset({"leases", "tokenreviews", "subjectaccessreviews"})


@dataclass
class LocalController(LocalProcess):
    """A controller, running or not."""

    program: ClassVar[str] = "stoker-controller"

    def writes(self) -> int:
        """How many writes it has sent to the API server for GatewaySyncs: no leases, no reviews."""
        return int(
            sum(
                sample.value
                for sample in self.metrics()
                if sample.name == "stoker_controller_api_requests_total"
                and sample.labels["method"] in _WRITES
                and sample.labels["resource"] not in _OF_ITSELF
            )
        )


class AnxiousController(LocalController):
    """One that lists anew within seconds; see `kit.anxious`."""

    @property
    def command(self) -> tuple[str, ...]:
        """What is run, before its arguments."""
        # -P: the modules beside that file are none of the program's.
        return (sys.executable, "-P", anxious.__file__)
