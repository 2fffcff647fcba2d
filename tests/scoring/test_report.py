"""A report word for word in each of its formats, from rows whose scores are known."""

from __future__ import annotations

import csv
import io
import json
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest
import torch

from ganbench.errors import BadInput
from ganbench.features.feature_set import Facts, FeatureSet
from ganbench.io.source import LeftOut, Source
from ganbench.records.record import Better, Scores
from ganbench.scoring.inputs import FileInputs
from ganbench.scoring.report import (
    COLUMNS,
    FORMATS,
    SUFFIXES,
    ByProtocol,
    Report,
    Row,
    as_eval_results,
    describe,
    heading,
    parts,
    tables,
    terminal,
)
from ganbench.scoring.warnings import Warned

NETWORK = {"name": "random_conv", "layer": "last"}
PUBLISHED = (
    "frechet[random_conv]: the published fid take features of inception or inception_pytorch_fid or inception_clean "
    "(--features inception, with --weights FILE or --download), and no others compare with them"
)
METHOD = (
    "[low, high]: 95 % interval over the samples, the reference fixed (jackknife over 10 groups, Student's t); the "
    "bias of small n is not in it"
)
WARNED = Warned("W102", "n below what a metric needs", "gen", "4 samples")


def inputs(name: str, n: int, size: tuple[int, int] = (16, 8), role: str = "fake", **changes: Any) -> FileInputs:
    """A set of ``n`` pictures of one height and width."""
    of_source = {key: changes.pop(key) for key in ("unused_labels", "kind") if key in changes}
    facts = Facts(torch.zeros(n, 2, dtype=torch.int64), torch.full((n,), 9.0), torch.tensor([size] * n))
    known = FeatureSet(torch.zeros(n, 3), None, None, (), tuple(map(str, range(n))), facts, 3, {"PNG": n})
    source = Source(name, of_source.pop("kind", "images"), lambda: f"digest of {name}", **of_source)
    return FileInputs(source, replace(known, **changes), role, "random_conv")


def scored(metric: str, value: float | None, n_fake: int, **changes: Any) -> Scores:
    reason = "" if value is not None else "expected at least 4 rows"
    better: Better = "lower" if metric == "fid" else "higher"
    known = Scores(metric, (value,), (reason,), better, 2, NETWORK, "ref", 6, n_fake, {"k": 3})
    return replace(known, **changes)


GEN = Row(
    "gen",
    False,
    inputs("gen", 4),
    (scored("fid", 12.3456789, 4), scored("precision", 0.5, 4)),
    ((11.0, 13.456), None),
)
NOISE = Row(
    "control: noise",
    True,
    inputs("control: noise", 2),
    (scored("fid", 300.0, 2), scored("precision", None, 2)),
    (None, None),
)
REPORT = Report(inputs("ref", 6, role="real"), NETWORK, (GEN, NOISE), (WARNED,), ("vendi", "topp"))
SLOW = "left out, for they take long: vendi, topp; --slow takes them, or their names do"
UNDEFINED = "precision of control: noise is undefined: expected at least 4 rows"
HEADING = [
    "reference ref: 6 colour images, 8 by 16 (PNG)",
    "samples gen: 4 colour images, 8 by 16 (PNG)",
    "samples control: noise: 2 colour images, 8 by 16 (PNG)",
    "features random_conv (layer: last)",
]
BELOW = [UNDEFINED, METHOD, PUBLISHED, SLOW, "W102 n below what a metric needs: gen: 4 samples"]


TABLE = """\
┏━━━━━━━━━━━━━━━━━━━━━━━━┳━━━━━━━━━┳━━━━━━━━━━━━━━━━━━━━┳━━━━━━━━━━━━━━━━━━━━━━┓
┃ metric                 ┃ version ┃          gen (n 4) ┃ control: noise (n 2) ┃
┡━━━━━━━━━━━━━━━━━━━━━━━━╇━━━━━━━━━╇━━━━━━━━━━━━━━━━━━━━╇━━━━━━━━━━━━━━━━━━━━━━┩
│ frechet[random_conv] ↓ │       2 │ 12.346 [11, 13.46] │                  300 │
│ precision ↑            │       2 │                0.5 │            undefined │
└────────────────────────┴─────────┴────────────────────┴──────────────────────┘
""".splitlines()


