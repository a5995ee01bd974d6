"""Templates and contexts: a typed grammar of what works, and mutations of what does not.

The grammar takes its choices from a `Random`, so that Hypothesis (which draws the seed) and long
runs by hand use the same one.
"""

from __future__ import annotations

import json
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, Any

from hypothesis import strategies as st

from stoker.core.template import TemplateContext

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

VECTORS = Path(__file__).parents[2] / "vectors" / "templates.jsonl"
SEEDS = st.integers(0, 2**63)


def words(text: str) -> tuple[str, ...]:
    """The words of a text."""
    return tuple(text.split())


STRAYS = "\udcff\udc80\udcc3\udce2\udced\udcf0"
ALPHABET = (
    "abcxyzABC019_-./:,;|=+*&<>\"'`\\%$#@!?()[]{} \t\r\n\v\f\0\x7f"
    "äößéñ€→日本語\u00a0\u2028\u200b\ufeff\u0301٣\U0001f600\U000e0001\U000e0100"
) + STRAYS
TEXTS = ("", "x y", "a\nb", *words("""a site 8080 0 -1 <b>&"'</b> größe 日本 tcp://h:1/p?q=1"""))
KEYS = words("site region a b-c app.kubernetes.io/name größe X db_host")
FIELD_KEYS = words("site region a X größe db_host gone")
PLAIN_INTEGERS = words("0 1 2 -1 +3 10")
INTEGERS = PLAIN_INTEGERS + words(
    r"""42 017 0x1F 0X_1f 0b101 0o17 1_000 'a' '\n' 'ä' '\u00e4' '\x41' '\101' -0 1114111 55296
    9223372036854775807 -9223372036854775808 128512 0xeE 00 0_1"""
)
FLOATS = words(
    """0.0 1.0 -1.5 1e3 1e6 1e21 1e-7 123456789.0 0.1 3.14159 1e100 .5 5. 0x1p4 0x1.8p-1 -0.0 1e5
    999999.5 1e20 5e-324 1.7976931348623157e308 -0x1e 1_0.2_5 100000.0 0x.8p1 2.5 1e15 123456.7
    0.0001 0.00001 +1e+0_2"""
)
COMPLEXES = words("1i 0i 1+2i -1.5-2e3i 1e3i 0.5i 1-1i 0x1p1+2i -0i 1_0i 1+1_0i")
NUMBERS = PLAIN_INTEGERS + INTEGERS + FLOATS + FLOATS + COMPLEXES
BAD_NUMBERS = words(
    r"""08 1_ _1 1__0 0x 0b2 1e 0xg 1.2.3 18446744073709551615 18446744073709551616
    9223372036854775808 1e400 0x1.8 1a 'ab' '' '\q' ' 1+2 1+i + - . 1e+ 0x1p 0b1e1 0_x1 1i2 1+2i3
    0xffffffffffffffff -9223372036854775809 0b1i 1e99999999999 0x1_p1 0e_1 1_e1 0x_1 0x__1 0o8 0.e1
    0x1p+1_0 1e1_0 08.5 08i 0o1+1i"""
)
ESCAPES = words(r"""\n \t \\ \" \x41 \xff \u00e9 \U0001F600 \101 \a \' \q \400 \ud800 \x4""")
GOOD_ESCAPES = ESCAPES[:10]
VERBS = "vdsqxXbcoOUtTeEfFgGp%wyz!dsvvvqxé\udcff"
VARIABLES = words("$x $y $i $größe $ $x1")
UNKNOWN = words("foo upper default env True x1 größe")
FIELDS = words(".GatewayName .PodName $.Namespace .Ref $.Commit .CRName (.).Ref $.Vars.site")
MAPS = ("(index .Vars)", *words(".Vars .Labels $.Vars $.Labels (.Vars)"))
ODDITIES = words(". $ nil true false .Missing .Vars.missing (nil) print printf")
STAGES = (
    *words("len not print println html js urlquery or slice call .Vars $x (len) 3 printf"),
    *("eq 1", 'eq "a"', "index .Vars", "and true", "lt 1", "and 0 ", "or false"),
    *('printf "%v|%5v"', 'printf "%s" "x"'),
)
TRAILERS = (".x", " 1", " .", ".Vars.a", " |", "|", "x", " nil", ",", " :=", " =")
LOOPS = (
    *words(".Vars .Labels $.Vars 3 2 0 -1 nil"),
    *("(len .Vars)", r'(index "\x02" 0)', "(slice .Ref 1)"),
)
COMMENTS = (
    *("{{/* c */}}", "{{- /* a\nb */ -}}", "{{/**/}}", "{{ /* x */}}"),
    *("{{/* x */ }}", "{{/* }} */}}"),
)
CALLS = ('template "t0" .', 'template "t1"', 'template "gone"')
PIECES = (
    *words(
        """{{ }} {{- -}} ( ) | . $ " ` end else - 1 nil := = , é ' /* */ if range define _ e i"""
    ),
    *(" ", "\n", "\udcff"),
)


