"""Reading and resizing image files and extracting features, beside the peers; writes images.json and images.md.

``python -m benchmarks.images`` does everything; ``... 0.1`` a tenth of the images. Ratios are of processor time, of
all threads and worker processes, within one run and in turns, so that they hold on a busy machine too.
"""

from __future__ import annotations

import json
import resource
import sys
import tempfile
import time
import warnings
from collections.abc import Callable, Sequence
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import torch

from benchmarks import readers
from benchmarks.machine import describe, today
from benchmarks.memory import status
from ganbench._util.streams import stream
from ganbench.features.inception import ORIGINAL, Inception
from ganbench.io.decode import HAS_SIMPLEJPEG

HERE = Path(__file__).parent
KINDS = {"PNG of 32 pixels": ("png", 32, 10_000), "JPEG of 256 pixels": ("jpg", 256, 2_000)}
RESIZED = {"PNG of 32 pixels": 1_000, "JPEG of 256 pixels": 600}  # fewer: resizing takes ten times as long as decoding
SIDE = 299
PACKAGES = ("pillow", "pytorch-fid", "clean-fid", "torch-fidelity", "simplejpeg")
GOALS = {  # ours over the peer's, at most
    ("PNG of 32 pixels", 0): dict.fromkeys(("pytorch_fid", "torch_fidelity"), 1 / 1.5),
    ("JPEG of 256 pixels", 0): dict.fromkeys(("pytorch_fid", "torch_fidelity"), 1 / 3),
}
RESIZE_GOALS = {"pytorch_fid": 1 / 2.5, "clean_fid": 1 / 2.5, "torch_fidelity": 1 / 8}
Line = dict[str, Any]


def processor_seconds() -> float:
    """Of this process and of those that it waited for."""
    uses = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(use.ru_utime + use.ru_stime for use in uses)


def timed(runs: dict[str, Callable[[], object]], rounds: int) -> dict[str, tuple[float, float]]:
    """Return the least processor and wall seconds of each run, in turns; one that is not installed is left out."""
    best: dict[str, tuple[float, float]] = {}
    for _ in range(rounds):
        for name, run in runs.items():
            before, clock = processor_seconds(), time.perf_counter()
            try:
                with warnings.catch_warnings():
                    warnings.simplefilter("ignore")  # of the peers, which have no bearing on speed
                    run()
            except ImportError as error:
                print("left out:", name, error)
                continue
            now = processor_seconds() - before, time.perf_counter() - clock
            old = best.get(name, now)
            best[name] = min(old[0], now[0]), min(old[1], now[1])
            print(name, *(f"{each:.2f}" for each in now), flush=True)
    return best


def reading(kind: str, count: int, size: int, implementations: Sequence[readers.Reader], folder: Path) -> Line:
    """Decode a folder, and resize where ``size`` is not 0."""
    suffix, side, _ = KINDS[kind]
    place = readers.write_images(folder / f"{suffix}{count}", suffix, side, count)
    best = timed({each.__name__: partial(each, place, size) for each in implementations}, 4)
    return {"title": f"{kind}, {count} of them, decoded" + (f" and resized to {size}" if size else ""), "n": count,
            "lines": best, "goals": RESIZE_GOALS if size else GOALS[kind, 0]}  # fmt: skip


def forward() -> Line:
    """Inception's forward pass, folded and channels last, against the eager network."""
    x = torch.randn(8, 3, SIDE, SIDE, generator=stream(0, "x"))
    with torch.random.fork_rng(), torch.inference_mode():
        torch.manual_seed(0)
        eager, folded = Inception(ORIGINAL).eval(), Inception(ORIGINAL).eval()
        folded.load_state_dict(eager.state_dict())
        folded.fold().to(memory_format=torch.channels_last)
        last = x.contiguous(memory_format=torch.channels_last)
        difference = float((folded(last) - eager(x)).abs().max() / eager(x).abs().max())
        best = timed({"ours": lambda: folded(last), "eager float32": lambda: eager(x)}, 5)
    title = f"Inception's forward, 8 images (folded and channels last; largest relative difference {difference:.1g})"
    return {"title": title, "n": 8, "lines": best, "goals": {"eager float32": 1 / 1.4}}


