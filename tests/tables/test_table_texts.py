"""Tables word for word: in every form, with controls, leagues, footnotes, and what must be said below."""

from __future__ import annotations

from dataclasses import replace
from io import StringIO
from typing import Any

import pytest
from rich.console import Console

from ganbench._util.catalogue import facts
from ganbench.records.record import Record, Scores
from ganbench.tables import compare, printed, summarise
from ganbench.tables.citations import Paper, bibliography, counted, numbers, paper, protocol
from ganbench.tables.columns import Column, columns, curve_name, differences, flat, letters, short
from ganbench.tables.comparison import (
    Cell,
    Footnotes,
    PrintedRow,
    Table,
    allotted,
    chosen,
    in_order,
    memory,
    outcome,
    titled,
    unit,
)
from ganbench.tables.footnotes import described, failures, notes, own_settings, percent, plans, trials
from ganbench.tables.markup import Fitted, as_html, blocks, document, labelled, latex, markdown, terminal
from ganbench.tables.rows import rows
from tests.tables.made import INCEPTION, scores, seeds_of

TABLE = Table(
    "digits",
    ("league", "fid ↓", "density ↑"),
    (
        PrintedRow("gan_a", "adversarial", (Cell("adversarial"), Cell("1.0", True), Cell("0.5", note=1)), note=2),
        PrintedRow("vae", "not adversarial", (Cell("other"), Cell("2.0"), Cell("-", True, 1))),
        PrintedRow("noise", "control", (Cell("control"), Cell("9.0"), Cell("")), note=2),
    ),
    ("a note_", "another"),
    ("undefined, 50 %", "lr 0.1"),
    above=("The answer.",),
)


def test_a_table_as_markdown() -> None:
    assert markdown(TABLE) == (
        "## digits\n"
        "\n"
        "- The answer.\n"
        "\n"
        "| row | league | fid ↓ | density ↑ |\n"
        "| --- | ---: | ---: | ---: |\n"
        "| gan\\_a<sup>2</sup> | adversarial | 1.0* | 0.5<sup>1</sup> |\n"
        "| vae | other | 2.0 | -*<sup>1</sup> |\n"
        "| *noise*<sup>2</sup> | control | 9.0 |  |\n"
        "\n"
        "- a note\\_\n"
        "- another\n"
        "- <sup>1</sup> undefined, 50 %\n"
        "- <sup>2</sup> lr 0.1\n"
    )
    assert markdown(replace(TABLE, above=())).startswith("## digits\n\n| row | league |")


def test_a_table_as_latex_has_a_rule_between_leagues() -> None:
    assert latex(TABLE) == (
        "\\begin{table}\n"
        "\\centering\n"
        "\\caption{digits}\n"
        "\\begin{tabular}{lrrr}\n"
        "\\toprule\n"
        "row & league & fid $\\downarrow$ & density $\\uparrow$ \\\\\n"
        "\\midrule\n"
        "gan\\_a\\textsuperscript{2} & adversarial & 1.0* & 0.5\\textsuperscript{1} \\\\\n"
        "\\midrule\n"
        "vae & other & 2.0 & -*\\textsuperscript{1} \\\\\n"
        "\\midrule\n"
        "\\textit{noise}\\textsuperscript{2} & control & 9.0 &  \\\\\n"
        "\\bottomrule\n"
        "\\end{tabular}\n"
        "\n"
        "\\medskip\n"
        "\n"
        "\\parbox{\\linewidth}{\\footnotesize\\raggedright The answer. \\\\\n"
        "a note\\_ \\\\\n"
        "another \\\\\n"
        "\\textsuperscript{1} undefined, 50 \\% \\\\\n"
        "\\textsuperscript{2} lr 0.1}\n"
        "\\end{table}\n"
    )
    same = replace(TABLE, lines=(TABLE.lines[0], replace(TABLE.lines[0], label="other")))
    assert latex(same).count("\\midrule") == 1


