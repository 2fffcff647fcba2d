"""Commands work without a home, a name, an output or an encoding: in containers, cron jobs and odd terminals."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from ganbench._util.files import user_cache
from tests.conftest import ROOT

LAUNCH = """
import os, sys
for handle in map(int, sys.argv[1].split(",") if sys.argv[1] else ()):
    os.close(handle)
os.execv(sys.executable, [sys.executable, "-m", "ganbench", *sys.argv[2:]])
"""


def started(closed: str, *words: str, cwd: Path, **environment: str) -> subprocess.CompletedProcess[bytes]:
    """Run the command line with some of its three streams closed, and no environment but the named one."""
    command = [sys.executable, "-c", LAUNCH, closed, *words]
    every = {"PATH": os.environ["PATH"], "OMP_NUM_THREADS": "1", "PYTHONPATH": str(ROOT)} | environment
    return subprocess.run(command, cwd=cwd, env=every, capture_output=True, check=False, timeout=300)  # noqa: S603


@pytest.mark.parametrize("closed", ["", "1", "0,1,2"])
def test_tables_are_written_whatever_is_closed(closed: str, tmp_path: Path) -> None:
    folder = tmp_path / "quick"
    folder.mkdir()
    lines = (ROOT / "results" / "quick" / "records.jsonl").read_bytes()
    (folder / "records.jsonl").write_bytes(lines)
    done = started(closed, "table", "quick", cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, b"")
    assert (folder / "table.md").read_bytes()
    assert (folder / "records.jsonl").read_bytes() == lines


@pytest.mark.parametrize(
    "environment",
    [
        {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONIOENCODING": "ascii"},
        {"LC_ALL": "tr_TR.ISO-8859-9", "PYTHONUTF8": "0", "PYTHONIOENCODING": "iso8859-9"},
        {"LC_ALL": "ja_JP.SJIS", "PYTHONUTF8": "0", "PYTHONIOENCODING": "cp932"},
    ],
)
def test_any_encoding_of_the_output_shows_tables(environment: dict[str, str], tmp_path: Path) -> None:
    (tmp_path / "quick").mkdir()
    (tmp_path / "quick" / "records.jsonl").write_bytes((ROOT / "results" / "quick" / "records.jsonl").read_bytes())
    done = started("", "table", "quick", cwd=tmp_path, **environment)
    assert (done.returncode, done.stderr) == (0, b"")
    assert b"ns_gan" in done.stdout
    assert "↓" in (tmp_path / "quick" / "table.md").read_text(encoding="utf-8")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no /dev/full here")
def test_an_output_that_is_full_is_one_line() -> None:
    with Path("/dev/full").open("wb") as full:
        words = [sys.executable, "-m", "ganbench", "list", "datasets"]
        done = subprocess.run(words, stdout=full, stderr=subprocess.PIPE, check=False)  # noqa: S603
    assert (done.returncode, done.stderr.count(b"\n")) == (1, 1)
    assert b"No space left on device" in done.stderr


def test_who_has_no_home_and_no_name_has_a_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def homeless(*arguments: object, **options: object) -> Path:
        raise RuntimeError("could not determine the home directory")

    monkeypatch.setattr("ganbench._util.files.user_cache_path", homeless)
    monkeypatch.setattr("ganbench._util.files.gettempdir", lambda: str(tmp_path))
    mine = user_cache()
    assert mine == tmp_path / f"ganbench-{os.getuid()}"
    assert mine.stat().st_mode & 0o777 == 0o700
    mine.rmdir()
    mine.symlink_to(tmp_path)  # somebody else's trap
    assert user_cache() not in {mine, tmp_path}


@pytest.mark.slow
def test_a_suite_runs_without_home_and_output(tmp_path: Path) -> None:
    from tests.runs.command import suite

    suite(tmp_path)
    for closed, out in (("", "a"), ("0,1,2", "b")):
        done = started(closed, "run", "--suite", "tiny.toml", "--out", out, cwd=tmp_path, TMPDIR=str(tmp_path))
        assert done.returncode == 0, done.stderr
    assert (tmp_path / "a/tiny/table.csv").read_bytes() == (tmp_path / "b/tiny/table.csv").read_bytes()
