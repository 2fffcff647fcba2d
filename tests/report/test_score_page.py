"""The page of a comparison of samples: the scores, the warnings, the samples, and what every score depends on."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ganbench.report import template
from ganbench.report.score_page import ScorePage
from ganbench.scoring import api
from tests.report.browser import CONTRAST, UNNAMED, opened, started
from tests.report.pages import Read
from tests.runs.command import ganbench


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Images of a reference, and as many samples, one of which is much brighter than all others."""
    random, folder = np.random.default_rng(0), tmp_path_factory.mktemp("sets")
    real, fake = (random.integers(0, 120, (120, 8, 8, 3), dtype=np.uint8) for _ in range(2))
    fake[7] = 255
    for name, images in (("real", real), ("<b>fake", fake)):
        np.save(folder / f"{name}.npy", images)
    return folder / "real.npy", folder / "<b>fake.npy"


@pytest.fixture(scope="module")
def page(folders: tuple[Path, Path]) -> ScorePage:
    real, fake = folders
    options = api.Options(controls=True, intervals=True, cache=None)
    return ScorePage(api.score([str(fake)], str(real), metrics="fid,precision", features="pixels", options=options))


def test_values_and_intervals_are_those_of_the_report(page: ScorePage) -> None:
    row = page.report.rows[0]
    assert page.lines[0].values[0].sort == row.value("fid")
    assert 'class="bar"' in page.lines[0].values[0].drawing
    assert [line.is_control for line in page.lines] == [each.is_control for each in page.report.rows]


def test_the_sample_that_adds_most_comes_first(page: ScorePage) -> None:
    ((_, pairs),) = page.worst
    assert pairs[0].adds == max(pair.adds for pair in pairs)
    assert len({pair.sample.src for pair in pairs}) == len(pairs) == 8


def test_warnings_stand_above_and_every_identity_below(page: ScorePage) -> None:
    html = page.html()
    assert page.warnings
    assert html.index("What makes this comparison doubtful") < html.index("<table")
    assert len(page.identities) == 2 * len(page.report.rows)
    assert not set(page.notes) & set(page.warnings)


def test_names_are_text(page: ScorePage) -> None:
    read = Read(page.html())
    assert "<b>fake.npy" in "".join(read.text)
    assert read.count("script") == 1
    assert all((tag.get("src") or "data:").startswith("data:") for _, tag in read.tags)


def test_the_command_writes_the_page_and_prints_the_table_all_the_same(
    folders: tuple[Path, Path], tmp_path: Path
) -> None:
    path = tmp_path / "page.html"
    arguments = ["--reference", str(folders[0]), "--features", "pixels", "--metrics", "fid", "--no-cache"]
    done = ganbench("score", str(folders[1]), *arguments, "--html", str(path))
    assert done.exit_code == 0, done.output
    assert "fid" in done.stdout or "frechet" in done.stdout
    assert f"page: {path}" in done.stderr
    assert path.read_text("utf-8").startswith("<!doctype html>")


def test_features_and_a_mean_with_a_covariance_make_a_page_without_pictures(tmp_path: Path) -> None:
    random = np.random.default_rng(0)
    np.save(tmp_path / "fake.npy", random.normal(size=(30, 3)))
    np.savez(tmp_path / "real.npz", mu=np.zeros(3), sigma=np.eye(3))
    report = api.score([str(tmp_path / "fake.npy")], str(tmp_path / "real.npz"), metrics="fid", options=api.Options())
    html = ScorePage(report).html()
    assert "<img" not in html
    assert "is shown for images" in html


def test_without_jinja2_nothing_is_scored(
    folders: tuple[Path, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(template, "find_spec", lambda _: None)
    done = ganbench("score", str(folders[1]), "--reference", str(folders[0]), "--html", str(tmp_path / "page.html"))
    assert done.exit_code == 2
    assert done.stderr.splitlines()[-1].startswith("ganbench: a page needs jinja2")


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with started() as chromium:
        yield chromium


@pytest.mark.slow
@pytest.mark.xdist_group("browser")
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_in_a_browser_it_says_nothing_sorts_fits_and_can_be_read(
    browser: Any, page: ScorePage, tmp_path: Path, scheme: str
) -> None:
    path = tmp_path / "page.html"
    path.write_text(page.html(), "utf-8")
    with opened(browser, path, width=400, scheme=scheme) as tab:
        tab.evaluate("document.querySelectorAll('details').forEach(each => each.open = true)")
        assert tab.evaluate("document.documentElement.scrollWidth") == 400
        assert tab.evaluate(CONTRAST)["low"] == []
        assert tab.evaluate(UNNAMED) == []
        tab.locator("thead button").nth(1).click()
        assert tab.locator("thead th").nth(1).get_attribute("aria-sort") == "ascending"
