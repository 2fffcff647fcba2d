"""A user's own extractor: a function in a Python file or a TorchScript module, run because the user names it."""

from __future__ import annotations

import hashlib
import io
import sys
import warnings
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import torch
from torch import Tensor

from ganbench.dataset import Space
from ganbench.errors import BadInput, Missing, UnknownName
from ganbench.features.base import Extracted, in_batches
from ganbench.features.preprocess import as_uint8, is_picture
from ganbench.find import suggestion

BATCH = 64
Function = Callable[[Tensor], Any]


class UserFeatures:
    """A user's function from uint8 images (n, 1 or 3, h, w) to features (n, d), called on batches of one fixed size.

    Its identity is the digest of its file: what that file imports or reads is not part of it.
    """

    def __init__(self, name: str, sha256: str, function: Function) -> None:
        self.name, self.function = name, function
        self.identity = {
            "name": name,
            "file_sha256": sha256,
            "preprocessing": "floats in [-1, 1] are rounded to uint8; then the user's own",
            "layer": "the user's own",
        }

    def accepts(self, space: Space) -> bool:
        """Grey or RGB images in [-1, 1] or 0-255."""
        return is_picture(space)

    def __call__(self, x: Tensor) -> Extracted:
        """Look at images, uint8 or in [-1, 1]; raises BadInput where the function fails or returns no finite (n, d)."""
        return Extracted(in_batches(self.look, as_uint8(x.detach(), self.name), BATCH))

    def look(self, batch: Tensor) -> Tensor:
        """Call the function on one batch, and check what comes back."""
        try:
            answer = self.function(batch)
        except Exception as error:  # whatever a user's code raises is the user's to read
            raise BadInput(f"features {self.name}: {in_one_line(error)}") from error
        values = torch.from_numpy(answer) if isinstance(answer, np.ndarray) else answer
        if not isinstance(values, Tensor) or values.ndim != 2 or len(values) != len(batch) or not values.shape[1]:
            got = tuple(values.shape) if isinstance(values, Tensor) else type(answer).__name__
            raise BadInput(f"features {self.name}: expected {len(batch)} rows of features, got {got}")
        if values.is_complex() or not bool(values.isfinite().all()):
            raise BadInput(f"features {self.name}: expected finite real numbers")
        return values.detach().float()


def user(name: str) -> UserFeatures:
    """Return the extractor that ``FILE.py:FUNCTION`` or a TorchScript file stands for; the file is run.

    Raises Missing without the file, UnknownName without the function, BadInput where the file cannot be used.
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
    found = from_python(path, content, function) if function else from_script(path, content)
    return UserFeatures(title, hashlib.sha256(content).hexdigest(), found)


def from_python(path: Path, content: bytes, function: str) -> Function:
    """Run a Python file, which the user named to be run, and return its function; no compiled form is left behind."""
    module = ModuleType(f"_ganbench_features_{hashlib.sha256(bytes(path.resolve()) + content).hexdigest()[:16]}")
    module.__file__ = str(path.resolve())
    sys.modules[module.__name__] = module  # a dataclass looks its module up while it is made
    try:
        exec(compile(content, str(path), "exec"), module.__dict__)  # noqa: S102
    except (Exception, SystemExit) as error:  # whatever a user's code may raise
        del sys.modules[module.__name__]
        raise BadInput(f"features {path}: does not run: {in_one_line(error)}") from error
    known = [name for name, value in vars(module).items() if callable(value) and not name.startswith("_")]
    if function not in known:
        raise UnknownName(f"unknown function {function!r} in {path}; {suggestion(function, known)}")
    found: Function = getattr(module, function)
    return found


def from_script(path: Path, content: bytes) -> Function:
    """Load a TorchScript module for looking only."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", FutureWarning)  # of the format's age
            warnings.simplefilter("ignore", DeprecationWarning)
            module: Function = torch.jit.load(io.BytesIO(content), map_location="cpu").eval()
    except RuntimeError as error:
        raise BadInput(f"features {path}: expected a TorchScript file") from error
    return module


def in_one_line(error: BaseException) -> str:
    """Return an exception's type and text on one line."""
    return " ".join(f"{type(error).__name__}: {error}".split())
