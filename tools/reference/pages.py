"""The pages that are generated, by their names below docs/reference."""

from __future__ import annotations

from tools.reference import core, gatewaysync, marks, metrics, values


def pages() -> dict[str, str]:
    """Each page's text."""
    return {
        "annotations.md": marks.page(),
        "core.md": core.page(),
        "gatewaysync.md": gatewaysync.page(),
        "metrics.md": metrics.page(),
        "values.md": values.page(),
    }
