"""Whether a text is a template, and whether it is one that parses."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from stoker.core.errors import TemplateError
from stoker.core.spec.problems import refusal
from stoker.core.template import TemplateEngine, parse_template

if TYPE_CHECKING:
    from stoker.core.spec.problems import Finding, Place

_OPENING: Final = {
    TemplateEngine.GO: re.compile(r"\{\{"),
    TemplateEngine.JINJA2: re.compile(r"\{[{%#]"),
}
_CLOSINGS: Final = {TemplateEngine.GO: ("}}",), TemplateEngine.JINJA2: ("}}", "%}", "#}")}


def is_template(text: str, engine: TemplateEngine) -> bool:
    """Whether `text` holds anything that `engine` would replace."""
    return _OPENING[engine].search(text) is not None


def check_template(text: str, engine: TemplateEngine, place: Place) -> list[Finding]:
    """What the parser of `engine` has against `text`."""
    parse = parse_template if engine is TemplateEngine.GO else _parse_jinja
    return [*refusal(place, parse, text)]


def fixed_part(text: str, engine: TemplateEngine) -> str:
    """`text` with one letter for everything from its first action to its last.

    What is left is in everything that the template can become, blanks apart: an action may trim
    those around it.
    """
    before = _OPENING[engine].split(text, maxsplit=1)[0]
    after = min((text.rpartition(closing)[2] for closing in _CLOSINGS[engine]), key=len)
    return f"{before.rstrip()}x{after.lstrip()}"


def _parse_jinja(text: str) -> None:
    # Only those who use Jinja2 pay for importing it.
    from jinja2 import TemplateSyntaxError  # noqa: PLC0415
    from jinja2.sandbox import ImmutableSandboxedEnvironment  # noqa: PLC0415

    try:
        ImmutableSandboxedEnvironment().parse(text)
    except TemplateSyntaxError as error:
        message = error.message or "the template is malformed"
        raise TemplateError(message, kind="parse", line=error.lineno, column=1) from None
    except RecursionError:
        raise TemplateError("it nests too deep", kind="limit", cure="flatten it") from None
    except Exception as error:  # noqa: BLE001 - numbers of 5,000 digits, and whatever else
        message = f"{type(error).__name__} while parsing"
        raise TemplateError(message, kind="parse", cure="write it simpler") from None
