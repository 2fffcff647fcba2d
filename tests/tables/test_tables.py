"""Tables: what is bold, what failed, what must not share a column, and the same bytes from the same records."""

from __future__ import annotations

import csv
import json
from collections.abc import Sequence
from dataclasses import replace
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from ganbench.records.record import SCHEMA, Record, Scores, Status
from ganbench.tables import compare, show, write
from ganbench.tables.budget import HEADER, counted
from ganbench.tables.columns import columns, letters
from ganbench.tables.comparison import written
from ganbench.tables.rows import spans
from ganbench.tables.statistics import Interval
from ganbench.training import registry

DIGITS = {"name": "digits", "weights_sha256": "82790460606ceca8ed00a8b0069adc4150d4137b"}


def scores(metric: str, *values: float | None, **changes: Any) -> list[Scores]:
    """One metric of seeds 0, 1, ...: what each of them has."""
    reasons = ["" if value is not None else "undefined, no sample lies near any mode" for value in values]
    plain = Scores(metric, (None,), ("",), "lower", 1, DIGITS, "digits:held_out (rule)", 449, 1000, {})
    return [
        replace(plain, **{"values": (value,), "reasons": (reason,)} | changes)
        for value, reason in zip(values, reasons, strict=True)
    ]


def seeds_of(baseline: str, *scored: list[Scores], seeds: Sequence[int] = (0, 1, 2), **changes: Any) -> list[Record]:
    """The records of one row, a seed each; ``ended`` holds status, step and reason of seeds that did not get done."""
    ended: dict[int, tuple[Status, int, str]] = changes.pop("ended", {})
    control = baseline.startswith("control")
    plain = Record(
        schema=SCHEMA,
        key="",
        baseline=baseline,
        version=1,
        settings={"lr": 0.001},
        dataset="digits",
        dataset_version=1,
        split="rule",
        seed=0,
        plan={"steps": 500, "batch": 64},
        engine=1,
        samples=1000,
        status="done",
        step=500,
        reason="",
        scores=(),
        history=[],
        curve=[],
        cost={"samples_seen": 500.0, "gradients": 0.0 if control else 1000.0},
        provenance={"seconds": 7.25, "group": list(seeds), "source": "0123456789abcdef"},
    )
    plain = replace(plain, **changes)
    records = []
    for i, seed in enumerate(seeds):
        status, step, reason = ended.get(seed, ("done", 500, ""))
        own = tuple(each[i] for each in scored)
        one = replace(plain, seed=seed, status=status, step=step, reason=reason, scores=own)
        records.append(replace(one, key=f"{one.row} {seed}"))
    return records


GOOD_SCORES = (scores("fid", 1.0, 1.1, 0.9), scores("density", 0.9, 0.8, 0.85, better="higher"))
GOOD = seeds_of("good_gan", *GOOD_SCORES)
EQUAL = seeds_of("equal_gan", scores("fid", 1.05, 1.2, 0.95), scores("density", 0.1, 0.2, 0.15, better="higher"))
BAD = seeds_of("bad_gan", scores("fid", 9.0, 9.1, 8.9), scores("density", None, 0.1, 0.2, better="higher"))
CONTROL = seeds_of("control", scores("fid", 0.1, 0.1, 0.1), scores("density", 1.0, 1.0, 1.0, better="higher"))


def texts(records: list[Record]) -> dict[str, dict[str, str]]:
    """Cells of metrics by row and column, best ones with a star."""
    (table,) = compare(records)
    return {
        line.label: {
            name: f"{cell.text}{'*' if cell.best else ''}"
            for name, cell in zip(table.header, line.cells, strict=True)
            if name not in HEADER
        }
        for line in table.lines
    }


def test_the_markdown_of_a_small_comparison(tmp_path: Path) -> None:
    write([*GOOD, *EQUAL, *BAD, *CONTROL], tmp_path)
    assert (tmp_path / "table.md").read_text(encoding="utf-8").split("\n\n- ")[0] == "\n".join(
        [
            "## digits",
            "",
            "| baseline | fid ↓ | density ↑ | samples seen | gradients | seconds |",
            "| --- | ---: | ---: | ---: | ---: | ---: |",
            "| bad\\_gan | 9.00 ± 0.25 | 0.15 ± 0.64 (2 of 3)<sup>1</sup> | 500 | 1.00k | 7 |",
            "| equal\\_gan | **1.07 ± 0.31** | 0.15 ± 0.12 | 500 | 1.00k | 7 |",
            "| good\\_gan | **1.00 ± 0.25** | **0.85 ± 0.12** | 500 | 1.00k | 7 |",
            "| *control* | 0.1000 ± 0 | 1 ± 0 |  |  |  |",
        ]
    )