def test_a_report_as_text_is_the_table_between_what_was_compared_and_the_notes() -> None:
    lines = FORMATS["table"](REPORT).splitlines()
    assert lines[:10] == [*HEADING, *TABLE]
    assert " ".join(lines[10:]) == " ".join(BELOW)
    assert max(map(len, lines)) <= 200
    assert repr(REPORT) == "\n".join(lines)


def test_a_terminal_shows_names_left_numbers_right_and_warnings_in_yellow() -> None:
    shown: list[Any] = list(terminal(REPORT).renderables)
    assert [str(each) for each in shown[:4]] == HEADING
    assert [str(each) for each in shown[5:]] == BELOW
    assert {each.style for each in [*shown[:4], *shown[5:-1]]} == {"dim"}
    assert shown[-1].style == "yellow"
    assert [each.justify for each in shown[4].columns] == ["left", "right", "right", "right"]
    assert {each.overflow for each in shown[4].columns} == {"fold"}


def test_a_report_as_markdown() -> None:
    assert REPORT.to_markdown() == (
        "- reference ref: 6 colour images, 8 by 16 (PNG)\n"
        "- samples gen: 4 colour images, 8 by 16 (PNG)\n"
        "- samples control: noise: 2 colour images, 8 by 16 (PNG)\n"
        "- features random\\_conv (layer: last)\n"
        "\n"
        "| metric | version | gen (n 4) | control: noise (n 2) |\n"
        "| --- | ---: | ---: | ---: |\n"
        "| frechet\\[random\\_conv] ↓ | 2 | 12.346 \\[11, 13.46] | 300 |\n"
        "| precision ↑ | 2 | 0.5 | undefined |\n"
        "\n" + "\n".join(f"- {line}" for line in BELOW).replace("[", "\\[").replace("_", "\\_") + "\n"
    )


def test_a_report_without_notes_as_markdown_ends_with_its_table() -> None:
    plain = Row("gen", False, inputs("gen", 4), (scored("precision", 1 / 3, 4),), (None,))
    text = Report(REPORT.reference, {"name": "pixels"}, (plain,), ()).to_markdown()
    assert text.endswith("- features pixels\n\n| metric | version | gen (n 4) |\n| --- | ---: | ---: |\n"
                         "| precision ↑ | 2 | 0.33333 |\n")  # fmt: skip


def test_a_report_as_latex() -> None:
    notes = [
        *HEADING[:3],
        r"features random\_conv (layer: last)",
        UNDEFINED,
        METHOD.replace("%", r"\%"),
        PUBLISHED.replace("_", r"\_"),
        SLOW,
        BELOW[-1],
    ]
    joined = " \\\\\n".join(notes)
    assert REPORT.to_latex() == (
        "\\begin{table}\n"
        "\\centering\n"
        "\\begin{tabular}{lrrr}\n"
        "\\toprule\n"
        "metric & version & gen (n 4) & control: noise (n 2) \\\\\n"
        "\\midrule\n"
        "frechet[random\\_conv] $\\downarrow$ & 2 & 12.346 [11, 13.46] & 300 \\\\\n"
        "precision $\\uparrow$ & 2 & 0.5 & undefined \\\\\n"
        "\\bottomrule\n"
        "\\end{tabular}\n"
        "\n"
        "\\medskip\n"
        "\n"
        f"\\parbox{{\\linewidth}}{{\\footnotesize\\raggedright {joined}}}\n"
        "\\end{table}\n"
    )


