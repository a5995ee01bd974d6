"""The Jinja2 environment: what templates may reach, call and combine, and what each costs.

Nothing is taken over from Python's attribute access: `getattr` and `getitem` know the few kinds of
values that a template can have and the names that are safe on each. Filters are a short list.
Loops and concatenations are redirected through the meter when a template is parsed; operators and
calls pass through it when it runs.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from typing import Literal, cast

from jinja2 import StrictUndefined, TemplateSyntaxError, Undefined, nodes, pass_context
from jinja2.exceptions import SecurityError
from jinja2.lexer import Token, TokenStream
from jinja2.runtime import Context, LoopContext, Macro
from jinja2.sandbox import ImmutableSandboxedEnvironment, safe_range
from jinja2.utils import Namespace
from jinja2.visitor import NodeTransformer

from stoker.core.template.jinja_filters import guarded_filters, words
from stoker.core.template.jinja_meter import Meter, check_bits, check_format, replace_size
from stoker.core.template.limits import Failure

_TEXT_METHODS = words(
    "capitalize count endswith find index isalnum isalpha isdigit islower isnumeric isspace isupper"
    " join lower lstrip partition removeprefix removesuffix replace rfind rindex rpartition rsplit"
    " rstrip split splitlines startswith strip swapcase title upper"
)
_MAP_METHODS = words("get items keys values")
_LIST_METHODS = words("count index")
_LOOP_NAMES = words(
    "changed cycle depth depth0 first index index0 last length nextitem previtem revindex revindex0"
)
# Without those that search: `select` would run them once for every item.
_TESTS = words(
    "boolean defined divisibleby eq equalto even false float ge gt integer iterable le lower lt"
    " mapping ne none number odd sequence string true undefined upper == != > >= < <="
)
_FORBIDDEN = (nodes.Extends, nodes.FromImport, nodes.Import, nodes.Include)
# No template can write these names: they hold a blank.
_COUNTED, _JOINED, _WEIGHED = "counted by stoker", "joined by stoker", "weighed by stoker"
_DATA_PER_STEP = 16
_ABSENT = object()
_WORDS_PER_TOKEN = 8


LineEnd = Literal["\n", "\r\n", "\r"]


class Sandbox(ImmutableSandboxedEnvironment):
    """An environment for one rendering."""

    intercepted_binops = frozenset(("+", "-", "*", "/", "//", "%", "**"))

    def __init__(self, meter: Meter, newline: LineEnd) -> None:
        super().__init__(
            undefined=StrictUndefined,
            keep_trailing_newline=True,
            newline_sequence=newline,
            cache_size=0,
            optimized=False,
            finalize=_finalized(meter),
        )
        self.meter = meter
        # What a call of a macro is charged: as much as the largest of them.
        self.macro_cost = 1
        self.globals.clear()
        self.globals.update(range=safe_range, dict=dict, namespace=Namespace)
        self.filters = guarded_filters(meter)
        self.filters[_COUNTED] = meter.counted
        self.filters[_JOINED] = _joined(meter)
        self.filters[_WEIGHED] = _weighed(meter)
        self.tests = {name: test for name, test in self.tests.items() if name in _TESTS}

    def _tokenize(
        self, source: str, name: str | None, filename: str | None = None, state: str | None = None
    ) -> TokenStream:
        """The tokens, as many as may be: what Jinja2 and Python make of each takes long."""
        most = self.meter.limits.words // _WORDS_PER_TOKEN
        tokens = _at_most(most, super()._tokenize(source, name, filename, state))
        return TokenStream(tokens, name, filename)

    def _parse(self, source: str, name: str | None, filename: str | None) -> nodes.Template:
        """The tree, with loops and concatenations under the meter."""
        tree = super()._parse(source, name, filename)
        for forbidden in tree.find_all(_FORBIDDEN):
            message = "a template stands alone: no include, import or extends"
            raise TemplateSyntaxError(message, forbidden.lineno)
        redirect = _Redirect()
        redirect.visit(tree)
        self.macro_cost = redirect.macro_cost
        return tree

    def getattr(self, obj: object, attribute: str) -> object:
        """`obj.attribute`: an entry of a map before a method of it."""
        if isinstance(obj, Undefined):
            return super().getattr(obj, attribute)
        if isinstance(obj, Mapping) and attribute in obj:
            return obj[attribute]
        if attribute in _names_of(obj):
            return getattr(obj, attribute)
        if isinstance(obj, Namespace) and not attribute.startswith("_"):
            value = getattr(obj, attribute, _ABSENT)
            return self.undefined(obj=obj, name=attribute) if value is _ABSENT else value
        return self._unknown(obj, attribute)

    def getitem(self, obj: object, argument: object) -> object:
        """`obj[argument]`: an entry of a map, a place in a list or text."""
        if isinstance(obj, Undefined):
            return super().getitem(obj, argument)
        if isinstance(obj, Mapping | str | list | tuple):
            with suppress(TypeError, LookupError):
                return cast("Mapping[object, object]", obj)[argument]
        if isinstance(argument, str):
            return self.getattr(obj, argument)
        return self.undefined(obj=obj, name=str(argument))

    def _unknown(self, obj: object, name: str) -> Undefined:
        if isinstance(obj, Mapping) and not name.startswith("_"):
            return self.undefined(obj=obj, name=name)
        message = f"a {type(obj).__name__} gives no access to {name!r}"
        return self.undefined(message, obj=obj, name=name, exc=SecurityError)

    def call(self, context: Context, obj: object, /, *args: object, **kwargs: object) -> object:
        """A call in a template: of a macro, or of a method that `getattr` has let through."""
        meter = self.meter
        meter.weigh(*args, *(kwargs[name] for name in kwargs if name != "caller"))
        if isinstance(obj, LoopContext) and args and isinstance(args[0], Iterable):
            args = (meter.counted(args[0], self.macro_cost), *args[1:])
        meter.step(self.macro_cost if isinstance(obj, Macro | LoopContext) else 1)
        _check_method(meter, obj, args)
        result: object = super().call(context, obj, *args, **kwargs)
        meter.weigh(result)
        return result

    def call_binop(self, context: Context, operator: str, left: object, right: object) -> object:
        """An operator, after a look at how large its result would be."""
        meter = self.meter
        size = meter.weigh(left, right)
        match operator, left, right:
            case "*", (str() | list() | tuple()), int():
                meter.allow(size * max(right, 0))
            case "*", int(), (str() | list() | tuple()):
                meter.allow(size * max(left, 0))
            case "%", str(), _:
                check_format(meter, left, size)
            case _, int(), int():
                check_bits(operator, left, right)
        result: object = super().call_binop(context, operator, left, right)
        meter.weigh(result)
        return result


class _Redirect(NodeTransformer):
    """Sends what loops go over, and what `~` puts together, through filters of our own."""

    def __init__(self) -> None:
        self.macro_cost = 1

    def visit(self, node: nodes.Node, *_: object, **__: object) -> nodes.Node:
        """The node that takes the place of this one."""
        self.generic_visit(node)
        match node:
            case nodes.For():
                cost = nodes.Const(_cost(node), lineno=node.lineno)
                node.iter = _filter(_COUNTED, node.iter, cost)
            case nodes.Concat(nodes=parts):
                return _filter(_JOINED, nodes.List(parts, lineno=node.lineno))
            case nodes.Compare():
                node.expr = _filter(_WEIGHED, node.expr)
                for operand in node.ops:
                    operand.expr = _filter(_WEIGHED, operand.expr)
            case nodes.Getitem(arg=nodes.Slice()):
                node.node = _filter(_WEIGHED, node.node)
            case nodes.Macro() | nodes.CallBlock() | nodes.Block():
                self.macro_cost = max(self.macro_cost, _cost(node))
        return node


def _filter(name: str, value: nodes.Node, *arguments: nodes.Expr) -> nodes.Filter:
    return nodes.Filter(value, name, [*arguments], [], None, None, lineno=value.lineno)


def _cost(node: nodes.Node) -> int:
    """What one pass through the node costs: its parts, and the text it writes."""
    text = sum(len(data.data) for data in node.find_all(nodes.TemplateData))
    return 1 + sum(1 for _ in node.find_all(nodes.Node)) + text // _DATA_PER_STEP


def _names_of(obj: object) -> frozenset[str]:
    match obj:
        case str():
            return _TEXT_METHODS
        case Mapping():
            return _MAP_METHODS
        case list() | tuple():
            return _LIST_METHODS
        case LoopContext():
            return _LOOP_NAMES
    return frozenset()


def _check_method(meter: Meter, method: object, args: tuple[object, ...]) -> None:
    text = getattr(method, "__self__", None)
    if not isinstance(text, str):
        return
    meter.allow(len(text))
    match getattr(method, "__name__", ""), args:
        case "replace", (str() as old, str() as new, *_):
            meter.allow(replace_size(text, old, new))
        case "join", (list() | tuple() as items,):
            meter.allow(meter.weigh(items) + len(items) * len(text))
        case "join", _:
            raise Failure("join wants a list: add `|list` to its argument")


def _joined(meter: Meter) -> Callable[[list[object]], str]:
    def run(parts: list[object]) -> str:
        meter.weigh(parts)
        return "".join(_printed(meter, part) for part in parts)

    return run


def _weighed(meter: Meter) -> Callable[[object], object]:
    def run(value: object) -> object:
        meter.weigh(value)
        return value

    return run


def _at_most(limit: int, tokens: Iterable[Token]) -> Iterator[Token]:
    for count, token in enumerate(tokens):
        if count >= limit:
            raise Failure(f"the template has more than {limit} words", "limit")
        yield token


def _finalized(meter: Meter) -> Callable[[Context, object], str]:
    # Asking for the context keeps Jinja2 from evaluating constants while it compiles.
    @pass_context
    def run(_: Context, value: object) -> str:
        text = _printed(meter, value)
        meter.write(len(text))
        return text

    return run


def _printed(meter: Meter, value: object) -> str:
    if not isinstance(value, Undefined):
        meter.weigh(value)
        if not isinstance(value, str | int | float | list | tuple | Mapping | None):
            raise Failure(f"a {type(value).__name__} cannot be printed: add `|list`")
    return str(value)
