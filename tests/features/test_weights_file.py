import hashlib
import io
import pickle
from urllib.error import URLError

import pytest
import torch

from ganbench.errors import BadInput, Missing
from ganbench.features import load, weights_file
from ganbench.features.weights_file import WeightsFile, filled, folder, state_dict

TENSORS = {"weight": torch.tensor([[1.0, 2.0]]), "bias": torch.tensor([3.0])}
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
    assert same(state_dict("tiny", published(content), put(tmp_path / "any name", content), download=False))


def test_a_file_with_one_bit_changed_is_refused_with_both_digests(tmp_path):
    content = saved(TENSORS)
    changed = bytearray(content)
    changed[len(changed) // 2] ^= 1
    digest = hashlib.sha256(changed).hexdigest()
    with pytest.raises(BadInput, match=f"expected SHA-256 {published(content).sha256} .*, found {digest}; it was not"):
        state_dict("tiny", published(content), put(tmp_path / "tiny.pth", bytes(changed)), download=False)


@pytest.mark.parametrize("name", ["one.pth", "other.pth"])
@pytest.mark.parametrize("where", ["weights", "hub/checkpoints"])
def test_a_file_is_found_under_either_name_in_either_folder(name, where, tmp_path):
    content = saved(TENSORS)
    put(tmp_path / where / name, content)
    assert same(state_dict("tiny", published(content, "one.pth", "other.pth"), None, download=False))


def test_a_found_file_is_checked_too(place):
    content = saved(TENSORS)
    put(place / "tiny.pth", content[:-1])
    with pytest.raises(BadInput, match="expected SHA-256"):
        state_dict("tiny", published(content), None, download=True)


def test_a_file_that_is_nowhere_is_missing_with_the_remedy_in_one_line(place):
    file = published(b"")
    with pytest.raises(Missing) as caught:
        state_dict("tiny", file, None, download=False)
    message = str(caught.value)
    assert "\n" not in message
    for part in ("features tiny", file.address, file.sha256, "--weights FILE", str(place), "tiny.pth", "--download"):
        assert part in message


def test_a_named_file_that_is_not_there_is_missing_even_where_another_would_be_found(place, tmp_path):
    content = saved(TENSORS)
    put(place / "tiny.pth", content)
    with pytest.raises(Missing, match="cannot be read"):
        state_dict("tiny", published(content), tmp_path / "absent.pth", download=True)


@pytest.mark.parametrize(
    "content", [pickle.dumps(Trap(), 2), pickle.dumps(Trap()), saved(Trap()), saved({"weight": Trap()})]
)
def test_code_in_a_weights_file_is_not_run_even_under_the_right_digest(content, tmp_path):
    with pytest.raises(BadInput, match="expected tensors by name; what it holds was not run"):
        state_dict("tiny", published(content), put(tmp_path / "tiny.pth", content), download=False)
    assert RAN == []


@pytest.mark.parametrize("value", [[1, 2], {"weight": 1}])
def test_anything_but_tensors_by_name_is_refused(value, tmp_path):
    content = saved(value)
    with pytest.raises(BadInput, match="expected tensors by name"):
        state_dict("tiny", published(content), put(tmp_path / "tiny.pth", content), download=False)


def test_nothing_is_fetched_without_permission(monkeypatch):
    asked = []
    monkeypatch.setattr(weights_file, "urlopen", lambda *_, **__: asked.append(1))
    with pytest.raises(Missing):
        state_dict("tiny", published(b""), None, download=False)
    assert asked == []


def test_a_permitted_download_is_kept_and_used_again(place, monkeypatch):
    content, asked = saved(TENSORS), []

    def answer(address, timeout):
        asked.append(address)
        return io.BytesIO(content)

    monkeypatch.setattr(weights_file, "urlopen", answer)
    for _ in range(2):
        assert same(state_dict("tiny", published(content), None, download=True))
    assert asked == ["https://example.org/tiny.pth"]
    assert [path.name for path in place.iterdir()] == ["tiny.pth"]


def test_a_download_with_another_digest_leaves_nothing_behind(place, monkeypatch):
    monkeypatch.setattr(weights_file, "urlopen", lambda *_, **__: io.BytesIO(b"a page that says no"))
    with pytest.raises(BadInput, match="expected SHA-256"):
        state_dict("tiny", published(saved(TENSORS)), None, download=True)
    assert list(place.iterdir()) == []


def test_without_a_network_the_remedy_is_told():
    with pytest.raises(Missing, match=r"cannot be fetched .*no network.*; get https://example.org/tiny.pth"):
        state_dict("tiny", published(b""), None, download=True)


def test_a_connection_that_breaks_leaves_nothing_behind(place, monkeypatch):
    class Broken(io.BytesIO):
        def read(self, size=-1):
            raise TimeoutError("no byte for a minute")

    monkeypatch.setattr(weights_file, "urlopen", lambda *_, **__: Broken())
    with pytest.raises(Missing, match="no byte for a minute"):
        state_dict("tiny", published(b""), None, download=True)
    assert list(place.iterdir()) == []


def test_an_archive_that_is_no_torchscript_is_refused(tmp_path):
    content = b"no archive"
    with pytest.raises(BadInput, match="expected a TorchScript archive"):
        state_dict("tiny", published(content), put(tmp_path / "tiny.pt", content), download=False, script=True)


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
