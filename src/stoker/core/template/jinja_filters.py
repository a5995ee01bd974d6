"""The filters that Jinja2 templates may use, each behind a guard that bounds what it makes.

Left out is what reaches attributes (`attr`, `groupby`), is random, writes HTML of its own
(`urlize`, `xmlattr`, `striptags`), or prints an object's innards (`pprint`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import update_wrapper
from types import GeneratorType

from jinja2 import Environment
from jinja2.filters import FILTERS
from jinja2.nodes import EvalContext
from jinja2.runtime import Context

from stoker.core.template.jinja_meter import Meter, check_format, indent_size, replace_size
from stoker.core.template.limits import Failure

Filter = Callable[..., object]


def words(text: str) -> frozenset[str]:
    """The words of a text, as a set."""
    return frozenset(text.split())


_OF_TEXT = words(
    "capitalize center e escape format indent lower replace string title tojson trim truncate upper"
    " urlencode wordcount"
)
_OF_NUMBERS = words("abs float int round")
_OF_ITEMS = words(
    "count d default dictsort first items join last length list map max min reject rejectattr"
    " reverse select selectattr sort sum unique"
)
# Of these a large number makes a large result, whatever the value is.
_SMALL_NUMBERS = frozenset(("tojson", "round"))
_SMALL = 64


def guarded_filters(meter: Meter) -> dict[str, Filter]:
    """The filters by name."""
    return {name: _guarded(name, meter) for name in _OF_TEXT | _OF_NUMBERS | _OF_ITEMS}


def _guarded(name: str, meter: Meter) -> Filter:
    function = FILTERS[name]

    def run(*args: object, **kwargs: object) -> object:
        injected = len(args) > 0 and isinstance(args[0], Context | EvalContext | Environment)
        head, data = args[:injected], list(args[injected:])
        if name == "join" and data:
            data[0] = _listed(meter, data[0])
        size = meter.weigh(*data, *kwargs.values())
        _check(meter, name, [*data, *kwargs.values()], size)
        result = function(*head, *data, **kwargs)
        meter.weigh(result)
        return result

    # How Jinja2 knows that a filter wants the context or environment stands in its attributes.
    return update_wrapper(run, function)


def _listed(meter: Meter, items: object) -> object:
    return list(meter.counted(items, 1)) if isinstance(items, GeneratorType) else items


def _check(meter: Meter, name: str, values: list[object], size: int) -> None:
    """Sizes up the result from the arguments, the value itself first."""
    if name in _OF_TEXT and any(isinstance(value, GeneratorType) for value in values):
        raise Failure(f"the filter {name} wants text, not a lazy list: add `|list` before it")
    numbers = [abs(value) for value in values[1:] if isinstance(value, int)]
    if name in _SMALL_NUMBERS and any(number > _SMALL for number in numbers):
        raise Failure(f"the filter {name} takes numbers up to {_SMALL}", "limit")
    text = values[0] if values and isinstance(values[0], str) else ""
    match name:
        case "center":
            meter.allow(max(numbers, default=0))
        case "format":
            check_format(meter, text, size)
        case "indent":
            meter.allow(max((indent_size(text, value) for value in values[1:]), default=0))
        case "replace":
            texts = [value for value in values[1:] if isinstance(value, str)]
            meter.allow(
                max((replace_size(text, old, new) for old in texts for new in texts), default=0)
            )
        case "join":
            separator = max((len(v) for v in values[1:] if isinstance(v, str)), default=0)
            meter.allow(size + _count(values[0]) * separator)


def _count(items: object) -> int:
    return sum(1 for _ in items) if isinstance(items, Iterable) else 0
