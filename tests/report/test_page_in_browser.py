"""The page in a real browser: no error, sorting, filtering, keyboard, contrast, narrow screens, without scripts."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ganbench.report.page import Page
from tests.report.browser import CONTRAST, UNNAMED, opened, started
from tests.report.pages import HOSTILE, known

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("browser")]

COLUMN = """
([table, column]) => [...document.querySelectorAll(table + " tbody tr")]
  .filter((row) => !row.hidden).map((row) => row.cells[column].dataset.v ?? row.cells[column].innerText)
"""
TABLE = "#tables .dataset:not([hidden]) table"


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with started() as chromium:
        yield chromium


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A page of two data sets and ten rows, one of which is named like code and one of which did not learn."""
    names = ["ns_gan", "wgan_gp", HOSTILE, *(f"variant{i}" for i in range(1, 8))]
    place = tmp_path_factory.mktemp("browser") / "page.html"
    page = Page(Path("results/mine"), known(names, ("digits", "ring8")), "mine", HOSTILE)
    place.write_text(page.html(), encoding="utf-8")
    return place


def rows(page: Any, column: int = 0) -> list[str]:
    return list(page.evaluate(COLUMN, [TABLE, column]))


def test_it_loads_without_an_error_and_a_hostile_name_is_shown(browser: Any, path: Path) -> None:
    with opened(browser, path) as page:
        assert page.locator("h1").inner_text() == HOSTILE
        assert HOSTILE in rows(page)
        assert page.locator("img[src=x]").count() == 0


def test_a_column_sorts_by_number_and_turns_round(browser: Any, path: Path) -> None:
    with opened(browser, path) as page:
        page.select_option("#filter-dataset", label="digits")
        head = page.locator(f"{TABLE} thead th").filter(has_text="frechet")
        for order, reverse in (("ascending", False), ("descending", True)):
            head.locator("button").click()
            assert head.get_attribute("aria-sort") == order
            values = [float(x) for x in rows(page, 3)]
            assert values == sorted(values, reverse=reverse)
        density = page.locator(f"{TABLE} thead th").filter(has_text="density")
        density.locator("button").click()
        assert density.get_attribute("aria-sort") == "descending"  # the best first: higher is better
        assert head.get_attribute("aria-sort") is None


def test_rows_without_a_rank_stay_below_in_either_order(browser: Any, path: Path) -> None:
    with opened(browser, path) as page:
        page.select_option("#filter-dataset", label="digits")
        for _ in range(2):
            page.locator(f"{TABLE} thead th").filter(has_text="rank").locator("button").click()
            assert rows(page)[-1] == "held_out"


def test_rows_are_filtered_by_name_and_league_and_columns_by_metric(browser: Any, path: Path) -> None:
    with opened(browser, path) as page:
        page.fill("#filter-row", "VARIANT")
        assert len(rows(page)) == 14
        assert page.locator("#count").inner_text() == "14 of 22 rows"
        page.select_option("#filter-dataset", label="ring8")
        assert rows(page) == [f"variant{i}" for i in range(1, 8)]
        page.fill("#filter-row", "")
        page.select_option("#filter-league", label="control")
        assert rows(page) == ["held_out"]
        page.select_option("#filter-metric", label="density")
        shown = page.locator(f"{TABLE} thead th:visible").all_inner_texts()
        assert [text.strip() for text in shown] == ["row", "league", "rank", "density ↑"]


def test_a_row_that_is_pointed_at_stands_out_in_the_curves(browser: Any, path: Path) -> None:
    with opened(browser, path) as page:
        page.locator("#tables tr[data-league=adversarial] th").first.hover()
        chosen = page.evaluate("[...document.querySelectorAll('.line.on title')].map(e => e.textContent)")
        assert chosen == ["ns_gan", "ns_gan"]
        assert page.locator(".chart.chosen").count() == 2
        page.locator("#curves .key", has_text="variant7").first.focus()
        chosen = page.evaluate("[...document.querySelectorAll('.line.on title')].map(e => e.textContent)")
        assert chosen == ["variant7", "variant7"]


