"""Protocols: their names, what they take from a reference, what they refuse, what they say. With a stand-in network."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from click.testing import CliRunner
from torch import nn

from ganbench import features as extractors
from ganbench.cli.main import main
from ganbench.errors import BadInput, UnknownName
from ganbench.features.image_network import ImageNetwork, View
from ganbench.metrics import METRICS
from ganbench.metrics.conventions import (
    frechet_population,
    inception_score_of_parts,
    kid_of_smaller,
)
from ganbench.metrics.frechet import frechet_distance
from ganbench.metrics.inception_score import inception_scores_by_split
from ganbench.metrics.kid import kid_scores
from ganbench.scoring.api import Options, score
from ganbench.scoring.protocols import PROTOCOLS
from tests.scoring.sets import folder_of, photos

REAL, FAKE = photos(60, 1), photos(50, 2)
DIMENSIONS = {"inception_spatial": 6}


class StandIn(nn.Module):
    """Means over places of a few products: another one for each name, with a read-out into classes."""

    def __init__(self, name: str) -> None:
        super().__init__()
        draws = torch.Generator().manual_seed(sum(map(ord, name)))
        d = DIMENSIONS.get(name, 8)
        self.weight = nn.Parameter(torch.randn(d, 3 * 64, generator=draws) / 10)
        if name.startswith("inception") and name not in DIMENSIONS:
            self.fc = nn.Linear(d, 5)
            self.fc.weight = nn.Parameter(torch.randn(5, d, generator=draws))
            self.fc.register_parameter("bias", None)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return torch.relu(x.flatten(1) @ self.weight.T)


@pytest.fixture(autouse=True)
def networks(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Every network is a small one; returns the names that were asked for."""
    asked: list[str] = []

    def load(name: str, *_: Any) -> ImageNetwork:
        asked.append(name)
        identity = {"name": name, "weights_sha256": "0" * 64}
        return ImageNetwork(identity, View("clean", 8, (127.5,), (127.5,)), StandIn(name), 4)

    monkeypatch.setattr(extractors, "load", load)
    return asked


def rows(name: str, images: Any) -> torch.Tensor:
    return extractors.load(name)(torch.from_numpy(np.ascontiguousarray(images)).permute(0, 3, 1, 2)).values


def posteriors(name: str, images: Any) -> torch.Tensor:
    p = extractors.load(name)(torch.from_numpy(np.ascontiguousarray(images)).permute(0, 3, 1, 2)).posteriors
    assert p is not None
    return p


def moments(values: torch.Tensor, names: tuple[str, str] = ("mu", "sigma")) -> dict[str, Any]:
    x = values.double().numpy()
    return dict(zip(names, (x.mean(0), np.cov(x, rowvar=False)), strict=True))


def values(protocol: str, reference: Any = REAL, samples: Any = FAKE, **settings: Any) -> dict[str, float | None]:
    (row,) = score(samples, reference, protocol=protocol, **settings).rows
    return {each.metric: each.values[0] for each in row.scores}


EXPECTED = {
    "pytorch-fid": ["FID"],
    "clean-fid": ["FID", "KID"],
    "clean-fid-legacy-pytorch": ["FID", "KID"],
    "clean-fid-legacy-tensorflow": ["FID", "KID"],
    "adm": ["IS", "FID", "sFID", "P", "R"],
    "edm": ["FID"],
    "edm2": ["FID", "FD-DINOv2"],
    "stylegan3": ["FID", "KID", "IS"],
    "dgm-eval": ["FD-DINOv2", "P", "R", "D", "C"],
    "cmmd": ["CMMD"],
    "clip-fid": ["CLIP-FID"],
}


@pytest.mark.parametrize("name", EXPECTED)
def test_numbers_have_the_names_of_the_tool(name: str) -> None:
    assert list(values(name)) == EXPECTED[name]


def test_the_numbers_of_adm_are_those_of_the_metrics_on_their_networks() -> None:
    found = values("adm")
    real, fake = rows("inception", REAL), rows("inception", FAKE)
    assert found["FID"] == pytest.approx(METRICS["fid"](real, fake), rel=1e-9)
    spatial = METRICS["fid"](rows("inception_spatial", REAL), rows("inception_spatial", FAKE))
    assert found["sFID"] == pytest.approx(spatial, rel=1e-9)
    assert found["P"] == METRICS["precision"](real, fake, k=3)
    assert found["R"] == METRICS["recall"](real, fake, k=3)
    assert found["IS"] == pytest.approx(METRICS["inception_score"](posteriors("inception", FAKE)), rel=1e-12)


