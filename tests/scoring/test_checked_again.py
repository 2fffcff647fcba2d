"""What a report that is computed again is compared by, and how published scores are told."""

from __future__ import annotations

import json
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from ganbench.errors import BadInput
from ganbench.scoring import golden
from ganbench.scoring.api import Options, score
from ganbench.scoring.golden import GOLDENS, Golden, Result, record, result_of, run
from ganbench.scoring.verify import Check, as_text, compared, verify
from tests.scoring.sets import features


@pytest.fixture
def report(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    monkeypatch.chdir(tmp_path)
    np.save("real.npy", features(60, 1))
    np.save("other.npy", features(60, 3))
    np.save("gen.npy", features(50, 2))
    made: dict[str, Any] = json.loads(score("gen.npy", "real.npy", metrics="fid,precision").to_json())
    return made


def differing(checks: list[Check]) -> list[str]:
    return [each.what for each in checks if not each.same]


def test_contents_numbers_values_and_identities_are_compared(report: dict[str, Any]) -> None:
    checks = verify(report, ["gen.npy"])
    assert differing(checks) == []
    assert [each.what for each in checks][:5] == ["reference's content", "reference's n", "content", "n", "fid"]
    assert [each.samples for each in checks][:3] == ["real.npy", "real.npy", "gen.npy"]
    names = {each.what for each in checks}
    assert {"fid: features.name", "fid: n_fake", "precision", "precision: options.k"} <= names
    assert not {"fid: reference", "fid: interval_method"} & names
    assert differing(verify(report, ["gen.npy"], "other.npy"))[0] == "reference's content"


def test_values_are_the_same_up_to_a_relative_tolerance(report: dict[str, Any]) -> None:
    value = report["rows"][0]["scores"][0]["value"]
    report["rows"][0]["scores"][0]["value"] = value * (1 + 5e-6)
    assert differing(verify(report, ["gen.npy"], tolerance=1e-5)) == []
    assert differing(verify(report, ["gen.npy"], tolerance=1e-6)) == ["fid"]
    assert differing(verify(report, ["gen.npy"])) == ["fid"]
    report["rows"][0]["scores"][0]["value"] = value * (1 + 5e-10)
    assert differing(verify(report, ["gen.npy"])) == []


def test_reports_that_cannot_be_computed_again_are_refused(report: dict[str, Any]) -> None:
    control = {**report["rows"][0], "control": True}
    assert differing(verify({**report, "rows": [*report["rows"], control]}, ["gen.npy"])) == []
    with pytest.raises(BadInput, match=r"^the report is of 1 sets \(gen.npy\), got 2$"):
        verify(report, ["gen.npy", "other.npy"])
    for reference in (None, {}, {"name": ""}):
        with pytest.raises(BadInput, match=r"^the report names no reference; name it with --reference$"):
            verify({**report, "reference": reference}, ["gen.npy"])
    empty = [{**report["rows"][0], "scores": []}]
    with pytest.raises(BadInput, match=r"^the report has no scores to compute again$"):
        verify({**report, "rows": empty}, ["gen.npy"])


def test_a_value_that_one_side_lacks_differs_and_none_on_both_is_the_same() -> None:
    def of(value: float | None) -> dict[str, Any]:
        return {"name": "a", "scores": [{"metric": "fid", "value": value, "version": 1}]}

    assert [each.same for each in compared(of(None), of(None), 1e-9)] == [True, True, True]
    (first, *_) = compared(of(1.0), of(None), 1e-9)
    assert (first.what, first.reported, first.computed, first.same) == ("fid", "1.0", "none", False)
    (other, *_) = compared(of(1.0), {"name": "a", "scores": []}, 1e-9)
    assert (other.computed, other.same) == ("none", False)


def test_checks_as_text() -> None:
    checks = [
        Check("a", "fid", "1.0", "1.0", True),
        Check("a", "n", "3", "3", True),
        Check("a", "kid", "1.0", "2.0", False),
    ]
    assert as_text(checks, frozenset({"fid", "kid"})) == (
        "same     a: fid 1.0\ndiffers  a: kid: reported 1.0, computed 2.0\n1 of 3 facts differ\n"
    )
    assert as_text(checks[:2]) == "everything is the same\n"


ONE = Golden("x", "adm", "IS", "a", "b", 11.25, 0.25, "somebody")


def test_a_published_number_agrees_up_to_its_tolerance(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(golden, "lacks", lambda *_: "")

    def scoring(value: float | None) -> Any:
        class Row:
            def value(self, name: str) -> float | None:
                assert name == "IS"
                return value

        def call(samples: str, reference: str, **options: Any) -> Any:
            assert (samples, reference, options["metrics"], options["protocol"]) == ("a", "b", ["IS"], "adm")
            return type("Report", (), {"rows": (Row(),)})

        return call

    for value, outcome in (
        (11.5, "agrees"),
        (11.0, "agrees"),
        (11.51, "differs"),
        (10.99, "differs"),
        (None, "differs"),
    ):
        monkeypatch.setattr(golden, "score", scoring(value))
        assert result_of(ONE, Options()) == Result("x", outcome, 11.25, 0.25, value, "", "somebody")  # type: ignore[arg-type]


def test_what_is_missing_is_said_and_the_others_go_on(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(golden, "lacks", lambda each, _options: f"no {each.samples}")
    told: list[str] = []
    results = run(Options(), [ONE, replace(ONE, name="y", samples="c")], told.append)
    assert told == ["x: begins", "y: begins"]
    assert [(each.outcome, each.missing, each.value) for each in results] == [
        ("missing", "no a", None),
        ("missing", "no c", None),
    ]
    mixed = [
        *results,
        Result("z", "agrees", 11.25, 0.25, 11.3, "", "somebody"),
        Result("u", "differs", 1.0, 0.5, 2.0, "", "s"),
    ]
    assert golden.as_text(mixed) == (
        "missing  x: no a\n"
        "missing  y: no c\n"
        "agrees   z: 11.3, published 11.25 +- 0.25 (somebody)\n"
        "differs  u: 2.0, published 1 +- 0.5 (s)\n"
        "2 of 4 published numbers were computed here, 1 agree\n"
    )
    facts = json.loads(record(mixed, tmp_path / "a.json").read_text())
    assert (facts["schema"], facts["ganbench"], facts["torch"]) == (1, version("ganbench"), torch.__version__)
    assert facts["results"][2] == {
        "golden": "z",
        "outcome": "agrees",
        "expected": 11.25,
        "tolerance": 0.25,
        "value": 11.3,
        "missing": "",
        "source": "somebody",
    }


def test_the_published_numbers_are_those_of_their_papers() -> None:
    known = {each.name: (each.expected, each.tolerance, each.protocol, each.number) for each in GOLDENS}
    assert known == {
        "cifar10_is_torch_fidelity": (11.23678, 1e-3, "torch-fidelity", "IS"),
        "cifar10_is_original": (11.24, 2e-2, "stylegan3", "IS"),
        "cifar10_fid_train_test": (3.1508, 1e-2, "edm", "FID"),
        "cifar10_fd_dinov2_train_test": (31.07, 0.1, "dgm-eval", "FD-DINOv2"),
    }


def test_both_reasons_are_given_where_weights_and_samples_are_missing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GANBENCH_WEIGHTS", str(tmp_path))
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    first, second = golden.lacks(replace(ONE, samples="nowhere"), Options()).split("; nowhere: ")
    assert first.startswith("features inception need")
    assert second.startswith("no such file or folder")
