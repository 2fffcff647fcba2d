"""The store loses nothing: not when it is cut off, not in company, not when it is started afresh."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from ganbench.errors import BadInput
from ganbench.records.record import Record, to_line
from ganbench.records.store import Store
from tests.records.test_record import example

WRITER = """
import sys
from dataclasses import replace
from pathlib import Path
from ganbench.records.record import from_line
from ganbench.records.store import Store

folder, name, line = sys.argv[1:]
record = from_line(line)
for i in range(40):
    Store(Path(folder)).append(replace(record, key=f"{name}{i}", split="x" * 5000))
"""


def store(folder: Path, *records: Record) -> Store:
    opened = Store(folder)
    opened.open()
    for record in records:
        opened.append(record)
    return opened


def test_of_several_lines_with_one_key_the_last_counts(tmp_path: Path) -> None:
    kept = store(tmp_path, example("a", 1.0), example("b", 2.0), example("a", 3.0))
    assert kept.read() == {"a": example("a", 3.0), "b": example("b", 2.0)}


def test_a_file_cut_at_any_byte_of_its_last_line_resumes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "fsync", lambda handle: None)
    first, last = (to_line(example(key)).encode() + b"\n" for key in "ab")
    for cut in range(len(last) + 1):
        folder = tmp_path / str(cut)
        folder.mkdir()
        kept = Store(folder)
        kept.path.write_bytes(first + last[:cut])
        whole = cut >= len(last) - 1  # all but the newline is as good as all
        assert set(kept.read()) == ({"a", "b"} if whole else {"a"})
        assert ("torn" in kept.open()) == (cut > 0 and not whole)
        kept.append(example("c"))
        assert set(kept.read()) == ({"a", "b", "c"} if whole else {"a", "c"})
        torn = folder / "records.torn"
        assert torn.exists() == (cut > 0 and not whole)
        assert not torn.exists() or torn.read_bytes() == last[:cut] + b"\n"
        assert kept.open() == ""


def test_a_record_torn_in_the_middle_of_a_letter_is_set_aside(tmp_path: Path) -> None:
    kept = store(tmp_path, example("a"))
    line = to_line(example("b")).encode()
    with kept.path.open("ab") as file:
        file.write(line[: line.index("ï".encode()) + 1])
    assert set(kept.read()) == {"a"}
    assert "torn" in kept.open()
    assert kept.open() == ""


def test_appending_after_another_writer_was_cut_off_does_not_join_two_lines(tmp_path: Path) -> None:
    kept = store(tmp_path, example("a"))
    with kept.path.open("ab") as file:
        file.write(b'{"key":"b","base')
    kept.append(example("c"))
    assert set(kept.read()) == {"a", "c"}


def test_a_line_broken_in_the_middle_of_the_file_is_named(tmp_path: Path) -> None:
    kept = store(tmp_path, example("a"), example("b"), example("c"))
    lines = kept.path.read_text().splitlines()
    kept.path.write_text("\n".join([lines[0], lines[1][:-9], lines[2], ""]))
    with pytest.raises(BadInput, match=r"records\.jsonl, line 2: not JSON"):
        kept.read()


def test_reading_writes_nothing(tmp_path: Path) -> None:
    assert Store(tmp_path / "not there").read() == {}
    kept = store(tmp_path, example("a"))
    with kept.path.open("ab") as file:
        file.write(b"{")
    before = {path: path.read_bytes() for path in tmp_path.iterdir()}
    kept.read()
    assert {path: path.read_bytes() for path in tmp_path.iterdir()} == before


def test_two_processes_that_append_lose_nothing(tmp_path: Path) -> None:
    command = [sys.executable, "-c", WRITER, str(tmp_path)]
    writers = [subprocess.Popen([*command, name, to_line(example())]) for name in "ab"]  # noqa: S603
    assert [writer.wait(timeout=120) for writer in writers] == [0, 0]
    assert set(Store(tmp_path).read()) == {f"{name}{i}" for name in "ab" for i in range(40)}


def test_starting_afresh_keeps_what_was_there(tmp_path: Path) -> None:
    for expected in (1, 2):
        kept = store(tmp_path, example("a", float(expected)))
        kept.cells.mkdir()
        (kept.cells / "note").write_text(str(expected))
        places = [path.name for path in kept.set_aside()]
        assert places == [f"records.before-{expected}.jsonl", f"cells.before-{expected}"]
        assert kept.read() == {}
        assert (tmp_path / f"cells.before-{expected}" / "note").read_text() == str(expected)
        assert to_line(example("a", float(expected))) in (tmp_path / places[0]).read_text()
    assert Store(tmp_path).set_aside() == []


def test_a_folder_that_cannot_be_written_to_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(BadInput, match="cannot write results there"):
        Store(tmp_path / "file" / "results").open()