class Grammar:
    """Writes one random template."""

    def __init__(self, random: Random) -> None:
        self.random = random
        self.variables = ["$"]
        self.loops = 0
        self.blocks = 0

    def one(self, items: Sequence[str]) -> str:
        return items[self.random.randrange(len(items))]

    def chance(self, percent: int) -> bool:
        return self.random.randrange(100) < percent

    def many(self, most: int, least: int = 0) -> range:
        return range(least + self.random.randrange(most + 1 - least))

    # Literals

    def raw_text(self, longest: int = 6) -> str:
        return "".join([self.one(ALPHABET) for _ in self.many(longest)])

    def quoted(self, text: str | None = None) -> str:
        if self.chance(15):
            return "`" + (self.raw_text() if text is None else text).replace("`", "") + "`"
        if self.chance(15):
            first = self.one(ESCAPES if self.chance(10) else GOOD_ESCAPES)
            return f'"{first}{self.one(KEYS)}{self.one(GOOD_ESCAPES)}"'
        if text is None:
            text = self.one(TEXTS) if self.chance(70) else self.raw_text()
        for old, new in (("\\", "\\\\"), ('"', '\\"'), ("\n", "\\n")):
            text = text.replace(old, new)
        return f'"{text}"'

    def format(self) -> str:
        parts = (self.verb() if self.chance(85) else self.raw_text(3) for _ in self.many(3, 1))
        return "".join(parts)

    def verb(self) -> str:
        flags = "".join([self.one("+-# 0") for _ in self.many(2)])
        index = self.one(("", "", "", "", *words("[1] [2] [3] [x] [ [] [-1] [0]")))
        width = self.one(("", "", "", *words("5 10 1 * [1]* [2]* 0 1000001 12")))
        precision = self.one(("", "", "", *words(".2 .0 . .* .[1]* .10 .20 .1 .3")))
        return "%" + flags + index + width + precision + self.one(VERBS)

    # Expressions

    def expression(self, depth: int) -> str:
        kinds = (self.text, self.text, self.text, self.integer, self.integer, self.truth)
        others = (self.mapping, self.number, self.anything)
        return (kinds + others)[self.random.randrange(9)](depth)

    def anything(self, depth: int) -> str:
        if self.chance(2):
            return self.one(BAD_NUMBERS + UNKNOWN)
        indexed = f"(index {self.text(0)} 0)" if depth else "."
        return self.one((*ODDITIES, indexed, self.one(self.variables)))

    def call(self, *parts: str) -> str:
        body = " ".join(parts)
        if self.chance(20) and len(parts) > 1:
            body = f"{parts[-1]} | " + " ".join(parts[:-1])
        return f"({body})"

    def some(self, depth: int, most: int, least: int = 0) -> list[str]:
        return [self.expression(depth) for _ in self.many(most, least)]

    def text(self, depth: int) -> str:
        if depth > 0 and self.chance(60):
            return self.made_text(depth - 1)
        kind = self.random.randrange(5)
        if kind < 2:
            return self.one(FIELDS)
        if kind == 2:
            keys = KEYS if self.chance(10) else FIELD_KEYS
            return self.one(words(".Vars. $.Vars. .Labels. (.Vars).")) + self.one(keys)
        return self.quoted()

    def made_text(self, depth: int) -> str:
        match self.random.randrange(7):
            case 0:
                made = ["index", self.mapping(depth), self.quoted(self.one(KEYS))]
            case 1:
                made = ["slice", self.text(depth), *[self.integer(0) for _ in self.many(3)]]
            case 2:
                made = ["printf", self.quoted(self.format()), *self.some(depth, 3)]
            case 3:
                made = [self.one(("print", "println")), *self.some(depth, 3)]
            case 4:
                made = [self.one(("html", "js", "urlquery")), *self.some(depth, 2, 1)]
            case 5:
                made = [self.one(("and", "or")), *self.some(depth, 3, 1)]
            case _:
                return self.one(self.variables)
        return self.call(*made)

    def integer(self, depth: int) -> str:
        match self.random.randrange(6 if depth > 0 else 3):
            case 0:
                return self.one((".PodOrdinal", "$.PodOrdinal"))
            case 1 | 2:
                return self.one(PLAIN_INTEGERS if self.chance(60) else INTEGERS)
            case 3:
                return self.call("len", self.one((self.text(depth - 1), ".Vars", ".Labels")))
            case 4:
                return self.call("index", self.text(depth - 1), self.integer(0))
        return self.one(self.variables)

    def number(self, depth: int) -> str:
        return self.one(NUMBERS) if self.chance(70) else self.integer(depth)

    def mapping(self, depth: int) -> str:
        return self.one(MAPS if depth > 0 else MAPS[1:])

    def truth(self, depth: int) -> str:
        sub = depth - 1
        makers = (self.text, self.integer, self.number, self.expression)
        make = makers[self.random.randrange(4)]
        match self.random.randrange(6) if depth > 0 else 0:
            case 0:
                return self.one(("true", "false"))
            case 1:
                return self.call("not", self.expression(sub))
            case 2:
                more = [make(sub)] if self.chance(15) else []
                return self.call(self.one(("eq", "ne")), make(sub), make(sub), *more)
            case 3:
                return self.call(self.one(("lt", "le", "gt", "ge")), make(sub), make(sub))
        return self.call(self.one(("and", "or")), self.truth(sub), self.truth(sub))

    def pipeline(self) -> str:
        first = self.expression(2)
        inner = first[1:-1]
        if first.startswith("(") and self.chance(70) and not inner.startswith(("(", ".")):
            first = inner if inner.count("(") == inner.count(")") else first
        parts = [first]
        while self.chance(15):
            parts.append(self.one(STAGES if self.chance(20) else STAGES[:9]))
        text = self.one((" | ", "|", " |", "\n|")).join(parts)
        return text if self.chance(96) else text + self.one(TRAILERS)

    # Actions

    def action(self, body: str) -> str:
        opening = "{{- " if self.chance(12) else self.one(("{{", "{{", "{{", "{{ ", "{{\n"))
        closing = " -}}" if self.chance(12) else self.one(("}}", "}}", "}}", " }}", "\n}}"))
        return opening + body + closing

    def end(self) -> str:
        wrong = ("", "{{end", "{{else}}", "{{end}}{{end}}")
        return self.action("end") if self.chance(99) else self.one(wrong)

    def declaration(self) -> str:
        name = self.one(VARIABLES)
        if self.chance(70):
            text = f"{name} := {self.pipeline()}"
            self.variables.append(name)
            return text
        return f"{self.one(self.variables if self.chance(80) else VARIABLES)} = {self.pipeline()}"

    def body(self, depth: int) -> str:
        known = len(self.variables)
        text = self.nodes(depth)
        del self.variables[known:]
        return text

    def nodes(self, depth: int) -> str:
        return "".join([self.node(depth) for _ in self.many(3, 1)])

    def node(self, depth: int) -> str:
        return self.block(depth) if depth > 0 and self.chance(50) else self.leaf()

    def leaf(self) -> str:
        kind = self.random.randrange(11)
        if kind < 2:
            plain = (" ", "\n", "x", " a ", "{ ", "}", "\t-", "", "é", self.raw_text(4), "\r\n  ")
            return self.one(plain)
        if kind < 7:
            return self.action(self.pipeline())
        if kind == 7:
            return self.action(self.declaration())
        if kind == 8:
            return self.one(COMMENTS if self.chance(15) else COMMENTS[:3])
        if kind == 10:
            return self.action(f"{self.one(self.variables)} | print")
        jumps = self.chance(90 if self.loops else 2)
        return self.action(self.one(("break", "continue") if jumps else CALLS))

    def block(self, depth: int) -> str:
        kind = self.random.randrange(10)
        if kind >= 7:
            return self.definition(depth)
        self.blocks += 1
        keyword = "if" if kind < 3 else "with"
        text = self.branch(keyword, depth) if kind < 4 else self.loop(depth)
        self.blocks -= 1
        return text

    def branch(self, keyword: str, depth: int) -> str:
        known = len(self.variables)
        head = self.declaration() if self.chance(20) else self.pipeline()
        text = self.action(f"{keyword} {head}") + self.body(depth - 1)
        while self.chance(20):
            other = keyword if self.chance(95) else "with"
            text += self.action(f"else {other} {self.pipeline()}") + self.body(depth - 1)
        if self.chance(40):
            text += self.action("else") + self.body(depth - 1)
        del self.variables[known:]
        return text + self.end()

    def loop(self, depth: int) -> str:
        known = len(self.variables)
        over = self.one((*LOOPS, self.one(self.variables), self.expression(1)))
        head = over
        form = self.random.randrange(6)
        if form == 0:
            head = f"$k, $v := {over}"
            self.variables += ["$k", "$v"]
        elif form == 1:
            head = f"$x := {over}"
            self.variables.append("$x")
        elif form == 2 and self.chance(40):
            head = f"{self.one(self.variables)}{self.one(('', ', $x'))} = {over}"
        self.loops += 1
        text = self.action(f"range {head}") + self.body(depth - 1)
        self.loops -= 1
        if self.chance(35):
            text += self.action("else") + self.body(depth - 1)
        del self.variables[known:]
        return text + self.end()

    def definition(self, depth: int) -> str:
        name = f"t{self.random.randrange(3)}"
        variables, loops = self.variables, self.loops
        self.variables, self.loops = ["$"], 0
        self.blocks += 1
        inner = self.body(depth - 1)
        self.blocks -= 1
        self.variables, self.loops = variables, loops
        if self.chance(50):
            return self.action(f'block "{name}" {self.pipeline()}') + inner + self.end()
        if self.chance(5 if self.blocks else 50):
            return self.action(f'define "{name}"') + inner + self.end()
        argument = self.one((".", "", ".Vars", self.expression(1)))
        return self.action(f'template "{name}" {argument}')


