"""Trackers are told what a record says; one that fails stops nothing."""

from __future__ import annotations

import importlib.util
from collections.abc import Mapping
from pathlib import Path

import pytest

import ganbench as gb
from ganbench.errors import Missing, UnknownName
from ganbench.records.record import Record
from ganbench.records.store import Store
from ganbench.runs import loggers
from ganbench.runs.loggers import About, Logger
from tests.runs.command import TINY, ganbench, suite

TEXT = TINY.replace('["ns_gan", "noise"]', '["ns_gan"]') + 'watch = "fid"\n'
Seen = list[tuple[int, dict[str, float]]]


def needs(package: str) -> pytest.MarkDecorator:
    return pytest.mark.skipif(importlib.util.find_spec(package) is None, reason=f"{package} is not installed")


class Kept(Logger):
    """A tracker that keeps what it is told."""

    package = "sys"
    told: Seen = []
    ended: list[str] = []

    def begin(self) -> None:
        self.told.clear()

    def log(self, step: int, values: Mapping[str, float]) -> None:
        self.told.append((step, dict(values)))

    def end(self) -> None:
        self.ended.append(self.about.name)


class Broken(Kept):
    """A tracker whose network is down."""

    package = "os"

    def log(self, step: int, values: Mapping[str, float]) -> None:
        raise ConnectionError("no route to host")


