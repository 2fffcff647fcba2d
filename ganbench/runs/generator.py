"""A trained generator in one's hands: samples from the weights that a run kept, and the network itself."""

from __future__ import annotations

import json
import warnings
from collections.abc import Callable, Sequence
from contextlib import redirect_stdout
from functools import partial
from importlib.util import find_spec
from io import StringIO
from pathlib import Path
from typing import Any, get_args

import torch
from safetensors import SafetensorError
from safetensors.torch import load as read_tensors
from safetensors.torch import save_file
from torch import Tensor, nn

from ganbench import data as datasets
from ganbench._util.files import written_whole
from ganbench._util.machine import device_for, fixed_arithmetic
from ganbench._util.user_code import is_path
from ganbench.baseline import Baseline, Batch
from ganbench.dataset import Dataset, Tensors
from ganbench.errors import BadInput, Missing
from ganbench.records.address import Address, resolve
from ganbench.records.record import Record, Weights
from ganbench.runs import best_generators
from ganbench.runs.loggers import Callback
from ganbench.runs.selected_samples import SamplerName, Selection
from ganbench.runs.summary import load_generator, load_weights, losses, only
from ganbench.training import registry
from ganbench.training.sampler import Sampler
from ganbench.training.trainer import Plan, Trainer, unsupported


