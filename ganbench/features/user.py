"""A user's own extractor: a callable, a function in a Python file, a network in TorchScript or ONNX.

A Python file is run. TorchScript and ONNX hold no Python, but what they compute is their maker's choice, as is the
memory that it takes: load files of people whom you trust.
"""

from __future__ import annotations

import hashlib
import inspect
import io
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal, SupportsIndex

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from ganbench._util.names import suggestion
from ganbench._util.user_code import imported, in_one_line
from ganbench.dataset import Space
from ganbench.errors import BadInput, Missing, UnknownName
from ganbench.features.base import Extracted, in_batches
from ganbench.features.resize import as_uint8, is_picture

BATCH = 64
Function = Callable[[Tensor], Any]
Pixels = Literal["uint8", "[-1, 1]"]


class UserFeatures:
    """A user's function from images (n, 1 or 3, h, w) to features (n, d), called on batches of one fixed size.

    ``pixels`` says what it is given: uint8, or floats in [-1, 1]. Its identity is the digest of its file or source:
    what that imports or reads is not part of it.
    """

    def __init__(
        self, name: str, digest: dict[str, str], function: Function, pixels: Pixels = "uint8", file: str = ""
    ) -> None:
        self.name, self.function, self.pixels, self.file = name, function, pixels, file
        self.identity = {
            "name": name,
            **digest,
            "preprocessing": "floats in [-1, 1] are rounded to uint8; then the user's own"
            if pixels == "uint8"
            else "rounded to uint8, v / 127.5 - 1; then the user's own",
            "layer": "the user's own",
        }

    def __reduce_ex__(self, protocol: SupportsIndex) -> str | tuple[Any, ...]:
        """Travel to another process as the file's name, where there is one: what was loaded from it often cannot."""
        return (user, (self.file,)) if self.file else super().__reduce_ex__(protocol)

    def accepts(self, space: Space) -> bool:
        """Grey or RGB images in [-1, 1] or 0-255."""
        return is_picture(space)

    def __call__(self, x: Tensor) -> Extracted:
        """Return features of images, uint8 or in [-1, 1]; raises BadInput where the function fails or is not finite."""
        return Extracted(in_batches(self.extract, as_uint8(x.detach(), self.name), BATCH))

    def extract(self, batch: Tensor) -> Tensor:
        """Call the function on one batch, and check what comes back."""
        try:
            answer = self.function(batch if self.pixels == "uint8" else batch.float().div_(127.5).sub_(1))
        except Exception as error:  # whatever a user's code raises is the user's to read
            raise BadInput(f"features {self.name}: {in_one_line(error)}") from error
        values = torch.from_numpy(answer) if isinstance(answer, np.ndarray) else answer
        if not isinstance(values, Tensor) or values.ndim != 2 or len(values) != len(batch) or not values.shape[1]:
            got = tuple(values.shape) if isinstance(values, Tensor) else type(answer).__name__
            raise BadInput(f"features {self.name}: expected {len(batch)} rows of features, got {got}")
        if values.is_complex() or not bool(values.isfinite().all()):
            raise BadInput(f"features {self.name}: expected finite real numbers")
        return values.detach().float()


def from_callable(function: Function, pixels: Pixels = "uint8") -> UserFeatures:
    """Return a callable as an extractor; its identity is its qualified name and the digest of its source.

    Of a torch module the weights count too. Raises BadInput for what is not callable or ``pixels`` that are neither.
    """
    if not callable(function):
        raise BadInput(f"features: expected a name or a callable, got {type(function).__name__}")
    if pixels not in ("uint8", "[-1, 1]"):
        raise BadInput(f"pixels: expected 'uint8' or '[-1, 1]', got {pixels!r}")
    known: Any = function if hasattr(function, "__qualname__") else type(function)
    name = f"{known.__module__}.{known.__qualname__}"
    return UserFeatures(name, {"source_sha256": source_digest(function, known)}, function, pixels)


