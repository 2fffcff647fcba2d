"""The page of a results folder: one file, whole without scripts, and what came from outside is text."""

from __future__ import annotations

import json
import re
import shutil
from base64 import b64encode
from dataclasses import replace
from hashlib import sha256
from pathlib import Path

import pytest

from ganbench.records.record import to_line
from ganbench.report import template
from ganbench.report.page import Page
from ganbench.tables import Tables
from tests.report.pages import HOSTILE, Read, known
from tests.runs.command import TINY, ganbench, suite

ROOT = Path(__file__).parents[2]
QUICK = ROOT / "results" / "quick"


@pytest.fixture(scope="module")
def page() -> Page:
    return Page(Path("results/mine"), known(), "mine", HOSTILE)


@pytest.fixture(scope="module")
def html(page: Page) -> str:
    return page.html()


def test_a_name_that_would_be_code_is_text_in_the_html_and_in_the_embedded_data(html: str) -> None:
    read = Read(html)
    assert HOSTILE in "".join(read.text)
    assert not any(attributes.get("src") == "x" or "onerror" in attributes for _, attributes in read.tags)
    assert read.count("script") == 2  # the data and the page's own
    assert "alert(2)</script>" not in html.lower()


def test_nothing_is_loaded_from_elsewhere(html: str) -> None:
    read = Read(html)
    places = [attributes.get(name) or "" for _, attributes in read.tags for name in ("src", "href", "action", "data")]
    assert all(place.startswith(("data:image/png;base64,", "#")) for place in places if place)
    assert not re.search(r"@import|url\(", html)
    assert "default-src 'none'" in html


def test_the_script_that_may_run_is_the_one_in_the_page(html: str) -> None:
    digest = re.search(r"script-src 'sha256-([^']+)'", html)
    script = html.rpartition("<script>")[2].partition("</script>")[0]
    assert digest
    assert digest[1] == b64encode(sha256(script.encode()).digest()).decode()


def test_the_answer_stands_first_and_says_who_leads_by_how_much_and_how_sure_that_is(page: Page, html: str) -> None:
    (lead,) = page.leads
    assert (lead.row, lead.verdict) == ("ns_gan", "clear")
    assert "mean rank 1.0 (1.0 to 1.0), next wgan_gp with 2.0" in lead.by
    assert lead.sure.startswith("first in 100% of resamples")
    assert html.index('id="answer"') < html.index(">ns_gan <span") < html.index('id="tables"')


def test_a_lead_that_a_rival_disputes_is_open(page: Page) -> None:
    records = known()
    same = [replace(each, baseline="twin", key=f"{each.key}t") for each in records if each.baseline == "ns_gan"]
    (lead,) = Page(page.folder, [*records, *same]).leads
    assert lead.verdict == "open"
    assert any(each.startswith("twin") for each in lead.open)


def test_rows_of_a_league_stand_against_one_another_with_their_profiles(page: Page, html: str) -> None:
    (contest,) = page.contests
    assert contest.labels == ("ns_gan", "wgan_gp", HOSTILE)
    texts = [[cell.text for cell in line] for line in contest.wins]
    assert texts == [["", "100", "100"], ["0", "", "100"], ["0", "0", ""]]
    assert contest.wins[0][1].says == "ns_gan better than wgan_gp in 100% of pairs; with every seed in 2 tasks"
    assert contest.wins[1][0].says == "wgan_gp better than ns_gan in 0% of pairs"
    assert html.index('id="tables"') < html.index('id="wins"') < html.index('id="curves"')


def test_of_many_rows_the_leading_ones_and_the_usual_rival_are_shown_against_one_another() -> None:
    names = [f"variant{i:02}" for i in range(14)]
    (contest,) = Page(Path("results/mine"), known([*names, "ns_gan"])).contests
    assert contest.labels == (*names[:11], "ns_gan")
    assert contest.left_out == 3
    assert {len(line) for line in contest.wins} == {12}


def test_profiles_are_drawn_where_scores_can_be_normalised() -> None:
    controls = ["noise", "gaussian"]
    records = [r for r in known(["ns_gan", "wgan_gp", *controls]) if r.baseline not in controls]
    assert not Page(Path("x"), records).contests[0].drawing
    page = Page(Path("x"), known(["ns_gan", "wgan_gp", *controls]))
    (contest,) = page.contests
    assert "normalised score" in contest.drawing
    assert [label for _, label, _ in contest.rows] == ["ns_gan", "wgan_gp"]


def test_tables_hold_what_ganbench_table_says(html: str, page: Page) -> None:
    (grid,) = page.grids
    (table, *_) = Tables(page.records, None).compared
    assert [row.label for row in grid.rows] == [line.label for line in table.lines]
    for row, line in zip(grid.rows, table.lines, strict=True):
        assert [each.text for each in row.values] == [each.text for each in line.cells[1 : 1 + len(row.values)]]
        assert [each.in_tier for each in row.values] == [each.in_tier for each in line.cells[1 : 1 + len(row.values)]]
    assert grid.rows[0].values[1].text in Read(html).text


def test_every_interval_of_a_ranked_row_is_drawn(page: Page) -> None:
    (grid,) = page.grids
    assert all("<circle" in value.drawing or "tip" in value.drawing for row in grid.rows for value in row.values[1:])
    assert 'class="bar"' in grid.rows[0].values[1].drawing


def test_samples_stand_seed_by_seed_with_their_scores(page: Page) -> None:
    (shown,) = page.samples
    first = shown.rows[0]
    assert [seed["seed"] for seed in first.seeds] == [0, 1, 2]
    assert [seed["first"] for seed in first.seeds] == [True, False, False]
    assert first.seeds[2]["scores"][0] == ["frechet ↓", "0.17"]
    assert len({first.first.src, first.seeds[1]["src"], first.seeds[2]["src"]}) == 3


