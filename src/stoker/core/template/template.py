"""A template that has been parsed: render it as often as needed, or print it back."""

from __future__ import annotations

from typing import TYPE_CHECKING

from attrs import field, frozen

from stoker.core.errors import TemplateError
from stoker.core.template.characters import decode
from stoker.core.template.cursor import position
from stoker.core.template.limits import Failure, Limits
from stoker.core.template.lower import lower
from stoker.core.template.machine import Instruction, Machine
from stoker.core.template.nodes import source
from stoker.core.template.parse import Tree, parse

if TYPE_CHECKING:
    from stoker.core.template.context import TemplateContext

_DEFAULT = Limits()


@frozen(eq=False)
class Template:
    """The tree of a template and the programs made of it."""

    tree: Tree
    programs: dict[bytes, list[Instruction]] = field(init=False, repr=False)

    def __attrs_post_init__(self) -> None:
        programs = {name: lower(body) for name, body in self.tree.bodies.items()}
        object.__setattr__(self, "programs", programs)

    def render(self, context: TemplateContext, *, limits: Limits = _DEFAULT) -> str:
        """The text that the template makes of the context."""
        machine = Machine(self.programs, context.pointer, limits)
        try:
            return decode(machine.run())
        except Failure as failure:
            raise _error(self.tree.source, machine.at, failure) from None

    def __str__(self) -> str:
        """Source that parses to the same tree: without comments, trimming already done."""
        bodies = dict(self.tree.bodies)
        return decode(source(bodies.pop(b""), bodies))


def parse_template(text: str, *, limits: Limits = _DEFAULT) -> Template:
    """Parses a template; a `TemplateError` of kind `parse` says what is wrong with it."""
    try:
        data = text.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError as error:
        message = "the text holds a surrogate, which no file can hold"
        before = text[: error.start].encode("utf-8", "surrogateescape")
        line, column = position(before, len(before))
        raise TemplateError(message, kind="parse", line=line, column=column) from None
    return Template(parse(data, limits.words))


def render_template(text: str, context: TemplateContext, *, limits: Limits = _DEFAULT) -> str:
    """Renders a Go template; text without an action comes back as it is."""
    if "{{" not in text:
        return text
    return parse_template(text, limits=limits).render(context, limits=limits)


def _error(text: bytes, at: int, failure: Failure) -> TemplateError:
    line, column = position(text, at)
    return TemplateError(
        failure.message, kind=failure.kind, line=line, column=column, cure=failure.cure
    )
