"""What the parts of the agent import: what none of them needs costs time in every pod."""

from __future__ import annotations

import subprocess
import sys

import pytest

PARENT = ("stoker.entrypoints.agent.running",)
"""What stands beside a gateway for as long as this lives."""

CHILD = (*PARENT, "stoker.entrypoints.engine.doers")
"""What works on the files, for the time of a sync."""

NOBODY = {
    "asyncio", "concurrent", "cryptography", "decimal", "fractions", "http.server",
    "jinja2", "kubernetes", "logging", "multiprocessing", "prometheus_client", "rich",
    "sqlite3", "starlette", "structlog", "typer", "unittest", "urllib3", "uvicorn", "xml", "yaml",
    "stoker.core.differences", "stoker.core.fieldpatch.fields", "stoker.core.injection",
    "stoker.core.payload", "stoker.core.reconcile", "stoker.core.refs.semver",
    "stoker.core.spec.rules.checking", "stoker.core.spec.types", "stoker.core.status",
    "stoker.core.template.template",
}  # fmt: skip
"""Heavy modules, and those of our own that only the controller or few profiles need."""

NOT_THE_PARENT = {
    "pygit2", "tarfile", "stoker.adapters.fs.execute", "stoker.adapters.fs.observe",
    "stoker.adapters.fs.store", "stoker.adapters.git.repository", "stoker.core.globs.excludes",
    "stoker.core.mapping", "stoker.core.planning", "stoker.core.rendering", "stoker.core.tree",
    "stoker.entrypoints.engine.planner",
}  # fmt: skip
"""What the work on the files needs alone."""


def _imported(modules: tuple[str, ...]) -> set[str]:
    code = f"import sys, {', '.join(modules)}; print(*sys.modules)"
    # The coverage of a test run is itself made of heavy modules: it may not start in there.
    shown = subprocess.run(  # noqa: S603 - our own interpreter
        [sys.executable, "-S", "-c", f"import sys; sys.path[:] = {sys.path!r}\n{code}"],
        check=True, capture_output=True, text=True, env={},
    )  # fmt: skip
    return set(shown.stdout.split())


@pytest.mark.parametrize(
    ("modules", "forbidden"),
    [(PARENT, NOBODY | NOT_THE_PARENT), (CHILD, NOBODY - {"logging"})],
    ids=["parent", "child"],
)
def test_what_the_agent_does_not_import(modules: tuple[str, ...], forbidden: set[str]) -> None:
    """Seen to fail with the packages of the core importing all that they export."""
    assert _imported(modules) & forbidden == set()