class Generator:
    """A generator of one row, trained with one or several seeds.

    Made by ``ganbench.load`` and ``ganbench.train``.

    Attributes
    ----------
    name : str
        The baseline.
    data : Dataset
        What it was trained on.
    train_seeds : tuple of int
        The seeds that it was trained with.

    Examples
    --------
    >>> import ganbench
    >>> generator = ganbench.train("ns_gan", data="ring8", steps=2, seeds=[3])
    >>> generator.sample(5).shape
    torch.Size([5, 2])
    """

    def __init__(
        self, name: str, baseline: Baseline, data: Dataset, trainers: dict[int, Callable[[Weights], Trainer]]
    ) -> None:
        self.name, self.baseline, self.data = name, baseline, data
        self.train_seeds = tuple(trainers)
        self._trainers, self._samplers = trainers, dict[tuple[int, Weights], Sampler]()

    def __repr__(self) -> str:
        seeds = ", ".join(map(str, self.train_seeds))
        return f"Generator of {self.name} on {self.data.name}, trained with seeds {seeds}"

    def sample(
        self,
        n: int,
        labels: Any = None,
        noise_seed: int = 0,
        train_seed: int | None = None,
        weights: Weights = "average",
        sampler: SamplerName = "plain",
    ) -> Tensor:
        """Draw samples; sample i depends on the seeds and on i alone, whatever ``n`` is.

        Parameters
        ----------
        n : int
            How many.
        labels : array_like, (n,) of int, optional
            Classes of a label-conditional generator; by default drawn as in the training data.
        noise_seed : int, default 0
            Of the noise. 0 gives the samples that were scored.
        train_seed : int, optional
            Which of the trained seeds; by default the first.
        weights : {"average", "last"}
            Averaged over the steps of training, or those after the last one.
        sampler : {"plain", "drs", "mh"}
            Samples as they come; or those that the discriminator, calibrated on held-out examples, selects, by
            rejection (Azadi et al., 2019) or by Metropolis-Hastings chains (Turner et al., 2019).

        Returns
        -------
        Tensor, (n, channels, height, width) float32 in [-1, 1], or (n, d) of points
            On the CPU.

        Raises
        ------
        BadInput
            For a seed that was not trained, for labels that are none or have no effect, and for a sampler that needs a
            discriminator which judges single samples.
        """
        if n < 1 or noise_seed < 0:
            raise BadInput(f"expected at least 1 sample and a noise seed from 0 up, got {n} and {noise_seed}")
        if sampler not in get_args(SamplerName):
            raise BadInput(f"sampler must be one of {', '.join(get_args(SamplerName))}, got {sampler!r}")
        plain, asked = self._sampler(train_seed, weights), self._labels(labels, n)
        with fixed_arithmetic():
            if sampler == "plain":
                return plain.draw(n, noise_seed, asked)[0][0]
            judge = self._trainers[self._seed(train_seed)]("last")
            return Selection(plain, judge, noise_seed).draw(n, asked, sampler)[0]

    def module(self, train_seed: int | None = None, weights: Weights = "average") -> nn.Module:
        """Return the network as an ordinary module that needs nothing of this package's training.

        Returns
        -------
        nn.Module
            In evaluation mode: ``(z,)``, of a label-conditional one ``(z, y)``, to samples as of ``sample``.

        Raises
        ------
        BadInput
            For a baseline whose samples take more than noise and labels.
        """
        sampler = self._sampler(train_seed, weights)
        network, _ = self.baseline.networks(self.baseline.with_networks(self.data.space))
        network.load_state_dict(
            sampler.net.layout.tensors(sampler.rows[0]) | {name: b[0] for name, b in sampler.buffers.items()}
        )
        made = Sampled(network.eval(), self.baseline).eval()
        try:
            made(*self.inputs(2))
        except (AttributeError, KeyError) as error:
            raise BadInput(f"{self.name}: its samples take more than noise and labels ({error}); use sample") from error
        return made

    def inputs(self, n: int, noise_seed: int = 0) -> tuple[Tensor, ...]:
        """Return what ``module`` takes: noise (n, latent) and, of a label-conditional one, labels (n,) int64."""
        batch = self._sampler(None, "average").batch("inputs", noise_seed, n)
        return (batch["z"][0], batch["y"][0]) if self.baseline.conditional else (batch["z"][0],)

    def save(self, path: str | Path, train_seed: int | None = None, weights: Weights = "average") -> Path:
        """Write the network of ``module`` as safetensors, with a card of what it is among its metadata.

        Returns
        -------
        Path
            The file, whole.

        Raises
        ------
        BadInput
            As ``module``, and where the file cannot be written.
        """
        state = self.module(train_seed, weights).state_dict()
        space = self.data.space
        card = {
            "baseline": self.name,
            "paper": self.baseline.paper,
            "dataset": self.data.name,
            "train_seed": self._seed(train_seed),
            "weights": weights,
            "shape": list(space.shape),
            "range": [space.low, space.high],
            "classes": space.classes,
            "latent": self.baseline.latent,
        }
        try:
            with written_whole(Path(path)) as part:
                tensors = {name: tensor.contiguous() for name, tensor in state.items()}
                save_file(tensors, part, {"card": json.dumps(card)})
        except OSError as error:
            raise BadInput(f"{path}: cannot be written ({error.strerror})") from error
        return Path(path)

    def export(self, path: str | Path, train_seed: int | None = None, weights: Weights = "average") -> Path:
        """Write the network of ``module`` as a program that runs without this package, for any number of samples.

        Parameters
        ----------
        path : str or Path
            A name that ends in .pt2 (``torch.export``) or .onnx.
        train_seed : int, optional
            Which of the trained seeds; by default the first.
        weights : {"average", "last"}
            As of ``sample``.

        Returns
        -------
        Path
            The file, whole. Its inputs are as of ``inputs``: noise and, of a label-conditional one, labels.

        Raises
        ------
        BadInput
            As ``module``, and for another suffix.
        Missing
            Where the packages for ONNX are not installed.
        """
        path, module, inputs = Path(path), self.module(train_seed, weights), self.inputs(3)
        if path.suffix not in EXPORTS:
            raise BadInput(f"{path}: expected a name that ends in {' or '.join(EXPORTS)}")
        count = torch.export.Dim("n", min=2)
        program = torch.export.export(module, inputs, dynamic_shapes=tuple({0: count} for _ in inputs))
        try:
            with written_whole(path) as part:
                EXPORTS[path.suffix](program, part)
        except OSError as error:
            raise BadInput(f"{path}: cannot be written ({error.strerror})") from error
        return path

    def _seed(self, train_seed: int | None) -> int:
        seed = self.train_seeds[0] if train_seed is None else train_seed
        if seed not in self.train_seeds:
            raise BadInput(
                f"{self.name}: not trained with seed {seed}; expected {', '.join(map(str, self.train_seeds))}"
            )
        return seed

    def _sampler(self, train_seed: int | None, weights: Weights) -> Sampler:
        if weights not in ("average", "last"):
            raise BadInput(f"weights must be average or last, got {weights!r}")
        key = self._seed(train_seed), weights
        if key not in self._samplers:
            with fixed_arithmetic():
                self._samplers[key] = Sampler(self._trainers[key[0]](weights), weights)
        return self._samplers[key]

    def _labels(self, labels: Any, n: int) -> Tensor | None:
        if labels is None:
            return None
        if not self.baseline.conditional:
            raise BadInput(f"{self.name}: labels have no effect on its samples")
        y, classes = torch.as_tensor(labels), self.data.space.classes
        if y.shape != (n,) or y.is_floating_point() or not bool(((y >= 0) & (y < classes)).all()):
            raise BadInput(f"labels: expected {n} whole numbers from 0 to {classes - 1}, got {labels_text(y)}")
        return y.long()