def test_statistics_in_the_file_win_over_its_images_each_where_adm_uses_them(tmp_path: Path) -> None:
    others = photos(70, 3)
    path = tmp_path / "VIRTUAL_some.npz"
    spatial = moments(rows("inception_spatial", others), ("mu_s", "sigma_s"))
    np.savez(path, arr_0=REAL, **moments(rows("inception", others)), **spatial)
    found, of_images = values("adm", path), values("adm")
    assert found["FID"] == pytest.approx(METRICS["fid"](rows("inception", others), rows("inception", FAKE)), rel=1e-9)
    expected = METRICS["fid"](rows("inception_spatial", others), rows("inception_spatial", FAKE))
    assert found["sFID"] == pytest.approx(expected, rel=1e-9)
    assert {each: found[each] for each in ("IS", "P", "R")} == {each: of_images[each] for each in ("IS", "P", "R")}


def test_statistics_alone_are_not_enough_where_the_tool_needs_images(tmp_path: Path) -> None:
    path = tmp_path / "statistics.npz"
    np.savez(path, **moments(rows("inception", REAL)), **moments(rows("inception_spatial", REAL), ("mu_s", "sigma_s")))
    with pytest.raises(BadInput, match="P of protocol adm needs the reference's images, and it holds a mean"):
        values("adm", path)
    assert list(values("adm", path, metrics="FID,sFID,IS")) == ["IS", "FID", "sFID"]
    with pytest.raises(BadInput, match="needs the reference's images"):
        values("torch-fidelity", path)


def test_a_file_with_mu_and_without_mu_s_has_not_what_sfid_needs(tmp_path: Path) -> None:
    path = tmp_path / "half.npz"
    np.savez(path, arr_0=REAL, **moments(rows("inception", REAL)))
    with pytest.raises(BadInput, match="sFID of protocol adm needs statistics mu_s; its file has mu"):
        values("adm", path)


def test_what_a_tool_skips_is_skipped_and_said(tmp_path: Path) -> None:
    np.savez(tmp_path / "a.npz", **moments(rows("inception_clean", REAL)))
    report = score(FAKE, tmp_path / "a.npz", protocol="clean-fid")
    assert [each.metric for each in report.rows[0].scores] == ["FID"]
    assert any("KID of clean-fid needs the reference's images" in note for note in report.notes)
    with pytest.raises(BadInput, match="KID of protocol clean-fid needs"):
        values("clean-fid", tmp_path / "a.npz", metrics=["KID"])


def test_a_pickle_of_edm2_serves_both_of_its_numbers(tmp_path: Path) -> None:
    import pickle

    path = tmp_path / "img64.pkl"
    content = {"fid": moments(rows("inception", REAL)), "fd_dinov2": moments(rows("dinov2_edm2", REAL))}
    path.write_bytes(pickle.dumps(content))
    assert values("edm2", path) == pytest.approx(values("edm2"), rel=1e-9)
    path.write_bytes(pickle.dumps({"fid": content["fid"]}))
    assert list(values("edm2", path)) == ["FID"]


def test_stylegan3_divides_covariances_by_n() -> None:
    real, fake = (rows("inception", each).double().numpy() for each in (REAL, FAKE))
    expected = frechet_distance(
        real.mean(0), np.cov(real, rowvar=False, ddof=0), fake.mean(0), np.cov(fake, rowvar=False, ddof=0)
    )
    assert values("stylegan3")["FID"] == pytest.approx(expected, rel=1e-9)
    assert values("edm")["FID"] != pytest.approx(expected, rel=1e-4)


def test_stylegan3_takes_the_covariance_of_a_file_as_it_is(tmp_path: Path) -> None:
    real = rows("inception", REAL).double().numpy()
    np.savez(tmp_path / "a.npz", mu=real.mean(0), sigma=np.cov(real, rowvar=False, ddof=0))
    assert values("stylegan3", tmp_path / "a.npz")["FID"] == pytest.approx(values("stylegan3")["FID"], rel=1e-9)


def test_kid_of_unequal_sets_takes_subsets_of_the_smaller() -> None:
    real, fake = rows("inception_clean", REAL), rows("inception_clean", FAKE)
    assert kid_of_smaller(real, fake) == pytest.approx(float(kid_scores(real, fake, size=50).mean()), rel=1e-12)
    assert kid_of_smaller(real[:50], fake) == pytest.approx(METRICS["kid"](real[:50], fake), rel=1e-6)


def test_parts_of_the_inception_score_come_in_order_and_the_last_is_short() -> None:
    p = torch.softmax(torch.randn(13, 4, dtype=torch.float64, generator=torch.Generator().manual_seed(0)), 1)
    parts = [inception_scores_by_split(each, 1)[0] for each in (p[:5], p[5:10], p[10:])]
    assert inception_score_of_parts(p, part=5) == pytest.approx(np.mean(parts), rel=1e-12)
    assert inception_score_of_parts(p, part=5) != pytest.approx(inception_score_of_parts(p.flip(0), part=5), rel=1e-6)