def test_a_report_as_html_escapes_names() -> None:
    row = replace(NOISE, name="<b>")
    html = Report(REPORT.reference, NETWORK, (row,), (WARNED,))._repr_html_()
    assert html == (
        "<ul><li>reference ref: 6 colour images, 8 by 16 (PNG)</li>"
        "<li>samples &lt;b&gt;: 2 colour images, 8 by 16 (PNG)</li>"
        "<li>features random_conv (layer: last)</li></ul>\n"
        "<table><tr><th>metric</th><th>version</th><th>&lt;b&gt; (n 2)</th></tr>"
        "<tr><td>frechet[random_conv] ↓</td><td>2</td><td>300</td></tr>"
        "<tr><td>precision ↑</td><td>2</td><td>undefined</td></tr></table>\n"
        "<ul><li>precision of &lt;b&gt; is undefined: expected at least 4 rows</li>"
        f"<li>{PUBLISHED}</li><li>{BELOW[-1]}</li></ul>"
    )


def test_a_report_without_notes_as_html_has_no_empty_list() -> None:
    plain = Row("gen", False, inputs("gen", 4), (scored("precision", 1.0, 4),), (None,))
    html = Report(REPORT.reference, NETWORK, (plain,), ())._repr_html_()
    assert html.endswith("</table>\n")
    assert html.count("<ul>") == 1


def test_a_report_as_plain_data() -> None:
    facts = {
        "kind": "images",
        "channels": 3,
        "conversions": {},
        "left_out": [],
        "classes": [],
        "unused_labels": "",
    }
    ref = {"name": "ref", "content": "digest of ref", "n": 6, "sizes": {"8x16": 6}, "stored": {"PNG": 6}, **facts}
    gen = {"name": "gen", "content": "digest of gen", "n": 4, "sizes": {"8x16": 4}, "stored": {"PNG": 4}, **facts}
    frechet = {
        "metric": "fid",
        "name": "frechet[random_conv]",
        "value": 12.3456789,
        "reason": "",
        "interval": (11.0, 13.456),
        "interval_method": METHOD.removeprefix("[low, high]: ").partition(";")[0],
        "better": "lower",
        "version": 2,
        "features": NETWORK,
        "reference": "ref",
        "n_real": 6,
        "n_fake": 4,
        "options": {"k": 3},
    }
    content = REPORT.to_dict()
    assert list(content) == ["ganbench", "reference", "rows", "notes", "warnings"]
    assert content["ganbench"] == version("ganbench")
    assert content["reference"] == ref
    first, second = content["rows"]
    assert {key: first[key] for key in gen} == gen
    assert (first["control"], second["control"]) == (False, True)
    assert first["scores"][0] == frechet
    undefined = second["scores"][1]
    assert (undefined["value"], undefined["reason"]) == (None, "expected at least 4 rows")
    assert undefined["interval"] is None
    assert "interval_method" not in undefined
    assert content["notes"] == [PUBLISHED, SLOW]
    assert content["warnings"] == [
        {"code": "W102", "title": "n below what a metric needs", "about": "gen", "text": "4 samples"}
    ]
    assert REPORT.to_json() == json.dumps(content, indent=1) + "\n"


def test_what_a_set_holds_beside_samples_is_data_too() -> None:
    left, done = (LeftOut("x.png", "damaged", broken=True),), {"were grey": 1}
    odd = inputs("odd", 2, left_out=left, classes=("a", "b"), conversions=done, unused_labels="three of them")
    row = replace(NOISE, inputs=odd, name="shown so")
    facts = Report(REPORT.reference, NETWORK, (row,), ()).to_dict()["rows"][0]
    assert facts["name"] == "shown so"
    assert facts["left_out"] == [{"name": "x.png", "reason": "damaged", "broken": True}]
    assert (facts["classes"], facts["unused_labels"]) == (["a", "b"], "three of them")
    assert facts["conversions"] == {"were grey": 1}


def test_a_score_that_read_no_reference_has_no_number_of_it() -> None:
    plain = Row("gen", False, inputs("gen", 4), (scored("precision", 1.0, 4, n_real=0, reference="none"),), (None,))
    report = Report(REPORT.reference, NETWORK, (plain,), ())
    assert report.to_dict()["rows"][0]["scores"][0]["n_real"] is None
    assert next(csv.DictReader(io.StringIO(report.to_csv())))["n_real"] == ""
    assert "gen: 4 samples against ref; precision" in as_eval_results(report, "d")


