"""Kills, full disks, company and hostile files, by the hundred: ``make torture`` writes ``benchmarks/torture.md``.

``python -m benchmarks.torture [--short] [--out FILE] [PART ...]``, where a part is kills, disks, company, hostile or
cuts. Whatever is damaged, the tables must be those of an undisturbed run, and every refusal one line.
"""

from __future__ import annotations

import argparse
import csv
import io
import json
import os
import pickle
import platform
import random
import shutil
import signal
import subprocess
import sys
import tarfile
import tempfile
import time
import zipfile
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
from PIL import Image

from ganbench.records.record import to_line
from ganbench.records.store import Store

ROOT = Path(__file__).parents[1]
HERE = Path(__file__).with_suffix(".md")
SUITE = """
question = "Does it survive?"
baselines = ["ns_gan", "noise"]
datasets = ["ring8"]
seeds = 2
steps = 100
batch = 16
samples = 64
metrics = ["fid"]
watch = "fid"
points = 3
"""
MIB = 1 << 20
LANES, AGAIN = 2, 8  # folders at a time; kills until one is finished
MEMORY = 2560 * MIB  # that hostile files may take: torch takes 600, features of 2^26 pixels 800 to 1200, and what is
# decoded ahead of them on a busy machine 500
PATIENCE = 600.0  # seconds of one process

WORDS = (
    "", "records", "samples-", "weights-", "checkpoint-", "samples.png", "leases", "table", "overview-", ".part",
)  # fmt: skip

# Run in the process that is to die: it is killed at the n-th file operation, or of those whose path holds a word.
DYING = """
import os, signal, sys
count, word = int(sys.argv[1]), sys.argv[2]
calls = [0]
def hook(event, arguments):
    if event in {"open", "os.rename", "os.remove", "os.truncate", "os.link", "os.mkdir"}:
        if any(word in str(each) for each in arguments if isinstance(each, (str, bytes, os.PathLike))):
            calls[0] += 1
            if calls[0] == count:
                os.kill(os.getpid(), signal.SIGKILL)
from ganbench.training import checkpoint
checkpoint.SECONDS = 0.2
from ganbench.cli.main import main
sys.addaudithook(hook)
main(sys.argv[3:])
"""


@dataclass(frozen=True)
class Amount:
    """How much of everything is done."""

    kills: int
    disks: int
    files: int
    company: tuple[int, ...]  # processes of a round
    cuts: int  # bytes between two cuts of the records

    @property
    def compiled(self) -> int:
        """Every so-manieth folder is of compiled training, which takes longest."""
        return 8 if self.kills > 20 else 1


FULL = Amount(kills=400, disks=30, files=1000, company=(2, 4), cuts=1)
SHORT = Amount(kills=8, disks=2, files=60, company=(2,), cuts=97)


class Broken(Exception):
    """A promise that was not kept."""


class Progress:
    """Says at every tenth how much of a part is done: half an hour is long without a word."""

    def __init__(self, name: str, total: int) -> None:
        self.name, self.total, self.done = name, total, 0

    def step(self) -> None:
        self.done += 1
        if self.done * 10 // self.total > (self.done - 1) * 10 // self.total:
            print(f"{self.name}: {self.done} of {self.total}", file=sys.stderr, flush=True)


