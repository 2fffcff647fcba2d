"""Large sets: files to features, and features to the usual scores: ``python -m benchmarks.large [PART ...]``.

Parts are ``images=N`` (N PNGs of 32 pixels through random_conv) and ``scores=N`` (fid, kid, precision, recall, density,
coverage of N by N rows of 2048 features). Processor time, on one thread, in turns with the least that any way needs:
decoding and the network alone; the matrix products alone. Writes ``large.md`` beside this file.
"""

from __future__ import annotations

import os
import sys
import tempfile
import time
from collections.abc import Callable
from multiprocessing import get_context
from pathlib import Path

import torch

from benchmarks import implementations as impl
from benchmarks import readers
from benchmarks.images import processor_seconds
from benchmarks.machine import describe, today
from benchmarks.memory import Peak, status
from ganbench.features import load
from ganbench.features.extraction import Extraction
from ganbench.io import open_source
from ganbench.io.source import Picture
from ganbench.metrics import METRICS
from ganbench.metrics.feature_vectors import Features
from ganbench.metrics.prepare import prepare
from ganbench.scoring.asked_metrics import USUAL

HERE = Path(__file__).parent
WIDTH, BLOCK, ROUNDS = 2048, 2048, 2
PARTS = ("images=10000", "images=100000", "scores=10000", "scores=50000")
HEAD = """# Large sets

Processor seconds on one thread, the better of {rounds} rounds in turns; a part with 100 000 images or more is measured
once. The load says how busy the machine was with other work, which processor time does not count but feels. The floor
of images is decoding and the network's forward pass on images that are decoded; that of scores the products of matrices
alone, blocks of {block} rows: distances in float32, each pair within a set once, moments in float64, and the factor and
eigenvalues of the Frechet distance. Memory is the most that the process held beside the features. Made by
`python -m benchmarks.large`.

"""
TABLE = (
    "| what | n | ours, s | floor, s | ours / floor | a sample, ms | beside the features, GiB | load |\n"
    "|---|---:|---:|---:|---:|---:|---:|---:|\n"
)


def turns(runs: dict[str, Callable[[], object]], rounds: int) -> dict[str, float]:
    """Return the least processor seconds of each."""
    best = dict.fromkeys(runs, float("inf"))
    for _ in range(rounds):
        for name, run in runs.items():
            start = processor_seconds()
            run()
            best[name] = min(best[name], processor_seconds() - start)
    return best


def images(n: int) -> str:
    """Return the line of a folder of small PNGs through random_conv."""
    with tempfile.TemporaryDirectory() as name:
        folder = readers.write_images(Path(name) / "png", "png", 32, n)
        network = load("random_conv")

        def floor() -> None:
            batch: list[torch.Tensor] = []
            for each in open_source(folder).scan():
                if isinstance(each, Picture):
                    batch.append(torch.tensor(each.pixels).permute(2, 0, 1))
                if len(batch) == 512:
                    network(torch.stack(batch))
                    batch = []

        runs: dict[str, Callable[[], object]] = {
            "ours": lambda: Extraction(network)(open_source(folder)),
            "floor": floor,
        }
        whole = turns(runs, 1 if n > 50_000 else ROUNDS)
    return line("PNG of 32 pixels, random_conv", n, whole, None)


def products(x: torch.Tensor, y: torch.Tensor) -> None:
    """Make the products alone."""
    for left, right in ((x, y), (x, x), (y, y)):
        for i in range(0, len(left), BLOCK):
            for j in range(i if left is right else 0, len(right), BLOCK):
                left[i : i + BLOCK] @ right[j : j + BLOCK].T
    spreads = []
    for rows in (x, y):
        total = torch.zeros(WIDTH, WIDTH, dtype=torch.float64)
        for part in rows.split(BLOCK):
            centred = part.double()
            total.addmm_(centred.T, centred)
        spreads.append(total / len(rows))
    lower = torch.linalg.cholesky(spreads[0] + 1e-9 * torch.eye(WIDTH))
    torch.linalg.eigvalsh(lower.T @ spreads[1] @ lower)


def usual(x: torch.Tensor, y: torch.Tensor) -> None:
    """Compute the usual scores, as ``score`` does."""
    real, fake = Features(x), Features(y)
    metrics = [METRICS[name] for name in USUAL]
    prepare(real, fake, metrics)
    for metric in metrics:
        metric(real, fake)


def memory(n: int) -> float:
    """Return the most memory in GiB that the scores took beside the features."""
    torch.set_num_threads(1)
    x, y = (torch.as_tensor(each) for each in impl.image_features(n, WIDTH))
    before = status("VmRSS")
    with Peak() as peak:
        usual(x, y)
    return (peak.most - before) / 1024


def scores(n: int) -> str:
    """Return the line of the usual scores."""
    x, y = (torch.as_tensor(each) for each in impl.image_features(n, WIDTH))
    usual(x[:600], y[:600])  # compiles
    best = turns({"ours": lambda: usual(x, y), "floor": lambda: products(x, y)}, ROUNDS)
    with get_context("spawn").Pool(1) as pool:
        most = pool.apply(memory, (n,))
    return line(f"{', '.join(USUAL)} of {WIDTH} features", n, best, most)


def line(what: str, n: int, best: dict[str, float], most: float | None) -> str:
    """Return one line of the table."""
    cells = [what, str(n), f"{best['ours']:.1f}", f"{best['floor']:.1f}", f"{best['ours'] / best['floor']:.2f}"]
    cells += [f"{best['ours'] / n * 1e3:.2f}", "" if most is None else f"{most:.2f}", f"{os.getloadavg()[0]:.0f}"]
    text = f"| {' | '.join(cells)} |"
    print(text, time.strftime("%H:%M:%S"), flush=True)
    return text


def main(parts: list[str]) -> None:
    """Measure and write the page."""
    torch.set_num_threads(1)
    makers = {"images": images, "scores": scores}
    lines = [makers[kind](int(n)) for kind, n in (part.split("=") for part in parts or PARTS)]
    text = HEAD.format(rounds=ROUNDS, block=BLOCK) + f"{describe('simplejpeg')}\n\nMeasured {today()}.\n\n{TABLE}"
    (HERE / "large.md").write_text(text + "\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