def test_csv_has_a_line_for_each_set_and_metric() -> None:
    row = replace(NOISE, name="=SUM(A1)")
    features, options = '"{""layer"": ""last"", ""name"": ""random_conv""}"', '"{""k"": 3}"'
    assert Report(REPORT.reference, NETWORK, (GEN, row), ()).to_csv() == (
        "samples,metric,name,value,low,high,better,version,n_real,n_fake,reference,features,options,reason\n"
        f"gen,fid,frechet[random_conv],12.3456789,11.0,13.456,lower,2,6,4,ref,{features},{options},\n"
        f"gen,precision,precision,0.5,,,higher,2,6,4,ref,{features},{options},\n"
        f"'=SUM(A1),fid,frechet[random_conv],300.0,,,lower,2,6,2,ref,{features},{options},\n"
        f"'=SUM(A1),precision,precision,,,,higher,2,6,2,ref,{features},{options},expected at least 4 rows\n"
    )


def test_a_frame_of_pandas_has_the_lines_of_the_csv() -> None:
    frame = REPORT.to_pandas()
    assert list(frame.columns) == list(COLUMNS)
    assert frame["value"].tolist()[:3] == [12.3456789, 0.5, 300.0]
    assert frame["samples"].tolist() == ["gen", "gen", "control: noise", "control: noise"]
    assert frame["low"].tolist()[0] == 11.0


def test_results_for_a_models_page_are_an_entry_for_each_value_of_a_set() -> None:
    other = inputs("ref in colour", 6, role="real")
    row = Row("gen", False, GEN.inputs, (GEN.scores[0], scored("precision", None, 4)), (None, None), other)
    note = "samples against 6 of {}; frechet[random_conv] version 2; features name: random_conv, layer: last; ganbench"
    assert as_eval_results(Report(REPORT.reference, NETWORK, (row, NOISE), ()), "some/data") == (
        "- dataset:\n"
        '    id: "some/data"\n'
        '    task_id: "frechet[random_conv]"\n'
        "  value: 12.3456789\n"
        f'  notes: "gen: 4 {note.format("ref in colour")} {version("ganbench")}"\n'
    )
    assert f"4 {note.format('ref')} " in as_eval_results(REPORT, "some/data")
    with pytest.raises(BadInput, match="no score has a value to be written"):
        as_eval_results(Report(REPORT.reference, NETWORK, (NOISE,), ()), "some/data")


def test_a_report_is_saved_in_the_format_of_its_suffix(tmp_path: Path) -> None:
    assert set(SUFFIXES) == {".json", ".csv", ".md", ".tex", ".html", ".txt"}
    texts = {
        "a.json": REPORT.to_json(),
        "a.csv": REPORT.to_csv(),
        "a.md": REPORT.to_markdown(),
        "a.tex": REPORT.to_latex(),
        "a.HTML": REPORT._repr_html_(),
        "a.txt": repr(REPORT) + "\n",
    }
    for name, text in texts.items():
        assert REPORT.save(tmp_path / name) == tmp_path / name
        assert (tmp_path / name).read_text(encoding="utf-8") == text
    with pytest.raises(BadInput, match=r"a.doc: expected a name that ends in .json, .csv, .md, .tex, .html, .txt"):
        REPORT.save(tmp_path / "a.doc")


def test_numbers_of_another_tool_say_whose_they_are() -> None:
    own = ByProtocol("clean-fid", "clean-fid, mode clean", "FID of 4 samples.", ("KID is left out",))
    report = replace(REPORT, protocol=own, left_out=())
    assert heading(report)[-2] == "as clean-fid: clean-fid, mode clean"
    assert report.notes == [PUBLISHED, "KID is left out", "FID of 4 samples."]
    assert report.to_dict()["protocol"] == {
        "name": "clean-fid",
        "tool": "clean-fid, mode clean",
        "sentence": "FID of 4 samples.",
        "notes": ("KID is left out",),
    }


def test_a_value_is_asked_for_by_its_metric() -> None:
    assert (GEN.value("precision"), NOISE.value("precision")) == (0.5, None)
    with pytest.raises(KeyError, match="kid"):
        GEN.value("kid")
    assert REPORT.values == {
        "gen": {"fid": 12.3456789, "precision": 0.5},
        "control: noise": {"fid": 300.0, "precision": None},
    }