def test_a_table_as_html() -> None:
    assert as_html(TABLE) == (
        "<h3>digits</h3><p>The answer.</p><table><tr><th>row</th><th>league</th><th>fid ↓</th><th>density ↑</th></tr>"
        "<tr><th>gan_a<sup>2</sup></th><td>adversarial</td><td>1.0*</td><td>0.5<sup>1</sup></td></tr>"
        "<tr><th>vae</th><td>other</td><td>2.0</td><td>-*<sup>1</sup></td></tr>"
        "<tr><th>noise<sup>2</sup></th><td>control</td><td>9.0</td><td></td></tr></table>"
        "<ul><li>a note_</li><li>another</li><li><sup>1</sup> undefined, 50 %</li><li><sup>2</sup> lr 0.1</li></ul>"
    )


def on_a_screen(table: Table, width: int = 80, *, is_terminal: bool = False) -> list[str]:
    console = Console(width=width, file=StringIO(), force_terminal=is_terminal, color_system=None)
    console.print(terminal(table))
    return console.file.getvalue().splitlines()  # type: ignore[attr-defined]


def test_a_table_on_a_terminal_has_numbers_below_each_other() -> None:
    assert on_a_screen(TABLE) == [
        "digits",
        "The answer.",
        "row        fid ↓  density ↑",
        "-- adversarial ------------",
        "gan_a (2)   1.0*    0.5 (1)",
        "-- other ------------------",
        "vae         2.0       -*(1)",
        "-- control ----------------",
        "noise (2)   9.0",
        "",
        "a note_",
        "another",
        "(1) undefined, 50 %",
        "(2) lr 0.1",
        "",
    ]


def test_columns_on_a_terminal_go_below_where_they_do_not_fit() -> None:
    wide = Table(
        "t", ("league", "a" * 30, "b" * 30, "c" * 9), (PrintedRow("r", "adversarial", (Cell("x"),) * 4),), (), ()
    )
    assert Fitted(wide).places == [1, 2, 3]
    assert (Fitted(wide).label_width, Fitted(wide).width_of(3)) == (3, 9)
    assert Fitted(wide).fitting(67) == [[1, 2], [3]]  # 3 + 32 + 32
    assert Fitted(wide).fitting(66) == [[1], [2, 3]]
    assert Fitted(wide).fitting(78) == [[1, 2, 3]]
    assert Fitted(wide).fitting(5) == [[1], [2], [3]]
    assert max(map(len, on_a_screen(wide, 200))) == 78
    assert max(map(len, on_a_screen(wide, 200, is_terminal=True))) == 78
    long = replace(wide, header=("league", "a" * 50, "b" * 50, "c" * 9))
    assert max(map(len, on_a_screen(long, 200))) == 3 + 52 + 11
    assert max(map(len, on_a_screen(long, 200, is_terminal=True))) == 3 + 52 + 52 + 11


def test_labels_that_are_long_go_on_below_and_carry_the_number_of_their_note() -> None:
    assert labelled(PrintedRow("gan", "adversarial", ())) == ["gan"]
    assert labelled(PrintedRow("gan", "adversarial", (), 3)) == ["gan (3)"]
    assert labelled(PrintedRow("gan (lr 0.0001, steps 5000, batch 64)", "adversarial", ())) == [
        "gan (lr 0.0001, steps 5000,",
        "batch 64)",
    ]
    assert labelled(PrintedRow("", "adversarial", ())) == [""]


@pytest.mark.parametrize(
    ("count", "across", "sizes"), [(9, 9, [9]), (10, 9, [5, 5]), (7, 6, [3, 4]), (13, 6, [4, 4, 5]), (1, 6, [1])]
)
def test_wide_tables_are_cut_into_even_blocks(count: int, across: int, sizes: list[int]) -> None:
    table = Table("t", tuple("abcdefghijklm"[:count]), (), (), ())
    cut = blocks(table, across)
    assert [len(block) for block in cut] == sizes
    assert [place for block in cut for place in block] == list(range(count))


