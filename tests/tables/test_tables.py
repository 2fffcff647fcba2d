"""Tables that are read: their order, what is marked, what stands below, how they fit, the same bytes from records."""

from __future__ import annotations

from dataclasses import replace
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from ganbench.records.record import Record
from ganbench.tables import Tables, compare, show, summarise, write
from ganbench.tables.columns import columns, letters
from ganbench.tables.markup import Fitted
from ganbench.tables.numbers import counted, spelled, written
from ganbench.tables.rows import spans
from ganbench.tables.statistics import Estimate, Interval
from ganbench.training import registry
from tests.tables.made import INCEPTION, scores, seeds_of

COST = ("samples seen", "flops", "gradients", "seconds")

GOOD_SCORES = (scores("fid", 1.0, 1.1, 0.9), scores("density", 0.9, 0.8, 0.85, better="higher"))
GOOD = seeds_of("good_gan", *GOOD_SCORES)
EQUAL = seeds_of("equal_gan", scores("fid", 1.05, 1.2, 0.95), scores("density", 0.1, 0.2, 0.15, better="higher"))
BAD = seeds_of("bad_gan", scores("fid", 9.0, 9.1, 8.9), scores("density", None, 0.1, 0.2, better="higher"))
CONTROL = seeds_of("control", scores("fid", 0.1, 0.1, 0.1), scores("density", 1.0, 1.0, 1.0, better="higher"))


def texts(records: list[Record], most: int | None = None) -> dict[str, dict[str, str]]:
    """Cells of metrics by row and column, those of the tier with a star."""
    table = compare(records, most)[0]
    return {
        line.label: {
            name: f"{cell.text}{'*' if cell.in_tier else ''}"
            for name, cell in zip(table.header, line.cells, strict=True)
            if name not in (*COST, "league", "rank")
        }
        for line in table.lines
    }


def told(records: list[Record], column: str) -> dict[str, str]:
    """What stands in one column, by row."""
    table = compare(records, None)[0]
    return {line.label: line.cells[table.header.index(column)].text for line in table.lines}


def test_the_markdown_of_a_small_comparison(tmp_path: Path) -> None:
    write([*GOOD, *EQUAL, *BAD, *CONTROL], tmp_path)
    assert (tmp_path / "table.md").read_text(encoding="utf-8").split("\n\n- ")[0] == "\n".join(
        [
            "## digits",
            "",
            "| row | league | rank | fid ↓ | density ↑ | samples seen | gradients | seconds |",
            "| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: |",
            "| good\\_gan | adversarial | 1.0 (1.0-1.5) | 1.00 (0.78-1.28)* | 0.85 (0.73-0.97)* | 500 | 1.00k | 7 |",
            "| equal\\_gan | adversarial | 2.0 (1.5-2.0) | 1.06 (0.79-1.42)* | 0.15 (0.03-0.27) | 500 | 1.00k | 7 |",
            "| bad\\_gan | adversarial | 3.0 (3.0-3.0) | 9.00 (8.75-9.25) | 0.15 (0.00-0.79) (2 of 3)<sup>1</sup> "
            "| 500 | 1.00k | 7 |",
            "| *control* | control | - | 0.1000 | 1.000 |  |  |  |",
        ]
    )


def test_below_the_table_stands_all_that_its_numbers_depend_on(tmp_path: Path) -> None:
    write([*GOOD, *EQUAL, *BAD, *CONTROL], tmp_path)
    below = (tmp_path / "table.md").read_text(encoding="utf-8").replace("\\", "")
    for said in (
        "Means over 3 seeds on the metric's scale",
        "95% intervals (Student's t)",
        "Samples are from averaged weights.",
        "Intervals hold training and sampling, not told apart; the reference is as it is, and was drawn once.",
        "*: may be the best of its league (Hsu's multiple comparisons with the best, pooled error, level 0.05)",
        "rank: mean over the metrics of the rank in the league",
        "league: adversarial = trained against a discriminator, without labels; control = not trained",
        "Samples per seed: 1000.",
        "Reference: digits:held_out (rule), 449 examples.",
        "Features: inception (sha256 82790460606c).",
        "Plan: batch 64, steps 500.",
        "Settings of all rows: lr 0.001; others in footnotes.",
        "<sup>1</sup> undefined, no sample lies near any mode",
    ):
        assert said in below


