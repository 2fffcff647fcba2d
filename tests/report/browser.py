"""A real browser for the tests of pages: Chromium, driven by playwright; both are optional."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


@contextmanager
def started() -> Iterator[Any]:
    """Yield the browser; skips the test where it or what drives it is not installed."""
    playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    program = next((place for name in NAMES if (place := shutil.which(name))), None)
    if program is None:
        pytest.skip(f"no browser is installed: {', '.join(NAMES)}")
    with playwright.sync_playwright() as driver:
        chromium = driver.chromium.launch(executable_path=program, args=["--no-sandbox", "--disable-gpu"])
        yield chromium
        chromium.close()


@contextmanager
def opened(browser: Any, path: Path, width: int = 1200, scheme: str = "light", scripts: bool = True) -> Iterator[Any]:
    """Yield a tab that shows a file; fails where anything is said on the console, asked of the network or popped up."""
    said: list[str] = []
    context = browser.new_context(
        viewport={"width": width, "height": 900}, color_scheme=scheme, java_script_enabled=scripts, offline=True
    )
    page = context.new_page()
    page.on("console", lambda message: said.append(f"{message.type}: {message.text}"))
    page.on("pageerror", lambda error: said.append(str(error)))
    page.on("request", lambda request: said.append(request.url) if request.url.startswith("http") else None)

    def refuse(dialog: Any) -> None:
        said.append(f"dialog: {dialog.message}")
        dialog.dismiss()

    page.on("dialog", refuse)
    page.goto(path.resolve().as_uri())
    yield page
    context.close()
    assert said == []


# The contrast of every text with what lies behind it (WCAG 2.1, 1.4.3), and the texts for which it is too low.
CONTRAST = """
() => {
  const canvas = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
  const rgba = (colour) => {
    canvas.clearRect(0, 0, 1, 1);
    canvas.fillStyle = colour;
    canvas.fillRect(0, 0, 1, 1);
    const [r, g, b, a] = canvas.getImageData(0, 0, 1, 1).data;
    return [r, g, b, a / 255];
  };
  const over = (top, below) => top.slice(0, 3).map((x, i) => x * top[3] + below[i] * (1 - top[3]));
  const luminance = (colour) => {
    const [r, g, b] = colour.map((x) => x / 255).map((x) => (x <= 0.03928 ? x / 12.92 : ((x + 0.055) / 1.055) ** 2.4));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const behind = (element) => {
    const layers = [];
    for (let at = element; at; at = at.parentElement) layers.push(rgba(getComputedStyle(at).backgroundColor));
    return layers.reverse().reduce((below, top) => over(top, below), [255, 255, 255]);
  };
  const low = [];
  let count = 0;
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const element = walker.currentNode.parentElement;
    const style = getComputedStyle(element);
    const isDrawing = element.ownerSVGElement !== undefined && element.ownerSVGElement !== null;
    if (!walker.currentNode.textContent.trim() || !element.checkVisibility()) continue;
    if (["SCRIPT", "STYLE", "OPTION", "title"].includes(element.tagName)) continue;
    const back = behind(element);
    const front = over(rgba(isDrawing ? style.fill : style.color), back);
    const [bright, dark] = [luminance(front), luminance(back)].sort((a, b) => b - a);
    const ratio = (bright + 0.05) / (dark + 0.05);
    const size = parseFloat(style.fontSize);
    const large = size >= 24 || (size >= 18.66 && Number(style.fontWeight) >= 700);
    count += 1;
    const text = walker.currentNode.textContent.trim().slice(0, 40);
    if (ratio < (large ? 3 : 4.5)) low.push(`${ratio.toFixed(2)} ${element.tagName}.${element.className}: ${text}`);
  }
  return { count, low: [...new Set(low)] };
}
"""

# What a screen reader is not told: pictures without a text, controls without a name, heads that skip a level.
UNNAMED = """
() => [
  ...[...document.querySelectorAll("img:not([alt])")].map((each) => `img ${each.outerHTML.slice(0, 60)}`),
  ...[...document.querySelectorAll("button, a[href], summary")]
    .filter((each) => !(each.textContent.trim() || each.getAttribute("aria-label")))
    .map((each) => each.outerHTML.slice(0, 60)),
  ...[...document.querySelectorAll("input, select")].filter((each) => !each.labels.length).map((each) => each.id),
  ...[...document.querySelectorAll("svg:not([aria-hidden]):not([aria-label])")]
    .filter((each) => !each.querySelector("title"))
    .map((each) => each.outerHTML.slice(0, 60)),
  ...[...document.querySelectorAll("[id]")].map((each) => each.id).filter((id, i, ids) => ids.indexOf(id) !== i),
]
"""
