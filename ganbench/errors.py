"""What can go wrong, as a tree.

GanbenchError
├── RequestError        what was asked for cannot be done as asked      exit code 2
│   ├── UnknownName     no such baseline, dataset, metric, suite, field
│   ├── BadInput        an array, a file or a value that cannot be used
│   └── Missing         data, weights or a package that is not here
├── PlaceError          a folder cannot be written to, or is locked     exit code 1
└── CellError           one cell of a suite could not be finished       exit code 1
    ├── Diverged        its numbers stopped being finite
    └── UserCodeError   a user's own function raised; names its line
"""

from __future__ import annotations


class GanbenchError(Exception):
    """Every error that this package raises on purpose; its text is one line for the user."""


class RequestError(GanbenchError, ValueError):
    """A request that cannot be carried out as written."""


class UnknownName(RequestError):
    """A name that is in no catalogue."""


class BadInput(RequestError):
    """An array, a file or a value that cannot be used; names the argument and what was expected."""


class Missing(RequestError):
    """Data, weights or a package that is not on this machine; names the remedy."""


class PlaceError(GanbenchError, RuntimeError):
    """A disk that is full, a folder that turned read-only, a lock that another process keeps: no cell is to blame."""


class CellError(GanbenchError, RuntimeError):
    """A cell that could not be finished."""


class UserCodeError(CellError):
    """A user's own function raised, or returned what it must not."""


class Diverged(CellError):
    """A cell whose weights or losses stopped being finite."""

    def __init__(self, seed: int, step: int, what: str) -> None:
        super().__init__(f"seed {seed} diverged by step {step}: {what} is not finite")
        self.seed, self.step, self.what = seed, step, what