def test_below_the_table_stands_all_that_its_numbers_depend_on(tmp_path: Path) -> None:
    write([*GOOD, *EQUAL, *BAD, *CONTROL], tmp_path)
    below = (tmp_path / "table.md").read_text(encoding="utf-8").replace("\\", "")
    for said in (
        "Means over 3 seeds with 95% intervals",
        "no other is better by Welch's one-sided t-test at level 0.05, corrected for the number of others (Bonferroni)",
        "Samples per seed: 1000.",
        "Reference: digits:held_out (rule), 449 examples.",
        "Features: digits (sha256 82790460606c).",
        "Plan: batch 64, steps 500.",
        "Settings other than the defaults: all rows: lr 0.001.",
        "Controls, in italics: control.",
        "<sup>1</sup> undefined, no sample lies near any mode",
    ):
        assert said in below


def test_the_best_is_the_highest_where_higher_is_better() -> None:
    cells = texts([*GOOD, *EQUAL])
    assert cells["good_gan"]["density ↑"].endswith("*")
    assert not cells["equal_gan"]["density ↑"].endswith("*")


def test_a_control_is_neither_bold_nor_in_the_way_of_the_best() -> None:
    cells = texts([*GOOD, *BAD, *CONTROL])
    assert not cells["control"]["fid ↓"].endswith("*")
    assert cells["good_gan"]["fid ↓"].endswith("*")


def test_a_target_is_ranked_by_its_distance_and_named_in_the_header() -> None:
    near = seeds_of("near", scores("within_mode_spread", 1.1, 0.9, 1.0, better="target"))
    far = seeds_of("far", scores("within_mode_spread", 0.1, 0.2, 0.1, better="target"))
    cells = texts([*near, *far])
    assert cells["near"]["within_mode_spread → 1"].endswith("*")
    assert not cells["far"]["within_mode_spread → 1"].endswith("*")


def test_a_target_of_an_unknown_metric_is_not_ranked() -> None:
    cells = texts(seeds_of("some", scores("of_my_own", 1.0, 1.1, 1.2, better="target")))
    assert cells["some"] == {"of_my_own →": "1.10 ± 0.25"}


def test_a_row_whose_seeds_all_failed_says_so() -> None:
    lost = scores("fid", None, None, None, reasons=("diverged",) * 3)
    stopped = ("diverged", 40, "not finite")
    failed = seeds_of("wgan", lost, ended={0: stopped, 1: stopped, 2: ("error", 60, "no")})
    assert texts([*GOOD, *failed])["wgan"]["fid ↓"] == "diverged 2/3, error 1/3"
    notes = " ".join(compare([*GOOD, *failed])[0].notes)
    assert "wgan: diverged for seeds 0-1 after step 40: not finite." in notes
    assert "wgan: error for seeds 2 after step 60: no." in notes


def test_a_failed_cell_without_scores_or_cost_is_a_failed_baseline() -> None:
    failed = seeds_of("wgan", ended=dict.fromkeys(range(3), ("error", 0, "no")), cost={})
    assert texts([*GOOD, *failed])["wgan"] == {"fid ↓": "error 3/3", "density ↑": "error 3/3"}
    (alone,) = compare(failed)
    assert (alone.header, alone.lines[0].cells[0].text) == (("outcome",), "error 3/3")
    assert not alone.lines[0].is_control


def test_a_seed_that_diverged_is_counted_out_but_is_no_footnote() -> None:
    partly = seeds_of("wgan", scores("fid", 2.0, 2.2, None), ended={2: ("diverged", 30, "not finite")})
    assert texts(partly)["wgan"]["fid ↓"] == "2.1 ± 1.3 (2 of 3)*"
    assert compare(partly)[0].footnotes == ()


def test_one_seed_has_neither_interval_nor_rank() -> None:
    alone = seeds_of("alone", scores("fid", 0.5), seeds=(0,))
    assert texts([*GOOD, *BAD, *alone])["alone"]["fid ↓"] == "0.5000 (n = 1)"


def test_scores_of_another_identity_get_a_column_of_their_own_and_a_line_that_says_why() -> None:
    other = seeds_of("other", scores("fid", 5.0, 5.1, 5.2, n_fake=2000, version=2))
    (table,) = compare([*GOOD, *other])
    assert [name for name in table.header if name.startswith("fid")] == ["fid [a] ↓", "fid [b] ↓"]
    assert "fid [a], fid [b] are not comparable: n_fake (1000; 2000), version (1; 2) differ." in table.notes
    assert texts([*GOOD, *other])["other"]["fid [a] ↓"] == "not measured"


