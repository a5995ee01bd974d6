"""Templates: Go's `text/template` with `missingkey=error`, over a closed set of values.

A text goes through four stages, each a module: `lex` cuts it into tokens, `parse` builds a tree
(`nodes`), `lower` turns the tree into a flat program, `machine` runs it. Values (`values`), number
and text constants (`numerals`, `quoting`), comparison, printing and escaping stand beside that.
Everything is bounded by `Limits`, and only `TemplateError` leaves the package.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from stoker.core.exporting import exported

if TYPE_CHECKING:
    from stoker.core.template.choosing import render_with
    from stoker.core.template.context import TemplateContext
    from stoker.core.template.engine import TemplateEngine
    from stoker.core.template.limits import Limits
    from stoker.core.template.referring import Reference, references
    from stoker.core.template.template import Template, parse_template, render_template
    from stoker.core.template.usage import context_fields
else:
    __getattr__ = exported(
        __name__,
        choosing="render_with",
        context="TemplateContext",
        engine="TemplateEngine",
        limits="Limits",
        referring="Reference references",
        template="Template parse_template render_template",
        usage="context_fields",
    )

__all__ = [
    "Limits",
    "Reference",
    "Template",
    "TemplateContext",
    "TemplateEngine",
    "context_fields",
    "parse_template",
    "references",
    "render_template",
    "render_with",
]