def test_below_stands_which_part_of_the_spread_is_sampling_and_what_the_reference_would_add() -> None:
    values = [(1.0, 1.2, 1.1, 1.3), (4.0, 4.4, 4.2, 4.6), (2.0, 2.1, 2.2, 2.3)]
    scored = [scores("fid", 0.0, values=each, reasons=("",) * 4, draws=2)[0] for each in values]
    (summary,) = summarise(seeds_of("gan", scored))
    parts = summary.components(summary.rows[0], summary.columns[0])
    assert parts.training and parts.sampling and parts.reference  # noqa: PT018
    whole = parts.training + parts.sampling / 2
    said = (
        f"Intervals hold training and sampling, of whose variance sampling makes {parts.sampling / 2 / whole:.0%} by "
        f"metric; the reference is as it is; by 2 draws, another would add {parts.reference / whole:.0%}."
    )
    assert said in compare(seeds_of("gan", scored))[0].notes


def test_below_stands_where_rows_spread_unequally() -> None:
    wide = seeds_of("wide", scores("fid", 1.0, 50.0, 3.0, 900.0, 7.0), seeds=range(5))
    others = [seeds_of(f"r{i}", scores("fid", 5.0, 5.1, 5.2, 5.1, 5.0), seeds=range(5)) for i in range(3)]
    even = [record for row in others for record in row]
    said = "Rows spread unequally in fid"
    assert any(note.startswith(said) for note in compare([*wide, *even])[0].notes)
    assert not any(note.startswith(said) for note in compare(even)[0].notes)


def test_rows_stand_league_by_league_the_best_mean_rank_first_and_controls_last() -> None:
    labels = [
        *seeds_of("projection", scores("fid", 0.3, 0.4, 0.5)),
        *seeds_of("acgan", scores("fid", 0.2, 0.3, 0.25)),
        *seeds_of("vae:gaussian", scores("fid", 3.0, 4.0, 5.0)),
    ]
    (table,) = compare([*BAD, *labels, *EQUAL, *CONTROL, *GOOD], None)
    assert [line.label for line in table.lines] == [
        "good_gan", "equal_gan", "bad_gan", "acgan", "projection", "vae:gaussian", "control",
    ]  # fmt: skip
    assert [line.cells[0].text for line in table.lines] == [
        *["adversarial"] * 3,
        "labels",
        "labels",
        "other",
        "control",
    ]


def test_a_row_that_is_marked_stands_last_in_its_league_with_the_reason_below() -> None:
    lost = seeds_of("aaa", scores("fid", 0.1, 0.1, None), ended={2: ("diverged", 30, "not finite")})
    (table,) = compare([*lost, *GOOD, *EQUAL])
    assert [line.label for line in table.lines] == ["good_gan", "equal_gan", "aaa"]
    rank = table.lines[-1].cells[1]
    assert (rank.text, table.footnotes[rank.note - 1]) == ("-", "diverged (1 of 3 seeds, 1% to 91%)")


def many(count: int) -> list[Record]:
    """So many adversarial rows, and rows of every other league."""
    rows = [seeds_of(f"gan{i:02}", scores("fid", 1.0 + i, 1.1 + i, 1.2 + i)) for i in range(count)]
    rows += [seeds_of(name, scores("fid", 1.0, 2.0, 3.0)) for name in ("cvae", "acgan", "ae_ot")]
    rows += [seeds_of(name, scores("fid", 900.0, 910.0, 920.0)) for name in ("noise", "gaussian", "kde", "held_out")]
    return [record for row in rows for record in row]


