"""Jinja2 behind the same interface: what it renders, what it refuses, and what it may cost."""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs
import pytest

from stoker.core.errors import TemplateError
from stoker.core.template import Limits, TemplateContext, TemplateEngine, render_with
from stoker.core.template.jinja import undeclared_names

if TYPE_CHECKING:
    from collections.abc import Callable

CONTEXT = TemplateContext(
    gateway_name="gw",
    pod_name="gw-0",
    pod_ordinal=0,
    namespace="n",
    ref="main",
    commit="abc",
    cr_name="cr",
    labels={"a": "b", "z": "y"},
    vars={"site": "x", "port": "8088", "items": "I", "copy": "C"},
)


def render(text: str, limits: Limits | None = None) -> str:
    """The text with the Jinja2 engine."""
    return render_with(TemplateEngine.JINJA2, text, CONTEXT, limits=limits or Limits())


def outcome(text: str, limits: Limits | None = None) -> str:
    """The text, or the kind of the error."""
    try:
        return render(text, limits)
    except TemplateError as error:
        return f"!{error.kind}"


@pytest.mark.parametrize(
    ("text", "want"),
    [
        ("{{ GatewayName }} {{ PodName }} {{ PodOrdinal + 1 }} {{ CRName }}", "gw gw-0 1 cr"),
        ("{{ Namespace }} {{ Ref }} {{ Commit }} {{ Labels.a }}", "n main abc b"),
        ('{{ Vars.site }} {{ Vars["port"] }} {{ Vars.items }} {{ Vars.copy }}', "x 8088 I C"),
        ("a\n", "a\n"),
        ("{{ 1 }}\n", "1\n"),
        ("a\r\n{{ 1 }}\r\n", "a\r\n1\r\n"),
        ("a\r{{ 1 }}\r", "a\r1\r"),
        ("a\r\nb\n{{ 1 }}\r", "a\r\nb\n1\r"),
        ("\ue000a\r\nb\n{{ 1 }}\r", "\ue000a\r\nb\n1\r"),
        ("{% for k, v in Labels|dictsort %}{{ loop.index }}{{ k }}={{ v }},{% endfor %}",
         "1a=b,2z=y,"),
        ("{% for k in Labels.keys() %}{{ k }}{% else %}-{% endfor %}", "az"),
        ("{% for i in [] %}{% else %}-{% endfor %}", "-"),
        ('{{ "a"|upper|center(5) }}|{{ " a "|trim }}', "  A  |a"),
        ("{{ Vars.port|int + 1 }} {{ 7 // 2 }} {{ 2 ** 10 }} {{ 7 % 4 }} {{ 6 / 4 }}",
         "8089 3 1024 3 1.5"),
        ("{{ Labels|tojson }} {{ Labels }}", '{"a": "b", "z": "y"} {\'a\': \'b\', \'z\': \'y\'}'),
        ('{{ "%s-%03d" % (Ref, 5) }} {{ "%s"|format(Ref) }}', "main-005 main"),
        ('{{ "%%99999d %(a)9999.1f" % {"a": 1} }}', "%99999d" + "1.0".rjust(10_000)),
        ('{{ "a" * 3 }}{{ 2 * "b" }}{{ [1] * 2 }}{{ 3 * 4 }}', "aaabb[1, 1]12"),
        ("{% macro m(x) %}<{{ x }}>{% endmacro %}{{ m(1) }}{{ m('a') ~ 3 ~ Ref }}", "<1><a>3main"),
        ("{% macro m() %}[{{ caller(1) }}]{% endmacro %}{% call(x) m() %}{{ x }}{% endcall %}",
         "[1]"),
        ("{% set n = namespace(v=0) %}{% for i in [1, 2] %}{% set n.v = i %}{% endfor %}{{ n.v }}",
         "2"),
        ('{{ Vars.values()|map("upper")|sort|join(",") }}', "8088,C,I,X"),
        ('{{ nope|default("d") }}{{ Vars.nope|d("e") }}', "de"),
        ("{{ [3, 1, 2]|sort|join('-') }} {{ [1, 2]|sum }} {{ Labels|length }}", "1-2-3 3 2"),
        ('{{ Vars.get("q", "d") }} {{ "a" if Ref == "main" else "b" }}{# c #}', "d a"),
        ("{%- if true -%} a {%- endif %}{% raw %}{{ }}{% endraw %}", "a{{ }}"),
        ('{{ Ref.replace("m", "yy") }} {{ ", ".join(["a", "b"]) }} {{ Ref.upper() }}',
         "yyain a, b MAIN"),
        ("{{ Ref[0:2] }} {{ Ref[-1] }} {{ [1, 2, 3][1:] }} {{ (1, 2)[0] }}", "ma n [2, 3] 1"),
        ("{{ True }} {{ none }} {{ 1.5 }} {{ Ref is defined }} {{ 'a' in Ref }}",
         "True None 1.5 True True"),
        ("{% block a %}x{% endblock %}{% filter upper %}a{{ Ref }}{% endfilter %}", "xAMAIN"),
        ("{% set x %}a{{ Ref }}{% endset %}{{ x }}", "amain"),
        ("{% for i in [1, [2]] recursive %}{{ loop(i) if i is sequence else i }}{% endfor %}",
         "12"),
        ("{{ dict(a=1).a }} {{ {'a': [1]}['a'] }} {{ [1, 2].index(2) }}", "1 [1] 1"),
        ("{{ loop is defined }}{{ {'a': 1}|items|list }}", "False[('a', 1)]"),
        ("{{ 'a\nb'|indent(2) }}|{{ 'aa'|replace('a', 'b', 1) }}|{{ 'a\nb'|indent('> ', true) }}",
         "a\n  b|ba|> a\n> b"),
        ('{{ "\udcff" }}\udcff', "\udcff\udcff"),
        ("{{ 1.25|round(1) }} {{ [1]|tojson(indent=2) }}", "1.2 [\n  1\n]"),
        ("{% for i in range(3) %}{{ loop.cycle('a', 'b') }}{{ loop.last }}{% endfor %}",
         "aFalsebFalseaTrue"),
        ("{% autoescape true %}{{ '<' }}{% endautoescape %}{{ '<'|e }}", "&lt;&lt;"),
        ("{{ -1 }}{{ +1 }}{{ not 1 }}{{ 1 < 2 < 3 }}", "-11FalseTrue"),
    ],
)  # fmt: skip
def test_what_it_renders(text: str, want: str) -> None:
    assert render(text) == want


