"""Executors: one interface, the same bits, and nothing lost when what computes a cell dies."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path

import pytest

from ganbench._util import ray_cluster
from ganbench.errors import BadInput, UnknownName
from ganbench.records.record import to_line
from ganbench.records.store import Store
from ganbench.runs.executors import EXECUTORS, SHARED, Resources, executor
from tests.runs.command import TINY, ganbench, own, suite

needs_ray = pytest.mark.skipif(find_spec("ray") is None, reason="Ray is not installed: pip install ganbench[ray]")

# A worker that trains this dies once, at its 30th update, and keeps a checkpoint at every step before.
DYING = """
import os
from pathlib import Path
from ganbench.training import checkpoint

checkpoint.SECONDS = 0.0
MARK = Path(__file__).with_name("died")
calls = []


def strike():
    calls.append(1)
    if len(calls) == 30 and not MARK.exists():
        MARK.write_text(str(os.getpid()))
        ACTION
    return 0.0

"""

# As sbatch --wait: runs the tasks of the array here, one after the other, and ends with the worst of their exit codes.
SBATCH = """#!/bin/bash
[ "$1" = --wait ] || exit 2
echo "$2" >> "${0%/*}/submitted"
count=$(sed -n 's/^#SBATCH --array=1-//p' "$2"); worst=0
for i in $(seq "$count"); do SLURM_ARRAY_TASK_ID=$i bash "$2" || worst=$?; done
exit $worst
"""


def command(folder: Path, *options: str, path: str = "") -> subprocess.CompletedProcess[str]:
    """Run the command line in a process of its own, from a folder."""
    words = [sys.executable, "-m", "ganbench", "run", "--suite", "tiny.toml", *options]
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "PATH": f"{path}{os.pathsep}{os.environ['PATH']}"}
    return subprocess.run(words, cwd=folder, env=environment, capture_output=True, text=True, check=False)  # noqa: S603


def lines(folder: Path) -> dict[str, str]:
    """Return records by key, without what may differ between equal runs; each stands there once."""
    store = Store(folder / "tiny")
    records = store.read()
    assert len([line for line in store.path.read_text().splitlines() if line]) == len(records)
    return {key: to_line(replace(record, provenance={})) for key, record in records.items()}


def dying(folder: Path, action: str = "os.kill(os.getpid(), 9)") -> None:
    """Write a suite of a user's own baseline, in the training of which that is done once, and another."""
    loss = "(D(G(b.z)) - D(b.x)).mean() + strike()"
    path = Path(own(folder, loss))
    head, _, rest = path.read_text().partition("@dataclass")
    path.write_text(head + DYING.replace("ACTION", action) + "@dataclass" + rest)
    text = TINY.replace('["ns_gan", "noise"]', '["./mine.py", "ns_gan"]').replace("steps = 2", "steps = 60")
    suite(folder, text + 'backend = "eager"\n')


def test_every_executor_keeps_to_the_interface() -> None:
    for name, path in EXECUTORS.items():
        module, _, title = path.partition(":")
        kind = getattr(import_module(module), title)
        assert kind.options <= {field for field in Resources.__dataclass_fields__ if field not in SHARED}
        for method in ("device", "jobs", "run", "close"):
            assert callable(getattr(kind, method)), name
    with pytest.raises(UnknownName, match="did you mean 'process'"):
        executor("proces", Resources())
    with pytest.raises(BadInput, match=r"--ray-address: no option of --executor process; it is one of --executor ray"):
        executor("process", Resources(ray_address="auto"))


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--executor", "rai"], "did you mean 'ray'?"),
        (["--gpus-per-cell", "1"], "it is one of --executor ray or slurm"),
        (["--executor", "slurm", "--time", "soon"], "expected a time such as 4:00:00"),
        (["--executor", "slurm", "--gpus-per-cell", ".5"], "Slurm gives whole ones"),
        (["--executor", "slurm"], "there is no sbatch here"),
        (["--out", "s3://bucket/run"], "object stores have no appends and no locks"),
        (["--out", "memory://run"], "--out memory://...: expected a folder"),
        (["--suite", "notes", "--executor", "ray"], "--executor cannot change notes"),
    ],
)
def test_what_an_executor_cannot_do_is_one_line(options: list[str], said: str, tmp_path: Path) -> None:
    refused = ganbench("run", "--suite", suite(tmp_path), "--out", str(tmp_path / "out"), *options)
    assert refused.exit_code == 2
    assert said in refused.stderr
    assert refused.stderr.count("\n") == 1
    assert not (tmp_path / "out").exists()


def test_without_ray_it_is_said_how_to_get_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def absent(name: str) -> None:
        raise ModuleNotFoundError(name)

    monkeypatch.setattr(ray_cluster, "import_module", absent)
    refused = ganbench("run", "--suite", suite(tmp_path), "--out", str(tmp_path / "out"), "--executor", "ray")
    assert (refused.exit_code, refused.stderr.count("\n")) == (2, 1)
    assert 'pip install "ganbench[ray]"' in refused.stderr


def test_what_was_recorded_meanwhile_is_not_recorded_twice(tmp_path: Path) -> None:
    from ganbench.runs.execution import Place, compute
    from ganbench.runs.grid import grid
    from ganbench.runs.leases import Leases
    from tests.runs.command import suite_of

    cells = [cell for cell in grid(suite_of(tmp_path)) if cell.baseline == "noise"]
    Store(tmp_path).open()
    with Leases(tmp_path) as leases:
        leases.take({cell.key: "cell" for cell in cells})
        for _ in range(2):  # as a task that Ray started again, because it took the first for dead
            compute(cells, Place(tmp_path, token=leases.token), {}, lambda steps: None)
    assert len(Store(tmp_path).lines()[0]) == len(cells)