def as_program(program: torch.export.ExportedProgram, path: Path) -> None:
    """Write a program of torch.export."""
    with path.open("wb") as file:
        torch.export.save(program, file)


def as_onnx(program: torch.export.ExportedProgram, path: Path) -> None:
    """Write a program as ONNX, weights inside; raises Missing where the packages for it are not installed."""
    if find_spec("onnx") is None or find_spec("onnxscript") is None:
        raise Missing("ONNX needs packages that are not installed: pip install 'ganbench[onnx]'")
    with warnings.catch_warnings(), redirect_stdout(StringIO()):
        warnings.simplefilter("ignore")  # of its own parts
        made = torch.onnx.export(program, dynamo=True)
    if made is None:
        raise BadInput("this torch makes no ONNX of an exported program")
    path.write_bytes(made.model_proto.SerializeToString())


EXPORTS = {".pt2": as_program, ".onnx": as_onnx}


def labels_text(y: Tensor) -> str:
    """Return what labels are, in few words."""
    return f"{y.dtype} of shape {tuple(y.shape)}" + (f" from {y.min().item()} to {y.max().item()}" if len(y) else "")


class Sampled(nn.Module):
    """A generator's network behind the baseline's own way from noise and labels to samples."""

    def __init__(self, network: nn.Module, baseline: Baseline) -> None:
        super().__init__()
        self.network, self.baseline = network, baseline

    def forward(self, z: Tensor, y: Tensor | None = None) -> Tensor:
        batch = {"z": z} if y is None else {"z": z, "y": y}
        samples: Tensor = self.baseline.generate(self.network, Batch(batch))  # type: ignore[arg-type]
        return samples


def load(address: str, *, data: str | Path | None = None, device: str = "cpu") -> Generator:
    """Return the generator of a finished row of a results folder; executes nothing that it reads.

    Parameters
    ----------
    address : str
        ``RESULTS:BASELINE:DATASET[:SEED]``, such as ``results/standard:wgan_gp:digits``.
    data : str or Path, optional
        Folder of data sets that come as files.
    device : str
        Where samples are made.

    Returns
    -------
    Generator
        Of the seed that is named, otherwise of all finished ones.

    Raises
    ------
    RequestError
        In one line, for an address of nothing, weights that were not kept, and a baseline that is a user's own file.

    Examples
    --------
    >>> load("nowhere:wgan_gp:digits")
    Traceback (most recent call last):
    ganbench.errors.Missing: nowhere:wgan_gp:digits: expected RESULTS:BASELINE:DATASET[:SEED], ...
    """
    place = resolve(address)
    return of(place, [place.seed] if place.named else list(place.records), data, device)


def of(address: Address, seeds: Sequence[int], folder: str | Path | None = None, device: str = "cpu") -> Generator:
    """Return the generator of some finished seeds of a row; raises as ``load``."""
    record = address.record
    if is_path(record.baseline):
        raise BadInput(f"{record.baseline} is code that the record names, which loading does not execute")
    dataset = datasets.load(record.dataset, None if folder is None else Path(folder), download=False)
    if dataset.version != record.dataset_version:
        raise BadInput(f"{record.dataset} is not what it was trained on: the content of the data set has changed")
    baseline = registry.built(record.baseline, record.settings, dataset)
    if baseline.updates(0) == ():
        raise BadInput(f"{record.baseline} is not trained: it has no generator")

    def trainer(seed: int) -> Callable[[Weights], Trainer]:
        record = address.records[seed]
        return lambda weights: loaded(address.folder, record, baseline, dataset, device_for(device), weights)

    return Generator(record.baseline, baseline, dataset, {seed: trainer(seed) for seed in seeds})