@pytest.mark.parametrize(
    "change",
    [
        {"version": 2},
        {"features": DIGITS | {"weights_sha256": "another"}},
        {"reference": "digits:train"},
        {"n_real": 448},
        {"n_fake": 999},
        {"options": {"k": 4}},
        {"better": "higher"},
    ],
)
def test_every_field_of_the_identity_keeps_columns_apart(change: dict[str, Any]) -> None:
    mixed = [*seeds_of("one", scores("fid", 1.0, 1.0, 1.0)), *seeds_of("two", scores("fid", 1.0, 1.0, 1.0, **change))]
    assert len(columns(mixed)) == 2
    assert any("not comparable" in note and next(iter(change)) in note for note in compare(mixed)[0].notes)


def test_the_frechet_distance_is_called_fid_only_where_a_network_looked() -> None:
    plain = seeds_of("points", scores("fid", 1.0, 1.0, 1.0, features={"name": "identity"}))
    assert compare(plain)[0].header[0] == "frechet ↓"
    assert compare(GOOD)[0].header[0] == "fid ↓"


def test_rows_of_one_baseline_are_told_apart_by_what_differs() -> None:
    fid = scores("fid", 1.0, 1.0, 1.0)
    slow = seeds_of("gan", fid, settings={"lr": 0.0001, "latent": 2})
    fast = seeds_of("gan", fid, settings={"lr": 0.01, "latent": 2})
    assert sorted(texts([*slow, *fast])) == ["gan (lr 0.0001)", "gan (lr 0.01)"]


def test_settings_are_those_that_differ_from_what_the_name_stands_for() -> None:
    fid = scores("fid", 1.0, 1.0, 1.0)
    usual = registry.settings_of(registry.load("wgan_gp")())
    changed = seeds_of("wgan_gp", fid, settings=usual | {"penalty": 1.0})
    (note,) = [note for note in compare(changed)[0].notes if note.startswith("Settings")]
    assert note == "Settings other than the defaults: wgan_gp: penalty 1.0."
    plain = [replace(each, settings=usual) for each in changed]
    assert not any(note.startswith("Settings") for note in compare(plain)[0].notes)
    member = registry.load("f_gan:kl")
    choice: dict[str, Any] = {member.members[0]: "kl"}
    family = seeds_of("f_gan:kl", fid, settings=registry.settings_of(member(**choice)))
    assert not any(note.startswith("Settings") for note in compare(family)[0].notes)


def test_no_file_is_run_to_make_a_table(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "mine.py").write_text("raise SystemExit('run')", encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    (note,) = [note for note in compare(seeds_of("mine.py", *GOOD_SCORES))[0].notes if note.startswith("Settings")]
    assert note == "Settings other than the defaults: mine.py: lr 0.001."


def test_seeds_trained_in_several_groups_are_one_row() -> None:
    first = seeds_of("gan", scores("fid", 1.0, 2.0), seeds=(0, 1))
    more = seeds_of("gan", scores("fid", 1.0, 2.0), seeds=(2, 3))
    assert texts([*first, *more]) == {"gan": {"fid ↓": "1.50 ± 0.92*"}}
    (line,) = compare([*more, *first])[0].lines
    assert line.cells[-1].text == "14"  # 7.25 seconds for each group


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"settings": {"lr": 0.002}}, ("lr 0.001", "lr 0.002")),
        ({"plan": {"steps": 400, "batch": 64}}, ("steps 500", "steps 400")),
        ({"plan": {"steps": 500, "batch": 32}}, ("batch 64", "batch 32")),
        ({"version": 2}, ("version 1", "version 2")),
        ({"dataset_version": 2}, ("data version 1", "data version 2")),
        ({"engine": 2}, ("engine 1", "engine 2")),
        ({"samples": 999}, ("samples 1000", "samples 999")),
        ({"split": "another"}, ("split rule", "split another")),
    ],
)
def test_seeds_of_different_conditions_are_never_pooled_into_one_row(
    change: dict[str, Any], told: tuple[str, str]
) -> None:
    usual = seeds_of("gan", scores("fid", 1.0, 2.0), seeds=(0, 1))
    other = seeds_of("gan", scores("fid", 3.0, 4.0, 5.0), seeds=(2, 3, 4), **change)
    cells = texts([*usual, *other])
    first, second = sorted(cells, key=lambda label: "seeds 2-4" in label)
    assert (told[0] in first, told[1] in second) == (True, True)
    assert (cells[first]["fid ↓"][:3], cells[second]["fid ↓"][:3]) == ("1.5", "4.0")


