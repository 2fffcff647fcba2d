import hashlib
import warnings
from types import FunctionType

import numpy as np
import pytest
import torch

from ganbench.dataset import Space
from ganbench.errors import BadInput, Missing, UnknownName
from ganbench.features import load
from ganbench.features.user import BATCH, UserFeatures
from tests.narrow import narrow

NET = """
from __future__ import annotations
from dataclasses import dataclass
import torch

@dataclass
class Scale:
    by: float = 2.0

def extract(x):
    return x.float().mean((2, 3)) * Scale().by

def as_array(x):
    return extract(x).numpy()

def too_few(x):
    return extract(x)[:-1]

def flat(x):
    return extract(x).flatten()

def broken(x):
    return extract(x) / 0

def nothing(x):
    return None

def raises(x):
    raise ValueError("two\\nlines")
"""


class Means(torch.nn.Module):
    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x.float().mean((2, 3))


@pytest.fixture
def net(tmp_path):
    (tmp_path / "my_net.py").write_text(NET)
    return tmp_path / "my_net.py"


def pictures(n=5):
    return torch.arange(n * 3 * 4, dtype=torch.uint8).view(n, 3, 2, 2)


@pytest.mark.parametrize("function", ["extract", "as_array"])
def test_a_function_in_a_file_is_an_extractor(net, function):
    extractor = load(f"{net}:{function}")
    assert torch.equal(extractor(pictures()).values, 2 * pictures().float().mean((2, 3)))
    assert extractor(pictures()).posteriors is None
    assert extractor.name == extractor.identity["name"] == f"my_net.py:{function}"
    assert extractor.identity["file_sha256"] == hashlib.sha256(net.read_bytes()).hexdigest()
    assert extractor.accepts(Space((3, 2, 2), 0, 0.0, 255.0))
    assert not extractor.accepts(Space((2,), 0, 0.0, 255.0))


def test_a_file_that_changed_is_another_extractor(net):
    before = load(f"{net}:extract")
    net.write_text(NET.replace("2.0", "3.0"))
    after = load(f"{net}:extract")
    assert after.identity != before.identity
    assert torch.equal(after(pictures()).values, 3 * pictures().float().mean((2, 3)))


def test_the_function_sees_batches_of_one_size_of_what_would_be_written(net):
    net.write_text(NET + "sizes = []\ndef seen(x):\n    sizes.append((len(x), x.dtype))\n    return extract(x)\n")
    extractor = narrow(load(f"{net}:seen"), UserFeatures)
    x = pictures(3).float() / 127.5 - 1
    assert torch.equal(extractor(x).values, 2 * pictures(3).float().mean((2, 3)))
    assert narrow(extractor.function, FunctionType).__globals__["sizes"] == [(BATCH, torch.uint8)]


def test_a_torchscript_file_is_an_extractor(tmp_path):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of the format's age
        torch.jit.script(Means()).save(tmp_path / "means.pt")
    extractor = load(str(tmp_path / "means.pt"))
    assert torch.equal(extractor(pictures()).values, pictures().float().mean((2, 3)))
    assert extractor.identity["file_sha256"] == hashlib.sha256((tmp_path / "means.pt").read_bytes()).hexdigest()


@pytest.mark.parametrize(
    ("function", "message"),
    [
        ("too_few", rf"expected {BATCH} rows of features, got \({BATCH - 1}, 3\)"),
        ("flat", "expected 64 rows of features"),
        ("nothing", "expected 64 rows of features, got NoneType"),
        ("broken", "expected finite real numbers"),
        ("raises", "ValueError: two lines"),
    ],
)
def test_an_answer_that_is_no_features_is_refused_in_one_line(net, function, message):
    with pytest.raises(BadInput, match=f"features my_net.py:{function}: {message}") as caught:
        load(f"{net}:{function}")(pictures())
    assert "\n" not in str(caught.value)


def test_requests_that_cannot_be_met_say_why(net, tmp_path):
    with pytest.raises(UnknownName, match=r"unknown function 'extrat' in .*did you mean 'extract'"):
        load(f"{net}:extrat")
    with pytest.raises(BadInput, match=r"expected the function too, as in .*my_net.py:extract"):
        load(str(net))
    with pytest.raises(Missing, match="cannot be read"):
        load(f"{tmp_path / 'absent.py'}:extract")
    (tmp_path / "bad.py").write_text("import ganbench_has_no_such_module")
    with pytest.raises(BadInput, match="does not import: ModuleNotFoundError"):
        load(f"{tmp_path / 'bad.py'}:extract")
    (tmp_path / "bad.pt").write_bytes(b"no archive")
    with pytest.raises(BadInput, match="expected a TorchScript file"):
        load(str(tmp_path / "bad.pt"))


def test_arrays_from_numpy_of_any_type_become_float32(net):
    net.write_text("import numpy as np\ndef wide(x):\n    return np.ones((len(x), 2))\n")
    values = load(f"{net}:wide")(pictures()).values
    assert values.dtype == torch.float32
    assert np.array_equal(values.numpy(), np.ones((5, 2)))
