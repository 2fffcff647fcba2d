"""The Frechet distance on features as people have them, beside its floor and a peer: ``python -m benchmarks.frechet``.

Full-rank Gaussians, ReLU features whose spectrum decays as 1/i and 1/i^2, ten tight clusters, every row twice, and rows
in steps. The floor is what any way needs: two covariances, a Cholesky factor, one symmetric eigenvalue problem. All in
turns, by processor time; errors are relative to singular values. Writes ``frechet.md`` beside this file.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import scipy.linalg
import torch

from benchmarks.machine import describe, today
from ganbench.metrics import fid

HERE = Path(__file__).parent
WIDTH, SIZES, ROUNDS = 2048, (500, 1000, 2000, 2300, 6000, 10_000, 50_000), 2
EXACT = 10_000  # rows up to which singular values are taken too
Rows = np.ndarray[Any, np.dtype[np.float32]]


def decaying(n: int, seed: int, decay: float) -> Any:
    """Rows with a spectrum like 1 / i^decay in no particular direction."""
    turn = np.random.default_rng(1).normal(size=(WIDTH, WIDTH)) / np.sqrt(WIDTH)
    rows = np.random.default_rng(seed).normal(size=(n, WIDTH)) * (1 + np.arange(WIDTH)) ** (-decay / 2)
    return rows @ turn.T


def rectified(n: int, seed: int, decay: float) -> Any:
    rows = decaying(n, seed, decay)
    return np.maximum(rows / rows.std() + 0.02 * seed - 0.3, 0)


def clustered(n: int, seed: int) -> Any:
    random = np.random.default_rng(seed)
    centres = np.random.default_rng(1).normal(size=(10, WIDTH))
    return centres[random.integers(0, 10, n)] + 1e-2 * random.normal(size=(n, WIDTH))


KINDS: dict[str, Callable[[int, int], Any]] = {
    "full rank": lambda n, seed: np.random.default_rng(seed).normal(size=(n, WIDTH)),
    "ReLU, 1/i": lambda n, seed: rectified(n, seed, 1),
    "ReLU, 1/i^2": lambda n, seed: rectified(n, seed, 2),
    "ten tight clusters": clustered,
    "every row twice": lambda n, seed: np.repeat(rectified(n, seed, 1)[: (n + 1) // 2], 2, 0)[:n],
    "in steps of 1/8": lambda n, seed: np.round(8 * rectified(n, seed, 1)) / 8,
}


def least(x: Rows, y: Rows) -> float:
    """Do what any way needs."""
    a, b = (np.cov(rows.T.astype(float)) for rows in (x, y))
    lower = scipy.linalg.cholesky(a + 1e-12 * np.trace(a) / WIDTH * np.eye(WIDTH), lower=True)
    values = scipy.linalg.eigvalsh(lower.T @ b @ lower)
    return float(np.sqrt(np.clip(values, 0, None)).sum())


def by_torch_fidelity(x: Rows, y: Rows) -> float:
    from torch_fidelity.metric_fid import fid_features_to_statistics, fid_statistics_to_metric  # noqa: PLC0415

    sides = [fid_features_to_statistics(torch.from_numpy(rows)) for rows in (x, y)]
    return float(fid_statistics_to_metric(*sides, verbose=False)["frechet_inception_distance"])


def exact(x: Rows, y: Rows) -> float:
    """Return the distance by the singular values of the product of two roots."""
    shift = x.mean(0, dtype=float) - y.mean(0, dtype=float)
    roots: list[Any] = []
    for rows in (x, y):
        centred = (rows - rows.mean(0, dtype=float)) / np.sqrt(len(rows) - 1)
        roots.append(np.linalg.qr(centred, mode="r"))
    spread = sum(float((root**2).sum()) for root in roots)
    return float(shift @ shift) + spread - 2 * float(scipy.linalg.svdvals(roots[0] @ roots[1].T).sum())


def turns(runs: dict[str, Callable[[], float]]) -> tuple[dict[str, float], dict[str, float]]:
    """Return the best processor seconds of some rounds in turns, and the values."""
    best, values = dict.fromkeys(runs, float("inf")), {}
    for _ in range(ROUNDS):
        for name, run in runs.items():
            start = time.process_time()
            values[name] = run()
            best[name] = min(best[name], time.process_time() - start)
    return best, values


def line(kind: str, n: int) -> str:
    """Return one line of the table."""
    x, y = (KINDS[kind](n, seed).astype(np.float32) for seed in (2, 3))
    runs: dict[str, Callable[[], float]] = {"ours": lambda: float(fid(x, y)), "floor": lambda: least(x, y)}
    try:
        import torch_fidelity  # noqa: F401, PLC0415
    except ImportError:
        pass
    else:
        runs["torch-fidelity"] = lambda: by_torch_fidelity(x, y)
    best, values = turns(runs)
    peer = best.get("torch-fidelity")
    error = f"{abs(values['ours'] / exact(x, y) - 1):.0e}" if n <= EXACT else ""
    ratio = f"{best['ours'] / peer:.2f}" if peer else ""
    cells = [kind, str(n), f"{best['ours']:.2f}", f"{best['floor']:.2f}", f"{best['ours'] / best['floor']:.2f}"]
    return f"| {' | '.join([*cells, f'{peer:.2f}' if peer else '', ratio, error])} |"


def main(sizes: Sequence[int]) -> None:
    """Measure and write the page."""
    torch.set_num_threads(1)
    head = "| features | n | ours, s | floor, s | ours / floor | torch-fidelity, s | ours / torch-fidelity | error |"
    lines = [line(kind, n) for n in sizes for kind in KINDS]
    text = f"# The Frechet distance at {WIDTH} features\n\n{(__doc__ or '').split(chr(10), 2)[2].strip()}\n\n"
    table = "\n".join([head, "|---|---|---|---|---|---|---|---|", *lines])
    (HERE / "frechet.md").write_text(f"{text}{describe()}, {today()}.\n\n{table}\n")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("sizes", nargs="*", type=int, default=SIZES)
    main(parser.parse_args().sizes)
