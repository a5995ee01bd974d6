"""Errors are values: fields, a reason, a disposition, and one sentence for people."""

from __future__ import annotations

import inspect

import pytest
from attrs import fields
from attrs.exceptions import FrozenInstanceError

from stoker.core import errors
from stoker.core.errors import (
    DesignerError,
    InvalidDocument,
    ManyProblems,
    Permanent,
    Problem,
    Retryable,
    ScanError,
    StokerError,
    TemplateError,
)

CLASSES = [
    each
    for each in vars(errors).values()
    if inspect.isclass(each) and issubclass(each, StokerError)
]


@pytest.mark.parametrize(
    ("where", "message", "cure", "sentence"),
    [
        ("", "it broke", "", "it broke"),
        ("a/b", "it broke", "", "a/b: it broke"),
        ("a/b", "it broke", "mend it", "a/b: it broke (mend it)"),
        ("", "it broke", "mend it", "it broke (mend it)"),
        ("a\nb", "it broke", "", r"'a\nb': it broke"),
        ("a\x1b[31m", "it broke", "", r"'a\x1b[31m': it broke"),
        ("größe", "it broke", "", "größe: it broke"),
    ],
)
def test_the_sentence(where: str, message: str, cure: str, sentence: str) -> None:
    assert str(StokerError(message, where=where, cure=cure)) == sentence
    assert str(Problem(where, message, cure)) == sentence


def test_a_template_error_says_where_in_the_text() -> None:
    error = TemplateError("no", kind="exec", line=3, column=7, where="f.json", cure="mend it")
    assert str(error) == "f.json:3:7: no (mend it)"
    assert str(TemplateError("no", kind="parse")) == "template:0:0: no"


@pytest.mark.parametrize("cls", CLASSES)
def test_every_class_has_a_reason_of_its_own(cls: type[StokerError]) -> None:
    assert cls.reason.isalnum()
    assert cls.reason[0].isupper()
    assert {"message", "where", "cure"} <= {field.name for field in fields(cls)}


def test_errors_are_permanent_unless_their_class_says_otherwise() -> None:
    assert StokerError("x").disposition == Permanent()
    assert DesignerError("x").disposition == Retryable(None)
    assert ScanError("x").disposition == Permanent()
    assert ScanError("x", retry=Retryable(5.0)).disposition == Retryable(5.0)


def test_errors_do_not_change() -> None:
    error = StokerError("x")
    with pytest.raises(FrozenInstanceError):
        error.message = "y"  # type: ignore[misc] # what must not work


def test_one_problem_speaks_for_itself() -> None:
    problem = Problem("spec.a", "is wrong", "mend it")
    error = ManyProblems.of_problems([problem])
    assert (error.message, error.where, error.cure) == ("is wrong", "spec.a", "mend it")
    assert error.problems == (problem,)
    assert str(error) == str(problem)


@pytest.mark.parametrize(("count", "tail"), [(2, "p1: m"), (20, "p19: m"), (21, "; and 1 more")])
def test_several_problems_are_listed_up_to_twenty(count: int, tail: str) -> None:
    problems = [Problem(f"p{number}", "m") for number in range(count)]
    error = ManyProblems.of_problems(problems)
    assert error.problems == tuple(problems)
    assert error.where == ""
    assert error.message.startswith("p0: m; p1: m")
    assert error.message.endswith(tail)
    assert error.message.count("p") == min(count, 20)


def test_a_document_names_itself_and_counts_its_problems() -> None:
    problems = (Problem("spec.a", "is wrong"), Problem("spec.b", "is missing", "add it"))
    error = InvalidDocument.of("the spec", problems)
    assert error.problems == problems
    assert error.message == (
        "the spec has 2 problem(s): spec.a: is wrong; spec.b: is missing (add it)"
    )
