"""Rendering by the engine that a mapping names."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from stoker.core.template.engine import TemplateEngine
from stoker.core.template.limits import Limits
from stoker.core.template.template import render_template

if TYPE_CHECKING:
    from stoker.core.template.context import TemplateContext

_DEFAULT: Final = Limits()


def render_with(
    engine: TemplateEngine, text: str, context: TemplateContext, *, limits: Limits = _DEFAULT
) -> str:
    """Renders a text with the engine; the errors are the same for every engine."""
    if engine is TemplateEngine.GO:
        return render_template(text, context, limits=limits)
    # Only those who use Jinja2 pay for importing it.
    from stoker.core.template.jinja import render_jinja  # noqa: PLC0415

    return render_jinja(text, context, limits=limits)