@pytest.mark.parametrize("text", ["", "plain", "{ {", "a\r\n}}%}#}", "\ud800"])
def test_text_without_a_tag_is_returned_as_it_is(text: str) -> None:
    assert render(text) is text


@pytest.mark.parametrize(
    ("text", "kind", "line", "message"),
    [
        ("\n{{ Vars.nope }}", "missing_key", 2, "'dict object' has no attribute 'nope'"),
        ("\n\n{{ nope }}", "missing_key", 3, "'nope' is undefined"),
        ("{{ nope.a }}", "missing_key", 1, "'nope' is undefined"),
        ("{{ nope[0] }}", "missing_key", 1, "'nope' is undefined"),
        ("{{ Ref[9] }}", "missing_key", 1, "'str object' has no attribute '9'"),
        ("{{ namespace(a=1).b }}", "missing_key", 1,
         "'jinja2.utils.Namespace object' has no attribute 'b'"),
        ("\n{% if x", "parse", 2,
         "unexpected end of template, expected 'end of statement block'."),
        ("\n{% include 'a' %}", "parse", 2,
         "a template stands alone: no include, import or extends"),
        ("{% import 'a' as b %}", "parse", 1,
         "a template stands alone: no include, import or extends"),
        ("{% from 'a' import b %}", "parse", 1,
         "a template stands alone: no include, import or extends"),
        ("{% extends 'a' %}", "parse", 1,
         "a template stands alone: no include, import or extends"),
        ("{{ 1|nope }}", "parse", 1, "No filter named 'nope'."),
        ("{{ 1 is nope }}", "parse", 1, "No test named 'nope'."),
        ("\n{{ 1 / 0 }}", "exec", 2, "ZeroDivisionError: division by zero"),
        ("{{ Ref.nope }}", "exec", 1, "SecurityError: a str gives no access to 'nope'"),
        ("{{ 'a' + 1 }}", "exec", 1,
         'TypeError: can only concatenate str (not "int") to str'),
        ("{{ range(3) }}", "exec", 1, "a range cannot be printed: add `|list`"),
        ("{{ range }}", "exec", 1, "a function is not data and cannot be passed on"),
        ("{{ [1]|map('upper')|upper }}", "exec", 1,
         "the filter upper wants text, not a lazy list: add `|list` before it"),
        ("{{ ','.join(Labels.keys()) }}", "exec", 1,
         "join wants a list: add `|list` to its argument"),
        ("{{ 1.5|round(99) }}", "limit", 1, "the filter round takes numbers up to 64"),
        ("{{ '%99999d' % 1 }}", "limit", 1,
         "a width or precision in a format is a number of four digits at most"),
        ("{{ 2 ** 5000 }}", "limit", 1, "the number would have more than 4096 bits"),
    ],
)  # fmt: skip
def test_errors(text: str, kind: str, line: int, message: str) -> None:
    with pytest.raises(TemplateError) as caught:
        render(text)
    error = caught.value
    assert (error.kind, error.line, error.column) == (kind, line, 1)
    assert error.message == message


