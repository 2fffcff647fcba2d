"""Statements as data: what a note, a paper or we ourselves say, word for word, and the rule that judges it.

The rules are in ``claims/*.toml``, one file for each list. A rule can end in *right*, *wrong* or *undecided* whatever
was expected:

- ``sound`` says what must be seen before the experiment may judge at all: a closed form that it reproduces, a control
  that it finds. Where that is not sure, the verdict is undecided.
- ``holds`` is the statement itself. It is right where every condition is sure, wrong where one surely fails.
- ``strictly`` is the statement taken to the letter, where people write more loosely than they mean: right in ``holds``
  and surely failing here, it is *loose*.

Text that was damaged on its way into a note (a lost sign, a formula without its minus) is *damaged*: nobody says it.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, fields
from functools import cache
from hashlib import sha256
from importlib.resources import files
from typing import Any, Literal, get_args

from ganbench._util.names import check_names
from ganbench.errors import BadInput
from ganbench.notes.base import Findings
from ganbench.notes.rules import Condition, State, parse, state

ListName = Literal["notes", "papers", "ours"]
Kind = Literal["measured", "exact", "damaged"]
Verdict = Literal["right", "loose", "wrong", "undecided", "damaged"]
VERDICTS: tuple[Verdict, ...] = get_args(Verdict)
LISTS: dict[ListName, str] = {
    "notes": "What the notes say",
    "papers": "What the papers that they name say",
    "ours": "What we found on the way",
}


@dataclass(frozen=True)
class Claim:
    """One statement, where it was read, and the rule that judges it.

    ``kind`` says what the rule's numbers are: *measured* ones have an interval over seeds, *exact* ones are computed to
    rounding and have none. *Damaged* text has no rule.
    """

    name: str  # short, unique
    list: ListName
    where: str  # "note 2, WGAN-GP", or the paper with its section or equation
    statement: str  # in English, in one sentence
    kind: Kind
    experiment: str = ""  # whose findings judge it
    original: str = ""  # the full quotation in its language
    english: str = ""  # the same in English
    expected: str = ""  # the number or direction, in words
    source: str = ""  # of what is expected: "closed form", a paper with its table or equation, "direction only"
    shown: tuple[str, ...] = ()  # the numbers that tables show, the headline first
    sound: tuple[str, ...] = ()
    holds: tuple[str, ...] = ()
    strictly: tuple[str, ...] = ()
    remark: str = ""  # what the number means: two or three sentences
    correct: str = ""  # the correct statement, where this one errs

    def judge(self, findings: Findings) -> Verdict:
        """Return the verdict that the rule comes to; raises BadInput where it names a number that was not measured."""
        if self.kind == "damaged":
            return "damaged"
        exact = self.kind == "exact"
        sound, holds, strictly = (
            [each for text in texts for each in parse(text, findings.numbers)]
            for texts in (self.sound, self.holds, self.strictly)
        )
        trials = len(sound) + len(holds)

        def states(conditions: list[Condition]) -> set[State]:
            return {state(each, findings.numbers, exact, trials) for each in conditions}

        if states(sound) - {"holds"}:
            return "undecided"
        said = states(holds)
        if "fails" in said:
            return "wrong"
        if said != {"holds"}:
            return "undecided"
        return "loose" if "fails" in states(strictly) else "right"


def text_of(name: ListName) -> str:
    """Return the file of a list."""
    return (files("ganbench.notes") / "claims" / f"{name}.toml").read_text(encoding="utf-8")


@cache
def claims() -> tuple[Claim, ...]:
    """Return every claim, in the order of the lists; raises BadInput for a row that does not fit."""
    every = tuple(claim_of(name, row) for name in LISTS for row in tomllib.loads(text_of(name)).get("claim", ()))
    names = [each.name for each in every]
    for name in names:
        if names.count(name) > 1:
            raise BadInput(f"claims: expected the name {name!r} once, got it {names.count(name)} times")
    return every


def claim_of(name: ListName, row: Mapping[str, Any]) -> Claim:
    """Return the claim that one table of a list states; raises BadInput or UnknownName."""
    known = [each.name for each in fields(Claim) if each.name != "list"]
    check_names(f"field of a claim in {name}.toml", row, known)
    given: dict[str, Any] = {key: tuple(value) if isinstance(value, list) else value for key, value in row.items()}
    claim = Claim(list=name, **given)
    check_names("kind of a claim", [claim.kind], get_args(Kind))
    if claim.kind != "damaged" and not (claim.experiment and claim.holds):
        raise BadInput(f"claim {claim.name!r}: expected an experiment and what holds, or the kind damaged")
    if claim.kind == "exact" and not claim.sound:
        raise BadInput(f"claim {claim.name!r}: an exact rule needs a number in sound that it reproduces")
    return claim


def about(experiment: str) -> tuple[Claim, ...]:
    """Return the claims that an experiment judges."""
    return tuple(each for each in claims() if each.experiment == experiment)


def digest(experiment: str) -> str:
    """Return the digest of the rules that judge an experiment: names, statements and conditions, not remarks."""
    rules = [(c.name, c.kind, c.statement, c.sound, c.holds, c.strictly) for c in about(experiment)]
    return sha256(repr(rules).encode()).hexdigest()[:16]