def source_digest(function: Any, known: Any) -> str:
    """Return the digest of a callable's source, of its compiled code where there is no source, and of its weights."""
    try:
        content = inspect.getsource(known).encode()
    except (OSError, TypeError):
        code = getattr(known, "__code__", None)
        content = code.co_code + repr(code.co_consts).encode() if code else repr(known).encode()
    digest = hashlib.sha256(content)
    if isinstance(function, nn.Module):
        for name, value in sorted(function.state_dict().items()):
            digest.update(
                name.encode() + value.detach().cpu().contiguous().flatten().view(torch.uint8).numpy().tobytes()
            )
    return digest.hexdigest()


def user(name: str) -> UserFeatures:
    """Return the extractor that ``FILE.py:FUNCTION`` or a file of TorchScript or ONNX stands for; the file is run.

    Raises Missing without the file or the package that runs it, UnknownName without the function, BadInput where the
    file cannot be used.
    """
    file, _, function = name.rpartition(":") if ".py:" in name else (name, "", "")
    path = Path(file)
    try:
        content = path.read_bytes()
    except OSError as error:
        raise Missing(f"features {name}: {path} cannot be read ({error.strerror})") from error
    if path.suffix == ".py" and not function:
        raise BadInput(f"features {name}: expected the function too, as in {path}:extract")
    title = f"{path.name}:{function}" if function else path.name
    if function:
        called = from_python(path, function)
    else:
        called = from_onnx(path, content) if path.suffix.lower() == ".onnx" else from_script(path, content)
    place = f"{path.absolute()}:{function}" if function else str(path.absolute())
    return UserFeatures(title, {"file_sha256": hashlib.sha256(content).hexdigest()}, called, file=place)


def from_python(path: Path, function: str) -> Function:
    """Run a Python file, which the user named to be run, and return its function."""
    module = imported(path, "file of features")
    known = [name for name, value in vars(module).items() if callable(value) and not name.startswith("_")]
    if function not in known:
        raise UnknownName(f"unknown function {function!r} in {path}; {suggestion(function, known)}")
    called: Function = getattr(module, function)
    return called


def from_script(path: Path, content: bytes) -> Function:
    """Load a TorchScript module for its forward pass only."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", FutureWarning)  # of the format's age
            warnings.simplefilter("ignore", DeprecationWarning)
            module: Function = torch.jit.load(io.BytesIO(content), map_location="cpu").eval()
    except RuntimeError as error:
        raise BadInput(f"features {path}: expected a TorchScript file") from error
    return module


def from_onnx(path: Path, content: bytes) -> Function:
    """Load a network in ONNX, whose input is images (n, c, h, w) of 0-255 and whose first output is features.

    Weights in other files and operators of other libraries are not loaded: the digest is that of all there is.
    """
    try:
        import onnxruntime  # noqa: PLC0415 (an extra)
    except ImportError as error:
        raise Missing(
            f"features {path} need the package onnxruntime, which is not here ({error}); pip install 'ganbench[onnx]'"
        ) from error
    settings = onnxruntime.SessionOptions()
    settings.log_severity_level = 4
    settings.intra_op_num_threads = 1  # sums in one order on every machine
    try:
        session = onnxruntime.InferenceSession(content, settings, providers=["CPUExecutionProvider"])
        (taken,) = session.get_inputs()
    except Exception as error:  # the runtime has no common base of its errors
        reason = " ".join(str(error).split())[:200]
        raise BadInput(f"features {path}: expected a network in ONNX with one input ({reason})") from error
    if taken.type not in ("tensor(uint8)", "tensor(float)") or len(taken.shape) != 4:
        raise BadInput(
            f"features {path}: expected uint8 or float images of four axes, it takes {taken.type} {taken.shape}"
        )
    rows = taken.shape[0] if isinstance(taken.shape[0], int) else BATCH

    def called(batch: Tensor) -> NDArray[Any]:
        images = batch.expand(-1, 3, -1, -1) if taken.shape[1] == 3 and batch.shape[1] == 1 else batch
        values = (images if taken.type == "tensor(uint8)" else images.float()).numpy()
        parts = [values[i : i + rows] for i in range(0, len(values), rows)]
        parts[-1] = np.concatenate([parts[-1], np.zeros((rows - len(parts[-1]), *values.shape[1:]), values.dtype)])
        answers = [session.run(None, {taken.name: part})[0].reshape(rows, -1) for part in parts]
        whole: NDArray[Any] = np.concatenate(answers)[: len(values)]
        return whole

    return called
