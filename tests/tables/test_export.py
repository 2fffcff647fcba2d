"""The CSV files: a line a seed, a line a row, and what every key means."""

from __future__ import annotations

import csv
import json
from io import StringIO
from pathlib import Path

import pytest

from ganbench.records.record import Record
from ganbench.tables import frame, summarise, write
from ganbench.tables.export import SUMMARY
from tests.tables.made import INCEPTION, scores, seeds_of

GANS = [
    *seeds_of("gan", scores("fid", 1.0, 1.1, 0.9), scores("recall", 0.9, 0.8, 0.85, better="higher")),
    *seeds_of("lsgan", scores("fid", 9.0, 9.1, 8.9), scores("recall", None, 0.1, 0.2, better="higher")),
]
CONTROL = seeds_of("noise", scores("fid", 400.0, 400.0, 400.0))


def read(path: Path) -> list[dict[str, str]]:
    return list(csv.DictReader(StringIO(path.read_text(encoding="utf-8"))))


def written(records: list[Record], folder: Path, name: str) -> list[dict[str, str]]:
    write(records, folder)
    return read(folder / name)


def test_the_summary_has_a_line_for_each_row_and_metric(tmp_path: Path) -> None:
    lines = written([*GANS, *CONTROL], tmp_path, "summary.csv")
    fields = "dataset,row,league,metric,better,seeds,mean,low,high,rank,tier,p_best,mark"
    assert ",".join(list(lines[0])[:13]) == ",".join(SUMMARY[:13]) == fields
    assert [(line["row"], line["metric"]) for line in lines] == [
        (row, metric) for row in ("gan", "lsgan", "noise") for metric in ("fid", "recall")
    ]
    gan, lsgan = lines[0], lines[2]
    assert (gan["league"], gan["rank"], gan["tier"], gan["mark"], gan["seeds"]) == ("adversarial", "1", "1", "", "3")
    assert (lsgan["rank"], lsgan["tier"]) == ("2", "0")
    assert float(gan["p_best"]) == 1
    assert float(gan["low"]) < float(gan["mean"]) < float(gan["high"])
    assert (lines[5]["seeds"], lines[5]["mean"], lines[5]["rank"]) == ("0", "", "")  # noise has no recall here


def test_the_summary_says_what_summarise_says(tmp_path: Path) -> None:
    (summary,) = summarise(GANS)
    for line in written(GANS, tmp_path, "summary.csv"):
        entry = summary.entries[line["row"], line["metric"]]
        assert float(line["mean"]) == entry.mean
        assert line["rank"] == ("" if entry.rank is None else str(entry.rank))


def test_a_mark_stands_on_every_line_of_its_row_even_without_scores(tmp_path: Path) -> None:
    lost = seeds_of("wgan", ended=dict.fromkeys(range(3), ("error", 0, "no")), cost={})
    lines = [line for line in written([*GANS, *lost], tmp_path, "summary.csv") if line["row"] == "wgan"]
    assert [line["mark"] for line in lines] == ["failed (3 of 3 seeds, 29% to 100%)"] * 2
    (alone, *_) = written(lost, tmp_path / "alone", "summary.csv")
    assert (alone["mark"], alone["metric"]) == ("failed (3 of 3 seeds, 29% to 100%)", "")


def test_the_table_has_a_line_for_each_seed_and_metric(tmp_path: Path) -> None:
    failed = seeds_of("wgan", ended=dict.fromkeys(range(3), ("error", 0, "no")), cost={})
    lines = written([*GANS, *failed], tmp_path, "table.csv")
    assert len(lines) == 2 * 3 * 2 + 3
    undefined = next(line for line in lines if (line["row"], line["metric"], line["seed"]) == ("lsgan", "recall", "0"))
    assert (undefined["value"], undefined["reason"]) == ("", "undefined, no sample lies near any mode")
    assert {(line["status"], line["metric"], line["kind"]) for line in lines if line["row"] == "wgan"} == {
        ("error", "", "baseline")
    }


def test_a_seeds_value_is_the_mean_of_its_sets_and_draws_and_its_sd_is_over_sets(tmp_path: Path) -> None:
    sets = scores("fid", 0.0, values=(1.0, 2.0, 6.0, 3.0, 4.0, 8.0), reasons=("",) * 6, draws=2)
    (line,) = written(seeds_of("gan", sets, seeds=(0,)), tmp_path, "table.csv")
    assert (float(line["value"]), line["sets"], line["draws"]) == (4.0, "3", "2")
    assert float(line["sd"]) == pytest.approx(7**0.5)  # of 2, 3, 7


def test_what_a_seed_was_trained_with_and_a_score_depends_on_is_found_by_key(tmp_path: Path) -> None:
    lines = written(GANS, tmp_path, "table.csv")
    keys = {line["key"]: line for line in read(tmp_path / "table_keys.csv")}
    assert len(keys) == 6 + 2
    for line in lines:
        seed, score = keys[line["key"]], keys[line["identity"]]
        assert json.loads(seed["settings"]) == {"lr": 0.001}
        assert json.loads(seed["plan"]) == {"steps": 500, "batch": 64}
        assert json.loads(score["features"]) == INCEPTION
        assert (score["metric"], score["n_real"], score["n_fake"]) == (line["metric"], "449", "1000")


def test_metrics_of_two_identities_have_the_same_names_in_both_files(tmp_path: Path) -> None:
    other = seeds_of("wgan", scores("fid", 5.0, 5.1, 5.2, n_fake=2000))
    lines = written([*GANS, *other], tmp_path, "table.csv")
    assert {line["metric"] for line in lines if line["row"] == "wgan"} == {"fid[b]"}
    assert {line["metric"] for line in read(tmp_path / "summary.csv")} == {
        "fid[a]", "fid[b]", "recall",
    }  # fmt: skip


def test_the_frame_holds_both_files() -> None:
    table = frame([*GANS, *CONTROL])
    assert len(table) == 2 * 3 * 2 + 3
    assert set(table["kind"]) == {"baseline", "control"}
    assert json.loads(table["settings"][0]) == {"lr": 0.001}
    assert table["metric_version"].dtype == "Int64"
