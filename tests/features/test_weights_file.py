import hashlib
import io
import pickle
import warnings
from urllib.error import URLError

import pytest
import safetensors.torch
import torch

from ganbench.errors import BadInput, Missing
from ganbench.features import load, weights_file
from ganbench.features.weights_file import Wanted, WeightsFile, filled, folder, read

TENSORS = {"weight": torch.tensor([[1.0, 2.0]]), "bias": torch.tensor([3.0])}
FETCHED = Wanted(download=True)
RAN: list[str] = []


def note(text):
    RAN.append(text)


class Trap:
    """A pickle of it calls a function when it is read."""

    def __reduce__(self):
        return note, ("code in a weights file was run",)


def saved(value):
    file = io.BytesIO()
    torch.save(value, file)
    return file.getvalue()


def published(content, *names):
    digest = hashlib.sha256(content).hexdigest()
    return WeightsFile(names or ("tiny.pth",), digest, "https://example.org/tiny.pth")


@pytest.fixture(autouse=True)
def place(tmp_path, monkeypatch):
    """An empty folder of weights, an empty torch folder, and no access to the network."""
    monkeypatch.setenv("GANBENCH_WEIGHTS", str(tmp_path / "weights"))
    monkeypatch.setattr(torch.hub, "get_dir", lambda: str(tmp_path / "hub"))
    monkeypatch.setattr(weights_file, "urlopen", refused)
    return tmp_path / "weights"


def refused(address, timeout):
    raise URLError("no network")


def put(path, content):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return path


def same(state):
    return state.keys() == TENSORS.keys() and all(torch.equal(state[name], TENSORS[name]) for name in TENSORS)


def test_a_file_with_the_pinned_digest_is_read(tmp_path):
    content = saved(TENSORS)
    assert same(read("tiny", published(content), Wanted(put(tmp_path / "any name", content))).state)