def environment() -> dict[str, str]:
    paths = os.pathsep.join([str(ROOT), *filter(None, [os.environ.get("PYTHONPATH", "")])])
    return {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": paths}


def start(words: Sequence[str], **options: object) -> subprocess.Popen[str]:
    """Start a process in a group of its own, whose output can be read."""
    return subprocess.Popen(  # type: ignore[call-overload]  # noqa: S603
        list(words), env=environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **options
    )


def end(process: subprocess.Popen[str]) -> tuple[int, str]:
    """Wait for a process; return its exit code and what it said on stderr."""
    try:
        _, said = process.communicate(timeout=PATIENCE)
    except subprocess.TimeoutExpired:
        process.kill()
        process.communicate()
        raise Broken(f"a process was not done after {PATIENCE:g} s") from None
    return process.returncode, said


def command(out: Path, *options: str) -> list[str]:
    return ["run", "--suite", str(out.parent / "torture.toml"), "--out", str(out), *options]


def ganbench(*words: str) -> list[str]:
    return [sys.executable, "-m", "ganbench", *words]


def finished(out: Path, *options: str) -> dict[str, str]:
    """Let a run go to its end; return its records without provenance, each once, and its tables."""
    code, said = end(start(ganbench(*command(out, *options))))
    if code or "Traceback" in said:
        raise Broken(f"a run that was to finish ended with {code}: {said[-300:]}")
    return result(out)


def result(out: Path) -> dict[str, str]:
    """Return what must be the same: records by key, and the tables that hold no time of day."""
    store = Store(out / "torture")
    records = store.read()
    if len([line for line in store.lines()[0] if line[1].strip()]) != len(records):
        raise Broken("a cell has two records")
    tables = {name: without_times(out / "torture" / name) for name in ("table.csv", "table_keys.csv")}
    left = [str(path) for path in (out / "torture").rglob("*.part")]
    pictures = [path for path in (out / "torture").glob("cells/*") if not (path / "samples.png").exists()]
    if left or pictures:
        raise Broken(f"left over or missing: {left or pictures}")
    return tables | {key: to_line(replace(record, provenance={})) for key, record in records.items()}


def without_times(path: Path) -> str:
    """Return a table of CSV without the seconds that training took, which differ between equal runs."""
    with path.open(encoding="utf-8", newline="") as file:
        lines = [{name: cell for name, cell in line.items() if name != "seconds"} for line in csv.DictReader(file)]
    return "\n".join(map(str, lines))


def same(one: dict[str, str], other: dict[str, str], about: str) -> None:
    if one != other:
        raise Broken(f"other results after {about}: {[name for name in one if one[name] != other.get(name)][:3]}")


def in_lanes(work: Callable[[int], list[int]]) -> list[int]:
    """Do the shares of two cores side by side; return the sums of what they count."""
    with ThreadPoolExecutor(LANES) as pool:
        return [sum(each) for each in zip(*pool.map(work, range(LANES)), strict=True)]


def kills(amount: Amount, folder: Path) -> str:
    """Kill runs at random times and at the n-th file operation; tables at the end are those of an undisturbed run."""
    wanted = {
        backend: finished(folder / f"whole-{backend}", "--jobs", "1", "--backend", backend)
        for backend in ("traced", "compiled")
    }
    progress = Progress("kills", amount.kills)

    def lane(first: int) -> list[int]:
        rng, out, died, ends = random.Random(first), folder / f"killed-{first}", 0, 0  # noqa: S311
        numbers = range(first, amount.kills, LANES)
        for start_at in range(0, len(numbers), AGAIN):  # let it end now and then, and begin anew
            backend = "traced" if start_at // AGAIN % amount.compiled else "compiled"
            for number in numbers[start_at : start_at + AGAIN]:
                options = ["--jobs", str(1 + number // LANES % 2), "--backend", backend]
                code = killed(command(out, *options), rng, at_random=number // LANES % 3 > 0)
                died += code != 0
                progress.step()
                if code == 0:  # it was done before it could be killed
                    same(wanted[backend], result(out), f"run {number}")
                    shutil.rmtree(out)
            same(wanted[backend], finished(out, "--jobs", "1", "--backend", backend), f"kill {number}")
            shutil.rmtree(out)
            ends += 1
        return [died, ends]

    died, ends = in_lanes(lane)
    return f"{died} processes killed; {ends} times finished afterwards, all tables identical"


def killed(words: Sequence[str], rng: random.Random, at_random: bool) -> int:
    """Start a run and kill it, at a random time or at a file operation; return its exit code, 0 where it was done."""
    if at_random:
        process = start(ganbench(*words))
        time.sleep(rng.uniform(1.0, 10.0))
        process.kill()
    else:
        count, word = rng.choice((1, 2, 3, 5, 8, 20)), rng.choice(WORDS)
        process = start([sys.executable, "-c", DYING, str(count), word, *words])
    code, said = end(process)
    if "Traceback" in said or code not in {0, -signal.SIGKILL}:
        raise Broken(f"a run that was to be killed ended with {code}: {said[-300:]}")
    return code


def mounted(folder: Path, size: str) -> bool:
    """Put a small file system there; return whether this user may."""
    folder.mkdir(exist_ok=True)
    words = ["mount", "-t", "tmpfs", "-o", f"size={size}", "torture", str(folder)]
    return subprocess.run(words, capture_output=True, check=False).returncode == 0  # noqa: S603


def remount(folder: Path, options: str) -> None:
    subprocess.run(["mount", "-o", f"remount,{options}", str(folder)], check=True, capture_output=True)  # noqa: S603, S607


def try_remount(folder: Path, options: str) -> None:
    """Mount again in another way, if nothing keeps it from that, such as a file that is open for writing."""
    words = ["mount", "-o", f"remount,{options}", str(folder)]
    subprocess.run(words, check=False, capture_output=True)  # noqa: S603


def unmount(folder: Path) -> None:
    subprocess.run(["umount", "-l", str(folder)], check=False, capture_output=True)  # noqa: S603, S607


def spoiled(place: Path, wanted: dict[str, str], seconds: float) -> bool:
    """Run on a small disk, which is read-only after so many seconds; give it room and run again. Whether it stopped."""
    out = place / "out"
    process = start(ganbench(*command(out, "--jobs", "1", "--backend", "traced")))
    if seconds:
        time.sleep(seconds)
        try_remount(place, "ro")
    code, said = end(process)
    if "Traceback" in said or (code and len(said.splitlines()) != 1):
        raise Broken(f"a spoiled disk: exit {code}: {said[-300:]}")
    remount(place, "rw,size=200m")
    records = Store(out / "torture").read() if (out / "torture").exists() else {}
    if any(record.status == "error" for record in records.values()):
        raise Broken("a spoiled disk became the result of a baseline")
    same(wanted, finished(out, "--jobs", "1", "--backend", "traced"), "a spoiled disk")
    return code != 0


def disks(amount: Amount, folder: Path) -> str:
    """Let the disk be full, or read-only; with room, the same command finishes as if nothing had been."""
    wanted = finished(folder / "whole-disk", "--jobs", "1", "--backend", "traced")
    if not mounted(folder / "tried", "1m"):
        return "not tried: this user may not mount a file system"
    unmount(folder / "tried")
    progress = Progress("disks", amount.disks)

    def lane(first: int) -> list[int]:
        rng, place, stopped = random.Random(first), folder / f"disk-{first}", 0  # noqa: S311
        for number in range(first, amount.disks, LANES):
            is_full = number // LANES % 2 == 0
            mounted(place, f"{rng.randrange(16, 300)}k" if is_full else "60m")
            try:
                shutil.copy(folder / "torture.toml", place / "torture.toml")
                stopped += spoiled(place, wanted, 0.0 if is_full else rng.uniform(3.0, 9.0))
            finally:
                unmount(place)
            progress.step()
        return [stopped]

    (stopped,) = in_lanes(lane)
    return f"{stopped} of {amount.disks} rounds stopped the run with one line; all tables identical afterwards"


def company(amount: Amount, folder: Path) -> str:
    """Let several processes share a folder, one of which is killed: as many records as cells, and the usual tables."""
    wanted = finished(folder / "whole-company", "--jobs", "1", "--backend", "traced")
    for processes in amount.company:
        out = folder / f"company-{processes}"
        words = ganbench(*command(out, "--jobs", "1", "--group", "1", "--backend", "traced"))
        running = [start(words) for _ in range(processes)]
        until = time.monotonic() + PATIENCE
        while not list(out.glob("torture/leases/*.json")) and time.monotonic() < until:
            time.sleep(0.05)
        holder = min(out.glob("torture/leases/*.json"), key=lambda path: path.name, default=None)
        pid = json.loads(holder.read_text())["owner"]["pid"] if holder else running[0].pid
        victim = next((each for each in running if each.pid == pid), running[0])
        victim.kill()
        for process in running:
            code, said = end(process)
            if process is not victim and (code or "Traceback" in said):
                raise Broken(f"of {processes} processes one ended with {code}: {said[-300:]}")
        same(wanted, result(out), f"{processes} processes")
    return f"{' and '.join(map(str, amount.company))} processes with one killed: one record a cell, tables identical"


def damaged(content: bytes, rng: random.Random) -> bytes:
    """Cut, overwrite, repeat or insert bytes."""
    data, place = bytearray(content), rng.randrange(len(content))
    match rng.randrange(5):
        case 0:
            return bytes(data[:place])
        case 1:
            for _ in range(8):
                data[rng.randrange(len(data))] = rng.randrange(256)
        case 2:
            data[rng.randrange(min(64, len(data)))] = rng.randrange(256)
        case 3:
            data[place : place + 8] = b"\xff" * 8
        case _:
            data[place:place] = data[place : place + 40]
    return bytes(data)


class Trap:
    """What a pickle would do if anybody loaded it."""

    def __init__(self, mark: Path) -> None:
        self.mark = mark

    def __reduce__(self) -> tuple[Callable[..., object], tuple[str]]:
        return os.mkdir, (str(self.mark),)


def specimens(folder: Path, mark: Path) -> dict[str, bytes]:
    """Return whole files, traps and bombs of every format, by name."""
    rng = np.random.default_rng(0)
    pixels = rng.integers(0, 256, (24, 24, 3), np.uint8)
    made: dict[str, bytes] = {}
    for form in ("PNG", "JPEG", "BMP", "WEBP", "TIFF", "GIF", "PPM"):
        with io.BytesIO() as file:
            Image.fromarray(pixels).save(file, form)
            made[f"a.{form.lower()}"] = file.getvalue()
    trap = pickle.dumps(Trap(mark))
    with io.BytesIO() as file:
        np.save(file, np.array([Trap(mark)], dtype=object), allow_pickle=True)
        made["trap.npy"] = file.getvalue()
    made |= {"trap.pt": trap, "trap.pkl": trap, "trap.npz": trap}
    with io.BytesIO() as file:
        np.savez_compressed(file, x=rng.random((40, 4)))
        made["x.npz"] = file.getvalue()
    with io.BytesIO() as file:
        np.save(file, rng.random((40, 4)))
        made["x.npy"] = file.getvalue()
    for name, header in (("huge.npy", (1 << 44, 4)), ("wide.npy", (4, 1 << 50))):
        with io.BytesIO() as file:
            np.lib.format.write_array_header_1_0(file, {"descr": "<f8", "fortran_order": False, "shape": header})
            made[name] = file.getvalue() + b"\0" * 64
    with io.BytesIO() as file:
        with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
            for i in range(3):
                archive.writestr(f"{i}.png", made["a.png"])
            archive.writestr("../../evil.png", made["a.png"])
            archive.writestr("big.png", b"\0" * (64 * MIB))
        made["x.zip"] = file.getvalue()
    for name, size in (("x.tar.gz", 10), ("long.tar.gz", 40 * MIB)):
        with io.BytesIO() as file:
            with tarfile.open(fileobj=file, mode="w:gz", format=tarfile.PAX_FORMAT) as archive:
                member = tarfile.TarInfo("a.png")
                member.size, member.pax_headers = len(made["a.png"]), {"comment": "x" * size}
                archive.addfile(member, io.BytesIO(made["a.png"]))
            made[name] = file.getvalue()
    with io.BytesIO() as file:
        Image.new("RGBA", (8000, 8000), (1, 2, 3, 4)).save(file, "PNG")
        made["wide.png"] = file.getvalue()
    return made


READ = """
import resource, sys, time
from pathlib import Path
import numpy as np
import ganbench
from ganbench.errors import GanbenchError
reference, broken = np.random.default_rng(1).random((40, 4)), 0
pictures = np.random.default_rng(1).integers(0, 256, (8, 24, 24, 3), np.uint8)
for path in sorted(Path(sys.argv[1]).iterdir()):
    began = time.process_time()
    for against, how in ((pictures, {"features": "pixels"}), (reference, {})):
        try:
            ganbench.score(path, against, metrics=["fid"], **how)
        except GanbenchError as error:
            if "\\n" in str(error):
                print(f"{path.name}: several lines", flush=True)
                broken += 1
        except BaseException as error:
            print(f"{path.name}: {type(error).__name__}: {error}", flush=True)
            broken += 1
    if time.process_time() - began > 20:
        print(f"{path.name}: {time.process_time() - began:.0f} s", flush=True)
        broken += 1
print("peak", resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024, flush=True)
sys.exit(bool(broken))
"""


def hostile(amount: Amount, folder: Path) -> str:
    """Read damaged and dishonest files: a score or one line for each, nothing executed, in bounded memory."""
    rng, mark = random.Random(2), folder / "executed"  # noqa: S311
    whole = specimens(folder, mark)
    most = 0
    for start_at in range(0, amount.files, 250):
        place = folder / f"hostile-{start_at}"
        place.mkdir()
        for number in range(start_at, min(amount.files, start_at + 250)):
            name = list(whole)[number % len(whole)]
            content = whole[name] if number < len(whole) else damaged(whole[name], rng)
            if Path(name).suffix in {".png", ".jpeg", ".bmp", ".webp", ".tiff", ".gif", ".ppm"}:
                (place / f"{number:04}").mkdir()
                (place / f"{number:04}" / name).write_bytes(content)
            else:
                (place / f"{number:04}-{name}").write_bytes(content)
        process = start([sys.executable, "-W", "ignore", "-c", READ, str(place)])
        out, said = process.communicate(timeout=10 * PATIENCE)
        if process.returncode:
            raise Broken(f"hostile files: {out[-300:]}{said[-300:]}")
        most = max(most, int(out.split("peak", 1)[1]))
        shutil.rmtree(place)
    if mark.exists():
        raise Broken("a file was executed")
    if most > MEMORY:
        raise Broken(f"peak memory {most / MIB:.0f} MiB, more than {MEMORY / MIB:.0f}")
    return f"{amount.files} files: a score or one line each, none executed, peak memory {most / MIB:.0f} MiB"


def cuts(amount: Amount, folder: Path) -> str:
    """Cut the records of a run at every byte: what was whole stays, and the rest is known to be torn."""
    finished(folder / "whole-cut", "--jobs", "1", "--backend", "traced")
    content = (folder / "whole-cut" / "torture" / "records.jsonl").read_bytes()
    ends = [i for i in range(len(content)) if content[i : i + 1] == b"\n"]
    place = folder / "cut"
    place.mkdir()
    count = 0
    for cut in range(0, len(content), amount.cuts):
        (place / "records.jsonl").write_bytes(content[:cut])
        whole = sum(end <= cut for end in ends)  # all but its newline is as good as all
        if len(Store(place).read()) != whole:
            raise Broken(f"cut at byte {cut}: {len(Store(place).read())} records instead of {whole}")
        count += 1
    return f"{count} cuts: every record that was whole is there, and no other"


PARTS: dict[str, Callable[[Amount, Path], str]] = {
    "kills": kills,
    "disks": disks,
    "company": company,
    "hostile": hostile,
    "cuts": cuts,
}


def torture(amount: Amount, parts: Sequence[str]) -> list[tuple[str, str, float]]:
    """Do some parts; return the name of each, what came out, and how many seconds it took. Raises Broken."""
    results = []
    for name in parts:
        with tempfile.TemporaryDirectory() as place:
            folder = Path(place)
            (folder / "torture.toml").write_text(SUITE)
            began = time.monotonic()
            said = PARTS[name](amount, folder)
            results.append((name, said, time.monotonic() - began))
            print(f"{name}: {said} ({results[-1][2]:.0f} s)", flush=True)
    return results


def page(results: Sequence[tuple[str, str, float]]) -> str:
    """Return the results as a page, with date and machine."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / (1 << 30)
    lines = [f"| {name} | {said} | {seconds:.0f} |" for name, said, seconds in results]
    return "\n".join(
        [
            "# Kills, full disks, company and hostile files",
            "",
            f"`make torture` on {datetime.now(UTC):%Y-%m-%d}: {os.cpu_count()} cores, {memory:.0f} GiB, "
            f"{platform.system()} {platform.release()}, Python {platform.python_version()}. "
            "Whatever was damaged, the results were those of an undisturbed run.",
            "",
            "| part | what came out | seconds |",
            "|---|---|---|",
            *lines,
            "",
        ]
    )


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("parts", nargs="*", choices=[*PARTS, []], help="all without any")
    parser.add_argument("--short", action="store_true", help="a minute or two instead of half an hour")
    parser.add_argument("--out", type=Path, help="where the page goes; it is only printed without")
    given = parser.parse_args()
    try:
        results = torture(SHORT if given.short else FULL, given.parts or list(PARTS))
    except Broken as error:
        print(f"broken: {error}")
        return 1
    if given.out:
        given.out.write_text(page(results))
    return 0


if __name__ == "__main__":
    sys.exit(main())