def test_a_distance_brings_its_memorisation_into_every_block() -> None:
    table = Table("t", tuple("abcdefghij"), (), (), (), {0: 1, 7: 1, 9: 1})
    assert blocks(table, 5) == [[0, 1, 2, 3, 4], [5, 6, 7, 8, 9, 1]]


def test_tables_are_printed_one_after_the_other() -> None:
    two = [TABLE, replace(TABLE, dataset="ring8")]
    assert printed(two, "md") == f"{markdown(two[0])}\n{markdown(two[1])}"
    assert printed(two, "html") == f"{as_html(two[0])}\n{as_html(two[1])}\n"
    assert printed(two, "latex") == f"% needs \\usepackage{{booktabs}}\n\n{latex(two[0])}\n{latex(two[1])}"


def test_a_document_of_latex_has_the_protocol_and_the_keys_in_front() -> None:
    summaries = summarise(seeds_of("gan", scores("fid", 1.0, 2.0, 3.0)))
    lines = document([], summaries).splitlines()
    assert lines[:2] == ["% needs \\usepackage{booktabs}", "% The protocol, to paste:"]
    assert lines[2].startswith("% Each method was trained with 3 seeds for 500 steps")
    assert lines[3:] == [*bibliography(summaries)]
    failed = summarise(seeds_of("gan", ended=dict.fromkeys(range(3), ("error", 0, "no"))))
    assert document([], failed) == "% needs \\usepackage{booktabs}\n"


def test_the_protocol_in_words() -> None:
    rows_ = [
        *seeds_of("gan", scores("fid", 1.0, 2.0, 3.0)),
        *seeds_of("wgan", scores("fid", 1.0), seeds=(0,), plan={"steps": 900, "batch": 32}),
        *seeds_of("noise", scores("fid", 1.0, 2.0, 3.0), plan={"steps": 7, "batch": 7}),
    ]
    assert protocol(summarise(rows_)) == (
        "Each method was trained with 1 or 3 seeds for 500 or 900 steps in batches of 32 or 64. Of each seed 1 set of "
        "1000 samples from averaged weights were compared with 1 draw of 449 held-out examples. Numbers are means over "
        "seeds on the metric's scale, with 95% intervals of training and sampling; rows marked with an asterisk may be "
        "the best of their league (Hsu's multiple comparisons with the best, one pooled error, level 0.05)."
    )
    last = seeds_of("gan", scores("fid", 1.0, 2.0, 3.0, weights="last", n_real=0))
    text = protocol(summarise(last, "last"))
    assert "samples from the weights of the last step were" in text
    assert "1 draw of no held-out examples" in text


def test_numbers_with_their_nouns() -> None:
    assert [counted(*each) for each in (("1", "set"), ("8", "set"), ("1 or 3", "seed"))] == [
        "1 set",
        "8 sets",
        "1 or 3 seeds",
    ]
    assert (numbers([5, 3, 5]), numbers([])) == ("3 or 5", "no")


def test_an_entry_of_bibtex() -> None:
    known = Paper(("Van Gogh", "Ito", "others"), "On it", "2020", "2001.00001")
    assert known.entry == (
        "@misc{vangogh2020:2001.00001, author = {{Van Gogh} and Ito and others}, title = {On it}, year = {2020}, "
        "eprint = {2001.00001}, archiveprefix = {arXiv}}"
    )
    assert Paper(("Ito",), "", "1999", "").entry == "@misc{ito1999, author = {Ito}, year = {1999}}"
    two = paper("A et al., One, 2016. arXiv:1606.00001; B et al., Two, 2017. arXiv:1701.00001")
    assert two
    assert (two.title, two.arxiv) == ("One", "1606.00001")
    later = paper("A et al., One, 2016; arXiv:1701.00001")
    assert later
    assert later.arxiv == ""


