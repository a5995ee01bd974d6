"""What a plan means, as far as the step machine has to know."""

from __future__ import annotations

from typing import TYPE_CHECKING

from stoker.core.agent.facts import PlanSummary
from stoker.core.ignition import ResourcePath, projects_of, resources_of, scans_for
from stoker.core.report import list_changes
from stoker.entrypoints.engine.target import managed_projects

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from stoker.entrypoints.engine.planner import Prepared


def summarised(prepared: Prepared, *, dry_run: bool) -> PlanSummary:
    """As much of a plan as decisions and reports need."""
    planned, touched = prepared.plan, prepared.touched
    written = (*planned.added, *planned.modified)
    return PlanSummary(
        changes=list_changes(
            commit=prepared.target.commit,
            added=planned.added,
            modified=planned.modified,
            deleted=planned.deleted,
            dry_run=dry_run,
        ),
        drifted=len(planned.drifted),
        projects=projects_of(touched),
        managed_projects=managed_projects(prepared.target),
        resources=tuple(_sharing(resources_of(written))),
        scans=scans_for(touched),
    )


def _sharing(resources: Iterable[ResourcePath]) -> Iterator[ResourcePath]:
    """The same resources, of which equal names are one: there are thousands, of a few kinds."""
    known: dict[str, str] = {}
    for each in resources:
        home, module, kind = (
            known.setdefault(name, name) for name in (each.home, each.module, each.type)
        )
        yield ResourcePath(home, module, kind, each.name)
