"""What every test of a baseline starts from."""

from __future__ import annotations

import pytest
import torch


@pytest.fixture(autouse=True)
def _global_generator() -> None:
    """Seed torch, so that first weights and random inputs are the same in any order of the tests."""
    torch.manual_seed(0)
