"""What makes a comparison unfair, as warnings with a code, each with what was found, why it matters and what to do."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ganbench.fairness.cases import Case, Sample
from ganbench.fairness.rules import RULES, unequal

__all__ = ["TITLES", "Case", "Sample", "Warned", "lint"]

ABOUT_REFERENCE = {"W104", "W114", "W116"}
TITLES = {
    "W101": "unequal n",
    "W102": "n below what a metric needs",
    "W103": "n of samples and reference far apart",
    "W104": "reference is the training split",
    "W105": "duplicates within the samples",
    "W106": "copies of the reference",
    "W107": "near copies of the reference",
    "W108": "samples sorted by class",
    "W109": "constant pictures",
    "W110": "compression differs",
    "W111": "sizes differ",
    "W112": "values out of range",
    "W113": "fewer samples than features",
    "W114": "reference looked at under another preprocessing",
    "W115": "files left out",
    "W116": "n of the reference unknown",
}


@dataclass(frozen=True)
class Warned:
    """One warning: ``about`` which samples, a ``text`` of what was found, why it matters and what to do."""

    code: str
    title: str
    about: str
    text: str

    def __str__(self) -> str:
        return f"{self.code} {self.title}: {self.about}: {self.text}"


def lint(cases: Sequence[Case]) -> list[Warned]:
    """Return the warnings of all rows, by code; what is about the reference alone is said once."""
    found = [Warned("W101", TITLES["W101"], "the rows", text) for text in unequal(cases)]
    for code, rule in RULES.items():
        for case in cases:
            if text := rule(case):
                about = case.real.name if code in ABOUT_REFERENCE else case.fake.name
                found.append(Warned(code, TITLES[code], about, text))
    return together(found)


def together(found: Sequence[Warned]) -> list[Warned]:
    """Return one warning where several rows have the same to be said of them."""
    about: dict[tuple[str, str], list[str]] = {}
    for each in found:
        names = about.setdefault((each.code, each.text), [])
        names += [each.about] * (each.about not in names)
    return [Warned(code, TITLES[code], ", ".join(names), text) for (code, text), names in sorted(about.items())]
