"""Faults of the place and of processes: nothing is lost, no cell is blamed, nobody is left behind."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch

from ganbench._util.files import sweep, write_atomically
from ganbench._util.markup import harmless, printable
from ganbench._util.processes import is_alive, machine
from ganbench._util.tensor_files import packed, unpacked
from ganbench.errors import PlaceError
from ganbench.records.store import Store
from tests.records.test_record import example
from tests.runs.command import TINY, ganbench, suite

PARENT = """
import os, time
from ganbench.runs.executors.process import pool
if __name__ == "__main__":
    with pool(1) as workers:
        print(workers.submit(os.getpid).result(), flush=True)
        workers.submit(time.sleep, 600)
        time.sleep(600)
"""


def test_workers_die_with_their_parent(tmp_path: Path) -> None:
    script = tmp_path / "parent.py"
    script.write_text(PARENT)
    with subprocess.Popen([sys.executable, str(script)], stdout=subprocess.PIPE) as parent:  # noqa: S603
        assert parent.stdout
        worker = int(parent.stdout.readline())
        assert is_alive(worker)
        parent.kill()
    until = time.monotonic() + 60
    while is_alive(worker) and time.monotonic() < until:
        time.sleep(0.05)
    assert not is_alive(worker)


def test_a_short_write_leaves_the_records_as_they_were(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = Store(tmp_path)
    store.open()
    store.append(example("a"))
    before = store.path.read_bytes()

    def full(handle: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(PlaceError, match="No space left on device; what was finished is kept"):
        store.append(example("b"))
    assert store.path.read_bytes() == before


def test_a_full_disk_is_no_result_of_a_baseline(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    command = ["run", "--suite", suite(tmp_path), "--out", str(tmp_path / "out"), "--baseline", "noise", "--jobs", "1"]

    def full(path: Path, content: bytes) -> Path:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(path))

    with monkeypatch.context() as patched:
        patched.setattr("ganbench.runs.execution.write_atomically", full)
        stopped = ganbench(*command)
    assert stopped.exit_code == 1
    assert stopped.stderr.count("\n") == 1
    assert "No space left on device" in stopped.stderr
    assert Store(tmp_path / "out" / "tiny").read() == {}
    assert ganbench(*command).exit_code == 0


def test_what_dead_processes_left_half_written_is_swept(tmp_path: Path) -> None:
    child = subprocess.Popen([sys.executable, "-c", ""])
    child.wait()
    dead = tmp_path / "cells" / f".x.png.{machine()}-{child.pid}-0.part"
    mine, foreign, old = (
        tmp_path / name for name in (f".x.{machine()}-{os.getpid()}-0.part", ".x.other-1-0.part", ".y.other-1-0.part")
    )
    for path in (dead, mine, foreign, old):
        write_atomically(path, b"x")
    os.utime(old, (1e9, 1e9))
    assert sweep(tmp_path) == 2
    assert [path.exists() for path in (dead, mine, foreign, old)] == [False, True, True, False]


def test_a_file_that_was_changed_counts_as_none(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "samples.safetensors"
    tensors = {"x": torch.arange(6.0).reshape(2, 3), "y": torch.tensor(3, dtype=torch.bfloat16)}
    content = packed(tensors, {"key": "k"})
    assert packed(tensors, {"key": "k"}) == content
    path.write_bytes(content)
    kept = unpacked(path, "k")
    assert kept
    assert torch.equal(kept[0]["x"], tensors["x"])
    assert unpacked(path, "another") is None
    for i in range(0, len(content), 7):
        path.write_bytes(content[:i] + bytes([content[i] ^ 1]) + content[i + 1 :])
        assert unpacked(path, "k") is None
    assert "counts as none" in capsys.readouterr().err
    assert unpacked(tmp_path / "nothing", "k") is None


@pytest.mark.parametrize("name", ["../../evil", "/evil", "..", "", "a\\u001bb"])
def test_a_suite_s_name_stays_inside_the_folder(name: str, tmp_path: Path) -> None:
    refused = ganbench("run", "--suite", suite(tmp_path, f'name = "{name}"\n{TINY}'), "--out", str(tmp_path / "out"))
    assert refused.exit_code == 2
    assert "name: expected" in refused.stderr
    assert "\x1b" not in refused.stderr
    assert not (tmp_path / "out").exists()


def test_text_from_outside_is_shown_without_commands() -> None:
    assert printable("a\x1b[31mb\u202e\x9b") == "a\ufffd[31mb\ufffd\ufffd"
    assert [harmless(cell) for cell in ("=1+1", "-x", "@a", "-1.5", "fid", -2, None)] == [
        "'=1+1", "'-x", "'@a", "-1.5", "fid", -2, None
    ]  # fmt: skip