def test_an_entry_with_a_title_wins_over_one_without() -> None:
    """A method's entry has its title; a metric of the same paper has none."""
    lines = bibliography(summarise(seeds_of("gan", scores("fid", 1.0, 2.0, 3.0))))
    assert lines[0] == "% Keys by which methods and metrics are cited:"
    assert lines[1:3] == ["%   fid: heusel2017:1706.08500", "%   gan: goodfellow2014:1406.2661"]
    assert lines[3].startswith("% @misc{goodfellow2014:1406.2661, author = {Goodfellow and others}, title = {")
    assert lines[4].startswith("% @misc{heusel2017:1706.08500, author = {Heusel and others}, ")
    assert len(lines) == 5


def of(metric: str, **changes: Any) -> Scores:
    return scores(metric, 1.0, **changes)[0]


def test_columns_come_in_the_order_of_the_catalogue_and_own_metrics_last() -> None:
    made = seeds_of("gan", *([of(name)] for name in ("zeta", "precision", "alpha", "kid", "fid")), seeds=(0,))
    assert [column.name for column in columns(made)] == ["fid", "kid", "precision", "alpha", "zeta"]
    assert [column.mark for column in columns(made)] == [""] * 5


def test_columns_of_one_metric_have_letters() -> None:
    made = [
        *seeds_of("gan", [of("fid", n_fake=9)], seeds=(0,)),
        *seeds_of("wgan", [of("fid", n_fake=10)], seeds=(0,)),
        *seeds_of("lsgan", [of("fid", n_fake=9)], seeds=(0,)),
    ]
    assert sorted(column.name for column in columns(made)) == ["fid[a]", "fid[b]"]
    (line,) = differences(columns(made))
    assert line in {
        "fid[a], fid[b] are not comparable: n_fake (10; 9) differ.",
        "fid[a], fid[b] are not comparable: n_fake (9; 10) differ.",
    }
    assert differences(columns(made[:1])) == []
    assert columns(made, "last") == []
    assert [letters(i) for i in (1, 25, 26, 27, 52)] == ["b", "z", "aa", "ab", "ba"]


def test_a_field_that_only_one_column_has_is_none_in_the_other() -> None:
    one, two = Column(of("fid", options={"k": 3}), "a"), Column(of("fid", version=2), "b")
    assert differences([one, two]) == ["fid[a], fid[b] are not comparable: options.k (3; none), version (1; 2) differ."]


def test_digests_are_cut_short() -> None:
    assert (short("weights_sha256", "0123456789abcdef"), short("layer", "0123456789abcdef")) == (
        "0123456789ab",
        "0123456789abcdef",
    )
    told = flat(of("fid"))
    assert (told["features.weights_sha256"], told["features.name"]) == ("82790460606c", "inception")
    assert (told["n_real"], told["weights"]) == ("449", "average")


def test_a_header_says_where_better_values_are() -> None:
    ideal = facts("metrics", "within_mode_spread")
    column = Column(of("within_mode_spread", better="target", version=ideal["version"]), "")
    assert (column.header, column.rankable) == ("within_mode_spread → 1", True)
    older = Column(of("within_mode_spread", better="target", version=ideal["version"] + 1), "")
    assert (older.header, older.rankable, older.ideal) == ("within_mode_spread →", False, None)
    assert Column(of("recall", better="higher"), "b").header == "recall[b] ↑"
    assert (Column(of("fid"), "").family, Column(of("mine.py:x"), "").family) == ("Frechet", "")


def test_a_curve_is_named_as_the_column_of_its_metric() -> None:
    other = {"name": "random_conv"}
    records = seeds_of("gan", [of("kid")], [of("fid", features=other)], seeds=(0,))
    assert curve_name("fid", records) == "frechet[random_conv]"
    assert curve_name("recall", records) == "recall"


def test_footnotes_are_numbered_from_one_and_each_is_there_once() -> None:
    footnotes = Footnotes()
    assert [footnotes.number(text) for text in ("", "a", "b", "a", "")] == [0, 1, 2, 1, 0]
    assert footnotes.texts == ["a", "b"]


