"""The evaluator of batches equals ``score`` to the bit, however samples are divided among batches and processes."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import distributed, nn
from torch.multiprocessing.spawn import spawn

from ganbench import Evaluator
from ganbench.errors import BadInput, UnknownName
from ganbench.io import Reading
from ganbench.scoring.api import Options, score
from tests.scoring.sets import features, photos

METRICS = "fid,kid,precision"


@pytest.fixture(scope="module")
def real() -> Any:
    return photos(30, 1)


@pytest.fixture(scope="module")
def fake() -> Any:
    return photos(40, 2)


@pytest.fixture(scope="module")
def alone(real: Any, fake: Any) -> dict[str, float | None]:
    report = score(fake, real, metrics=METRICS, features="random_conv")
    return report.values[report.rows[0].name]


def evaluator(real: Any, **options: Any) -> Evaluator:
    return Evaluator(real, metrics=METRICS, features="random_conv", **options)


def test_batches_in_any_order_equal_the_whole_to_the_bit(real: Any, fake: Any, alone: Any) -> None:
    one, other = evaluator(real), evaluator(real)
    one.update(fake[25:26])
    one.update(torch.from_numpy(fake[26:]).permute(0, 3, 1, 2))
    other.update(fake[:25])
    one.merge(other)
    assert len(one) == 40
    assert one.compute().values == alone
    assert one.compute().values == alone  # asking changes nothing
    one.reset()
    with pytest.raises(BadInput, match="expected at least 2 samples before compute, got 0"):
        one.compute()
    one.update(fake)
    assert one.compute().values == alone


def test_floats_need_their_range_and_then_score_as_bytes(real: Any, fake: Any, alone: Any) -> None:
    floats = torch.from_numpy(fake).permute(0, 3, 1, 2).float() / 127.5 - 1
    with pytest.raises(BadInput, match="floats may be of several ranges"):
        evaluator(real).update(floats)
    named = evaluator(real, options=Options(reading=Reading(span=(-1.0, 1.0))))
    named.update(floats)
    assert named.compute().values == alone


def test_a_state_goes_on_elsewhere(real: Any, fake: Any, alone: Any) -> None:
    one, other = evaluator(real), evaluator(real)
    one.update(fake[:17])
    file = io.BytesIO()
    torch.save(one.state_dict(), file)
    other.load_state_dict(torch.load(io.BytesIO(file.getvalue()), weights_only=True))
    other.update(fake[17:])
    assert other.compute().values == alone
    pixels = Evaluator(real, metrics="fid", features="pixels")
    pixels.load_state_dict(one.state_dict())
    with pytest.raises(BadInput, match="the state that was loaded is of other features"):
        pixels.update(fake)


def test_features_that_are_given_are_scored_too() -> None:
    real, fake = features(50, 0), features(60, 1)
    whole = Evaluator(real, metrics="fid,kid")
    for rows in np.array_split(fake, 7):
        whole.update(rows)
    report = score(fake, real, metrics="fid,kid")
    assert whole.compute().values == report.values[report.rows[0].name]


def test_labels_come_with_their_batches(real: Any, fake: Any) -> None:
    labels = np.arange(40) % 2
    labelled = Evaluator([(x, y) for x, y in zip(real, np.arange(30) % 2, strict=True)], "intra_fid", "random_conv")
    for part in (slice(0, 15), slice(15, 40)):
        labelled.update(fake[part], labels[part])
    want = score(
        list(zip(fake, labels, strict=True)),
        list(zip(real, np.arange(30) % 2, strict=True)),
        metrics="intra_fid",
        features="random_conv",
    )
    assert labelled.compute().values == want.values[want.rows[0].name]


class Mean(nn.Module):
    """Two features of an image."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return torch.stack([x.float().mean((1, 2, 3)), x.float().amax((1, 2, 3))], 1)


def test_a_network_in_train_mode_is_refused_whenever_it_is(real: Any, fake: Any) -> None:
    with pytest.raises(BadInput, match="in train mode"):
        Evaluator(real, "fid", Mean())
    network = Mean().eval()
    whole = Evaluator(real, "fid", network)
    whole.update(fake)
    network.train()
    with pytest.raises(BadInput, match="in train mode"):
        whole.update(fake)
    network.eval()
    report = score(fake, real, metrics="fid", features=network)
    assert whole.compute().values == report.values[report.rows[0].name]


def test_what_score_refuses_is_refused(real: Any, fake: Any) -> None:
    with pytest.raises(BadInput, match="batch: expected images or features, at least one"):
        evaluator(real).update(fake[:0])
    whole = Evaluator(real, "fidd", "random_conv")
    whole.update(fake)
    with pytest.raises(UnknownName, match="did you mean"):
        whole.compute()
    other = Evaluator(real, "fid", "pixels")
    other.update(fake)
    with pytest.raises(BadInput, match="the other evaluator takes other features"):
        whole.merge(other)


def rank(place: int, address: str, real: Any, fake: Any, out: str) -> None:
    """Score every second sample, as one of two processes."""
    distributed.init_process_group("gloo", init_method=address, rank=place, world_size=2)
    mine = evaluator(real)
    for start in range(place, len(fake), 10):
        mine.update(fake[start : start + 10 : 2][:5])
    values = mine.compute().values
    Path(out, str(place)).write_text(repr(sorted(values.items())))
    distributed.destroy_process_group()


def test_two_processes_return_the_score_of_one(real: Any, fake: Any, alone: Any, tmp_path: Path) -> None:
    spawn(rank, (f"file://{tmp_path}/store", real, fake, str(tmp_path)), nprocs=2)
    said = {(tmp_path / str(place)).read_text() for place in (0, 1)}
    assert said == {repr(sorted(alone.items()))}
