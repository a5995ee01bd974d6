"""Plans as text, Markdown and JSON: pure functions from values to strings.

`text`, `markdown` and `document` each take the differences of a plan and its occasion. What comes
from a repository or a disk is never shown raw in text and Markdown; in JSON it is data.
"""

from __future__ import annotations

from stoker.entrypoints.cli.presenting.occasion import Caution, Occasion, cautions
from stoker.entrypoints.cli.presenting.plan_document import document
from stoker.entrypoints.cli.presenting.plan_markdown import MARKER, markdown
from stoker.entrypoints.cli.presenting.plan_text import text

__all__ = ["MARKER", "Caution", "Occasion", "cautions", "document", "markdown", "text"]