def test_samples_that_have_no_room_are_left_out_and_the_page_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ganbench.report.page.MOST_BYTES", 10)
    (shown,) = Page(Path("results/mine"), known()).samples
    assert all(row.first for row in shown.rows)
    assert {seed["reason"] for row in shown.rows for seed in row.seeds[1:]} == {"left out: the page would be too large"}


def test_lost_seeds_and_undefined_scores_say_why() -> None:
    records = known()
    records[1] = replace(records[1], status="diverged", step=40, reason="the loss is <b>nan</b>", scores=())
    lost = replace(records[3].scores[0], values=(None,), reasons=("no sample is finite",))
    records[3] = replace(records[3], scores=(lost, records[3].scores[1]))
    page = Page(Path("results/mine"), records)
    assert ("digits", "ns_gan", "1", "diverged", "40", "the loss is <b>nan</b>") in page.failures
    assert ("digits", "wgan_gp", "frechet", "0", "no sample is finite") in page.undefined
    assert "the loss is &lt;b&gt;nan&lt;/b&gt;" in page.html()


def test_the_identity_of_every_score_is_there(page: Page) -> None:
    assert [name for _, name, _, _ in page.identities] == ["frechet", "density"]
    assert {"n_real", "n_fake", "reference", "version", "weights"} <= {field for field, _ in page.identities[0][3]}


def test_a_page_is_the_same_twice_whatever_the_order_of_the_records(page: Page, html: str) -> None:
    again = Page(Path("results/mine"), known(), "mine", HOSTILE).html()
    assert again == html
    assert Page(Path("results/mine"), known()[::-1], "mine", HOSTILE).grids == page.grids


def test_records_without_scores_samples_or_a_known_data_set_make_a_page() -> None:
    records = [replace(each, scores=(), examples={}, curve=[], dataset="nowhere") for each in known()]
    html = Page(Path("results/mine"), records).html()
    assert "Nothing was scored." in html
    assert "The files of this data set are not here" in html
    broken = [replace(each, examples={"dtype": "uint8", "shape": [4, 1, 8, 8], "data": "AA=="}) for each in known()]
    assert "No samples are kept of" in Page(Path("results/mine"), broken).html()


def test_the_trials_of_a_search_stand_in_the_page(tmp_path: Path) -> None:
    (tmp_path / "trials.csv").write_text("dataset,baseline,rung\ndigits,<i>gan</i>,1\n", encoding="utf-8")
    html = Page(tmp_path, known()).html()
    assert "Trials of the search (1)" in html
    assert "&lt;i&gt;gan&lt;/i&gt;" in html


@pytest.fixture(scope="module")
def quick(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, Path]:
    """What the command says of the committed results, and the page."""
    path = tmp_path_factory.mktemp("page") / "page.html"
    done = ganbench("report", str(QUICK), "--out", str(path))
    assert done.exit_code == 0, done.output
    return done.stdout, path


def test_the_command_writes_one_small_file_and_says_where(quick: tuple[str, Path]) -> None:
    said, path = quick
    assert said == f"page: {path} ({path.stat().st_size / 1e6:.1f} MB)\n"
    assert 100_000 < path.stat().st_size < 3_000_000
    assert "Which losses learn a ring of Gaussians" in path.read_text(encoding="utf-8")


def test_samples_that_add_most_stand_beside_their_nearest_training_examples(tmp_path: Path) -> None:
    digits = suite(tmp_path, TINY.replace('["ring8"]', '["digits"]'))
    assert ganbench("run", "--suite", digits, "--out", str(tmp_path), "--jobs", "1").exit_code == 0
    assert ganbench("report", str(tmp_path / "tiny")).exit_code == 0
    html = (tmp_path / "tiny" / "report.html").read_text(encoding="utf-8")
    assert html.count("nearest training example") > 1
    assert "cannot be said" not in html


def test_where_no_samples_were_kept_the_page_says_what_is_missing(tmp_path: Path) -> None:
    (tmp_path / "records.jsonl").write_text("".join(f"{to_line(each)}\n" for each in known()), encoding="utf-8")
    assert ganbench("report", str(tmp_path)).exit_code == 0
    assert "Which samples add most to the distance cannot be said" in (tmp_path / "report.html").read_text("utf-8")


@pytest.mark.parametrize(
    ("folder", "said"),
    [("results/notes", "experiments of notes"), ("results", "no records.jsonl here; in it are"), ("nowhere", "no rec")],
)
def test_a_folder_without_cells_is_one_line(folder: str, said: str) -> None:
    done = ganbench("report", str(ROOT / folder))
    assert done.exit_code == 2
    assert said in done.stderr
    assert done.stderr.count("\n") == 1


def test_without_jinja2_one_line_says_how_to_install_it(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(template, "find_spec", lambda _: None)
    done = ganbench("report", str(QUICK), "--out", str(tmp_path / "page.html"))
    assert done.exit_code == 2
    assert done.stderr == ("ganbench: a page needs jinja2, which is not installed: pip install 'ganbench[report]'\n")
    assert not list(tmp_path.iterdir())


def test_a_run_keeps_its_question_for_the_page(tmp_path: Path) -> None:
    shutil.copy(QUICK / "records.jsonl", tmp_path)
    keys = [json.loads(line)["key"] for line in (QUICK / "records.jsonl").read_text("utf-8").splitlines()[:6]]
    about = {"suite": "mine", "question": "Is it <so>?", "keys": keys}
    (tmp_path / "selection.json").write_text(json.dumps(about), encoding="utf-8")
    assert ganbench("report", str(tmp_path)).exit_code == 0
    assert "<h1>Is it &lt;so&gt;?</h1>" in (tmp_path / "report.html").read_text("utf-8")
