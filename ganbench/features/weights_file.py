"""Published weights: found, fetched where that is permitted, and used only with the digest that is pinned."""

from __future__ import annotations

import hashlib
import os
import pickle
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, TypeVar
from urllib.error import URLError
from urllib.request import urlopen

import torch
from platformdirs import user_cache_path
from torch import Tensor, nn

from ganbench._util.files import written_whole
from ganbench.errors import BadInput, Missing

State = Mapping[str, Tensor]
Module = TypeVar("Module", bound=nn.Module)
FOLDER = "GANBENCH_WEIGHTS"  # the environment's name for the folder of weights
TIMEOUT = 60.0  # seconds without a byte


@dataclass(frozen=True)
class WeightsFile:
    """One published file: the ``names`` it usually goes by, its SHA-256, and where it can be fetched."""

    names: tuple[str, ...]
    sha256: str
    address: str


def folder() -> Path:
    """Where weights are kept: $GANBENCH_WEIGHTS, or ganbench/weights in the user's cache folder."""
    chosen = os.environ.get(FOLDER)
    return Path(chosen) if chosen else user_cache_path("ganbench", appauthor=False) / "weights"


def state_dict(features: str, file: WeightsFile, given: Path | None, download: bool, *, script: bool = False) -> State:
    """Return the tensors of a weights file (``script``: of a TorchScript archive); no code in it is run.

    The file is the one given, or else lies in the folder of weights or in torch's own, or is fetched if ``download``.
    Raises Missing, with the remedy, where there is none, and BadInput for another digest than the pinned one.
    """
    read = scripted if script else pickled
    path = given or local_copy(file)
    if path is None and download:
        path = download_file(features, file)
    if path is None:
        raise Missing(f"features {features} need weights that are not on this machine; {remedy(file)}")
    try:
        with path.open("rb") as content:
            check(path, hashlib.file_digest(content, "sha256").hexdigest(), file)
            content.seek(0)  # the same open file: what was checked is what is read
            return read(content, path)
    except OSError as error:
        raise Missing(f"the weights of features {features} cannot be read ({error}); {remedy(file)}") from error


def remedy(file: WeightsFile) -> str:
    """Say where to get a file and where to put it."""
    return (
        f"get {file.address} (SHA-256 {file.sha256}) and name it with --weights FILE or put it into {folder()} "
        f"as {file.names[0]}, or permit the download with --download"
    )


def local_copy(file: WeightsFile) -> Path | None:
    """Look for a file under its usual names in the folder of weights, then in torch's."""
    folders = (folder(), Path(torch.hub.get_dir()) / "checkpoints")
    paths = (place / name for place in folders for name in file.names)
    return next((path for path in paths if path.is_file()), None)


def check(path: Path, digest: str, file: WeightsFile) -> None:
    """Raise BadInput unless the digest is the pinned one."""
    if digest != file.sha256:
        raise BadInput(f"{path}: expected SHA-256 {file.sha256} ({file.names[0]}), found {digest}; it was not loaded")


def pickled(content: BinaryIO, path: Path) -> State:
    """Return the tensors that ``torch.save`` wrote; raises BadInput for anything else, which is not run."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)  # of a protocol that it then refuses
            state = torch.load(content, map_location="cpu", weights_only=True)
    except (pickle.UnpicklingError, RuntimeError, EOFError, ValueError) as error:
        raise BadInput(f"{path}: expected tensors by name; what it holds was not run") from error
    if not isinstance(state, dict) or not all(isinstance(value, Tensor) for value in state.values()):
        raise BadInput(f"{path}: expected tensors by name, got {type(state).__name__}")
    return state


def scripted(content: BinaryIO, path: Path) -> State:
    """Return the tensors of a TorchScript archive; none of its methods is called."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", FutureWarning)  # the format is old, and so are the weights
            warnings.simplefilter("ignore", DeprecationWarning)
            return dict(torch.jit.load(content, map_location="cpu").state_dict())
    except RuntimeError as error:
        raise BadInput(f"{path}: expected a TorchScript archive") from error


def download_file(features: str, file: WeightsFile) -> Path:
    """Fetch a file into the folder of weights, where it appears only once it is whole and its digest right."""
    path, digest = folder() / file.names[0], hashlib.sha256()
    try:  # the address is a constant of this package, and its scheme https
        with urlopen(file.address, timeout=TIMEOUT) as answer, written_whole(path) as part:  # noqa: S310
            with part.open("wb") as out:
                for chunk in iter(lambda: answer.read(1 << 20), b""):
                    digest.update(chunk)
                    out.write(chunk)
            check(part, digest.hexdigest(), file)
    except (URLError, OSError) as error:
        raise Missing(f"the weights of features {features} cannot be fetched ({error}); {remedy(file)}") from error
    return path


def filled(network: Module, state: State, features: str) -> Module:
    """Put weights into a network made on no device; raises BadInput where names or shapes differ."""
    expected = {name: tuple(value.shape) for name, value in network.state_dict().items()}
    given = {name: tuple(value.shape) for name, value in state.items()}
    wrong = sorted(name for name in expected.keys() | given.keys() if expected.get(name) != given.get(name))
    if wrong:
        name = wrong[0]
        raise BadInput(
            f"weights of features {features}: {len(wrong)} tensors are not this network's (first: {name}, expected "
            f"{expected.get(name, 'none')}, found {given.get(name, 'none')})"
        )
    network.load_state_dict({name: as_float(value) for name, value in state.items()}, assign=True)
    return network.eval()


def as_float(value: Tensor) -> Tensor:
    """Return half-precision weights as float32: the arithmetic is float32 throughout."""
    return value.float() if value.is_floating_point() else value