def mutated(random: Random, text: str) -> str:
    """The text with a few characters gone, doubled or replaced."""
    for _ in range(1 + random.randrange(3)):
        at = random.randrange(len(text) + 1)
        length = random.randrange(4)
        piece = PIECES[random.randrange(len(PIECES))]
        middle = (piece + text[at : at + length], piece, "", text[at : at + length] * 2)
        text = text[:at] + middle[random.randrange(4)] + text[at + length :]
    return text


def random_context(random: Random) -> dict[str, Any]:
    """A context as JSON, with the names that templates use."""
    grammar = Grammar(random)
    plain = dict.fromkeys(map(ord, STRAYS), "?")

    def value() -> str:
        made = grammar.one(TEXTS) if grammar.chance(80) else grammar.raw_text()
        return made.translate(plain)

    def mapping(least: int) -> dict[str, str]:
        return {key: value() for key in random.sample(KEYS, random.randrange(least, len(KEYS)))}

    return {
        "GatewayName": value() or "gw",
        "PodName": "pod-3",
        "PodOrdinal": random.choice((0, 1, 2, 3, -1, 70)),
        "Namespace": value(),
        "Ref": "refs/heads/main",
        "Commit": "0123456789abcdef",
        "CRName": value(),
        "Labels": mapping(0),
        "Vars": mapping(2),
    }