def loaded(
    folder: Path, record: Record, baseline: Baseline, dataset: Dataset, device: str, weights: Weights
) -> Trainer:
    """Return a trainer at the end of a record's training, from the weights or the generator that were kept."""
    path = folder / record.files / f"weights-{record.seed}.safetensors"
    small = None if path.exists() else best_generators.load(folder, record)
    if small is not None and weights != "average":
        raise Missing(
            f"{folder / best_generators.FOLDER} holds averaged generators only; --fresh makes last weights and "
            "discriminators"
        )
    plan = Plan(record.plan["steps"], record.plan["batch"], device=device, backend="eager")
    trainer = Trainer(baseline, dataset, [record.seed], plan)
    try:
        if small is not None:
            load_generator(trainer, 0, small)
        else:
            load_weights(trainer, [tensors_of(path)])
    except (KeyError, RuntimeError) as error:
        raise BadInput(f"{path}: holds weights of other networks") from error
    return trainer


def tensors_of(path: Path) -> Tensors:
    """Return what a file of weights holds; raises Missing with the remedy where there is none."""
    remedy = "run the suite again without this folder's records, or with --fresh, to make them"
    try:
        return read_tensors(path.read_bytes())
    except FileNotFoundError as error:
        raise Missing(f"{path}: the weights were not kept; {remedy}") from error
    except (OSError, SafetensorError) as error:
        raise BadInput(f"{path}: cannot be read as weights") from error


def train(
    baseline: str,
    data: str | Dataset,
    *,
    steps: int,
    batch: int = 64,
    seeds: Sequence[int] = (0,),
    settings: dict[str, Any] | None = None,
    backend: str = "auto",
    device: str = "auto",
    points: int = 20,
    callbacks: Sequence[Callback] = (),
    folder: str | Path | None = None,
) -> Generator:
    """Train a baseline and return its generator; nothing is written.

    Parameters
    ----------
    baseline : str
        A name, ``family:member`` or ``./file.py``.
    data : str or Dataset
        A name, a path of one's own data, or a data set.
    steps, batch : int
        How long, and how many examples an update takes.
    seeds : sequence of int
        They are trained together; each gives the same bits alone.
    settings : dict, optional
        Fields of the baseline, such as ``{"lr": 1e-3}``.
    backend, device : str
        As in ``ganbench run``.
    points : int
        How often the callbacks are called.
    callbacks : sequence of callable
        Each is called with the number of steps done and, by seed, the losses there; a tracker such as
        ``ganbench.log_to("tensorboard")`` is one. Those that have a ``close`` are closed at the end.
    folder : str or Path, optional
        Where data sets that come as files lie.

    Returns
    -------
    Generator
        With all its seeds.

    Raises
    ------
    RequestError
        In one line, for what cannot be trained as asked; also where a seed diverged.

    Examples
    --------
    >>> seen = []
    >>> generator = train("wgan_gp", "ring8", steps=4, points=2, callbacks=[lambda step, losses: seen.append(step)])
    >>> seen
    [2, 4]
    """
    if steps < 1 or points < 1:
        raise BadInput(f"steps and points must be at least 1, got {steps} and {points}")
    dataset = datasets.load(data, None if folder is None else Path(folder)) if isinstance(data, str) else data
    made = registry.configure(baseline, settings or {}, dataset)
    name = registry.title(baseline)
    if reason := unsupported(made, dataset, batch):
        raise BadInput(f"{name} does not support {dataset.name}: {reason}")
    if made.updates(0) == ():
        raise BadInput(f"{name} is not trained")
    with fixed_arithmetic():
        trainer = Trainer(made, dataset, tuple(seeds), Plan(steps, batch, device=device_for(device), backend=backend))
        try:
            trainer.run(points, partial(called, callbacks))
        finally:
            for close in filter(None, (getattr(callback, "close", None) for callback in callbacks)):
                close()
    if trainer.failures:
        raise BadInput(f"{name} on {dataset.name}: {next(iter(trainer.failures.values()))}")

    def of_seed(i: int) -> Callable[[Weights], Trainer]:
        return lambda weights: only(trainer, [i])

    return Generator(name, made, dataset, {seed: of_seed(i) for i, seed in enumerate(trainer.seeds)})


def called(callbacks: Sequence[Callback], trainer: Trainer) -> None:
    """Call everybody with what there is to say at a point of training."""
    for callback in callbacks:
        callback(trainer.done, losses(trainer))