def test_at_most_ten_rows_are_shown_with_the_best_of_every_league_and_the_three_controls() -> None:
    (table,) = compare(many(20))
    assert [line.label for line in table.lines] == [
        "gan00", "gan01", "gan02", "gan03", "gan04", "acgan", "ae_ot", "gaussian", "held_out", "noise",
    ]  # fmt: skip
    assert "17 more rows: --all-rows." in table.notes
    assert len(compare(many(20), None)[0].lines) == 27


def test_ten_rows_or_fewer_are_all_shown() -> None:
    (table,) = compare(many(3))
    assert len(table.lines) == 10
    assert not any("--all-rows" in note for note in table.notes)


def test_the_best_is_the_highest_where_higher_is_better() -> None:
    cells = texts([*GOOD, *EQUAL])
    assert cells["good_gan"]["density ↑"].endswith("*")
    assert not cells["equal_gan"]["density ↑"].endswith("*")


def test_a_control_has_no_star_and_is_not_in_the_way_of_others() -> None:
    cells = texts([*GOOD, *BAD, *CONTROL])
    assert not cells["control"]["fid ↓"].endswith("*")
    assert cells["good_gan"]["fid ↓"].endswith("*")


def test_a_target_is_ranked_by_its_distance_and_named_in_the_header_but_has_no_tier() -> None:
    near = seeds_of("near", scores("within_mode_spread", 1.1, 0.9, 1.0, better="target"))
    far = seeds_of("far", scores("within_mode_spread", 0.1, 0.2, 0.1, better="target"))
    cells = texts([*far, *near])
    assert list(cells) == ["near", "far"]
    assert not cells["near"]["within_mode_spread → 1"].endswith("*")


def test_a_target_of_an_unknown_metric_is_not_ranked() -> None:
    some = seeds_of("some", scores("of_my_own", 1.0, 1.1, 1.2, better="target"))
    other = seeds_of("other", scores("of_my_own", 5.0, 5.1, 5.2, better="target"))
    assert texts([*some, *other])["some"] == {"of_my_own →": "1.10 (0.85-1.35)"}
    assert set(told([*some, *other], "rank").values()) == {"-"}


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


def test_a_seed_that_diverged_is_counted_out_and_takes_the_row_out_of_the_tier() -> None:
    partly = seeds_of("wgan", scores("fid", 2.0, 2.2, None), ended={2: ("diverged", 30, "not finite")})
    assert texts([*partly, *GOOD])["wgan"]["fid ↓"] == "2.1 (1.1-3.8) (2 of 3)"


def test_one_seed_has_neither_interval_nor_rank() -> None:
    alone = seeds_of("alone", scores("fid", 0.5), seeds=(0,))
    assert texts([*GOOD, *BAD, *alone])["alone"]["fid ↓"] == "0.5000 (n = 1)"
    assert told([*GOOD, *BAD, *alone], "rank")["alone"] == "-"


def test_no_spread_between_seeds_is_not_written_as_certainty() -> None:
    modes = seeds_of("gan", scores("modes_captured", 8.0, 8.0, 8.0, better="higher"))
    assert texts(modes)["gan"] == {"modes_captured ↑": "8 (8-8)"}
    assert texts(CONTROL)["control"]["fid ↓"] == "0.1000"


def test_memorisation_stands_beside_every_distance_wherever_the_table_is_cut() -> None:
    measured = ("fid", "kid", "precision", "recall", "sliced_wasserstein", "authenticity")
    better = dict.fromkeys(("precision", "recall", "authenticity"), "higher")
    scored = [scores(name, 0.5, 0.6, 0.55, better=better.get(name, "lower")) for name in measured]
    records = [*seeds_of("gan", *scored), *seeds_of("wgan", *scored)]
    (table,) = compare(records)
    assert table.header[2:4] == ("fid ↓", "authenticity ↑")
    for block in Fitted(table).fitting(80):
        names = [table.header[i].split(" ")[0] for i in block]
        assert "authenticity" in names or not {"fid", "kid", "sliced_wasserstein"} & set(names)