ESCAPES = [
    "{{ ''.__class__ }}",
    "{{ ''.__class__.__mro__[1].__subclasses__() }}",
    "{{ ''['__class__'] }}",
    "{{ ''|attr('__class__') }}",
    "{{ [].__class__.__base__.__subclasses__() }}",
    "{{ ().__class__.__bases__[0].__subclasses__() }}",
    "{{ {}.__class__.__init__.__globals__ }}",
    "{{ range.__globals__ }}",
    "{{ dict.__base__.__subclasses__() }}",
    "{{ dict.mro() }}",
    "{{ namespace.__init__.__globals__ }}",
    "{{ namespace(a=1).__class__ }}",
    "{{ namespace(a=1)._Namespace__attrs }}",
    "{{ self.__init__.__globals__.__builtins__ }}",
    "{{ self._TemplateReference__context.environment }}",
    "{{ self._TemplateReference__context.cycler.__init__.__globals__.os }}",
    "{{ cycler.__init__.__globals__.os.popen('id').read() }}",
    "{{ joiner.__init__.__globals__.os }}",
    "{{ lipsum.__globals__['os'].popen('id').read() }}",
    "{{ lipsum.__globals__.__builtins__.__import__('os') }}",
    "{{ config }}",
    "{{ request.application.__globals__ }}",
    "{{ get_flashed_messages.__globals__ }}",
    "{{ url_for.__globals__ }}",
    "{{ 'a'.format.__self__ }}",
    "{{ '{0.__class__}'.format(1) }}",
    "{{ '{0.__class__.__mro__}'.format_map({'0': 1}) }}",
    "{{ ('{0.__class__}'|attr('format'))(1) }}",
    "{{ ['{0.__class__}']|map('format', 1)|list }}",
    "{{ ['a']|map(attribute='__class__')|list }}",
    "{{ ['a']|map(attribute='upper.__self__.__class__')|list }}",
    "{{ [{'a': 1}]|selectattr('__class__')|list }}",
    "{{ ['a', 'b']|sort(attribute='__class__') }}",
    "{{ ['a']|sum(attribute='__class__', start=[]) }}",
    "{{ ['a']|groupby('__class__') }}",
    "{{ ['a']|map('attr', '__class__')|list }}",
    "{% macro m() %}{% endmacro %}{{ m.__globals__ }}",
    "{% macro m() %}{{ caller.__class__ }}{% endmacro %}{% call m() %}{% endcall %}",
    "{% macro m() %}{% endmacro %}{{ m._environment }}",
    "{% for x in [1] %}{{ loop.__class__ }}{% endfor %}",
    "{% for x in [1] %}{{ loop._iterable }}{% endfor %}",
    "{{ (Ref.upper).__self__ }}",
    "{{ Ref.encode('utf-8') }}",
    "{{ Vars.__class__ }}",
    "{{ Vars.update({'a': 1}) }}",
    "{{ Vars.pop('site') }}",
    "{{ Vars.setdefault('a', 1) }}",
    "{{ [1].append(2) }}",
    "{{ [1].__len__() }}",
    "{{ 1 .__class__ }}",
    "{{ (1).real }}",
    "{{ none.__class__ }}",
    "{{ Ref is filter('__class__') }}",
    "{{ nope.__class__ }}",
    "{{ (nope|default).__class__ }}",
    "{% set Vars.site = 1 %}",
    "{% set x = namespace %}{% set x.a = 1 %}",
    "{{ '%s' % range }}",
    "{{ range|string }}",
    "{{ [range] }}",
    "{{ range ~ '' }}",
    "{{ 'a'|pprint }}",
    "{{ [1, 2]|random }}",
]