def peak_of_extraction(folder: Path) -> float:
    """Return the most memory in MiB that extracting features of a folder took above what the process held before."""
    from ganbench.features import load  # noqa: PLC0415
    from ganbench.features.extraction import Extraction  # noqa: PLC0415
    from ganbench.io import open_source  # noqa: PLC0415

    torch.set_num_threads(1)
    extraction = Extraction(load("random_conv"))
    before = status("VmHWM")
    extraction(open_source(folder))
    return status("VmHWM") - before


def memory(share: float, folder: Path) -> dict[str, float]:
    """Return the peaks of extraction from folders of several sizes, each in a process of its own."""
    places = {n: readers.write_images(folder / f"m{n}", "jpg", 256, n) for n in (int(500 * share), int(2000 * share))}
    with get_context("spawn").Pool(1, maxtasksperchild=1) as pool:
        peaks = pool.map(peak_of_extraction, list(places.values()), chunksize=1)
    return {str(n): peak for n, peak in zip(places, peaks, strict=True)}


def page(known: dict[str, Any]) -> str:
    """Return the page in Markdown."""
    parts = [
        "# Images beside their peers\n\n"
        "Milliseconds of processor time for each image, of all threads and worker processes together, the best of\n"
        "four rounds in turns (Inception: of five). A ratio is our time over theirs; the goal is the largest aimed\n"
        "at. The machine had other work: wall times were longer for all and are not shown. Peers read through\n"
        "their own data sets with two worker processes; ours with threads.\n"
        "Made by `python -m benchmarks.images`.\n\n"
        f"{known['machine']}\n\nMeasured {known['measured']}.\n"
    ]
    for each in known["tables"]:
        parts.append(f"\n## {each['title']}\n\n| library | ms | ratio | goal | met |\n|---|---:|---:|---:|---|\n")
        mine = each["lines"]["ours"][0]
        for name, (seconds, _) in each["lines"].items():
            goal = each["goals"].get(name)
            ratio = mine / seconds
            met = "" if goal is None else f"{goal:.2f} | {'yes' if ratio <= goal else 'no'}"
            shown = name.replace("ours_by_pillow", "ours without simplejpeg").replace("_", "-")
            parts.append(f"| {shown} | {seconds / each['n'] * 1e3:.3f} | {ratio:.2f} | {met or ' | '} |\n")
    parts.append("\n## Peak memory of extraction (random_conv), JPEG of 256 pixels\n\n| images | MiB |\n|---:|---:|\n")
    parts += [f"| {n} | {peak:.0f} |\n" for n, peak in known["memory"].items()]
    return "".join(parts)


def main(share: float) -> None:
    """Measure everything and write the page."""
    torch.set_num_threads(1)
    tables = []
    with tempfile.TemporaryDirectory() as name:
        for kind, (_, _, count) in KINDS.items():
            tables.append(reading(kind, int(count * share), 0, readers.DECODERS, Path(name)))
            tables.append(reading(kind, int(RESIZED[kind] * share), SIDE, readers.RESIZERS, Path(name)))
        tables.append(forward())
        known = {
            "machine": describe(*PACKAGES),
            "measured": today(),
            "tables": tables,
            "memory": memory(share, Path(name)),
            "quick": HAS_SIMPLEJPEG,
        }
    (HERE / "images.json").write_text(json.dumps(known, indent=1) + "\n", encoding="utf-8")
    (HERE / "images.md").write_text(page(json.loads(json.dumps(known))), encoding="utf-8")


if __name__ == "__main__":
    main(float(sys.argv[1]) if sys.argv[1:] else 1.0)
