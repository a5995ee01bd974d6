"""Renders Jinja2 templates behind the same interface as Go templates, with the same errors.

What templates can do and what it costs is decided in `jinja_sandbox`; here the source goes in, the
text comes out in pieces that are counted, and whatever goes wrong becomes a `TemplateError`.
"""

from __future__ import annotations

import re
from contextlib import contextmanager
from traceback import walk_tb
from typing import TYPE_CHECKING

from jinja2 import TemplateSyntaxError, UndefinedError, nodes
from jinja2.meta import find_undeclared_variables

from stoker.core.errors import TemplateError
from stoker.core.template.jinja_meter import Meter
from stoker.core.template.jinja_sandbox import LineEnd, Sandbox
from stoker.core.template.limits import Failure, Limits, too_long

if TYPE_CHECKING:
    from collections.abc import Iterator

    from stoker.core.template.context import TemplateContext

_DEFAULT = Limits()
_MARKERS = ("{{", "{%", "{#")
_GENERATED = frozenset(("<template>", "<unknown>"))
_LINE_ENDS = re.compile("\r\n|\r|\n")


def render_jinja(text: str, context: TemplateContext, *, limits: Limits = _DEFAULT) -> str:
    """The text that a Jinja2 template makes of the context."""
    if not any(marker in text for marker in _MARKERS):
        return text
    with _template_errors():
        return _rendered(text, context, limits)


def undeclared_names(text: str, *, limits: Limits = _DEFAULT) -> frozenset[str]:
    """The names that a template takes from its context."""
    with _template_errors():
        environment = Sandbox(Meter(limits), "\n")
        return frozenset(find_undeclared_variables(environment.parse(text)))


def named_in(text: str, *, limits: Limits = _DEFAULT) -> tuple[tuple[str, ...], ...]:
    """What a template takes from its context: names, and the names of the variables it takes.

    As `("Ref",)` and `("Vars", "site")`, each once; which of them a rendering needs is not known.
    """
    with _template_errors():
        tree = Sandbox(Meter(limits), "\n").parse(text)
        names = find_undeclared_variables(tree)
        paths: list[tuple[str, ...]] = [(name,) for name in sorted(names)]
        for node in tree.find_all((nodes.Getattr, nodes.Getitem)):
            match node:
                case (
                    nodes.Getattr(node=nodes.Name(name="Vars"), attr=str(name))
                    | nodes.Getitem(node=nodes.Name(name="Vars"), arg=nodes.Const(value=str(name)))
                ) if "Vars" in names:
                    paths.append(("Vars", name))
        return tuple(dict.fromkeys(paths))


@contextmanager
def _template_errors() -> Iterator[None]:
    """Whatever goes wrong inside becomes a `TemplateError`."""
    try:
        yield
    except Failure as failure:
        raise _error(failure.message, failure.kind, failure) from None
    except TemplateSyntaxError as error:
        message = error.message or "malformed template"
        raise TemplateError(message, kind="parse", line=error.lineno, column=1) from None
    except UndefinedError as error:
        raise _error(error.message or "undefined", "missing_key", error) from None
    except (RecursionError, MemoryError, SyntaxError) as error:
        # A syntax error is Python's: it takes twenty nested blocks and no more.
        raise _error("the template nests or recurses too deep", "limit", error) from None
    except OverflowError as error:
        raise _error(str(error), "limit", error) from None
    except Exception as error:  # noqa: BLE001 - whatever a template makes Python raise
        raise _error(f"{type(error).__name__}: {error}", "exec", error) from None


def _rendered(text: str, context: TemplateContext, limits: Limits) -> str:
    names = {
        name: value if isinstance(value, str | int) else dict(value)
        for name, value in context.named().items()
    }
    text, newline, stand_in = _line_ends(text)
    environment = Sandbox(Meter(limits), newline)
    room = limits.output
    pieces: list[str] = []
    for piece in environment.from_string(text).generate(names):
        room -= len(piece)
        if room < 0:
            raise too_long(limits.output)
        pieces.append(piece)
    result = "".join(pieces)
    return result.replace(stand_in, "\r") if stand_in else result


def _line_ends(text: str) -> tuple[str, LineEnd, str]:
    """The text, its line end, and what stands in for carriage returns where line ends differ.

    Jinja2 turns all line ends into one. Files keep theirs, so a text with several kinds shows it
    only newlines.
    """
    kinds: set[LineEnd] = set(_LINE_ENDS.findall(text)) or {"\n"}
    if len(kinds) == 1:
        return text, kinds.pop(), ""
    stand_in = next(mark for mark in map(chr, range(0xE000, 0xF8FF)) if mark not in text)
    return text.replace("\r", stand_in), "\n", stand_in


def _error(message: str, kind: str, error: BaseException) -> TemplateError:
    line = 1
    for frame, number in walk_tb(error.__traceback__):
        if frame.f_code.co_filename in _GENERATED:
            line = number
    return TemplateError(message, kind=kind, line=line, column=1)
