"""Published weights: found, fetched where that is permitted, and used only with the digest that is pinned."""

from __future__ import annotations

import hashlib
import os
import pickle
import warnings
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, TypeVar
from urllib.error import URLError
from urllib.request import urlopen
from zipfile import BadZipFile, ZipFile

import safetensors.torch
import torch
from safetensors import SafetensorError
from torch import Tensor, nn

from ganbench._util.files import user_cache, written_whole
from ganbench.errors import BadInput, Missing

State = Mapping[str, Tensor]
Module = TypeVar("Module", bound=nn.Module)
FOLDER = "GANBENCH_WEIGHTS"  # the environment's name for the folder of weights
TRUSTED = "weights"  # the fact of an identity that tells weights that are not the published ones
UNREADABLE = (pickle.UnpicklingError, RuntimeError, EOFError, LookupError, ValueError, TypeError, AttributeError)
COUNTER = "num_batches_tracked"
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
    return Path(chosen) if chosen else user_cache() / "weights"


@dataclass(frozen=True)
class Wanted:
    """Which weights are asked for: a file of one's own choice, whether to fetch the published one, whom to believe.

    ``trust`` takes any ``path`` for what it is; otherwise only the published file is used.
    """

    path: Path | None = None
    download: bool = False
    trust: bool = False


USUAL = Wanted()


@dataclass(frozen=True)
class Weights:
    """Tensors by name, and what a score says of them: the digest of their file, and whose they are if not published."""

    state: State
    identity: dict[str, str]


def read(features: str, file: WeightsFile, wanted: Wanted = USUAL) -> Weights:
    """Return what a weights file holds; no code in it is run.

    The file is the one asked for, or else lies in the folder of weights or in torch's own, or is fetched where that is
    permitted. Raises Missing, with the remedy, where there is none, and BadInput for another digest than the pinned
    one, unless it is trusted, and for a file of no tensors.
    """
    path = wanted.path or local_copy(file)
    if path is None and wanted.download:
        path = download_file(features, file)
    if path is None:
        raise Missing(f"features {features} need weights that are not on this machine; {remedy(file)}")
    try:
        with path.open("rb") as content:
            digest = hashlib.file_digest(content, "sha256").hexdigest()
            own = {TRUSTED: "a file of the user's, not the published one"} if digest != file.sha256 else {}
            if not wanted.trust:
                check(path, digest, file)
            content.seek(0)  # the same open file: what was checked is what is read
            return Weights(tensors_of(content, path), {"weights_sha256": digest, **own})
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
        raise BadInput(
            f"{path}: expected SHA-256 {file.sha256} ({file.names[0]}), found {digest}; it was not loaded; a copy in "
            "another format or weights of your own need --trust-weights, and count as another network"
        )


def tensors_of(content: BinaryIO, path: Path) -> State:
    """Return the tensors of a file: of safetensors' format, a TorchScript archive, or what torch saves."""
    head = content.read(9)
    content.seek(0)
    if head[8:] == b"{":  # behind the length of the header
        return from_safetensors(content, path)
    scripted = False
    if head[:2] == b"PK":
        with suppress(BadZipFile), ZipFile(content) as archive:
            scripted = any("/code/" in name for name in archive.namelist())
        content.seek(0)
    return from_script(content, path) if scripted else from_pickle(content, path)


def from_safetensors(content: BinaryIO, path: Path) -> State:
    """Return the tensors of a safetensors file; raises BadInput for a damaged one."""
    try:
        return safetensors.torch.load(content.read())
    except SafetensorError as error:
        raise BadInput(f"{path}: damaged, or no safetensors file ({error})") from error


def from_pickle(content: BinaryIO, path: Path) -> State:
    """Return the tensors that ``torch.save`` wrote; raises BadInput for anything else, which is not run."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)  # of a protocol that it then refuses
            state = torch.load(content, map_location="cpu", weights_only=True)
    except UNREADABLE as error:
        raise BadInput(f"{path}: expected tensors by name; what it holds was not run") from error
    if not isinstance(state, dict) or not all(isinstance(value, Tensor) for value in state.values()):
        raise BadInput(f"{path}: expected tensors by name, got {type(state).__name__}")
    return state


def from_script(content: BinaryIO, path: Path) -> State:
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
    """Put weights into a network made on no device; raises BadInput where names or shapes differ.

    Counters of batches are of use in training alone, and files written before torch 0.4.1 have none: none is compared.
    """
    own = network.state_dict()
    expected, given = (
        {name: tuple(value.shape) for name, value in each.items() if not name.endswith(COUNTER)}
        for each in (own, state)
    )
    wrong = sorted(name for name in expected.keys() | given.keys() if expected.get(name) != given.get(name))
    if wrong:
        name = wrong[0]
        raise BadInput(
            f"weights of features {features}: {len(wrong)} tensors are not this network's (first: {name}, expected "
            f"{expected.get(name, 'none')}, found {given.get(name, 'none')})"
        )
    counters = {name: torch.zeros((), dtype=torch.long) for name in own if name.endswith(COUNTER)}
    network.load_state_dict({name: as_float(state[name]) for name in expected} | counters, assign=True)
    return network.eval()


def as_float(value: Tensor) -> Tensor:
    """Return half-precision weights as float32: the arithmetic is float32 throughout."""
    return value.float() if value.is_floating_point() else value
