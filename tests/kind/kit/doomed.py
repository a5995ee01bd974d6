"""A controller that is killed at a write: `doomed.py after 1 OPTIONS…`, `doomed.py before 2 …`.

It is the controller as it is, but for the client's one way to write: at the write of that number
the process kills itself, before it is sent, or when its answer has come. Leases and reviews are not
counted. As a program it lives in this file alone, so that it starts as fast as the controller.
"""

from __future__ import annotations

import os
import signal
import sys
from dataclasses import dataclass
from subprocess import DEVNULL, Popen
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from kit.local_controller import LocalController

_OF_ITSELF: Final = frozenset({"leases", "tokenreviews", "subjectaccessreviews"})


@dataclass
class Doomed:
    """The lives of such a controller, with the options of another one."""

    like: LocalController
    when: str
    number: int
    lives: int = 0
    process: Popen[bytes] | None = None

    def begin(self) -> None:
        """Another life."""
        self.lives += 1
        inherited = {name: v for name, v in os.environ.items() if not name.startswith("STOKER_")}
        inherited.pop("KUBECONFIG", None)
        # -P: the modules beside this file are none of the program's.
        program = [sys.executable, "-P", __file__, self.when, str(self.number)]
        with self.like.log.open("ab") as log:
            self.process = Popen(  # noqa: S603 - no shell, and the tests' own words
                [*program, *self.like.arguments],
                stdout=log,
                stderr=log,
                stdin=DEVNULL,
                cwd=self.like.folder,
                env={**inherited, "HOME": str(self.like.folder)},
            )

    def lives_on(self) -> bool:
        """Whether it was not killed yet."""
        return self.process is not None and self.process.poll() is None

    def end(self) -> None:
        """Kill it."""
        if self.process is not None:
            self.process.kill()
            self.process.wait()


def _doom(when: str, number: int) -> None:
    from stoker.adapters.kube.client import Client  # noqa: PLC0415 - the tests need none of it

    write, written = Client._write, [0]  # noqa: SLF001 - the one place through which writes go

    def doomed(client: Client, request: Any, namespace: str) -> Any:
        is_its = request.resource is not None and request.resource.plural in _OF_ITSELF
        written[0] += not is_its
        is_the_one = not is_its and written[0] == number
        if is_the_one and when == "before":
            os.kill(os.getpid(), signal.SIGKILL)
        answer = write(client, request, namespace)
        if is_the_one:
            os.kill(os.getpid(), signal.SIGKILL)
        return answer

    client: Any = Client
    client._write = doomed  # noqa: SLF001 - as above


if __name__ == "__main__":
    from stoker.entrypoints.controller import main
    from stoker.entrypoints.programs import leave

    _doom(sys.argv[1], int(sys.argv[2]))
    leave(main(sys.argv[3:]))
