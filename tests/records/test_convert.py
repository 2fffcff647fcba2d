"""What is read from files becomes what a dataclass declares, or one line that says what is wrong and where."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

import pytest

from ganbench._util.convert import convert
from ganbench.errors import BadInput, RequestError, UnknownName


@dataclass(frozen=True)
class Budget:
    steps: int = 0

    def __post_init__(self) -> None:
        if self.steps < 0:
            raise BadInput("steps must not be negative")


@dataclass(frozen=True)
class Question:
    name: str
    rates: float | tuple[float, float] = 1.0
    names: tuple[str, ...] | Literal["all"] = "all"
    budgets: dict[str, Budget] = field(default_factory=dict)
    more: tuple[Budget, ...] = ()


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({}, Question("a")),
        ({"rates": 2}, Question("a", 2.0)),
        ({"rates": [1, 2.5]}, Question("a", (1.0, 2.5))),
        ({"names": ["x"]}, Question("a", names=("x",))),
        ({"budgets": {"ring8": {"steps": 3}}}, Question("a", budgets={"ring8": Budget(3)})),
        ({"more": [{}, {"steps": 1}]}, Question("a", more=(Budget(), Budget(1)))),
    ],
)
def test_lists_become_tuples_tables_dataclasses_and_whole_numbers_numbers(given: Any, expected: Question) -> None:
    result = convert({"name": "a"} | given, Question, "here")
    assert result == expected
    assert type(result.rates) is type(expected.rates)


@pytest.mark.parametrize(
    ("given", "kind", "said"),
    [
        ({"nam": "a"}, UnknownName, "unknown field of f: 'nam'; did you mean 'name'"),
        ({"budgets": {"ring8": {"step": 1}}}, UnknownName, "unknown field of f: budgets.ring8: 'step'; did you mean"),
        ({"more": [{"step": 1}]}, UnknownName, "unknown field of f: more: 'step'; did you mean 'steps'?"),
        ({"name": 3}, BadInput, "f: name: expected a string, got 3"),
        ({"name": None}, BadInput, "f: name: expected a string, got None"),
        ({"rates": "x"}, BadInput, "f: rates: expected a number or a list of 2 numbers, got 'x'"),
        ({"rates": True}, BadInput, "f: rates: expected a number or a list of 2 numbers, got True"),
        ({"rates": [1]}, BadInput, "f: rates: expected a number or a list of 2 numbers, got [1]"),
        ({"names": "every"}, BadInput, "f: names: expected a list of strings or 'all', got 'every'"),
        ({"names": ["a", 1]}, BadInput, "f: names[1]: expected a string, got 1"),
        ({"more": [{"steps": 0.5}]}, BadInput, "f: more[0].steps: expected a whole number, got 0.5"),
        ({"budgets": {"a": {"steps": -1}}}, BadInput, "steps must not be negative"),
    ],
)
def test_what_does_not_fit_is_said_in_one_line(given: Any, kind: type[RequestError], said: str) -> None:
    with pytest.raises(kind) as caught:
        convert({"name": "a"} | given, Question, "f")
    assert str(caught.value).startswith(said)
    assert "\n" not in str(caught.value)


def test_what_is_missing_is_named() -> None:
    with pytest.raises(BadInput, match="f: lacks name"):
        convert({}, Question, "f")
    with pytest.raises(BadInput, match=r"f: expected a table, got \[\]"):
        convert([], Question, "f")
