"""`stoker demo`: everything that Stoker does without a cluster, on a plant of its own.

It makes a Git repository and a fake gateway, lets an agent keep them in step, and tells what
happens: a first sync, a change, a file broken by hand, and a commit that the gateway refuses.
"""

from __future__ import annotations

import shutil
import signal
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

from stoker.core.errors import StokerError
from stoker.core.spec import SyncStatus
from stoker.entrypoints.demo import plant
from stoker.entrypoints.demo.stage import PERIOD, Stage, seconds_since, staged

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import FrameType

    from stoker.core.report import GatewayReport


def run(*, keep: bool = False) -> int:
    """Play it, and with `keep` leave it running until it is interrupted; the exit code."""
    folder = Path(tempfile.mkdtemp(prefix="stoker-demo-"))
    try:
        with staged(folder) as stage:
            summary = _story(stage)
            _say("")
            _say("What happened")
            for line in summary:
                _say(f"  {line}")
            if keep:
                _leave_running(stage)
    finally:
        _remove(folder)
    return 0


def _remove(folder: Path) -> None:
    """Remove everything, though an agent that was cut short may still be writing something."""
    quiet_since = time.monotonic()
    give_up = quiet_since + 10.0
    while time.monotonic() < min(quiet_since + 0.3, give_up):
        if folder.exists():
            shutil.rmtree(folder, ignore_errors=True)
            quiet_since = time.monotonic()
        time.sleep(0.02)


def _story(stage: Stage) -> list[str]:
    _say("A Git repository, a gateway, and Stoker between them; nothing leaves this machine.")
    _say(f"  repository  {stage.upstream.git_dir}")
    _say(f"  gateway     {stage.gateway.url}  (a fake Ignition 8.3; open it in a browser)")
    _say(f"  its files   {stage.folder / 'data'}")
    return [_first_sync(stage), _change(stage), _drift(stage), _refusal(stage)]


def _first_sync(stage: Stage) -> str:
    _title("1. The first sync")
    record = stage.witness.wait_for_record(0)
    stage.gateway.wait_for(lambda gateway: "packaging" in gateway.projects, timeout=10)
    stage.witness.wait_for_report(_is(SyncStatus.SYNCED), "the first sync")
    _say(f"  commit {record.commit[:7]}: {record.added} files written, scan {record.scan}")
    loaded = sum(1 for _ in stage.gateway.loaded.resources())
    _say(f"  the gateway has loaded {loaded} resources of project 'packaging' and its tags")
    greeting = stage.data(f"{plant.PROJECT}/ignition/script-python/plant/greeting/code.py")
    _say(f"  a template was rendered: {greeting.read_text().splitlines()[0]}")
    return f"first sync      {record.added} files in {record.duration_seconds:.2f} s"


def _change(stage: Stage) -> str:
    _title("2. A change is pushed")
    path, content = f"{plant.VIEW}/view.json", plant.view("Packaging line 4, night shift")
    number = len(stage.witness.records)
    began = time.monotonic()
    commit = stage.push({path: content}, "Rename the overview for the night shift")
    stage.gateway.wait_for(lambda gateway: gateway.holds(path, content.encode()), timeout=10)
    took = seconds_since(began)
    _say(f"  commit {commit[:7]}: the gateway shows the new view {took:.2f} s after the push")
    stage.witness.wait_for_record(number)
    return f"change          picked up in {took:.2f} s"


def _drift(stage: Stage) -> str:
    _title("3. Somebody breaks a file by hand")
    path = f"{plant.SCRIPT}/code.py"
    stage.data(path).write_text("def celsius(kelvin):\n    return 42\n")
    began = time.monotonic()
    stage.witness.wait_for_report(lambda report: report.drift > 0, "the drift to be found")
    found = seconds_since(began)
    _say(f"  {path}")
    _say(f"  drift found {found:.1f} s later (it looks every {PERIOD} s; driftAction: report)")
    number = len(stage.witness.records)
    code = "def celsius(kelvin):\n    # absolute zero\n    return kelvin - 273.15\n"
    stage.push({path: code}, "Explain the constant")
    record = stage.witness.wait_for_record(number)
    stage.witness.wait_for_report(lambda report: report.drift == 0, "the drift to be gone")
    _say(f"  the next commit to this file, {record.commit[:7]}, puts it in order")
    return f"drift           found in {found:.1f} s"


def _refusal(stage: Stage) -> str:
    _title("4. A commit that the gateway refuses")
    path = f"{plant.PUMP}/view.json"
    before = stage.data(path).read_bytes()
    number = len(stage.witness.records)
    began = time.monotonic()
    commit = stage.push({path: plant.BROKEN_VIEW}, "Merge the pump view, badly")
    stage.witness.wait_for_record(number)
    report = stage.witness.wait_for_report(_is(SyncStatus.ROLLED_BACK), "the rollback")
    took = seconds_since(began)
    if stage.data(path).read_bytes() != before:
        raise StokerError("the file is not what it was before", where=path)
    _say(f"  commit {commit[:7]}: {report.error_message.partition(';')[0]}")
    _say(f"  put back in {took:.2f} s; the file is byte for byte what it was")
    _say(f"  the gateway still runs commit {report.synced_commit[:7]}, and says so")
    return f"refused commit  rolled back in {took:.2f} s"


def _is(status: SyncStatus) -> Callable[[GatewayReport], bool]:
    return lambda report: report.sync_status is status


def _leave_running(stage: Stage) -> None:
    _say("")
    _say("Left running. Commit to the repository and watch the gateway's page:")
    _say(f"  git clone {stage.upstream.git_dir} plant && cd plant && …")
    _say(f"  {stage.gateway.url}")
    _say("It looks at the repository every 5 s. Ctrl-C ends it.")
    signal.signal(signal.SIGTERM, _interrupt)
    try:
        signal.pause()
    except KeyboardInterrupt:
        _say("")


def _interrupt(_: int, __: FrameType | None) -> None:
    raise KeyboardInterrupt


def _title(text: str) -> None:
    _say("")
    _say(text)


def _say(text: str) -> None:
    print(text, flush=True)  # noqa: T201 - this is what a demo does