@pytest.fixture(autouse=True)
def known(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(loggers.LOGGERS, "sys", Kept)
    monkeypatch.setitem(loggers.LOGGERS, "os", Broken)
    Kept.ended.clear()


def run(tmp_path: Path, *names: str) -> tuple[list[Record], str]:
    options = [part for name in names for part in ("--log", name)]
    command = ["run", "--suite", suite(tmp_path, TEXT), "--out", str(tmp_path / "out"), "--jobs", "1"]
    done = ganbench(*command, *options)
    assert done.exit_code == 0, done.output
    return list(Store(tmp_path / "out" / "tiny").read().values()), done.stderr


def expected(records: list[Record]) -> Seen:
    """Return what the records say, as trackers are told."""
    told: dict[int, dict[str, float]] = {}
    for record in records:
        for note in record.history:
            own = {name: value for name, value in note.items() if name != "step"}
            own |= {point["metric"]: point["value"] for point in record.curve if point["step"] == note["step"]}
            told.setdefault(note["step"], {}).update({f"{k}/seed {record.seed}": v for k, v in own.items()})
    last = {f"final {s.metric}/seed {r.seed}": s.value for r in records for s in r.scores if s.value is not None}
    return [*told.items(), (records[0].step, last)]


def test_a_tracker_is_told_what_the_records_say(tmp_path: Path) -> None:
    records, _ = run(tmp_path, "sys")
    assert [(step, sorted(values.items())) for step, values in Kept.told] == [
        (step, sorted(values.items())) for step, values in expected(records)
    ]
    assert len(Kept.ended) == 1
    assert Kept.ended[0].startswith("ns_gan-ring8-")


def test_one_that_fails_is_named_once_and_training_goes_on(tmp_path: Path) -> None:
    records, said = run(tmp_path, "os", "sys")
    assert [record.status for record in records] == ["done", "done"]
    assert said.count("os logs no more of ns_gan-ring8-") == 1
    assert "ConnectionError: no route to host" in said
    assert len(Kept.told) == len(expected(records))


def test_from_python_a_tracker_is_a_callback_that_is_closed() -> None:
    logger = gb.log_to("sys", run="mine")
    gb.train("ns_gan", "ring8", steps=4, points=2, seeds=[3], callbacks=[logger])
    assert [step for step, _ in Kept.told] == [2, 4]
    assert set(Kept.told[0][1]) == {"discriminator/seed 3", "generator/seed 3", "monitor/seed 3"}
    assert Kept.ended == ["mine"]


def test_what_is_not_finite_or_not_there_is_left_out(tmp_path: Path) -> None:
    logger = Kept(About("p", "r"))
    logger(1, {0: {"a": float("nan"), "b": 1.0, "c": None}})
    logger(2, {0: {"a": float("inf")}})
    assert Kept.told == [(1, {"b/seed 0": 1.0})]


def test_a_tracker_that_is_not_known_or_not_there_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(UnknownName, match="unknown logger 'tensorbord'; did you mean 'tensorboard'"):
        gb.log_to("tensorbord")
    monkeypatch.setattr(loggers, "find_spec", lambda name: None)
    with pytest.raises(Missing, match=r"not installed: pip install 'ganbench\[wandb\]'"):
        gb.log_to("wandb")
    command = ["run", "--suite", suite(tmp_path, TEXT), "--out", str(tmp_path / "out"), "--log", "mlflow"]
    done = ganbench(*command)
    assert (done.exit_code, done.stderr.count("\n")) == (2, 1)
    assert not (tmp_path / "out").exists()


def use(logger: Logger) -> None:
    """Tell a tracker two points."""
    logger(2, {0: {"generator": 0.5}, 1: {"generator": 0.25}})
    logger(4, {0: {"generator": 0.75}, 1: {"generator": None}})
    logger.close()


@needs("tensorboard")
@pytest.mark.filterwarnings("ignore")  # of its packages, not ours
def test_tensorboard_reads_what_was_written(tmp_path: Path) -> None:
    use(gb.log_to("tensorboard", run="mine", folder=tmp_path, config={"lr": 0.1}))
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    events = EventAccumulator(str(tmp_path / "tensorboard" / "mine"))
    events.Reload()
    assert [(each.step, each.value) for each in events.Scalars("generator/seed 0")] == [(2, 0.5), (4, 0.75)]
    assert [(each.step, each.value) for each in events.Scalars("generator/seed 1")] == [(2, 0.25)]


@needs("mlflow")
@pytest.mark.filterwarnings("ignore")
def test_mlflow_reads_what_was_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import mlflow

    monkeypatch.setenv("MLFLOW_ALLOW_FILE_STORE", "true")
    before = mlflow.get_tracking_uri()
    mlflow.set_tracking_uri((tmp_path / "mlruns").as_uri())
    try:
        use(gb.log_to("mlflow", project="p", run="mine", config={"lr": 0.1}))
        client = mlflow.MlflowClient()
        experiment = client.get_experiment_by_name("p")
        assert experiment is not None
        (made,) = client.search_runs([experiment.experiment_id])
        history = client.get_metric_history(made.info.run_id, "generator/seed 0")
        assert [(each.step, each.value) for each in history] == [(2, 0.5), (4, 0.75)]
        assert (made.info.run_name, made.info.status, made.data.params) == ("mine", "FINISHED", {"lr": "0.1"})
    finally:
        mlflow.set_tracking_uri(before)


@needs("wandb")
@pytest.mark.filterwarnings("ignore")
def test_wandb_keeps_a_run_on_this_machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WANDB_MODE", "offline")
    monkeypatch.setenv("WANDB_SILENT", "true")
    use(gb.log_to("wandb", project="p", run="mine", config={"lr": 0.1}, folder=tmp_path))
    assert list((tmp_path / "wandb").glob("offline-run-*/run-*.wandb"))


@needs("trackio")
@pytest.mark.filterwarnings("ignore")
def test_trackio_keeps_a_run_on_this_machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import trackio

    calls: Seen = []

    class Run:
        def log(self, values: dict[str, float], step: int) -> None:
            calls.append((step, values))

        def finish(self) -> None:
            calls.append((-1, {}))

    options: dict[str, object] = {}
    monkeypatch.setattr(trackio, "init", lambda **given: options.update(given) or Run())
    use(gb.log_to("trackio", project="p", run="mine", config={"lr": 0.1}))
    assert options == {"project": "p", "name": "mine", "config": {"lr": 0.1}, "embed": False}
    assert calls == [
        (2, {"generator/seed 0": 0.5, "generator/seed 1": 0.25}),
        (4, {"generator/seed 0": 0.75}),
        (-1, {}),
    ]