@needs_ray
@pytest.mark.slow
def test_ray_gives_the_bits_of_this_machine(tmp_path: Path) -> None:
    suite(tmp_path)
    ray = command(tmp_path, "--out", "ray", "--executor", "ray", "--jobs", "2")
    assert ray.returncode == 0, ray.stderr
    assert "2 processes" in ray.stdout
    assert command(tmp_path, "--out", "here", "--jobs", "1").returncode == 0
    assert lines(tmp_path / "ray") == lines(tmp_path / "here")
    assert (
        command(tmp_path, "--out", "ray", "--executor", "ray", "--ray-address", "127.0.0.1:1").returncode == 0
    )  # nothing is left


@needs_ray
@pytest.mark.slow
def test_a_task_whose_worker_was_killed_goes_on_from_its_checkpoint(tmp_path: Path) -> None:
    dying(tmp_path)
    ray = command(tmp_path, "--out", "ray", "--executor", "ray", "--jobs", "2", "--group", "1")
    assert ray.returncode == 0, ray.stderr
    assert (tmp_path / "died").exists()
    resumed = [record.trained.get("resumed") for record in Store(tmp_path / "ray" / "tiny").read().values()]
    assert [len(each) for each in resumed if each] == [1]
    assert command(tmp_path, "--out", "here", "--jobs", "1").returncode == 0
    assert lines(tmp_path / "ray") == lines(tmp_path / "here")


@pytest.fixture
def two_nodes() -> Iterator[tuple[str, subprocess.Popen[str]]]:
    """Start a Ray cluster of two nodes on loopback; yield its address and the program that ends the second at once."""
    script = (
        "import sys, json\n"
        "from ray.cluster_utils import Cluster\n"
        "cluster = Cluster(initialize_head=True, head_node_args={'num_cpus': 1, 'include_dashboard': False})\n"
        "second = cluster.add_node(num_cpus=1, resources={'second': 1})\n"
        "print(json.dumps([cluster.address]), flush=True)\n"
        "sys.stdin.readline()\n"
        "cluster.remove_node(second, allow_graceful=False)\n"
        "print('gone', flush=True)\n"
        "sys.stdin.readline()\n"
        "cluster.shutdown()\n"
    )
    environment = {**os.environ, "RAY_USAGE_STATS_ENABLED": "0"}
    with subprocess.Popen(  # noqa: S603
        [sys.executable, "-c", script], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment
    ) as nodes:
        assert nodes.stdout
        yield json.loads(nodes.stdout.readline())[0], nodes
        nodes.communicate("\n\n", timeout=120)


@needs_ray
@pytest.mark.slow
def test_a_cluster_of_which_a_node_dies_computes_every_cell_once(
    tmp_path: Path, two_nodes: tuple[str, subprocess.Popen[str]]
) -> None:
    address, nodes = two_nodes
    assert nodes.stdin
    assert nodes.stdout
    dying(tmp_path, "import time; time.sleep(5)")  # so that it is not over before the node is gone
    words = ["--out", "ray", "--executor", "ray", "--ray-address", address, "--group", "1"]
    program = [sys.executable, "-m", "ganbench", "run", "--suite", "tiny.toml", *words]
    with subprocess.Popen(program, cwd=tmp_path, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True) as run:  # noqa: S603
        until = time.monotonic() + 240
        while not (tmp_path / "died").exists() and run.poll() is None and time.monotonic() < until:
            time.sleep(0.1)
        nodes.stdin.write("\n")
        nodes.stdin.flush()
        assert nodes.stdout.readline() == "gone\n"
        assert run.stderr
        assert run.wait(timeout=240) == 0, run.stderr.read()
    assert command(tmp_path, "--out", "here", "--jobs", "1").returncode == 0
    assert lines(tmp_path / "ray") == lines(tmp_path / "here")


@pytest.fixture
def sbatch(tmp_path: Path) -> str:
    """Put a stand-in for sbatch into a folder, to be put in front of the PATH."""
    folder = tmp_path / "bin"
    folder.mkdir()
    (folder / "sbatch").write_text(SBATCH)
    (folder / "sbatch").chmod(0o755)
    return str(folder)


@pytest.mark.slow
def test_slurm_gives_the_bits_of_this_machine(tmp_path: Path, sbatch: str) -> None:
    suite(tmp_path)
    options = ["--executor", "slurm", "--jobs", "2", "--cpus-per-cell", "3", "--sbatch=--partition=cpu"]
    slurm = command(tmp_path, "--out", "slurm", *options, path=sbatch)
    assert slurm.returncode == 0, slurm.stderr
    script = (tmp_path / "slurm" / "tiny" / "slurm.sh").read_text()
    for line in ("--array=1-2", "--cpus-per-task=3", "--partition=cpu", "--time=4:00:00"):
        assert f"#SBATCH {line}\n" in script
    assert command(tmp_path, "--out", "here", "--jobs", "1").returncode == 0
    assert lines(tmp_path / "slurm") == lines(tmp_path / "here")
    again = command(tmp_path, "--out", "slurm", *options, path=sbatch)
    assert again.returncode == 0
    assert len((Path(sbatch) / "submitted").read_text().splitlines()) == 1  # nothing was left to submit


@pytest.mark.slow
def test_a_slurm_job_that_ended_too_soon_is_one_line(tmp_path: Path, sbatch: str) -> None:
    suite(tmp_path)
    (Path(sbatch) / "sbatch").write_text("#!/bin/bash\nexit 1\n")
    slurm = command(tmp_path, "--out", "slurm", "--executor", "slurm", path=sbatch)
    assert (slurm.returncode, slurm.stderr.count("\n")) == (1, 1)
    assert "the Slurm job has ended (sbatch: exit code 1) and 4 cells have no record" in slurm.stderr
