"""Trackers of experiments, behind one interface: TensorBoard, Weights & Biases, MLflow and trackio.

A logger is a callback: it is called with the number of steps done and, by seed, values by name; ``close`` ends it.
Seeds that are trained together are one run of the tracker, in which a value is called ``generator/seed 3``.
"""

from __future__ import annotations

import sys
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from importlib import import_module
from importlib.util import find_spec
from math import isfinite
from pathlib import Path
from typing import Any

from ganbench._util.names import check_names
from ganbench._util.user_code import in_one_line
from ganbench.errors import Missing

Values = Mapping[int, Mapping[str, float | None]]  # by seed, by name
Callback = Callable[[int, Values], None]


@dataclass(frozen=True)
class About:
    """What a tracker shows about a run.

    Parameters
    ----------
    project
        What its runs are kept under, such as the name of a suite.
    name
        Of the run.
    config
        Settings and plan.
    folder
        Where trackers that write files do so.
    """

    project: str
    name: str
    config: dict[str, Any] = field(default_factory=dict)
    folder: Path = Path()


class Logger(ABC):
    """One run of a tracker, begun when the first values come.

    Parameters
    ----------
    about
        What the tracker shows about the run.

    Raises
    ------
    Missing
        Where the tracker's package is not installed.
    """

    package = ""  # which is imported; also the name of the extra

    def __init__(self, about: About) -> None:
        check([self.name()])
        self.about, self.begun = about, False

    @classmethod
    def name(cls) -> str:
        """Return what the tracker is called behind ``--log``."""
        return cls.package

    def __call__(self, step: int, values: Values) -> None:
        """Log the values that there are and that are finite."""
        if not self.begun:
            self.begin()
            self.begun = True
        known = {
            f"{name}/seed {seed}": value
            for seed, own in values.items()
            for name, value in own.items()
            if value is not None and isfinite(value)
        }
        if known:
            self.log(step, known)

    def close(self) -> None:
        """End the run, if it was begun."""
        if self.begun:
            self.end()
            self.begun = False

    @abstractmethod
    def begin(self) -> None:
        """Begin the run."""

    @abstractmethod
    def log(self, step: int, values: Mapping[str, float]) -> None:
        """Log values by name."""

    @abstractmethod
    def end(self) -> None:
        """End the run."""


class TensorBoard(Logger):
    """Event files in ``FOLDER/tensorboard``: ``tensorboard --logdir FOLDER`` shows them."""

    package = "tensorboard"

    def begin(self) -> None:
        writer = import_module("torch.utils.tensorboard").SummaryWriter
        self.writer = writer(str(self.about.folder / "tensorboard" / self.about.name))
        self.writer.add_text("config", "\n".join(f"    {name}: {value}" for name, value in self.about.config.items()))

    def log(self, step: int, values: Mapping[str, float]) -> None:
        for name, value in values.items():
            self.writer.add_scalar(name, value, step)

    def end(self) -> None:
        self.writer.close()


class WandB(Logger):
    """A run of Weights & Biases; ``WANDB_MODE=offline`` keeps it on this machine."""

    package = "wandb"

    def begin(self) -> None:
        self.run = import_module("wandb").init(
            project=self.about.project,
            name=self.about.name,
            config=self.about.config,
            dir=str(made(self.about.folder)),
            reinit="create_new",
        )

    def log(self, step: int, values: Mapping[str, float]) -> None:
        self.run.log(dict(values), step=step)

    def end(self) -> None:
        self.run.finish()


class MLflow(Logger):
    """A run of MLflow, where its own settings say (``MLFLOW_TRACKING_URI``)."""

    package = "mlflow"

    def begin(self) -> None:
        self.client = import_module("mlflow").MlflowClient()
        known = self.client.get_experiment_by_name(self.about.project)
        experiment = known.experiment_id if known else self.client.create_experiment(self.about.project)
        self.run = self.client.create_run(experiment, run_name=self.about.name).info.run_id
        for name, value in self.about.config.items():
            self.client.log_param(self.run, name, value)

    def log(self, step: int, values: Mapping[str, float]) -> None:
        for name, value in values.items():
            self.client.log_metric(self.run, name, value, step=step)

    def end(self) -> None:
        self.client.set_terminated(self.run)


class Trackio(Logger):
    """A run of trackio, which keeps it on this machine: ``trackio show`` shows it."""

    package = "trackio"

    def begin(self) -> None:
        self.run = import_module("trackio").init(
            project=self.about.project, name=self.about.name, config=self.about.config, embed=False
        )

    def log(self, step: int, values: Mapping[str, float]) -> None:
        self.run.log(dict(values), step=step)

    def end(self) -> None:
        self.run.finish()


LOGGERS: dict[str, type[Logger]] = {each.package: each for each in (TensorBoard, WandB, MLflow, Trackio)}


def made(folder: Path) -> Path:
    """Return a folder, which is made if it is not there."""
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def check(names: Iterable[str]) -> None:
    """Raise UnknownName for a tracker that is not known, Missing for one whose package is not installed."""
    for name in names:
        check_names("logger", [name], LOGGERS)
        if find_spec(name) is None:
            raise Missing(f"logger {name} needs a package that is not installed: pip install 'ganbench[{name}]'")


class Loggers:
    """Several loggers of one training. One that fails is named on stderr and left out: training goes on without it."""

    def __init__(self, loggers: Iterable[Logger]) -> None:
        self.loggers = list(loggers)

    def __call__(self, step: int, values: Values) -> None:
        for logger in list(self.loggers):
            self.attempt(logger, lambda logger=logger: logger(step, values))  # type: ignore[misc]

    def close(self) -> None:
        for logger in list(self.loggers):
            self.attempt(logger, logger.close)

    def attempt(self, logger: Logger, act: Callable[[], None]) -> None:
        """Call something of a logger; forget it where it raises."""
        try:
            act()
        except Exception as error:  # whatever a tracker's network may raise is not the training's fault
            self.loggers.remove(logger)
            sys.stderr.write(f"ganbench: {logger.name()} logs no more of {logger.about.name}: {in_one_line(error)}\n")


def log_to(
    name: str,
    *,
    project: str = "ganbench",
    run: str = "train",
    config: dict[str, Any] | None = None,
    folder: str | Path = "runs",
) -> Logger:
    """Return a callback for ``ganbench.train`` that writes to a tracker of experiments.

    Parameters
    ----------
    name : {"tensorboard", "wandb", "mlflow", "trackio"}
        The tracker; each is an extra of this package.
    project : str
        What the tracker keeps the run under.
    run : str
        The name of the run.
    config : dict, optional
        What the tracker shows as the run's settings.
    folder : str or Path
        Where trackers that write files do so.

    Returns
    -------
    Logger
        Called with the number of steps done and, by seed, values by name; ``close`` ends the run.

    Raises
    ------
    RequestError
        In one line, for a tracker that is not known or not installed.

    Examples
    --------
    >>> log_to("tensorbord")
    Traceback (most recent call last):
    ganbench.errors.UnknownName: unknown logger 'tensorbord'; did you mean 'tensorboard'?
    """
    check([name])
    return LOGGERS[name](About(project, run, config or {}, Path(folder)))