def test_all_seeds_of_a_row_decide_whether_it_may_be_the_best() -> None:
    # The first three seeds of both rows are equal; over all fifteen, one is better beyond doubt.
    steady = seeds_of("steady", scores("fid", 1.0, 1.1, 0.9, *[1.0, 1.05, 0.95] * 4), seeds=range(15))
    late = seeds_of("late", scores("fid", 1.0, 1.1, 0.9, *[2.0, 2.05, 1.95] * 4), seeds=range(15))
    cells = texts([*steady, *late])
    assert cells["steady"]["fid ↓"].endswith("*")
    assert not cells["late"]["fid ↓"].endswith("*")


def test_the_same_records_give_the_same_bytes_in_any_order(tmp_path: Path) -> None:
    elsewhere = [replace(each, dataset="ring8", key=f"ring {each.seed}") for each in GOOD]
    records = [*GOOD, *EQUAL, *BAD, *CONTROL, *elsewhere]
    first = [path.read_bytes() for path in write(records, tmp_path / "a")]
    again = [path.read_bytes() for path in write(records[::-1], tmp_path / "b")]
    assert first == again
    assert sorted(path.name for path in (tmp_path / "a").iterdir()) == [
        "overview.md", "table.csv", "table.md", "table.tex",
    ]  # fmt: skip


def test_the_csv_has_a_line_for_each_metric_and_seed_with_the_score_s_identity(tmp_path: Path) -> None:
    failed = seeds_of("wgan", ended=dict.fromkeys(range(3), ("error", 0, "no")), cost={})
    write([*BAD, *failed], tmp_path)
    lines = list(csv.DictReader(StringIO((tmp_path / "table.csv").read_text(encoding="utf-8"))))
    assert len(lines) == 3 * 2 + 3
    one = next(line for line in lines if (line["metric"], line["seed"]) == ("fid", "1"))
    assert float(one["value"]) == 9.1
    assert json.loads(one["features"]) == DIGITS
    assert (one["n_real"], one["n_fake"], one["version"], one["kind"]) == ("449", "1000", "1", "baseline")
    undefined = next(line for line in lines if (line["metric"], line["seed"]) == ("density", "0"))
    assert (undefined["value"], undefined["reason"]) == ("", "undefined, no sample lies near any mode")
    assert {line["status"] for line in lines if line["baseline"] == "wgan"} == {"error"}


def test_the_latex_has_rules_bold_and_no_bare_sign(tmp_path: Path) -> None:
    write([*GOOD, *EQUAL, *BAD, *CONTROL], tmp_path)
    text = (tmp_path / "table.tex").read_text(encoding="utf-8")
    assert r"good\_gan & \textbf{1.00 $\pm$ 0.25} & \textbf{0.85 $\pm$ 0.12} & 500 & 1.00k & 7 \\" in text
    assert text.isascii()
    assert text.count(r"\toprule") == text.count(r"\bottomrule") == 1
    assert r"95\% intervals" in text


def test_wide_tables_are_cut_into_parts_that_fit(tmp_path: Path) -> None:
    many = seeds_of("gan", *(scores(f"metric{i:02}", 1.0, 2.0, 3.0) for i in range(17)))
    write(many, tmp_path)
    lines = (tmp_path / "table.md").read_text(encoding="utf-8").splitlines()
    headers = [line for line in lines if line.startswith("| baseline")]
    assert [line.count("metric") for line in headers] == [10, 7]


def test_the_terminal_shows_rows_and_notes() -> None:
    console = Console(width=100, file=StringIO(), force_terminal=False)
    console.print(show([*GOOD, *EQUAL, *BAD, *CONTROL]))
    text = console.file.getvalue()  # type: ignore[attr-defined]
    for said in ("good_gan", "1.00 ± 0.25", "density ↑", "(1) undefined, no sample lies near any mode"):
        assert said in text


@pytest.mark.parametrize(
    ("result", "expected"),
    [
        (Interval(12.3456, 0.4321, 5), "12.35 ± 0.43"),
        (Interval(12345.6, 340.0, 5), "12346 ± 340"),
        (Interval(0.05, 2.1, 2), "0.050 ± 2.100"),
        (Interval(0.00012345, 0.0000034, 5), "(1.234 ± 0.034)e-4"),
        (Interval(2.5e7, 1e6, 5), "(2.50 ± 0.10)e7"),
        (Interval(-1.5, None, 1), "-1.500"),
        (Interval(8.0, 0.0, 3), "8 ± 0"),
        (Interval(0.0, 0.0, 3), "0 ± 0"),
        (Interval(0.0, None, 1), "0"),
    ],
)
def test_means_are_written_as_far_as_their_interval_reaches(result: Interval, expected: str) -> None:
    assert written(result) == expected