def context_of(fields: Mapping[str, Any]) -> TemplateContext:
    """The context that such JSON describes."""
    return TemplateContext(
        gateway_name=fields["GatewayName"],
        pod_name=fields["PodName"],
        pod_ordinal=fields["PodOrdinal"],
        namespace=fields["Namespace"],
        ref=fields["Ref"],
        commit=fields["Commit"],
        cr_name=fields["CRName"],
        labels=fields["Labels"],
        vars=fields["Vars"],
    )


def vectors() -> list[dict[str, Any]]:
    """The recorded cases."""
    lines = VECTORS.read_text("ascii").split("\n")
    return [json.loads(line) for line in lines if line]


def random_template(random: Random, samples: Sequence[str] = ()) -> str:
    """A template of the grammar or one of the samples, sometimes mutated."""
    if samples and random.randrange(3) == 0:
        text = samples[random.randrange(len(samples))]
    else:
        text = Grammar(random).nodes(3)
    return mutated(random, text) if random.randrange(4) == 0 else text


def templates(samples: Sequence[str] = ()) -> st.SearchStrategy[str]:
    """Templates, most of them well-formed; some are samples."""
    return SEEDS.map(lambda seed: random_template(Random(seed), samples))  # noqa: S311 - drawn by Hypothesis


def contexts() -> st.SearchStrategy[dict[str, Any]]:
    """Contexts as JSON."""
    return SEEDS.map(lambda seed: random_context(Random(seed)))  # noqa: S311 - drawn by Hypothesis
