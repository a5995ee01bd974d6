"""Many agents' reporters in few processes, which report in the same instant.

Each voice is what an agent writes with, `entrypoints.agent.reporting.Reporter`, with a client, a
connection and a thread of its own, and the token of the pods' account. A choir waits for a line
with a number and then has each voice report it; so several choirs sing together. It ends when
nobody conducts it any more.

As a program it lives in this file alone: one JSON document on the first line of its input says
who sings.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Final, cast

_FLUSH: Final = 60.0


@dataclass(frozen=True)
class Choir:
    """One process of them."""

    process: subprocess.Popen[str]

    @classmethod
    def begin(cls, score: Mapping[str, Any]) -> Choir:
        """Once it is ready."""
        process = subprocess.Popen(  # noqa: S603 - no shell, and the tests' own words
            # -P: the modules beside this file are none of the program's.
            [sys.executable, "-P", __file__],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        made = cls(process)
        made.say(json.dumps(score))
        return made

    def say(self, line: str) -> None:
        """A line to it."""
        stdin = cast("IO[str]", self.process.stdin)
        stdin.write(f"{line}\n")
        stdin.flush()

    def heard(self) -> str:
        """The next line from it."""
        return cast("IO[str]", self.process.stdout).readline().strip()

    def end(self) -> None:
        """Let it go."""
        cast("IO[str]", self.process.stdin).close()
        cast("IO[str]", self.process.stdout).close()
        self.process.wait(_FLUSH)


@contextmanager
def choirs(scores: Sequence[Mapping[str, Any]]) -> Iterator[list[Choir]]:
    """A choir for each score, ready, for the `with`."""
    made = [Choir.begin(score) for score in scores]
    try:
        for one in made:
            assert one.heard() == "ready"
        yield made
    finally:
        for one in made:
            one.end()


def main() -> None:
    """Sing."""
    score = json.loads(sys.stdin.readline())
    voices = {pod: _voice(score, pod, uid) for pod, uid in score["pods"].items()}
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    for line in sys.stdin:
        number, commit = line.split()
        reports = {pod: _report(score, pod, int(number), commit) for pod in voices}
        for pod, one in voices.items():
            one.report(reports[pod])
    for one in voices.values():
        one.flush(_FLUSH)


def _complain(what: str, error: Exception) -> None:
    sys.stderr.write(f"{what}: {error}\n")


# The tests themselves need none of what these import.


def _voice(score: Mapping[str, Any], pod: str, uid: str) -> Any:
    from stoker.adapters.clock import utc_now  # noqa: PLC0415
    from stoker.adapters.kube.inside import inside  # noqa: PLC0415
    from stoker.entrypoints.agent.reporting import Reporter  # noqa: PLC0415

    client = inside(
        user_agent="stoker-agent/tests",
        field_manager="stoker-agent",
        folder=Path(score["folder"]),
        environ=score["environment"],
    )
    made = Reporter(
        client,
        namespace=score["namespace"],
        cr=score["cr"],
        pod=pod,
        pod_uid=uid,
        owner=lambda: None,
        now=utc_now,
        complain=_complain,
    )
    made.last()
    made.start()
    return made


def _report(score: Mapping[str, Any], pod: str, number: int, commit: str) -> Any:
    from stoker.adapters.clock import utc_now  # noqa: PLC0415
    from stoker.core.report import GatewayReport, next_seq  # noqa: PLC0415
    from stoker.core.spec import SyncStatus  # noqa: PLC0415

    now = utc_now()
    return GatewayReport(
        gateway=pod,
        namespace=score["namespace"],
        pod_name=pod,
        pod_uid=score["pods"][pod],
        seq=next_seq(None, now),
        reported_at=now,
        profile="default",
        sync_status=SyncStatus.SYNCED,
        synced_commit=commit,
        files_changed=number,
    )


if __name__ == "__main__":
    main()