def test_small_numbers_are_in_units_that_the_header_names() -> None:
    small = [seeds_of(name, scores("kid", 1.1e-4, 1.4e-4, 1.2e-4)) for name in ("gan", "wgan")]
    cells = texts([record for row in small for record in row])
    assert cells["gan"] == {"kid ↓ (1e-6)": "123 (85-161)*"}
    (table,) = compare([record for row in small for record in row])
    assert "kid is shown in units of 1e-06." in table.notes


def test_scores_of_another_identity_get_a_column_of_their_own_and_a_line_that_says_why() -> None:
    other = seeds_of("other", scores("fid", 5.0, 5.1, 5.2, n_fake=2000, version=2))
    (table,) = compare([*GOOD, *other])
    assert [name for name in table.header if name.startswith("fid")] == ["fid[a] ↓", "fid[b] ↓"]
    assert "fid[a], fid[b] are not comparable: n_fake (1000; 2000), version (1; 2) differ." in table.notes
    assert texts([*GOOD, *other])["other"]["fid[a] ↓"] == "not measured"


@pytest.mark.parametrize(
    "change",
    [
        {"version": 2},
        {"features": INCEPTION | {"weights_sha256": "another"}},
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
    assert compare(plain)[0].header[2] == "frechet ↓"
    assert compare(GOOD)[0].header[2] == "fid ↓"


def test_rows_of_one_baseline_are_told_apart_by_what_differs() -> None:
    fid = scores("fid", 1.0, 1.0, 1.0)
    slow = seeds_of("gan", fid, settings={"lr": 0.0001, "latent": 2})
    fast = seeds_of("gan", fid, settings={"lr": 0.01, "latent": 2})
    assert sorted(texts([*slow, *fast])) == ["gan (lr 0.0001)", "gan (lr 0.01)"]


def own_settings(records: list[Record]) -> dict[str, str]:
    """The footnote of each row that has settings of its own."""
    (table,) = compare(records)
    return {line.label: table.footnotes[line.note - 1] for line in table.lines if line.note}


def test_settings_are_those_that_differ_from_what_the_name_stands_for() -> None:
    fid = scores("fid", 1.0, 1.0, 1.0)
    usual = registry.settings_of(registry.load("wgan_gp")())
    changed = seeds_of("wgan_gp", fid, settings=usual | {"penalty": 1.0})
    assert own_settings([*changed, *GOOD])["wgan_gp"] == "penalty 1.0"
    plain = [replace(each, settings=usual) for each in changed]
    assert "wgan_gp" not in own_settings([*plain, *GOOD])
    member = registry.load("f_gan:kl")
    choice: dict[str, Any] = {member.members[0]: "kl"}
    family = seeds_of("f_gan:kl", fid, settings=registry.settings_of(member(**choice)))
    assert "f_gan:kl" not in own_settings([*family, *GOOD])


def test_a_table_says_how_many_trials_each_row_had() -> None:
    def searched(name: str, trials: int) -> list[Record]:
        return seeds_of(name, *GOOD_SCORES, provenance={"seconds": 1.0, "trials": trials})

    said = "Each row has the best of 8 trials of settings, chosen on other seeds and other examples"
    records = [*searched("a_gan", 8), *searched("b_gan", 8), *CONTROL]
    assert f"{said}." in compare(records)[0].notes
    more = [*records, *searched("c_gan", 4), *GOOD]
    assert f"{said}; c_gan: 4; good_gan: not searched." in compare(more)[0].notes
    assert not [note for note in compare([*GOOD, *CONTROL])[0].notes if "trials" in note]
    scored_again = [replace(each, provenance={"seconds": 2.0, "trained": each.provenance}) for each in records]
    assert f"{said}." in compare(scored_again)[0].notes


def test_no_file_is_run_to_make_a_table(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "mine.py").write_text("raise SystemExit('run')", encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    own = {"lr": 0.001, "mine": 3}
    assert own_settings([*seeds_of("mine.py", *GOOD_SCORES, settings=own), *GOOD])["mine.py"] == "mine 3"


def test_seeds_trained_in_several_groups_are_one_row() -> None:
    first = seeds_of("gan", scores("fid", 1.0, 2.0), seeds=(0, 1))
    more = seeds_of("gan", scores("fid", 1.0, 2.0), seeds=(2, 3))
    assert texts([*first, *more]) == {"gan": {"fid ↓": "1.4 (0.7-2.7)"}}
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
    assert (cells[first]["fid ↓"][:3], cells[second]["fid ↓"][:3]) == ("1.4", "3.9")


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
        "budgets.csv", "overview.json", "overview.md", "summary.csv", "table.csv", "table.md", "table.tex",
        "table_keys.csv",
    ]  # fmt: skip


def test_the_latex_has_rules_marks_and_no_bare_sign(tmp_path: Path) -> None:
    write([*GOOD, *EQUAL, *BAD, *CONTROL], tmp_path)
    text = (tmp_path / "table.tex").read_text(encoding="utf-8")
    assert r"good\_gan & adversarial & 1.0 (1.0-1.5) & 1.00 (0.78-1.28)* \\" in text
    assert text.isascii()
    assert text.count(r"\toprule") == text.count(r"\bottomrule") == 2
    assert r"95\% intervals" in text


def test_wide_tables_are_cut_into_parts_that_fit(tmp_path: Path) -> None:
    wide = seeds_of("gan", *(scores(f"metric{i:02}", 1.0, 2.0, 3.0) for i in range(17)))
    write(wide, tmp_path)
    lines = (tmp_path / "table.md").read_text(encoding="utf-8").splitlines()
    headers = [line for line in lines if line.startswith("| row")]
    assert [line.count("metric") for line in headers] == [5, 7, 5]


def screen(records: list[Record], width: int = 80, most: int | None = 10) -> list[str]:
    """The lines of the tables where nobody looks at a screen, or on one."""
    console = Console(width=width, file=StringIO(), force_terminal=False)
    console.print(show(records, most))
    text: str = console.file.getvalue()  # type: ignore[attr-defined]
    return text.splitlines()


def test_the_terminal_shows_rows_marks_and_notes() -> None:
    text = "\n".join(screen([*GOOD, *EQUAL, *BAD, *CONTROL]))
    for said in ("good_gan", "1.00 (0.78-1.28)*", "density ↑", "(1) undefined, no sample lies near any mode"):
        assert said in text


@pytest.mark.parametrize("width", [80, 200])
def test_no_line_is_wider_than_eighty_and_no_cell_breaks_in_a_word(width: int) -> None:
    named = "mdgan:manifold_diffusion"
    metrics = ("fid", "kid", "precision", "inception_score", "pairwise_distance_ratio", "max_sliced_wasserstein")
    rows = [
        seeds_of(name, *(scores(metric, 0.51234, 0.61234, 0.55) for metric in metrics), settings={"lr": rate})
        for name, rate in ((named, 0.001), (named, 0.002), ("gan", 0.001))
    ]
    lines = screen([record for row in rows for record in row], width)
    assert max(map(len, lines)) <= 80
    words = {word for line in lines for word in line.split()}
    assert {named, "pairwise_distance_ratio", "max_sliced_wasserstein", "adversarial"} <= words
    cells = {
        cell.text for table in Tables([r for row in rows for r in row]).all for li in table.lines for cell in li.cells
    }
    assert all(any(cell in line for line in lines) for cell in cells)


def test_a_wide_screen_is_used() -> None:
    console = Console(width=160, file=StringIO(), force_terminal=True, color_system=None)
    console.print(show([*GOOD, *EQUAL]))
    lines = console.file.getvalue().splitlines()  # type: ignore[attr-defined]
    assert any("fid ↓" in line and "density ↑" in line and "seconds" in line for line in lines)


def test_markup_in_names_is_text_in_every_form(tmp_path: Path) -> None:
    hostile = "<img src=x onerror=alert(1)>.py"
    tables = Tables([*seeds_of(hostile, scores("fid", 1.0, 1.1, 1.2)), *GOOD])
    assert "<img" not in tables.text("html")
    assert "&lt;img src=x" in tables.text("html")
    assert r"\<img" in tables.text("md")
    assert r"$<$img" in tables.text("latex")
    assert hostile in "\n".join(screen(tables.records))  # type: ignore[arg-type]


def test_the_forms_hold_the_same_rows(tmp_path: Path) -> None:
    tables = Tables([*GOOD, *EQUAL, *CONTROL])
    for form in ("md", "csv", "latex", "html", "json"):
        assert "equal" in tables.text(form)
        assert tables.text(form).endswith("\n")


@pytest.mark.parametrize(
    ("result", "expected"),
    [
        (Estimate(12.3456, 10.123, 15.04, 5, "student"), "12.3 (10.1-15.0)"),
        (Estimate(30.2, 8.61, 101.3, 3, "student"), "30 (9-101)"),
        (Estimate(1.2, 0.03, 48.2, 3, "student"), "1.2 (0.03-48)"),
        (Estimate(-0.02, -0.1, 0.06, 5, "student"), "-0.020 (-0.10 to 0.06)"),
        (Estimate(0.00073, 0.0002, 0.0033, 5, "student"), "0.00073 (0.0002-0.0033)"),
        (Estimate(2.5e7, 2.4e7, 2.6e7, 5, "student"), "2.500e7 (2.400e7-2.600e7)"),
        (Estimate(8.0, 8.0, 8.0, 5, "range"), "8 (8-8)"),
        (Estimate(7.5, 3.0, 8.0, 4, "range"), "7.5 (3-8)"),
        (Estimate(0.0, 0.0, 0.0037, 5, "binomial"), "0.0000 (0.0000-0.0037)"),
        (Estimate(2.846, None, None, 5, ""), "2.846"),
    ],
    ids=str,
)
def test_estimates_are_written_as_far_as_their_interval_bears(result: Estimate, expected: str) -> None:
    assert spelled(result) == expected


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


def test_what_scores_cost_stands_beside_them_and_nothing_beside_controls() -> None:
    cost = {"samples_seen": 64_000.0, "gradients": 128_000.0}
    row = seeds_of(
        "gan", scores("fid", 1.0, 2.0), seeds=(0, 1), cost=cost, provenance={"seconds": 12.4, "group": [0, 1]}
    )
    table = compare([*row, *CONTROL])[0]
    assert [cell.text for cell in table.lines[0].cells[-3:]] == ["64.0k", "128k", "12"]
    assert [cell.text for cell in table.lines[1].cells[-3:]] == ["", "", ""]
    assert table.header[-3:] == ("samples seen", "gradients", "seconds")
    assert any("those of one seed" in note for note in table.notes)
    counted_too = [replace(each, cost=cost | {"flops": 3e9}) for each in row]
    assert compare(counted_too)[0].header[-2] == "flops"
    assert compare(counted_too)[0].lines[0].cells[-2].text == "3.00G"


def test_seconds_are_those_of_training_where_only_scores_were_made_anew() -> None:
    made = {"seconds": 0.5, "trained": {"seconds": 30.0, "group": [0, 1]}}
    again = seeds_of("gan", scores("fid", 1.0, 2.0), seeds=(0, 1), provenance=made)
    assert compare(again)[0].lines[0].cells[-1].text == "30"


@pytest.mark.parametrize(
    ("number", "text"), [(0, "0"), (64, "64"), (1920, "1.92k"), (999_000, "999k"), (1.2e6, "1.20M")]
)
def test_counts_are_written_to_three_digits(number: float, text: str) -> None:
    assert counted(number) == text
