"""Pages whose records are known, with names that would be code if they were not text."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Sequence
from dataclasses import replace
from html.parser import HTMLParser
from typing import Any

import numpy as np

from ganbench.records.record import Record
from tests.report.test_pictures import row_of

HOSTILE = "<img src=x onerror=alert(1)></script><script>alert(2)</script>"


def known(names: Sequence[str] = ("ns_gan", "wgan_gp", HOSTILE), datasets: Sequence[str] = ("digits",)) -> list[Record]:
    """Three seeds of each: the later a name stands, the worse its scores; held-out data are best."""
    records = []
    for dataset in datasets:
        for place, name in enumerate([*names, "held_out"]):
            offset = 0.0 if name == "held_out" else 0.1 * (place + 1)
            for record in row_of(name, dataset, offset):
                value = offset + 0.05 + 0.01 * record.seed
                values = {"fid": value, "density": 1 - value}
                scores = tuple(replace(s, values=(values[s.metric],), reasons=("",)) for s in record.scores)
                records.append(replace(record, scores=scores, examples=images(record.seed), settings={"lr": 0.001}))
    return records


def images(seed: int, n: int = 16) -> dict[str, Any]:
    """What a record keeps of samples: images of one value, which is the seed's."""
    x = np.full((n, 1, 8, 8), 40 * seed, np.uint8)
    return {"dtype": "uint8", "shape": list(x.shape), "data": b64encode(x.tobytes()).decode()}


class Read(HTMLParser):
    """The tags of a page with their attributes, and its text outside scripts and styles."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text: list[str] = []
        self.inside = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        self.inside = tag

    def handle_data(self, data: str) -> None:
        if self.inside not in ("script", "style"):
            self.text.append(data)

    def count(self, tag: str) -> int:
        return sum(name == tag for name, _ in self.tags)