def test_divisors_of_equal_sets_cancel_only_in_part() -> None:
    x = torch.randn(30, 3, dtype=torch.float64, generator=torch.Generator().manual_seed(1))
    assert frechet_population(x, x) == pytest.approx(0, abs=1e-12)
    assert frechet_population(x, 2 * x) == pytest.approx(
        float(x.mean(0).square().sum() + x.var(0, correction=0).sum()), rel=1e-9
    )


def test_dgm_eval_compares_equal_numbers_for_neighbours_alone() -> None:
    report = score(FAKE, REAL, protocol="dgm-eval")
    sizes = {each.metric: (each.n_real, each.n_fake) for each in report.rows[0].scores}
    assert sizes == {"FD-DINOv2": (60, 50), **dict.fromkeys("PRDC", (50, 50))}


def test_features_of_another_network_contradict_a_protocol() -> None:
    with pytest.raises(
        BadInput, match="protocol pytorch-fid takes features inception_pytorch_fid, got --features dino"
    ):
        values("pytorch-fid", features="dinov2")
    assert list(values("pytorch-fid", features="inception_pytorch_fid")) == ["FID"]


def test_a_name_that_is_no_protocol_or_no_number_of_it_gets_the_nearest() -> None:
    with pytest.raises(UnknownName, match="did you mean 'clean-fid'"):
        values("cleanfid")
    with pytest.raises(UnknownName, match="unknown number of protocol adm 'FD-DINOv2'"):
        values("adm", metrics="FD-DINOv2")


def test_samples_that_are_features_are_refused() -> None:
    with pytest.raises(BadInput, match="protocol adm takes images, and an array in memory holds features"):
        values("adm", samples=np.zeros((9, 4), np.float32))


def test_one_file_of_weights_is_not_enough_for_two_networks() -> None:
    with pytest.raises(BadInput, match="name one for each: inception=FILE, dinov2=FILE"):
        values("edm2", options=Options(weights="some.pth"))


def test_every_protocol_is_in_the_documentation_and_says_which_features_there_are() -> None:
    page = (Path(__file__).parents[2] / "docs" / "protocols.md").read_text()
    for name, protocol in PROTOCOLS.items():
        assert f"| `{name}` |" in page
        assert {each.features for each in protocol.numbers} <= set(extractors.EXTRACTORS)


def test_a_set_is_read_once_for_all_numbers_of_one_network(networks: list[str]) -> None:
    calls: list[str] = []
    score(FAKE, REAL, protocol="adm", options=Options(progress=lambda name, done, count: calls.append(name)))
    assert networks == ["inception", "inception_spatial"]
    assert calls.count("an array in memory") <= 2 * 2 * 2  # two sets, two networks, a call at the end of each


def test_several_sets_controls_and_intervals_stand_in_one_table() -> None:
    more = photos(110, 5)
    options = Options(controls=True, intervals=True)
    report = score([FAKE, more], REAL, protocol="adm", metrics="FID,sFID", options=options)
    assert [[each.metric for each in row.scores] for row in report.rows] == [["FID", "sFID"]] * len(report.rows)
    assert len(report.rows) > 4
    assert report.rows[1].intervals[1] is not None


@pytest.fixture
def typed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.chdir(tmp_path)
    folder_of(REAL, Path("real"))
    folder_of(FAKE, Path("gen"))
    return lambda *words: CliRunner().invoke(main, ["score", "gen", "--reference", "real", "--no-cache", *words])


def test_the_command_prints_the_sentence_to_paste(typed: Any) -> None:
    result = typed("--as", "adm")
    assert result.exit_code == 0, result.stderr
    assert "as adm: the evaluator of guided-diffusion (ADM; Dhariwal and Nichol, 2021)" in result.stdout
    text = " ".join(result.stdout.split())
    assert "IS, FID, sFID, P, R of 50 samples against 60 images of real, following the evaluator of guided" in text
    assert "IS as the mean of parts of 5000 in the order of the samples" in text
    assert "adm takes 50000 samples; numbers of 50 do not compare with published ones" in text


def test_json_keeps_its_form_and_says_whose_numbers_they_are(typed: Any) -> None:
    content = json.loads(typed("--as", "adm", "--format", "json").stdout)
    scores = content["rows"][0]["scores"]
    assert [each["metric"] for each in scores] == EXPECTED["adm"]
    assert content["protocol"]["name"] == "adm"
    facts = {"protocol": "adm", "protocol_version": 1, "metric": "inception_score_splits", "part": 5000}
    assert scores[0]["options"] == facts


@pytest.mark.parametrize(
    "words",
    [("--as", "admm"), ("--as", "adm", "--features", "clip"), ("--as", "adm", "--metrics", "fid")],
)
def test_what_contradicts_is_one_line_and_nothing_is_written(words: tuple[str, ...], typed: Any) -> None:
    result = typed(*words, "--format", "json", "--out", "scores.json")
    assert result.exit_code == 2
    assert len(result.stderr.splitlines()) == 1
    assert not Path("scores.json").exists()