def test_a_file_with_one_bit_changed_is_refused_with_both_digests(tmp_path):
    content = saved(TENSORS)
    changed = bytearray(content)
    changed[len(changed) // 2] ^= 1
    digest = hashlib.sha256(changed).hexdigest()
    with pytest.raises(BadInput, match=f"expected SHA-256 {published(content).sha256} .*, found {digest}; it was not"):
        read("tiny", published(content), Wanted(put(tmp_path / "tiny.pth", bytes(changed))))


@pytest.mark.parametrize("name", ["one.pth", "other.pth"])
@pytest.mark.parametrize("where", ["weights", "hub/checkpoints"])
def test_a_file_is_found_under_either_name_in_either_folder(name, where, tmp_path):
    content = saved(TENSORS)
    put(tmp_path / where / name, content)
    assert same(read("tiny", published(content, "one.pth", "other.pth")).state)


def test_a_found_file_is_checked_too(place):
    content = saved(TENSORS)
    put(place / "tiny.pth", content[:-1])
    with pytest.raises(BadInput, match="expected SHA-256"):
        read("tiny", published(content), FETCHED)


def test_a_file_that_is_nowhere_is_missing_with_the_remedy_in_one_line(place):
    file = published(b"")
    with pytest.raises(Missing) as caught:
        read("tiny", file)
    message = str(caught.value)
    assert "\n" not in message
    for part in ("features tiny", file.address, file.sha256, "--weights FILE", str(place), "tiny.pth", "--download"):
        assert part in message


def test_a_named_file_that_is_not_there_is_missing_even_where_another_would_be_found(place, tmp_path):
    content = saved(TENSORS)
    put(place / "tiny.pth", content)
    with pytest.raises(Missing, match="cannot be read"):
        read("tiny", published(content), Wanted(tmp_path / "absent.pth", download=True))


@pytest.mark.parametrize(
    "content", [pickle.dumps(Trap(), 2), pickle.dumps(Trap()), saved(Trap()), saved({"weight": Trap()})]
)
def test_code_in_a_weights_file_is_not_run_even_under_the_right_digest(content, tmp_path):
    with pytest.raises(BadInput, match="expected tensors by name; what it holds was not run"):
        read("tiny", published(content), Wanted(put(tmp_path / "tiny.pth", content)))
    assert RAN == []


@pytest.mark.parametrize("value", [[1, 2], {"weight": 1}])
def test_anything_but_tensors_by_name_is_refused(value, tmp_path):
    content = saved(value)
    with pytest.raises(BadInput, match="expected tensors by name"):
        read("tiny", published(content), Wanted(put(tmp_path / "tiny.pth", content)))


def test_nothing_is_fetched_without_permission(monkeypatch):
    asked = []
    monkeypatch.setattr(weights_file, "urlopen", lambda *_, **__: asked.append(1))
    with pytest.raises(Missing):
        read("tiny", published(b""))
    assert asked == []


def test_a_permitted_download_is_kept_and_used_again(place, monkeypatch):
    content, asked = saved(TENSORS), []

    def answer(address, timeout):
        asked.append(address)
        return io.BytesIO(content)

    monkeypatch.setattr(weights_file, "urlopen", answer)
    for _ in range(2):
        assert same(read("tiny", published(content), FETCHED).state)
    assert asked == ["https://example.org/tiny.pth"]
    assert [path.name for path in place.iterdir()] == ["tiny.pth"]


def test_a_download_with_another_digest_leaves_nothing_behind(place, monkeypatch):
    monkeypatch.setattr(weights_file, "urlopen", lambda *_, **__: io.BytesIO(b"a page that says no"))
    with pytest.raises(BadInput, match="expected SHA-256"):
        read("tiny", published(saved(TENSORS)), FETCHED)
    assert list(place.iterdir()) == []


def test_without_a_network_the_remedy_is_told():
    with pytest.raises(Missing, match=r"cannot be fetched .*no network.*; get https://example.org/tiny.pth"):
        read("tiny", published(b""), FETCHED)


def test_a_connection_that_breaks_leaves_nothing_behind(place, monkeypatch):
    class Broken(io.BytesIO):
        def read(self, size=-1):
            raise TimeoutError("no byte for a minute")

    monkeypatch.setattr(weights_file, "urlopen", lambda *_, **__: Broken())
    with pytest.raises(Missing, match="no byte for a minute"):
        read("tiny", published(b""), FETCHED)
    assert list(place.iterdir()) == []


@pytest.mark.parametrize("content", [b"no archive", b"PK\x03\x04 no archive", (99).to_bytes(8, "little") + b"{", b""])
def test_a_file_of_no_tensors_is_refused(content, tmp_path):
    with pytest.raises(BadInput, match=r"tiny.pt: (expected tensors by name|damaged, or no safetensors file)"):
        read("tiny", published(b""), Wanted(put(tmp_path / "tiny.pt", content), trust=True))


class Scripted(torch.nn.Module):
    """A module with the tensors."""

    def __init__(self):
        super().__init__()
        self.weight, self.bias = (torch.nn.Parameter(TENSORS[name]) for name in ("weight", "bias"))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x


def scripted():
    file = io.BytesIO()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of the format's age
        torch.jit.save(torch.jit.script(Scripted()), file)
    return file.getvalue()


@pytest.mark.parametrize("content", [saved(TENSORS), safetensors.torch.save(TENSORS), scripted()])
def test_a_file_of_ones_own_is_taken_in_any_format_where_it_is_trusted_and_is_never_the_published_one(
    content, tmp_path
):
    path = put(tmp_path / "mine", content)
    with pytest.raises(BadInput, match=r"it was not loaded; a copy in another format .* need --trust-weights"):
        read("tiny", published(b"another"), Wanted(path))
    weights = read("tiny", published(b"another"), Wanted(path, trust=True))
    assert same({name: value.detach() for name, value in weights.state.items()})
    digest = hashlib.sha256(content).hexdigest()
    assert weights.identity == {"weights_sha256": digest, "weights": "a file of the user's, not the published one"}


def test_the_published_file_is_the_published_one_even_where_any_is_trusted(tmp_path):
    content = saved(TENSORS)
    weights = read("tiny", published(content), Wanted(put(tmp_path / "tiny.pth", content), trust=True))
    assert weights.identity == {"weights_sha256": published(content).sha256}


def test_trust_needs_a_file():
    with pytest.raises(BadInput, match="--trust-weights is about a file of weights; name it with --weights FILE"):
        load("inception", trust_weights=True)


def test_counters_of_batches_may_be_missing_or_too_many():
    def network():
        with torch.device("meta"):
            return torch.nn.BatchNorm1d(2)

    names = ("weight", "bias", "running_mean", "running_var")
    state = {name: torch.tensor([1.0, 2.0]) for name in names}
    for given in (
        state,
        state | {"num_batches_tracked": torch.tensor(9)},
        state | {"x.num_batches_tracked": torch.ones(())},
    ):
        layer = filled(network(), given, "tiny")
        assert layer(torch.tensor([[1.0, 2.0]])).flatten().tolist() == pytest.approx([1.0, 2.0], abs=1e-5)
        assert layer.num_batches_tracked.item() == 0


def test_the_folder_of_weights_can_be_chosen(tmp_path, monkeypatch):
    assert folder() == tmp_path / "weights"
    monkeypatch.delenv("GANBENCH_WEIGHTS")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert folder() == tmp_path / "ganbench" / "weights"
    monkeypatch.delenv("XDG_CACHE_HOME")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert folder() == tmp_path / ".cache" / "ganbench" / "weights"


def test_half_precision_weights_are_used_as_float32():
    with torch.device("meta"):
        network = torch.nn.Linear(2, 1)
    filled(network, {name: value.half() for name, value in TENSORS.items()}, "tiny")
    assert network.weight.dtype == torch.float32
    assert network(torch.tensor([[1.0, 1.0]])).item() == 6.0


def test_weights_for_an_extractor_that_has_none_are_refused():
    with pytest.raises(BadInput, match=r"features pixels take no weights file, got w\.pth; those that do are inc"):
        load("pixels", "w.pth")
