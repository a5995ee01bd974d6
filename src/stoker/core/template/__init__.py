"""Templates: Go's `text/template` with `missingkey=error`, over a closed set of values.

A text goes through four stages, each a module: `lex` cuts it into tokens, `parse` builds a tree
(`nodes`), `lower` turns the tree into a flat program, `machine` runs it. Values (`values`), number
and text constants (`numerals`, `quoting`), comparison, printing and escaping stand beside that.
Everything is bounded by `Limits`, and only `TemplateError` leaves the package.
"""

from __future__ import annotations

from stoker.core.template.context import TemplateContext
from stoker.core.template.engine import TemplateEngine, render_with
from stoker.core.template.limits import Limits
from stoker.core.template.references import Reference, references
from stoker.core.template.template import Template, parse_template, render_template

__all__ = [
    "Limits",
    "Reference",
    "Template",
    "TemplateContext",
    "TemplateEngine",
    "parse_template",
    "references",
    "render_template",
    "render_with",
]
