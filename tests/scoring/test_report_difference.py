"""Two reports compared: which rows and fields, in which words, and what can be computed again."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from ganbench.errors import BadInput, Missing
from ganbench.scoring import report_difference
from ganbench.scoring.report_difference import (
    Again,
    Difference,
    Field,
    as_text,
    configuration_text,
    difference,
    flat,
    is_report,
    matched,
    of_set,
    read_report,
    shown,
)


def score(metric: str, value: float | None, **facts: Any) -> dict[str, Any]:
    known = {"metric": metric, "value": value, "n_fake": 50, "reference": "real", "reason": "", "interval": None}
    return {**known, "features": {"name": "random_conv"}, "options": {}, **facts}


def row(name: str, *scores: dict[str, Any], **facts: Any) -> dict[str, Any]:
    return {"name": name, "content": f"content of {name}", "scores": list(scores), **facts}


def written(path: Path, *rows: dict[str, Any], **facts: Any) -> Path:
    content = {"ganbench": "1", "reference": {"name": "real", "n": 60}, "rows": list(rows), **facts}
    path.write_text(json.dumps(content), encoding="utf-8")
    return path


def test_the_first_metric_that_differs_is_compared_field_by_field(tmp_path: Path) -> None:
    features = {"name": "inception", "preprocessing": "tf1"}
    a = written(tmp_path / "a", row("gen", score("kid", 0.5), score("fid", 10.0), score("precision", 0.1), n=50))
    b = written(
        tmp_path / "b",
        row("gen", score("kid", 0.5), score("fid", 12.5, features=features, n_fake=40), score("precision", 0.2), n=40),
        ganbench="2",
    )
    made = difference(a, b)
    assert (made.metric, made.values, made.others) == ("fid", (10.0, 12.5), ("precision",))
    assert made.fields == (
        Field("features.name", "random_conv", "inception", "network, resize and scale"),
        Field("features.preprocessing", "none", "tf1", "resize, rounding and scale"),
        Field("ganbench", "1", "2"),
        Field("n_fake", "50", "40", "n"),
        Field("samples.n", "50", "40"),
    )
    assert as_text(made) == (
        f"fid of gen in {a}: 10\n"
        f"fid of gen in {b}: 12.5, +2.5\n"
        "  features.name: random_conv -> inception (explain can change it: network, resize and scale)\n"
        "  features.preprocessing: none -> tf1 (explain can change it: resize, rounding and scale)\n"
        "  ganbench: 1 -> 2\n"
        "  n_fake: 50 -> 40 (explain can change it: n)\n"
        "  samples.n: 50 -> 40\n"
        "--recompute takes the steps that can be taken, where the samples lie as the reports name them\n"
        "these differ too: precision\n"
    )
    assert made.to_dict()["fields"][2] == {"name": "ganbench", "first": "1", "second": "2", "recomputable": ""}


def test_reports_that_are_alike_say_so_of_their_first_metric(tmp_path: Path) -> None:
    a = written(tmp_path / "a", row("gen", score("fid", None)))
    made = difference(a, a)
    assert as_text(made) == f"fid of gen in {a}: undefined\nfid of gen in {a}: undefined\n" + (
        "no field of their identities differs\n"
    )
    b = written(tmp_path / "b", row("gen", score("fid", 3.0)), ganbench="2")
    assert as_text(difference(a, b)) == (f"fid of gen in {a}: undefined\nfid of gen in {b}: 3\n  ganbench: 1 -> 2\n")


def test_reports_without_a_common_metric_are_not_compared(tmp_path: Path) -> None:
    a, b = (
        written(tmp_path / "a", row("gen", score("fid", 1.0))),
        written(tmp_path / "b", row("gen", score("kid", 1.0))),
    )
    with pytest.raises(BadInput, match=f"^{a} and {b}: no metric in both$"):
        difference(a, b)


def test_rows_are_matched_by_content_then_by_name_and_never_with_a_control() -> None:
    noise, gen, other = row("noise", control=True), row("gen"), row("other")
    first = {"rows": [noise, gen]}
    assert matched(first, {"rows": [row("x"), {**gen, "name": "renamed"}]}) == (gen, {**gen, "name": "renamed"})
    changed = {**gen, "content": "another"}
    assert matched(first, {"rows": [noise, changed]}) == (gen, changed)
    assert matched(first, {"rows": [other]}) == (noise, other)
    bare = {"name": "gen", "content": None}
    assert matched({"rows": [row("a"), {"name": "b", "content": None}]}, {"rows": [bare]})[0]["name"] == "a"


def test_what_a_report_says_of_samples_and_reference_is_compared_too() -> None:
    facts = of_set({"ganbench": "1", "reference": {"n": 60}}, row("gen", n=50, kind="images", channels=3))
    assert facts["samples.name"] == "gen"
    assert (facts["samples.n"], facts["reference.n"], facts["samples.kind"]) == (50, 60, "images")
    assert set(of_set({}, {})) == {
        "ganbench",
        *(
            f"{side}.{key}"
            for side in ("samples", "reference")
            for key in ("name", "content", "n", "kind", "channels", "sizes", "stored", "conversions", "left_out")
        ),
    }


def test_the_identity_of_a_score_is_flat_and_holds_no_value() -> None:
    given = score("fid", 1.0, options={"k": 3}, version=2)
    assert flat(given) == {
        "metric": "fid",
        "n_fake": 50,
        "reference": "real",
        "version": 2,
        "features.name": "random_conv",
        "options.k": 3,
    }


@pytest.mark.parametrize(
    ("value", "text"), [(None, "none"), ("a b", "a b"), ("a\nb", r"'a\nb'"), ({"b": 1, "a": 2}, '{"a": 2, "b": 1}')]
)
def test_a_value_is_shown_on_one_line(value: Any, text: str) -> None:
    assert shown(value) == text


@pytest.mark.parametrize(
    "content",
    [
        None,
        [],
        {},
        {"rows": {}},
        {"rows": []},
        {"rows": [3]},
        {"rows": [{"scores": []}]},
        {"rows": [{"name": "a", "scores": {}}]},
        {"rows": [{"name": "a", "scores": [3]}]},
        {"rows": [{"name": "a", "scores": [{"metric": "fid"}]}]},
        {"rows": [{"name": "a", "scores": [{"value": 1}]}]},
        {"rows": [{"name": "a", "scores": [{"metric": "fid", "value": 1, "features": []}]}]},
        {"rows": [{"name": "a", "scores": [{"metric": "fid", "value": 1, "options": 3}]}]},
        {"rows": [{"name": "a", "scores": []}, {}]},
    ],
)
def test_what_has_not_the_form_of_a_report_is_none(content: Any) -> None:
    assert not is_report(content)


def test_the_least_report_is_one() -> None:
    assert is_report({"rows": [{"name": "a", "scores": []}]})
    assert is_report({"rows": [{"name": "a", "scores": [{"metric": "fid", "value": 1.0}]}]})


def test_files_that_are_no_reports_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a"
    with pytest.raises(Missing, match=f"^{path}: cannot be read .No such file or directory.$"):
        read_report(path)
    path.write_text("{")
    with pytest.raises(BadInput, match=f"^{path}: expected JSON as score --format json writes it$"):
        read_report(path)
    path.write_text("[]")
    with pytest.raises(BadInput, match=f"^{path}: expected a report as score --format json writes it, with rows and"):
        read_report(path)
    good = written(path, row("a"))
    monkeypatch.setattr(report_difference, "LARGEST", good.stat().st_size)
    assert read_report(good)["rows"][0]["name"] == "a"
    monkeypatch.setattr(report_difference, "LARGEST", good.stat().st_size - 1)
    with pytest.raises(BadInput, match=rf"^{path}: more than \d+ bytes; expected a report of score$"):
        read_report(good)


@pytest.mark.parametrize(
    ("facts", "text"),
    [
        ({"options": {"protocol": "adm"}, "n_fake": 9}, "adm(n=9)"),
        ({"options": {"protocol": "adm"}}, "adm(n=0)"),
        ({"features": {"name": "inception"}, "n_fake": 9}, "clean-fid(resize=tf1,scale=128,n=9)"),
        ({"features": {"name": "inception_pytorch_fid"}}, "clean-fid(resize=bilinear,scale=127.5,n=0)"),
        ({"features": {"name": "dinov2_edm2"}, "n_fake": 7}, "dgm-eval(resize=bicubic,n=7)"),
        ({"features": {"name": "clip"}, "n_fake": 7}, "clip-fid(resize=pil,n=7)"),
        ({"features": {"name": "clip_cmmd"}, "n_fake": 7}, "cmmd(resize=pil,n=7)"),
    ],
)
def test_a_score_is_a_configuration_of_its_protocol_or_of_its_features(facts: dict[str, Any], text: str) -> None:
    assert configuration_text(facts) == text


def test_features_whose_view_is_fixed_are_no_configuration() -> None:
    with pytest.raises(
        BadInput, match=r"^features pixels: their view cannot be changed; expected one of inception, incep"
    ):
        configuration_text({"features": {"name": "pixels"}})


def of(samples: tuple[str, str], *identities: dict[str, Any]) -> Difference:
    one, two = (identities * 2)[:2]
    return Difference(("a", "b"), "fid", samples, (1.0, 2.0), (), (), (one, two))


def test_steps_are_taken_again_on_one_set_that_is_at_hand(tmp_path: Path) -> None:
    place = str(tmp_path)
    by_own, by_protocol = score("fid", 1.0), score("FID", 2.0, options={"protocol": "adm"}, reference="other")
    clean = "clean-fid(resize=clean,scale=127.5,n=50)"
    assert of((place, place), by_own).recomputable() == Again(place, "real", clean, clean, "random_conv")
    assert of((place, place), by_protocol).recomputable() == Again(place, "other", "adm(n=50)", "adm(n=50)", None)
    assert of((place, place), by_protocol, by_own).recomputable().features == "random_conv"
    inception = score("fid", 1.0, features={"name": "inception"})
    assert of((place, place), inception).recomputable().features is None
    with pytest.raises(BadInput, match=r"^the reports are of x and of y; steps are taken on one set of samples$"):
        of(("x", "y"), by_own).recomputable()
    with pytest.raises(Missing, match=r"^nowhere: no such file or folder here, so that no step can be taken again$"):
        of(("nowhere", "nowhere"), by_own).recomputable()
