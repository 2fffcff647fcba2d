"""What was trained is the user's: samples are those that were scored, and the network runs without this package."""

from __future__ import annotations

import json
import subprocess
import sys
import zipfile
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors import safe_open
from safetensors.torch import load_file

import ganbench as gb
from ganbench.errors import BadInput, Missing, UnknownName
from ganbench.records.address import resolve
from ganbench.records.store import Store
from tests.runs.command import TINY, ganbench, own, suite

SUITE = (
    TINY.replace('["ns_gan", "noise"]', '["ns_gan", "cgan:concat", "dcgan", "mad_gan", "noise"]')
    .replace('["ring8"]', '["digits"]')
    .replace("seeds = 2", "seeds = [0, 3]")
    .replace("batch = 16", "batch = 32")
)


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with five rows of two seeds on the digits."""
    place = tmp_path_factory.mktemp("generators")
    done = ganbench("run", "--suite", suite(place, SUITE), "--out", str(place), "--jobs", "1")
    assert done.exit_code == 0, done.output
    return place / "tiny"


@pytest.mark.parametrize("name", ["ns_gan", "cgan:concat", "dcgan", "mad_gan"])
def test_samples_of_noise_seed_0_are_those_that_were_scored(results: Path, name: str) -> None:
    place = resolve(f"{results}:{name}:digits:3")
    kept = load_file(results / place.record.files / "samples-3.safetensors")["x"]
    generator = gb.load(f"{results}:{name}:digits")
    assert torch.equal(generator.sample(len(kept), train_seed=3), kept)
    assert not torch.equal(generator.sample(len(kept)), kept)  # the first seed's


def test_sample_i_depends_on_the_seeds_and_on_i_alone(results: Path) -> None:
    generator = gb.load(f"{results}:dcgan:digits")
    assert torch.equal(generator.sample(300, noise_seed=7)[:20], generator.sample(20, noise_seed=7))
    assert not torch.equal(generator.sample(20, noise_seed=7), generator.sample(20, noise_seed=8))
    assert torch.equal(gb.load(f"{results}:dcgan:digits:3").sample(4), generator.sample(4, train_seed=3))


def test_last_weights_are_others(results: Path) -> None:
    generator = gb.load(f"{results}:ns_gan:digits")
    assert not torch.equal(generator.sample(5, weights="last"), generator.sample(5))


def test_a_label_is_what_is_asked_for(results: Path) -> None:
    generator = gb.load(f"{results}:cgan:concat:digits")
    module = generator.module()
    z, _ = generator.inputs(6)
    y = torch.tensor([0, 1, 2, 3, 4, 9])
    assert not torch.equal(module(z, y), module(z, y.flip(0)))
    some, other = generator.sample(6, labels=[1] * 6), generator.sample(6, labels=y)
    assert torch.equal(some[1], other[1])
    assert not torch.equal(some[2], other[2])


@pytest.mark.parametrize("name", ["ns_gan", "cgan:concat", "dcgan"])
def test_the_module_makes_the_samples_and_can_be_exported(results: Path, name: str) -> None:
    generator = gb.load(f"{results}:{name}:digits:0")
    module = generator.module()
    batch = generator._sampler(0, "average").batch("sample", 0, 256)
    inputs = [batch[each][0] for each in (("z", "y") if generator.baseline.conditional else ("z",))]
    assert torch.equal(module(*inputs)[:40], generator.sample(40))
    few = generator.inputs(3)
    exported = torch.export.export(module, few).module()
    torch.testing.assert_close(exported(*few), module(*few))


OUTSIDE = """
import sys, torch
sys.modules["ganbench"] = None  # it cannot be imported
inputs = torch.load(sys.argv[2], weights_only=True)
torch.save(torch.export.load(sys.argv[1]).module()(*inputs), sys.argv[3])
"""


@pytest.mark.parametrize("name", ["cgan:concat", "dcgan"])
def test_an_exported_program_gives_the_same_images_outside(results: Path, tmp_path: Path, name: str) -> None:
    generator = gb.load(f"{results}:{name}:digits:3")
    batch = generator._sampler(3, "average").batch("sample", 0, 256)
    inputs = [batch[each][0][:40] for each in (("z", "y") if generator.baseline.conditional else ("z",))]
    torch.save(inputs, tmp_path / "inputs.pt")
    made = generator.export(tmp_path / "g.pt2", train_seed=3)
    command = [sys.executable, "-c", OUTSIDE, str(made), str(tmp_path / "inputs.pt"), str(tmp_path / "out.pt")]
    subprocess.run(command, check=True, cwd=tmp_path)  # noqa: S603
    there = torch.load(tmp_path / "out.pt", weights_only=True)
    torch.testing.assert_close(there, generator.sample(40), rtol=0, atol=1e-6)


@pytest.mark.parametrize("name", ["ns_gan", "cgan:concat", "dcgan"])
@pytest.mark.filterwarnings("ignore")  # of the packages, not ours
def test_onnx_gives_the_same_images(results: Path, tmp_path: Path, name: str) -> None:
    runtime = pytest.importorskip("onnxruntime")
    pytest.importorskip("onnxscript")
    generator = gb.load(f"{results}:{name}:digits")
    session = runtime.InferenceSession(str(generator.export(tmp_path / "g.onnx")))
    for n in (2, 7):
        inputs = generator.inputs(n, noise_seed=5)
        named = {given.name: x.numpy() for given, x in zip(session.get_inputs(), inputs, strict=True)}
        assert session.run(None, named)[0] == pytest.approx(generator.module()(*inputs).detach().numpy(), abs=1e-5)


def test_an_export_that_cannot_be_says_why(results: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    generator = gb.load(f"{results}:ns_gan:digits")
    with pytest.raises(BadInput, match=r"expected a name that ends in \.pt2 or \.onnx"):
        generator.export(tmp_path / "g.bin")
    monkeypatch.setattr("ganbench.runs.generator.find_spec", lambda name: None)
    with pytest.raises(Missing, match=r"pip install 'ganbench\[onnx\]'"):
        generator.export(tmp_path / "g.onnx")
    assert not list(tmp_path.iterdir())


def test_a_saved_network_carries_a_card(results: Path, tmp_path: Path) -> None:
    path = gb.load(f"{results}:dcgan:digits").save(tmp_path / "g.safetensors", train_seed=3)
    with safe_open(path, "pt") as file:
        card = json.loads(file.metadata()["card"])
        names = set(file.keys())
    assert (card["baseline"], card["dataset"], card["train_seed"]) == ("dcgan", "digits", 3)
    assert (card["shape"], card["range"]) == ([1, 8, 8], [-1.0, 1.0])
    assert names == set(gb.load(f"{results}:dcgan:digits").module().state_dict())


def test_a_folder_a_zip_and_an_array_hold_the_same_pictures(results: Path, tmp_path: Path) -> None:
    address = f"{results}:ns_gan:digits"
    for name in ("folder", "packed.zip", "array.npz", "array.npy"):
        done = ganbench("sample", address, "--n", "12", "--seed", "5", "--out", str(tmp_path / name))
        assert done.exit_code == 0, done.output
    files = sorted((tmp_path / "folder").iterdir())
    assert [path.name for path in files] == [f"{i:02}.png" for i in range(12)]
    pictures = np.stack([np.asarray(Image.open(path)) for path in files])
    with zipfile.ZipFile(tmp_path / "packed.zip") as archive:
        assert [archive.read(path.name) for path in files] == [path.read_bytes() for path in files]
    array = np.load(tmp_path / "array.npz")["x"]
    assert np.array_equal(array[..., 0], pictures)
    assert np.array_equal(np.load(tmp_path / "array.npy"), array)
    x = gb.load(address).sample(12, noise_seed=5).numpy()[:, 0]
    assert np.abs((x + 1) * 127.5 - pictures).max() <= 0.5 + 1e-4


def test_labels_are_asked_for_in_turns_and_kept_with_the_array(results: Path, tmp_path: Path) -> None:
    out = tmp_path / "a.npz"
    done = ganbench("sample", f"{results}:cgan:concat:digits", "--n", "5", "--labels", "3,7", "--out", str(out))
    assert done.exit_code == 0, done.output
    assert np.load(out)["y"].tolist() == [3, 7, 3, 7, 3]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["{0}:ns_gna:digits"], "did you mean 'ns_gan:digits'"),
        (["{0}:ns_gan:digits:1"], "no such seed was finished; finished are 0, 3"),
        (["nowhere:ns_gan:digits"], "where RESULTS is a folder with records.jsonl"),
        (["{0}:noise:digits"], "noise is not trained: it has no generator"),
        (["{0}:ns_gan:digits", "--labels", "1"], "labels have no effect on its samples"),
        (["{0}:cgan:concat:digits", "--labels", "10"], "expected 5 whole numbers from 0 to 9"),
        (["{0}:cgan:concat:digits", "--labels", "one"], "expected whole numbers with commas between, got 'one'"),
        ([], "expected RESULTS:BASELINE:DATASET[:SEED], or --results RESULTS --cell BASELINE DATASET"),
        (["--results", "{0}", "--cell", "ns_gan", "ring8"], "no row 'ns_gan:ring8'"),
    ],
)
def test_what_cannot_be_sampled_ends_in_one_line_and_writes_nothing(
    results: Path, tmp_path: Path, arguments: list[str], message: str
) -> None:
    out = tmp_path / "out"
    done = ganbench("sample", *[each.format(results) for each in arguments], "--n", "5", "--out", str(out))
    assert done.exit_code == 2
    assert message in " ".join(done.output.split())
    assert not out.exists()


def test_nothing_is_written_over_and_no_other_format_is_guessed(results: Path, tmp_path: Path) -> None:
    (tmp_path / "there").mkdir()
    for name, message in (("there", "is there already"), ("a.gif", "expected a folder, or a name that ends in .zip")):
        done = ganbench("sample", f"{results}:ns_gan:digits", "--out", str(tmp_path / name))
        assert (done.exit_code, message in " ".join(done.output.split())) == (2, True)


def test_a_row_is_named_by_options_too(results: Path, tmp_path: Path) -> None:
    given = ("--results", str(results), "--cell", "cgan:concat", "digits", "--n", "3")
    assert ganbench("sample", *given, "--out", str(tmp_path / "a.npy")).exit_code == 0
    assert np.load(tmp_path / "a.npy").shape == (3, 8, 8, 1)


def test_weights_that_are_gone_or_damaged_are_said(results: Path, tmp_path: Path) -> None:
    place = resolve(f"{results}:mad_gan:digits:3")
    path = results / place.record.files / "weights-3.safetensors"
    content = path.read_bytes()
    try:
        path.write_bytes(content[:100])
        with pytest.raises(BadInput, match="cannot be read as weights"):
            gb.load(f"{results}:mad_gan:digits:3").sample(1)
        path.unlink()
        with pytest.raises(Missing, match=r"the weights were not kept; run the suite again"):
            gb.load(f"{results}:mad_gan:digits:3").sample(1)
    finally:
        path.write_bytes(content)


def test_a_module_is_refused_where_samples_take_more_than_noise(results: Path) -> None:
    with pytest.raises(BadInput, match=r"mad_gan: its samples take more than noise and labels .*'which'"):
        gb.load(f"{results}:mad_gan:digits").module()


def test_an_address_of_two_rows_that_differ_in_settings_is_refused(results: Path) -> None:
    records = list(Store(results).read().values())
    assert len({record.row for record in records}) == 5
    with pytest.raises(UnknownName, match="no row 'lsgan:digits'"):
        resolve(f"{results}:lsgan:digits")
    with pytest.raises(BadInput, match=r"expected .*tiny:BASELINE:DATASET"):
        resolve(f"{results}:digits")


def test_a_user_s_own_baseline_is_trained_but_not_executed_by_loading(tmp_path: Path) -> None:
    path = own(tmp_path)
    generator = gb.train(path, "ring8", steps=2, settings={"strength": 2.0})
    assert generator.sample(3).shape == (3, 2)
    text = TINY.replace('["ns_gan", "noise"]', f'["{path}"]')
    assert ganbench("run", "--suite", suite(tmp_path, text), "--out", str(tmp_path), "--jobs", "1").exit_code == 0
    with pytest.raises(BadInput, match="is code that the record names, which loading does not execute"):
        gb.load(f"{tmp_path / 'tiny'}:mine.py:ring8")


def test_train_is_what_a_run_trains_and_calls_back_along_the_way(results: Path) -> None:
    seen: list[tuple[int, set[int]]] = []
    generator = gb.train(
        "ns_gan", "digits", steps=2, batch=32, seeds=[3], points=2,
        callbacks=[lambda step, losses: seen.append((step, set(losses)))],
    )  # fmt: skip
    assert seen == [(1, {3}), (2, {3})]
    assert torch.equal(generator.sample(9), gb.load(f"{results}:ns_gan:digits:3").sample(9))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"steps": 0}, "steps and points must be at least 1"),
        ({"baseline": "ns_gna"}, "did you mean 'ns_gan'"),
        ({"data": "digts"}, "did you mean 'digits'"),
        ({"baseline": "noise"}, "noise is not trained"),
        ({"settings": {"lrr": 1.0}}, "did you mean 'lr'"),
        ({"baseline": "pixelcnn", "data": "ring8"}, "pixelcnn does not support ring8"),
    ],
)
def test_what_cannot_be_trained_is_said_in_one_line(changes: dict[str, object], message: str) -> None:
    given = {"baseline": "ns_gan", "data": "digits", "steps": 1} | changes
    with pytest.raises((BadInput, UnknownName), match=message):
        gb.train(**given)  # type: ignore[arg-type]


def test_a_seed_that_was_not_trained_and_wrong_labels_are_refused(results: Path) -> None:
    generator = gb.load(f"{results}:cgan:concat:digits")
    with pytest.raises(BadInput, match="not trained with seed 9; expected 0, 3"):
        generator.sample(1, train_seed=9)
    with pytest.raises(BadInput, match=r"expected 2 whole numbers from 0 to 9, got torch.float32 of shape \(2,\)"):
        generator.sample(2, labels=[0.5, 1.0])
    with pytest.raises(BadInput, match="weights must be average or last"):
        generator.sample(1, weights="best")  # type: ignore[arg-type]
    with pytest.raises(BadInput, match="at least 1 sample"):
        generator.sample(0)