def test_seeds_are_written_as_ranges() -> None:
    assert spans([3, 0, 1, 2, 7]) == "0-3, 7"
    assert spans([]) == ""


def test_marks_go_on_after_z() -> None:
    assert [letters(i) for i in (0, 25, 26, 701, 702)] == ["a", "z", "aa", "zz", "aaa"]


def trained(baseline: str, gradients: float, *curve: float, **changes: Any) -> list[Record]:
    """Records of two seeds of 500 steps with a point of the curve every 100 steps."""
    cost = {"samples_seen": gradients / 2, "gradients": gradients}
    made = {"seconds": 12.4, "group": [0, 1]}
    last = scores("fid", curve[-1], curve[-1] + 0.1)
    row = seeds_of(baseline, last, seeds=(0, 1), **{"cost": cost, "provenance": made} | changes)
    return [replace(each, curve=course(each.seed / 10, curve)) for each in row]


def course(offset: float, values: Sequence[float]) -> list[dict[str, Any]]:
    """A learning curve with a point every 100 steps."""
    return [{"step": 100 * (i + 1), "metric": "fid", "value": x + offset} for i, x in enumerate(values)]


def test_what_scores_cost_stands_beside_them_and_nothing_beside_controls() -> None:
    table = compare([*trained("gan", 128_000, 5, 4, 3, 2, 1), *CONTROL])[0]
    assert [cell.text for cell in table.lines[0].cells[-3:]] == ["64.0k", "128k", "12"]
    assert [cell.text for cell in table.lines[1].cells[-3:]] == ["", "", ""]
    assert table.header[-3:] == HEADER
    assert any("of one seed" in note for note in table.notes)


def test_seconds_are_those_of_training_where_only_scores_were_made_anew() -> None:
    made = {"seconds": 0.5, "trained": {"seconds": 30.0, "group": [0, 1]}}
    again = trained("gan", 10.0, 1.0, provenance=made)
    assert compare(again)[0].lines[0].cells[-1].text == "30"


def test_at_equal_gradients_a_dear_row_is_shown_where_the_thrifty_one_ends() -> None:
    thrifty, dear = trained("gan", 1000, 9, 8, 7, 6, 5), trained("wgan", 2600, 5, 4, 3, 2, 1)
    first, second = compare([*thrifty, *dear, *CONTROL])
    assert (first.dataset, second.dataset) == ("digits", "digits at equal gradients")
    cells = {line.label: [cell.text for cell in line.cells] for line in second.lines}
    assert cells["gan"][1:] == ["500", "1.00k"]
    assert cells["wgan"][1:] == ["100", "520"]  # 200 steps would cost 1040
    assert cells["wgan"][0].startswith("5.05 ")
    assert set(cells) == {"gan", "wgan"}


def test_rows_of_equal_cost_need_no_second_table() -> None:
    assert len(compare([*trained("gan", 1000, 2, 1), *trained("wgan", 1000, 3, 1)])) == 1


def test_seeds_that_diverged_are_counted_out_at_equal_gradients_too() -> None:
    broken = trained("wgan", 2600, 5, 4, 3, 2, 1)
    for record in broken:
        record.curve[0]["value"] = None
    cells = {line.label: line.cells[0].text for line in compare([*trained("gan", 1000, 2, 1), *broken])[1].lines}
    assert cells["wgan"] == "diverged"


@pytest.mark.parametrize(
    ("number", "text"), [(0, "0"), (64, "64"), (1920, "1.92k"), (999_000, "999k"), (1.2e6, "1.20M")]
)
def test_counts_are_written_to_three_digits(number: float, text: str) -> None:
    assert counted(number) == text


def test_the_overview_has_two_columns_for_each_data_set_and_a_row_for_each_baseline(tmp_path: Path) -> None:
    modes = scores("modes_captured", 8.0, 8.0, 7.0, better="higher")
    ring = seeds_of("good_gan", modes, dataset="ring8")
    write([*GOOD, *BAD, *CONTROL, *ring], tmp_path)
    lines = (tmp_path / "overview.md").read_text(encoding="utf-8").splitlines()
    assert lines[2] == r"| baseline | digits: fid ↓ | ring8: modes\_captured ↑ |"
    assert next(line for line in lines if "bad" in line).endswith("|  |")  # was not played on the ring
    assert lines[-4].startswith("| *control*")
