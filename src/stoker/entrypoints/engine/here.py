"""Work at a site in this process: for one sync and for who has the memory."""

from __future__ import annotations

from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING

from stoker.adapters.fs.store import Store
from stoker.adapters.git.repository import Repository
from stoker.entrypoints.engine.doers import Doers
from stoker.entrypoints.engine.progress import Progress, nobody_waits
from stoker.entrypoints.engine.workplace import Workplace

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import datetime

    from stoker.entrypoints.engine.site import Site


@contextmanager
def opened(
    site: Site, now: Callable[[], datetime], progress: Progress = nobody_waits
) -> Iterator[Doers]:
    """The hands that work at `site`; raises `StokerError` where it cannot be entered."""
    with ExitStack() as stack:
        data = stack.enter_context(site.entered())
        store = Store(data)
        stack.callback(store.unlock)
        repository = Repository(site.repository, site.repository_limit)
        stack.callback(repository.close)
        place = Workplace(
            identity=site.identity,
            data=data,
            store=store,
            repository=repository,
            remote_for=site.remote_for,
            now=now,
            progress=progress,
        )
        yield Doers(place, site.gateway)