@pytest.mark.parametrize(
    ("count", "across", "edges"),
    [
        (1, 4, [(0, 1)]),
        (4, 4, [(0, 4)]),
        (5, 4, [(0, 2), (2, 5)]),
        (8, 4, [(0, 4), (4, 8)]),
        (9, 4, [(0, 3), (3, 6), (6, 9)]),
        (7, 6, [(0, 3), (3, 7)]),
    ],
)
def test_columns_are_cut_into_as_few_even_parts_as_fit(count: int, across: int, edges: list[tuple[int, int]]) -> None:
    assert [(each.start, each.stop) for each in parts(count, across)] == edges


def several(sets: int, controls: int, metrics: int) -> Report:
    rows = [
        Row(
            f"s{i}",
            i >= sets,
            inputs(f"s{i}", 10 + i),
            tuple(scored(f"m{j}", i + j / 10, 10 + i) for j in range(metrics)),
            (None,) * metrics,
        )
        for i in range(sets + controls)
    ]
    return Report(REPORT.reference, NETWORK, tuple(rows), ())


def test_four_sets_stand_across_and_controls_beside_them() -> None:
    first, second = tables(several(4, 1, 2))
    assert first[0] == ["metric", "version", "s0 (n 10)", "s1 (n 11)"]
    assert second[0] == ["metric", "version", "s2 (n 12)", "s3 (n 13)", "s4 (n 14)"]
    assert second[2] == ["m1 ↑", "2", "2.1", "3.1", "4.1"]


def test_five_sets_have_a_line_each_with_the_metrics_across() -> None:
    first, second = tables(several(5, 0, 7))
    assert first[0] == ["samples", "n", "m0 ↑ v2", "m1 ↑ v2", "m2 ↑ v2"]
    assert first[4] == ["s3", "13", "3", "3.1", "3.2"]
    assert second[0][2:] == ["m3 ↑ v2", "m4 ↑ v2", "m5 ↑ v2", "m6 ↑ v2"]
    assert len(second) == 6
    (whole,) = tables(several(5, 1, 6))
    assert [line[0] for line in whole] == ["samples", *(f"s{i}" for i in range(6))]


def test_a_set_is_described_by_what_it_holds_and_what_was_done_to_it() -> None:
    sizes = torch.tensor([(16, 8)] * 4 + [(8, 8)] * 3 + [(9, 9)] * 2 + [(5, 4)])
    facts = Facts(torch.zeros(10, 2, dtype=torch.int64), torch.zeros(10), sizes)
    left = (LeftOut("x", "no image by its suffix"), LeftOut("y", "damaged", broken=True))
    mixed = inputs(
        "a",
        10,
        facts=facts,
        channels=1,
        stored={"PNG": 9, "JPEG": 1},
        conversions={"were palette": 3, "had EXIF": 1},
        left_out=left,
        unused_labels="y: no whole numbers",
    )
    assert describe(mixed) == (
        "10 grey images, 8 by 16, 8 by 8, 9 by 9, ... (9 PNG, 1 JPEG); 3 images were palette; 1 images had EXIF; "
        "2 files left out; labels not used (y: no whole numbers)"
    )
    three = replace(facts, size=torch.tensor([(16, 8)] * 5 + [(8, 8)] * 3 + [(9, 9)] * 2))
    assert describe(inputs("a", 10, facts=three)) == "10 colour images, 8 by 16, 8 by 8, 9 by 9 (PNG)"


def test_features_and_moments_are_described_by_their_number() -> None:
    rows = inputs("a", 5, kind="features", channels=0, stored={"array": 5}, conversions={"were doubles": 5})
    assert describe(rows) == "5 rows of 3 features; 5 were doubles"
    assert describe(inputs("a", 5, kind="features", channels=0, unused_labels="no")) == (
        "5 rows of 3 features; labels not used (no)"
    )
    moments = inputs("a", 4, kind="moments", channels=0)
    assert describe(moments) == "mean and covariance of 3 features; of how many samples it does not say"
