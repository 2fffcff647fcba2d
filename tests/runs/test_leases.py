"""Several processes on one folder: each cell is computed by one of them, and a dead one's cells by the next."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from ganbench._util import locks
from ganbench._util.locks import Lock
from ganbench._util.processes import Owner, began, is_alive, machine, this
from ganbench.errors import PlaceError
from ganbench.records.store import Store
from ganbench.runs.grid import Task
from ganbench.runs.leases import STALE, Leases, held, sweep
from ganbench.runs.queue import Queue
from ganbench.suites.suite import Cell
from tests.records.test_record import example
from tests.runs.command import ganbench

HOLDER = """
import sys, time
from pathlib import Path
from ganbench.runs.leases import Leases
with Leases(Path(sys.argv[1])) as leases:
    print(leases.take({"a": "cell a"}), flush=True)
    time.sleep(600)
"""


def test_of_two_processes_one_gets_a_lease_and_gives_it_back(tmp_path: Path) -> None:
    with Leases(tmp_path) as first, Leases(tmp_path) as second:
        assert first.take({"a": "cell a", "b": "cell b"}) == ["a", "b"]
        assert second.take({"a": "cell a", "c": "cell c"}) == ["c"]
        assert [lease.title for lease in held(tmp_path)] == ["cell a", "cell b", "cell c"]
        first.give_back(["a"])
        assert second.take({"a": "cell a"}) == ["a"]
    assert [path.name for path in (tmp_path / "leases").iterdir()] in ([], ["takeover.lock"])


def test_a_killed_process_loses_its_leases_at_once(tmp_path: Path) -> None:
    with subprocess.Popen([sys.executable, "-c", HOLDER, str(tmp_path)], stdout=subprocess.PIPE) as holder:  # noqa: S603
        assert holder.stdout
        assert holder.stdout.readline() == b"['a']\n"
        with Leases(tmp_path) as leases:
            assert leases.take({"a": "cell a"}) == []
            holder.kill()
            holder.wait()
            assert [lease.is_stale for lease in held(tmp_path)] == [True]
            assert leases.take({"a": "cell a"}) == ["a"]


def other(lease: Path, **changes: object) -> None:
    """Let a lease be one of another machine."""
    table = json.loads(lease.read_text())
    table["owner"] |= {"machine": "elsewhere"} | changes
    lease.write_text(json.dumps(table | {"token": "another"}))


def test_a_lease_of_another_machine_is_stale_when_it_was_not_touched(tmp_path: Path) -> None:
    with Leases(tmp_path) as first, Leases(tmp_path) as second:
        first.take({"a": "cell a"})
        other(first.path("a"), pid=2**30)
        assert second.take({"a": "cell a"}) == []
        before = first.path("a").stat().st_mtime - STALE - 1
        os.utime(first.path("a"), (before, before))
        assert second.take({"a": "cell a"}) == ["a"]
        first.give_back(["a"])  # it was lost: the new holder keeps it
        assert [lease.token for lease in held(tmp_path)] == [second.token]


@pytest.mark.parametrize("content", ["", "{", "[]", '{"owner": {"pid": -1}}', '{"token": 3, "owner": "x"}'])
def test_a_damaged_lease_counts_as_none_after_a_moment(content: str, tmp_path: Path) -> None:
    with Leases(tmp_path) as leases:
        leases.path("a").write_text(content)
        assert leases.take({"a": "cell a"}) == []
        os.utime(leases.path("a"), (1e9, 1e9))
        assert leases.take({"a": "cell a"}) == ["a"]


def test_what_dead_processes_left_is_swept(tmp_path: Path) -> None:
    with Leases(tmp_path) as leases:
        leases.take({"a": "cell a", "b": "cell b"})
        table = json.loads(leases.path("a").read_text())
        table["owner"]["began"] = "1"  # the number was given to another process since
        leases.path("a").write_text(json.dumps(table))
        sweep(tmp_path)
        assert [lease.key for lease in held(tmp_path)] == ["b"]


def test_a_process_is_alive_until_it_has_ended_even_as_a_zombie() -> None:
    assert is_alive(os.getpid(), began(os.getpid()))
    child = subprocess.Popen([sys.executable, "-c", "import sys; sys.stdin.read()"], stdin=subprocess.PIPE)
    start = began(child.pid)
    assert is_alive(child.pid, start)
    assert not is_alive(child.pid, "1")
    assert not Owner("here", machine(), child.pid, start, "now").is_gone
    assert child.stdin
    child.stdin.close()
    os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
    assert not is_alive(child.pid, start)
    child.wait()
    assert Owner("here", machine(), child.pid, start, "now").is_gone
    assert not Owner("there", "elsewhere", child.pid, start, "now").is_gone


def test_a_lock_that_is_not_free_says_who_holds_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(locks, "PATIENCE", 0.05)
    with Lock(tmp_path / "lock"), pytest.raises(PlaceError, match=f"process {os.getpid()} on .* holds it"):
        Lock(tmp_path / "lock").__enter__()
    with Lock(tmp_path / "lock"):
        pass
    assert not (tmp_path / "lock.holder").exists()


def task(key: str) -> Task:
    cell = Cell(key, "row", "noise", {}, "ring8", 0, 1, 8, "auto", 32, ("fid",), "", 1, 1, ("average",), 1, True, 1.0)
    return Task(cell, None, "missing", 1.0)


def test_a_queue_hands_out_what_nobody_computes_and_waits_for_the_rest(tmp_path: Path) -> None:
    store, said = Store(tmp_path), list[str]()
    store.open()
    with Leases(tmp_path) as mine, Leases(tmp_path) as theirs:
        theirs.take({"b": "cell b", "c": "cell c"})
        queue = Queue([(task("a"), task("b")), (task("c"),)], store, mine, said.append)
        groups = iter(queue)
        assert [each.cell.key for each in next(groups) or ()] == ["a"]
        assert next(groups) is None
        assert said == [f"waiting for 2 cells that others compute: {this_process(theirs)}"]
        store.append(replace(example("b"), status="error"))
        theirs.give_back("bc")  # of c nothing was written
        assert [each.cell.key for each in next(groups) or ()] == ["c"]
        assert list(groups) == []
        assert list(queue.others) == ["b"]


def this_process(leases: Leases) -> str:
    return str(held(leases.folder.parent)[0].owner)


def test_who_lost_a_lease_writes_no_record(tmp_path: Path) -> None:
    from ganbench.runs.execution import Place

    store = Store(tmp_path)
    store.open()
    with Leases(tmp_path) as leases:
        leases.take({"a": "cell a", "b": "cell b"})
        other(leases.path("a"))
        store.append(example("a"), example("b"), wanted=Place(tmp_path, token=leases.token).is_mine)
    assert set(store.read()) == set(store.news()) == {"b"}


def test_status_says_who_does_what_and_what_is_left(tmp_path: Path) -> None:
    store = Store(tmp_path)
    store.open()
    store.append(replace(example("a"), status="done"))
    (tmp_path / "selection.json").write_text(json.dumps({"suite": "tiny", "keys": ["a", "b", "c"]}))
    with Leases(tmp_path) as leases:
        leases.take({"b": "noise on ring8, seed 1"})
        shown = ganbench("status", str(tmp_path)).stdout.splitlines()
        assert shown[0] == "3 cells: 1 done, 1 being computed, 1 to do"
        assert shown[1].startswith(f"noise on ring8, seed 1: process {this().pid} on ")
        table = json.loads(ganbench("status", "--json", str(tmp_path)).stdout)
        assert (table["cells"], table["to_do"], table["working"][0]["key"]) == (3, 1, "b")
    assert ganbench("status", str(tmp_path / "nowhere")).exit_code == 2