@pytest.mark.parametrize(
    ("lengths", "room", "counts"),
    [
        ((5, 3, 0), 10, (5, 3, 0)),
        ((5, 3, 2), 7, (5, 1, 1)),
        ((5, 3, 2), 9, (5, 3, 1)),
        ((5, 3, 2), 1, (1, 1, 1)),
        ((0, 3, 0), 2, (0, 2, 0)),
    ],
)
def test_each_league_shows_its_best_and_the_first_as_many_as_there_is_room_for(
    lengths: tuple[int, ...], room: int, counts: tuple[int, ...]
) -> None:
    names = ("adversarial", "conditional", "not adversarial")
    assert allotted(dict(zip(names, lengths, strict=True)), room) == dict(zip(names, counts, strict=True))


def test_how_seeds_ended_is_counted() -> None:
    ended: dict[int, Any] = {0: ("diverged", 3, ""), 2: ("diverged", 4, "")}
    assert outcome(seeds_of("gan", ended=ended)) == "diverged 2/3, done 1/3"


@pytest.mark.parametrize(
    ("value", "size", "title"),
    [
        (0.01, 1.0, "kid ↓"),
        (0.0099, 1e-3, "kid ↓ (1e-3)"),
        (2e-5, 1e-6, "kid ↓ (1e-6)"),
        (99_000.0, 1.0, "kid ↓"),
        (1e5, 1e3, "kid ↓ (1e3)"),
        (3e6, 1e6, "kid ↓ (1e6)"),
        (0.0, 1.0, "kid ↓"),
    ],
)
def test_columns_of_small_and_large_numbers_have_a_unit(value: float, size: float, title: str) -> None:
    (summary,) = summarise(seeds_of("gan", scores("kid", value, value, value)))
    (column,) = summary.columns
    assert unit(summary, column) == pytest.approx(size)
    assert titled(column, unit(summary, column)) == title


def test_memorisation_stands_behind_the_first_distance() -> None:
    def across(*names: str) -> list[Column]:
        return [Column(of(name), "") for name in names]

    shown = in_order(across("precision", "kid", "fid", "copies", "authenticity"))
    assert [column.name for column in shown] == ["fid", "authenticity", "precision", "kid", "copies"]
    assert memory(shown) == {2: 3, 5: 3}
    assert [c.name for c in in_order(across("precision", "copies"))] == ["precision", "copies"]
    assert memory(across("precision", "fid")) == {}
    assert [c.name for c in in_order(across("fid", "high_quality"))] == ["high_quality", "fid"]


def test_rows_that_a_table_shows() -> None:
    made: list[Record] = []
    for i in range(4):
        made += seeds_of(f"g{i}", scores("fid", 1.0 + i, 1.1 + i, 1.2 + i))
    for name in ("kde", "gmm"):
        made += seeds_of(name, scores("fid", 9.0, 9.1, 9.2))
    (summary,) = summarise(made)
    assert [row.label for row in chosen(summary, 6)] == ["g0", "g1", "g2", "g3", "gmm", "kde"]
    assert [row.label for row in chosen(summary, None)] == ["g0", "g1", "g2", "g3", "gmm", "kde"]
    assert [row.label for row in chosen(summary, 4)] == ["g0", "g1", "g2", "gmm"]
    assert [row.label for row in chosen(summary, 1)] == ["g0", "gmm"]


def test_one_row_more_is_singular() -> None:
    made = [r for i in range(3) for r in seeds_of(f"g{i}", scores("fid", 1.0 + i, 1.1 + i, 1.2 + i))]
    assert "1 more row: --all-rows." in compare(made, 2)[0].notes
    assert "2 more rows: --all-rows." in compare(made, 1)[0].notes


def below(*records: Record, usual: int = 3) -> list[str]:
    (summary,) = summarise(list(records))
    return notes(summary, summary.rows, usual)


