"""``ganbench run``: what may be typed behind it. What it does is in ``suite_run``, which takes long to import."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import click

from ganbench._util import seeds as seed_text
from ganbench._util.seeds import fits
from ganbench._util.sizes import bytes_of
from ganbench.cli.complete import of
from ganbench.errors import BadInput


@dataclass(frozen=True)
class Request:
    """The options of a run; empty means as the suite says."""

    suite: str
    baselines: tuple[str, ...]
    datasets: tuple[str, ...]
    experiments: tuple[str, ...]
    seeds: tuple[int, ...]
    metrics: tuple[str, ...]
    steps: int | None
    budget: str
    backend: str
    device: str
    jobs: int | None
    group: int | None
    out: Path
    data: Path | None
    fresh: bool
    retry_failed: bool
    dry_run: bool
    shard: tuple[int, int] | None = None  # which part of how many, from 0
    changes: tuple[str, ...] = ()  # owner.field=value
    added: tuple[str, ...] = ()  # baselines beside the suite's
    memory: int | None = None  # bytes of a data set's images
    skip_broken: bool = False
    log: tuple[str, ...] = ()  # trackers
    remark: str = ""  # about the request, to be said first
    executor: str = "process"
    cpus_per_cell: float | None = None
    gpus_per_cell: float | None = None
    ray_address: str = ""
    time: str = ""
    sbatch: tuple[str, ...] = ()

    def typed(self, *without: str) -> tuple[str, ...]:
        """Return the options of ``ganbench run`` that ask for this, but for those fields."""
        words: list[str] = []
        for option in run.params:
            name, value = str(option.name), getattr(self, str(option.name))
            if name in without or value in (None, "", (), False):
                continue
            if value is True:
                words.append(option.opts[0])
            elif name == "shard":
                words += [option.opts[0], "{}/{}".format(*value)]
            elif option.multiple:
                words += [word for each in value for word in (option.opts[0], each)]
            else:
                words += [option.opts[0], ",".join(map(str, value)) if isinstance(value, tuple) else str(value)]
        return tuple(words)


def seeds_of(text: str) -> tuple[int, ...]:
    """Return the seeds that 0-4 or 0,2,5 or both mean, in that order; raises BadParameter for anything else."""
    try:
        return seed_text.seeds_of(text)
    except BadInput as error:
        raise click.BadParameter(str(error), param_hint="--seeds") from error


def memory_of(text: str | None) -> int | None:
    """Return the bytes that 500MB or 4GiB mean; raises BadParameter for anything else."""
    try:
        return None if text is None else bytes_of(text)
    except BadInput as error:
        raise click.BadParameter(str(error), param_hint="--memory") from error


def shard_of(text: str | None) -> tuple[int, int] | None:
    """Return the part and the number of parts that 2/8 means; raises BadParameter for anything else."""
    if text is None:
        return None
    number, slash, count = (piece.strip() for piece in text.partition("/"))
    if not (slash and fits(number) and fits(count) and 0 <= int(number) < int(count)):
        raise click.BadParameter(f"expected a part such as 0/8, ..., 7/8, got {text!r}", param_hint="--shard")
    return int(number), int(count)


@click.command()
@click.option(
    "--suite", default="quick", show_default=True, shell_complete=of("suites"), help="A suite's name, or a TOML file."
)
@click.option(
    "--baseline",
    "baselines",
    multiple=True,
    shell_complete=of("baselines", "all"),
    help="Instead of the suite's: a name, family:member, ./file.py or all. Repeatable.",
)
@click.option(
    "--add",
    "added",
    multiple=True,
    shell_complete=of("baselines"),
    help="Beside the suite's: a name or ./file.py, on every data set that it supports. Repeatable.",
)
@click.option(
    "--set",
    "changes",
    multiple=True,
    metavar="FIELD=VALUE",
    help="A field of a baseline (wgan_gp.penalty=1), of every baseline (lr=1e-3) or of the plan (batch=128), on all "
    "data sets. Repeatable.",
)
@click.option(
    "--dataset",
    "datasets",
    multiple=True,
    shell_complete=of("datasets"),
    help="Instead of the suite's: a name, or name(field=number,...). Repeatable.",
)
@click.option(
    "--experiment",
    "experiments",
    multiple=True,
    shell_complete=of("experiments"),
    help="Of a suite of experiments only these: a name. Repeatable.",
)
@click.option("--seeds", help="Instead of the suite's: 0-4 or 0,2,5. One number is one seed.")
@click.option(
    "--metrics",
    default="",
    shell_complete=of("metrics", "all", commas=True),
    help="Instead of the suite's: names with commas between, or all.",
)
@click.option("--steps", type=int, help="Instead of the suite's, on all data sets.")
@click.option(
    "--budget",
    default="standard",
    show_default=True,
    help="tiny: a fifth of the steps, two seeds, for a first look; full: four times the steps, ten seeds.",
)
@click.option(
    "--backend",
    default="",
    help="Instead of the suite's: how updates are executed: auto (compiled if it pays), traced, compiled, eager, loop.",
)
@click.option("--device", default="auto", show_default=True, help="auto, cpu, cuda or cuda:N.")
@click.option("--jobs", type=click.IntRange(min=1), help="Cells at a time.  [default: one per core; one on a GPU]")
@click.option("--group", type=click.IntRange(min=1), help="Seeds of a row trained together, at most.  [default: all]")
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    default=Path("runs"),
    show_default=True,
    help="Results go to OUT/<suite>.",
)
@click.option(
    "--data", type=click.Path(path_type=Path), help="Folder of data sets that come as files.  [default: data]"
)
@click.option(
    "--memory",
    help="Training images that take more are streamed, to the same bits: 4GB.  [default: half of a GPU's free memory]",
)
@click.option("--skip-broken", is_flag=True, help="Leave out pictures of your own that cannot be read, and count them.")
@click.option(
    "--log",
    multiple=True,
    help="Also tell tensorboard, wandb, mlflow or trackio how training goes. Repeatable.",
)
@click.option("--fresh", is_flag=True, help="Set earlier results aside and do everything again.")
@click.option(
    "--retry-failed", is_flag=True, help="Do cells again that ended in an error. Divergence is a result and stays."
)
@click.option("--shard", help="Only this part of the rows, 0/8 to 7/8: for schedulers of any kind.")
@click.option(
    "--executor",
    default="process",
    show_default=True,
    help="Where cells are computed: process (this machine), ray (a task each) or slurm (an array of tasks).",
)
@click.option("--ray-address", default="", help="Of a Ray cluster: auto, or HOST:PORT.  [default: a Ray of this run]")
@click.option(
    "--cpus-per-cell", type=click.FloatRange(0, 1024, min_open=True), help="Of Ray or Slurm for each group of seeds."
)
@click.option("--gpus-per-cell", type=click.FloatRange(0, 64), help="As --cpus-per-cell; of Ray also a part: 0.25.")
@click.option("--time", default="", help="Time of a Slurm task, as sbatch takes it.  [default: 4:00:00]")
@click.option("--sbatch", multiple=True, help="Another option of Slurm's sbatch, as --sbatch=--partition=cpu.")
@click.option("--dry-run", is_flag=True, help="Say what would be done, and how long it takes; write nothing.")
def run(
    suite: str,
    baselines: tuple[str, ...],
    added: tuple[str, ...],
    changes: tuple[str, ...],
    datasets: tuple[str, ...],
    experiments: tuple[str, ...],
    seeds: str | None,
    metrics: str,
    steps: int | None,
    budget: str,
    backend: str,
    device: str,
    jobs: int | None,
    group: int | None,
    out: Path,
    data: Path | None,
    memory: str | None,
    skip_broken: bool,
    log: tuple[str, ...],
    fresh: bool,
    retry_failed: bool,
    dry_run: bool,
    shard: str | None,
    executor: str,
    ray_address: str,
    cpus_per_cell: float | None,
    gpus_per_cell: float | None,
    time: str,
    sbatch: tuple[str, ...],
) -> None:
    """Train, score and compare what a suite asks for; what is done already is not done again.

    Exit codes: 0 done, 1 a seed of some cell diverged or failed, 2 the request was wrong, 130 interrupted.
    """
    from ganbench.cli import suite_run  # noqa: PLC0415

    names = tuple(name.strip() for name in metrics.split(",") if name.strip())
    chosen = () if seeds is None else seeds_of(seeds)
    request = Request(
        suite,
        baselines,
        datasets,
        experiments,
        chosen,
        names,
        steps,
        budget,
        backend,
        device,
        jobs,
        group,
        out,
        data,
        fresh,
        retry_failed,
        dry_run,
        shard_of(shard),
        changes,
        added,
        memory_of(memory),
        skip_broken,
        log,
        seed_text.not_a_count(seeds or ""),
        executor,
        cpus_per_cell,
        gpus_per_cell,
        ray_address,
        time,
        sbatch,
    )
    click.get_current_context().exit(suite_run.run(request))
