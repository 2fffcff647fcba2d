"""A score card: the numbers of the metrics themselves, beside held-out reals, on one screen and one picture."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from PIL import Image

from ganbench.cli.main import main
from ganbench.errors import BadInput
from ganbench.metrics import METRICS
from ganbench.scoring.api import Options
from ganbench.scoring.card import card
from tests.metrics.test_atoms import atoms_of, sample
from tests.scoring.sets import photos


def test_a_card_of_features_holds_the_metrics_of_samples_and_of_held_out_reals_against_the_same_rest() -> None:
    real, fake, train = sample(1, 400, 4), sample(2, 200, 4) + 0.5, sample(3, 300, 4)
    made = card(fake, real, options=Options(train=train))
    (lines,) = made.encoders.values()
    assert (made.n, made.n_reference, made.frechet_ratio) == (200, 200, None)
    by_name = {each.metric: each for each in lines}
    assert by_name["authenticity"].value == METRICS["authenticity"](train, fake)
    assert all(each.reason == "" and each.value is not None and each.floor is not None for each in lines)
    assert by_name["fid"].ratio is not None
    assert by_name["fid"].ratio > 1
    assert "one encoder" in str(made)
    assert len(str(made).splitlines()) < 24


def test_a_card_of_atoms_says_that_the_distance_was_bought() -> None:
    real = sample(1, 1000, 8)
    made = card(atoms_of(real, 500), real)
    by_name = {each.metric: each for each in made.encoders["given"]}
    assert by_name["recall"].value == 0
    assert "W119 better than real data" in str(made)


def test_the_command_shows_two_encoders_draws_and_writes_json(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    np.save("real.npy", photos(220, 1))
    np.save("fake.npy", photos(110, 2))
    typed = ["card", "fake.npy", "--reference", "real.npy", "--no-cache", "--features", "random_conv,pixels"]
    result = CliRunner().invoke(main, [*typed, "--format", "json", "--out", "card.json", "--figure", "card.png"])
    assert result.exit_code == 0, result.output
    known = json.loads(Path("card.json").read_text())
    assert list(known["encoders"]) == ["random_conv", "pixels"]
    assert known["frechet_ratio"]["low"] <= known["frechet_ratio"]["value"] <= known["frechet_ratio"]["high"]
    assert np.asarray(Image.open("card.png")).std() > 0


def test_a_reference_that_is_too_small_and_several_sets_are_refused() -> None:
    with pytest.raises(BadInput, match="expected a reference of at least 20 samples to hold half out, got 19 samples"):
        card(sample(1, 50, 2), sample(2, 19, 2))
    with pytest.raises(BadInput, match="expected one set of samples, got 2"):
        card([sample(1, 50, 2), sample(2, 50, 2)], sample(3, 50, 2))
