"""Every warning is provoked by what it warns of, and a clean comparison is silent."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
import torch

from ganbench.cloud import Cloud, Facts
from ganbench.fairness import TITLES, Case, Sample, lint
from ganbench.metrics import fid, inception_score, inception_score_splits, precision
from ganbench.metrics.features import Features
from ganbench.sources.base import LeftOut
from ganbench.streams import stream

N = 2100  # as many as every metric taken here needs
METRICS = (fid, precision)


def cloud(name: str, n: int = N, **changes: Any) -> Cloud:
    draws = stream(0, "fairness", name)
    facts = Facts(
        torch.randint(1 << 60, (n, 2), generator=draws),
        torch.full((n,), 40.0),
        torch.full((n, 2), 32, dtype=torch.int32),
    )
    known = Cloud(torch.randn(n, 5, generator=draws), None, None, (), tuple(map(str, range(n))), facts, 3, {"PNG": n})
    facts_changes = {key: changes.pop(key) for key in ("digest", "spread", "size") if key in changes}
    return replace(known, facts=replace(facts, **facts_changes), **changes)


def case(fake: Cloud | None = None, real: Cloud | None = None, name: str = "a", **changes: Any) -> Case:
    fake, real = fake or cloud("fake"), real or cloud("real")
    reference = changes.pop("reference", "digits:held_out")
    known = changes.pop("known", len(real))
    sides = (
        Sample(name, fake, Features(fake.values), len(fake)),
        Sample(reference, real, Features(real.values), known),
    )
    return Case(*sides, **{"metrics": METRICS, "identity": {"name": "some"}, **changes})


def codes(*cases: Case) -> list[str]:
    return [each.code for each in lint(cases)]


def test_a_clean_comparison_is_silent() -> None:
    sizes = {"PNG": N - 5, "JPEG": 5}
    assert codes(case()) == []
    assert codes(case(), case(cloud("fake", stored=sizes), name="b")) == []


def edited(name: str, field: str, rows: slice, value: Any, **changes: Any) -> Cloud:
    """A cloud with some rows of a fact changed."""
    known = cloud(name)
    tensor = getattr(known.facts, field).clone()
    tensor[rows] = value
    return replace(cloud(name, **changes), facts=replace(known.facts, **{field: tensor}))


def near(share: float) -> Cloud:
    real, fake = cloud("real").values, cloud("fake").values.clone()
    count = int(share * N)
    fake[:count] = real[:count] + 1e-3
    return cloud("fake", values=fake)


MANY = 5000
BESIDE = {"W108": {"W102"}}  # the score in splits asks for 50 000 samples, which would take long
SHUFFLED = torch.randint(10, (MANY,), generator=stream(0, "labels"))
WIDE = case(*(cloud(name, values=torch.randn(N, N, generator=stream(0, name))) for name in ("fake", "real")))


def by_class(labels: torch.Tensor) -> Case:
    """Samples of certain classes, in this order."""
    sure = torch.eye(10, dtype=torch.float64)[labels]
    return case(cloud("fake", MANY, posteriors=sure), cloud("real", MANY), metrics=(inception_score_splits,))


NOTHING = Facts(torch.zeros(0, 2, dtype=torch.int64), torch.zeros(0), torch.zeros(0, 2, dtype=torch.int32))
MOMENTS = cloud("real", 6, names=(), channels=0, stored={"moments": 1})  # as many rows as carry a covariance of 5
MOMENTS = replace(MOMENTS, facts=NOTHING)


PROVOKED: dict[str, list[Case]] = {
    "W101": [case(), case(cloud("fake", N + 1), name="b")],
    "W102": [case(cloud("fake", N - 100))],
    "W103": [case(real=cloud("real", 3 * N))],
    "W104": [case(reference="mnist:train")],
    "W105": [case(edited("fake", "digest", slice(0, 2), 7))],
    "W106": [case(edited("fake", "digest", slice(0, 1), cloud("real").facts.digest[9]))],
    "W107": [case(near(0.1))],
    "W108": [by_class(SHUFFLED.sort().values)],
    "W109": [case(edited("fake", "spread", slice(0, 1), 0.5))],
    "W110": [case(cloud("fake", stored={"JPEG": N}))],
    "W111": [case(cloud("fake", size=torch.full((N, 2), 28, dtype=torch.int32)))],
    "W112": [case(cloud("fake", conversions={"values outside the range clipped": 3}))],
    "W113": [replace(WIDE, metrics=(fid,))],
    "W114": [case(other_identities=({"name": "some", "preprocessing": "tf1"},))],
    "W115": [case(cloud("fake", left_out=(LeftOut("x.txt", "no image by its suffix"),)))],
    "W116": [case(real=MOMENTS, known=None)],
}

SILENT: dict[str, list[Case]] = {
    "W101": [case(), case(name="b")],
    "W102": [case(cloud("fake", 2048))],
    "W103": [case(real=cloud("real", 2 * N))],
    "W104": [case(reference="training_of_others/mnist:test")],
    "W105": [case(edited("fake", "digest", slice(0, 2), torch.tensor([[1, 2], [1, 3]])))],
    "W106": [case(edited("fake", "digest", slice(0, 1), cloud("real").facts.digest[9].flip(0)))],
    "W107": [case(near(0.01))],
    "W108": [by_class(SHUFFLED), replace(PROVOKED["W108"][0], metrics=(inception_score,))],
    "W109": [case(edited("fake", "spread", slice(0, 1), 1.5))],
    "W110": [case(cloud("fake", stored={"JPEG": N}), cloud("real", stored={"JPEG": N}))],
    "W111": [case(edited("fake", "size", slice(0, 1), 28))],
    "W112": [case(cloud("fake", conversions={"palette to RGB": 3}))],
    "W113": [replace(WIDE, metrics=(precision,))],
    "W114": [case(other_identities=())],
    "W115": [case(cloud("fake", left_out=()))],
    "W116": [case()],
}


@pytest.mark.parametrize("code", TITLES)
def test_each_code_warns_of_what_it_says(code: str) -> None:
    found = [each for each in lint(PROVOKED[code]) if each.code not in BESIDE.get(code, ())]
    assert [each.code for each in found] == [code]
    assert found[0].title == TITLES[code]
    assert "\n" not in str(found[0])


@pytest.mark.parametrize("code", TITLES)
def test_each_code_is_silent_just_short_of_it(code: str) -> None:
    assert set(codes(*SILENT[code])) <= BESIDE.get(code, set())


def test_what_is_to_be_said_of_several_rows_is_said_once() -> None:
    (found,) = lint([case(near(0.1), name="a"), case(near(0.1), name="b")])
    assert found.about == "a, b"


def test_an_honest_sampler_is_no_copier_however_few_features() -> None:
    values = {name: torch.randn(N, 1, generator=stream(0, name)) for name in ("fake", "real")}
    assert codes(case(cloud("fake", values=values["fake"]), cloud("real", values=values["real"]))) == []


def test_features_have_no_pictures_to_warn_of() -> None:
    bare = {"channels": 0, "size": torch.zeros(N, 2, dtype=torch.int32), "spread": torch.zeros(N)}
    assert codes(case(cloud("fake", **bare, stored={"array": N}), cloud("real", **bare))) == []