def test_everything_is_reached_and_used_by_keyboard(browser: Any, path: Path) -> None:
    with opened(browser, path) as page:
        page.keyboard.press("Tab")
        assert page.evaluate("document.activeElement.className") == "skip"
        page.locator(f"{TABLE} thead th button").nth(3).focus()
        page.keyboard.press("Enter")
        assert page.locator(f"{TABLE} thead th").nth(3).get_attribute("aria-sort") == "ascending"
        thumb = page.locator("button.thumb").nth(1)
        thumb.focus()
        page.keyboard.press("Enter")
        detail = page.locator(".detail:visible")
        assert detail.count() == 1
        assert page.evaluate("document.activeElement.className") == "detail"
        page.keyboard.press("Escape")
        assert detail.count() == 0
        assert thumb.evaluate("e => e === document.activeElement")


def test_the_samples_of_every_seed_stand_beside_real_ones_with_their_scores(browser: Any, path: Path) -> None:
    with opened(browser, path) as page:
        gallery = page.locator(".gallery").first
        gallery.locator("button.thumb").first.click()
        figures = gallery.locator(".detail .seed")
        assert figures.locator("figcaption").all_inner_texts() == ["real samples", "seed 0", "seed 1", "seed 2"]
        assert figures.nth(3).locator("dd").all_inner_texts() == ["0.17", "0.83"]
        sources = [figures.nth(i).locator("img").get_attribute("src") for i in range(4)]
        assert len(set(sources)) == 4
        loaded = page.evaluate("[...document.querySelectorAll('.detail img')].every(e => e.complete && e.naturalWidth)")
        assert loaded


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_text_has_enough_contrast_and_everything_has_a_name(browser: Any, path: Path, scheme: str) -> None:
    with opened(browser, path, scheme=scheme) as page:
        page.locator("button.thumb").first.click()
        page.evaluate("document.querySelectorAll('details').forEach(each => each.open = true)")
        seen = page.evaluate(CONTRAST)
        assert seen["low"] == []
        assert seen["count"] > 300
        assert page.evaluate(UNNAMED) == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_no_violation(browser: Any, path: Path, scheme: str) -> None:
    axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="axe-playwright-python is not installed")
    with opened(browser, path, scheme=scheme) as page:
        page.evaluate("document.querySelectorAll('details').forEach(each => each.open = true)")
        found = axe.Axe().run(page).response["violations"]
        assert [(each["id"], [node["html"][:80] for node in each["nodes"]][:3]) for each in found] == []


def test_light_and_dark_follow_the_system_until_somebody_says_otherwise(browser: Any, path: Path) -> None:
    with opened(browser, path, scheme="dark") as page:
        background = "getComputedStyle(document.body).backgroundColor"
        dark = page.evaluate(background)
        assert page.locator("#theme").inner_text() == "Light"
        page.locator("#theme").click()
        assert page.evaluate(background) != dark
        page.reload()
        assert page.evaluate(background) != dark
        page.locator("#theme").click()
        assert page.evaluate(background) == dark


@pytest.mark.parametrize("width", [400, 320, 820])
def test_a_narrow_screen_never_scrolls_sideways(browser: Any, path: Path, width: int) -> None:
    with opened(browser, path, width=width) as page:
        page.locator("button.thumb").first.click()
        page.evaluate("document.querySelectorAll('details').forEach(each => each.open = true)")
        assert page.evaluate("document.documentElement.scrollWidth") == width


def test_without_scripts_the_tables_and_the_answer_can_be_read(browser: Any, path: Path) -> None:
    with opened(browser, path, scripts=False) as page:
        assert page.locator("article.lead").first.is_visible()
        assert page.locator("#tables table").count() == 2
        assert page.locator("#tables tbody tr").first.is_visible()
        assert not page.locator(".filters").is_visible()
        assert not page.locator("#theme").is_visible()


def test_print_shows_what_is_folded_and_hides_what_is_to_be_pressed(browser: Any, path: Path) -> None:
    with opened(browser, path) as page:
        page.emulate_media(media="print")
        assert not page.locator(".top").is_visible()
        assert not page.locator(".filters").is_visible()
        page.evaluate("dispatchEvent(new Event('beforeprint'))")
        assert page.locator("details:not([open])").count() == 0
        page.evaluate("dispatchEvent(new Event('afterprint'))")
        assert page.locator("details:not([open])").count() > 0
        assert len(page.pdf()) > 20_000