def test_all_lines_below_a_table() -> None:
    made = [*seeds_of("gan", scores("fid", 1.0, 1.5, 2.0)), *seeds_of("noise", scores("fid", 9.0, 9.5, 9.9))]
    assert below(*made) == [
        "Means over 3 seeds on the metric's scale (ratios of distances, odds of shares) with 95% intervals (Student's "
        "t); of counts the median with the range of the seeds. Samples are from averaged weights.",
        "*: may be the best of its league (Hsu's multiple comparisons with the best, pooled error, level 0.05). Not "
        "ranked: controls, rows of fewer than 3 seeds, that did not learn or of which a seed was lost.",
        "rank: mean over the metrics of the rank in the league, with what 95% of resamples of the seeds say of it.",
        "league: adversarial = trained against a discriminator, without labels; control = not trained: they say what a "
        "score means.",
        "Intervals hold training and sampling, not told apart; the reference is as it is, and was drawn once.",
        "Samples per seed: 1000.",
        "Reference: digits:held_out (rule), 449 examples.",
        "Features: inception (sha256 82790460606c).",
        "Plan: batch 64, steps 500.",
    ]
    assert below(*made, usual=1)[0].startswith("Means over one seed on")


def test_a_table_of_failures_says_only_what_holds_of_them() -> None:
    failed = seeds_of("gan", ended=dict.fromkeys(range(3), ("error", 0, "no")))
    lines = below(*failed)
    assert [line.split(" ")[0] for line in lines] == ["Means", "Plan:", "gan:"]
    assert lines[2] == "gan: error for seeds 0-2 after step 0: no."


def test_failures_are_told_by_status_with_seeds_and_steps() -> None:
    ended: dict[int, Any] = {0: ("diverged", 3, "nan"), 1: ("error", 9, ""), 2: ("diverged", 5, "inf")}
    made = rows(seeds_of("gan", ended=ended))
    assert failures(made) == [
        "gan: diverged for seeds 0, 2 after step 3, 5: nan.",
        "gan: error for seeds 1 after step 9.",
    ]
    assert failures(rows(seeds_of("gan"))) == []


def test_plans_and_trials_are_those_of_trained_rows() -> None:
    control = seeds_of("noise", plan={"steps": 1, "batch": 1})
    one, two = seeds_of("gan"), seeds_of("wgan", plan={"steps": 9, "batch": 64})
    assert plans(rows([*one, *two, *control])) == ["Plan: batch 64, steps 500; batch 64, steps 9."]
    assert plans(rows(control)) == []
    tried = [seeds_of(name, provenance={"trials": n}) for name, n in (("a", 8), ("b", 8), ("c", 4), ("d", 2))]
    said = "Each row has the best of 8 trials of settings, chosen on other seeds and other examples"
    assert trials(rows([r for each in tried for r in each])) == [f"{said}; d: 2; c: 4."]
    assert trials(rows([*one, *two])) == []


def test_settings_of_its_own_are_told_of_a_row() -> None:
    made = [
        *seeds_of("a.py", settings={"lr": 0.1, "x": 1}),
        *seeds_of("b.py", settings={"lr": 0.1, "x": 2, "z": "s"}),
        *seeds_of("noise", settings={"lr": 0.9}),
    ]
    assert own_settings(rows(made)) == {"a.py": "x 1", "b.py": 'x 2, z "s"'}
    assert own_settings(rows(made[:3])) == {"a.py": "lr 0.1, x 1"}


def test_features_are_described_with_the_digests_of_their_weights() -> None:
    assert described({}) == "unnamed"
    assert described({"name": "pixels"}) == "pixels"
    assert described(INCEPTION | {"b_sha256": "f" * 64}) == "inception (sha256 ffffffffffff, sha256 82790460606c)"
    assert described({"a_sha256": "abc"}) == "unnamed (sha256 abc)"


def test_shares_are_written_as_a_range() -> None:
    assert percent([0.031, 0.2, 0.1]) == "3% to 20%"
    assert percent([0.031, 0.029]) == "3%"