@pytest.mark.parametrize("text", ESCAPES)
def test_nobody_gets_out_of_the_sandbox(text: str) -> None:
    with pytest.raises(TemplateError) as caught:
        render(text)
    assert caught.value.kind in {"exec", "missing_key", "parse"}


SMALL = Limits(steps=20_000, output=100_000, work=300_000, words=40_000)
LISTS = "{% set a = ['x' * 100] %}" + "{% set a = [a, a, a, a, a, a, a, a, a, a] %}" * 9
NUL = "{% set n = namespace(a="
LOOP = "{% for i in range(99999) %}"


@pytest.mark.parametrize(
    "text",
    [
        LOOP + LOOP + "{% endfor %}{% endfor %}",
        LOOP + "{{ 'aaaaaaaaaa' }}{% endfor %}",
        LOOP + "{{ 'a' * 9999 }}{% endfor %}",
        LOOP + "{% set x = 'a' * 9999 %}{% endfor %}",
        LOOP + "{% if Ref == Ref %}{% endif %}{% endfor %}",
        LOOP + "{{ range(9999)|sum }}{% endfor %}",
        LOOP + "{{ 0.5 in range(9999) }}{% endfor %}",
        LOOP + "{% set x = ('a' * 999)[1:] %}{% endfor %}",
        LOOP + "x" * 1_000 + "{% endfor %}",
        "{% for i in range(99999) recursive %}{{ loop(range(99999)) }}{% endfor %}",
        "{% for i in [1, 2] recursive %}{{ loop([1, 2]) }}{% endfor %}",
        "{{ range(10 ** 9) }}",
        "{{ 'a' * 10 ** 9 }}",
        "{{ 10 ** 9 * 'a' }}",
        "{{ [0] * 10 ** 9 }}",
        "{{ '%999999999d' % 1 }}",
        "{{ '%.999999999f' % 1 }}",
        "{{ '%*d' % (999999999, 1) }}",
        "{{ '%(a)999999999d' % {'a': 1} }}",
        "{{ '%999999999d'|format(1) }}",
        "{{ '%(a(b)c)99999d' % {'a(b)c': 1} }}",
        "{{ '%+ 00099999d' % 1 }}",
        "{{ ('%(a)s' * 1000) % {'a': 'x' * 9999} }}",
        "{{ ('%(a)s' * 1000)|format(a='x' * 9999) }}",
        "{{ 9 ** (9 ** 9) }}",
        "{{ (2 ** 4000) * (2 ** 4000) }}",
        "{{ 2.0 ** 10000 }}",
        NUL + "2) %}" + LOOP + "{% set n.a = n.a * n.a %}{% endfor %}",
        NUL + "2 ** 4090) %}" + LOOP + "{% set n.a = n.a + n.a %}{% endfor %}",
        NUL + "'x') %}" + LOOP + "{% set n.a = n.a + 'xxxxxxxxxxxxxxx' %}{% endfor %}",
        NUL + "'x') %}" + LOOP + "{% set n.a = n.a ~ n.a %}{% endfor %}",
        NUL + "[]) %}" + LOOP + "{% set n.a = [n.a, n.a] %}{% endfor %}{{ n.a }}",
        "{{ 'a'|center(10 ** 9) }}",
        "{{ 'a'|center(width=10 ** 9) }}",
        "{{ 'a\n'|indent(10 ** 9, true) }}",
        "{{ 'a\n'|indent('x' * 9999, true) * 99 }}",
        "{{ ('a' * 9999)|replace('a', 'b' * 9999) }}",
        "{{ ('a' * 9999).replace('a', 'b' * 9999) }}",
        "{{ ('b' * 9999).join(['a'] * 9999) }}",
        "{{ (['a'] * 9999)|join('b' * 9999) }}",
        "{{ 1.5|round(10 ** 9, 'ceil') }}",
        "{{ [1]|tojson(indent=10 ** 9) }}",
        "{{ range(99999)|map('center', 9999)|join }}",
        "{{ range(99999)|list|map('center', 9999)|list }}",
        LISTS + "{{ a }}",
        LISTS + "{{ a|string }}",
        LISTS + "{{ a|tojson }}",
        LISTS + "{{ a ~ '' }}",
        LISTS + "{{ '%s' % [a] }}",
        LISTS + "{{ a == a }}",
        LISTS + "{{ {'a': a}.items()|list }}",
        "{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}",
        "{% macro m() %}{{ m() }}{{ m() }}{% endmacro %}{{ m() }}",
        "{% macro m(s) %}" + "{{ s }}" * 100 + "{% endmacro %}{{ m(m(m('x' * 99))) }}",
        "{{ " + "(" * 9_000 + " }}",
        "{{ " + "-" * 9_000 + "1 }}",
        "{{ 1" + "+1" * 2_000 + " }}",
        "{{ Vars" + ".b" * 2_000 + " }}",
        "{% if 1 %}" * 900 + "{% endif %}" * 900,
        "{% for i in [1] %}" * 30 + "{% endfor %}" * 30,
        "{{ [" + "1," * 5_000 + "] }}",
        "{{ 1 }}" * 5_000,
        "{% autoescape 'a'|center(10 ** 9) %}{% endautoescape %}",
        "a" * 99_999 + "{{ 'bb' }}",
    ],
)
def test_hostile_templates_hit_a_limit(text: str) -> None:
    assert outcome(text, SMALL) == "!limit"


@pytest.mark.parametrize(
    ("text", "name", "least"),
    [
        ("a{{ 'bc' }}d", "output", 4),
        ("{{ 'abc'|center(9) }}", "output", 10),
        ("{% for i in [1] * 9 %}{% endfor %}", "output", 27),
        ("{% filter trim %}{{ 'abc' }}{% endfilter %}", "work", 3),
        ("{{ 1 }}", "words", 24),
    ],
)
def test_each_limit_holds_exactly(text: str, name: str, least: int) -> None:
    def of(value: int) -> Limits:
        return attrs.evolve(Limits(), **{name: value})

    assert not outcome(text, of(least)).startswith("!")
    assert outcome(text, of(least - 1)) == "!limit"


def test_steps_are_counted_per_round() -> None:
    text = "{{% for i in range({}) %}}a{{{{ i }}}}{{% endfor %}}"
    costs = [steps_of(text.format(rounds)) for rounds in (0, 100, 200)]
    assert costs[1] - costs[0] == pytest.approx(costs[2] - costs[1], rel=0.1)
    assert costs[1] - costs[0] >= 600


def steps_of(text: str) -> int:
    """The fewest steps that the template gets by with."""
    low, high = 0, 100_000
    while low < high:
        middle = (low + high) // 2
        if outcome(text, Limits(steps=middle)) == "!limit":
            low = middle + 1
        else:
            high = middle
    return low


def test_which_names_a_template_uses() -> None:
    text = "{{ Vars.a }}{% set x = Ref %}{{ x }}{% for k in Labels %}{{ k }}{% endfor %}"
    assert undeclared_names(text) == {"Vars", "Ref", "Labels"}
    assert undeclared_names("plain") == set()


@pytest.mark.parametrize("function", [render, undeclared_names])
def test_a_malformed_template_has_a_line(function: Callable[[str], object]) -> None:
    with pytest.raises(TemplateError) as caught:
        function("\n\n{{ 1 + }}")
    assert (caught.value.kind, caught.value.line) == ("parse", 3)


def test_the_engines_have_the_names_of_the_contract() -> None:
    assert [engine.value for engine in TemplateEngine] == ["go", "jinja2"]
    assert render_with(TemplateEngine("go"), "{{.Ref}}{% 1 %}", CONTEXT) == "main{% 1 %}"
    assert render_with(TemplateEngine("jinja2"), "{{Ref}}", CONTEXT) == "main"
