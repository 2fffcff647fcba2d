from __future__ import annotations

from math import isfinite

import pytest

from ganbench.errors import BadInput, UnknownName
from ganbench.notes import ledger as module
from ganbench.notes.base import Findings
from ganbench.notes.ledger import EVIDENCE, LEDGER, Reproduction, beside, ledger, number


@pytest.fixture
def other(tmp_path, monkeypatch):
    """A ledger that a test may spoil."""

    def write(text):
        path = tmp_path / "published.csv"
        path.write_text(text)
        monkeypatch.setattr(module, "LEDGER", path)
        ledger.cache_clear()

    yield write
    monkeypatch.undo()
    ledger.cache_clear()


def test_every_row_says_who_measured_what_and_where_it_was_read():
    assert len(ledger()) > 300
    for row in ledger().values():
        assert row.paper
        assert row.data
        assert row.method
        assert row.metric
        assert row.source
        assert row.evidence in EVIDENCE
        assert isfinite(row.value)
        assert row.key == row.key.lower()
        assert row.key.count("/") == 3


def test_a_spread_is_never_without_its_meaning_and_a_meaning_never_without_a_spread():
    for row in ledger().values():
        assert (row.spread is None) == (row.spread_means == ""), row.key
        assert row.spread is None or row.spread >= 0


@pytest.mark.parametrize(
    ("key", "value", "spread", "means", "runs", "n"),
    [
        ("pacgan/grid25/gan/modes-captured", 17.3, 0.8, "standard error", 10, 2500),
        ("pacgan/grid25/pacgan2/reverse-kl-of-high-quality-samples", 0.13, 0.04, "standard error", 10, 2500),
        ("veegan/grid25/ali/high-quality", 1.6, None, "", 5, 2500),
        ("pacgan/stacked-mnist-discriminator-a-quarter/pacdcgan4/kl", 1.81, 0.15, "standard error", 50, 25600),
        ("lucic/cifar-10/wgan/fid", 55.2, 2.3, "standard deviation over seeds of the best configuration", 50, 10000),
        ("theis/mnist/k-means/parzen-log-likelihood-nats", 313, None, "", None, None),
        ("f-gan/gaussian/jeffrey/mu-learned", 1.2295, None, "", None, None),
    ],
)
def test_numbers_are_those_of_the_papers(key, value, spread, means, runs, n):
    row = number(key)
    assert (row.value, row.spread, row.spread_means, row.runs, row.n) == (value, spread, means, runs, n)


def test_random_architectures_add_up_to_two_hundred():
    for level in (1, 3, 5, 7, 9):
        rows = [row for row in ledger().values() if row.key.endswith(f"is-over-{level}")]
        assert len(rows) == 4
        assert sum(row.value for row in rows) == 200


def test_relations_that_published_numbers_obey():
    # Jeffrey's divergence is the sum of both directions, so its minimum is at least the sum of the two minima.
    least = {row.method: row.value for row in ledger().values() if row.key.endswith("least-divergence")}
    assert least["Jeffrey"] > least["KL"] + least["reverse KL"]
    captured = [row for row in ledger().values() if row.metric == "modes captured"]
    most = {"ring8": 8, "grid25": 25, "1200-D mixture": 10, "4 stacked MNIST": 10_000}
    assert all(0 <= row.value <= most.get(row.data, 1000) for row in captured)
    assert all(0 <= row.value <= 100 for row in ledger().values() if row.metric.endswith("%"))


def test_the_kind_of_a_missing_protocol_field_is_empty_not_zero():
    assert not any(0 in (row.runs, row.n, row.splits) for row in ledger().values())


def test_an_unknown_number_names_the_nearest():
    with pytest.raises(UnknownName, match="pacgan/grid25/gan/modes-captured"):
        number("pacgan/grid25/gan/modes-captive")


def test_published_and_measured_stand_side_by_side():
    measured = Findings({"modes": (18.0, 20.0, 19.0), "exact": (4.0,)})
    likelihood = "theis/mnist/gan/parzen-log-likelihood-nats"
    pairs = [
        Reproduction("pacgan/grid25/gan/modes-captured", "modes", "fewer steps"),
        Reproduction(likelihood, "exact", "none"),
    ]
    matrix = beside(pairs, measured)
    assert matrix.rows == ("GAN, grid25, modes captured", "GAN, MNIST, Parzen log-likelihood, nats")
    assert matrix.cells[0][0] == "17.3 ± 0.8 (standard error)"
    source = "Lin et al., 2018 (PacGAN), Table 1"
    assert matrix.cells[0][1:] == ("10 runs", source, "19.0 ± 2.5", "3 runs", "fewer steps")
    assert matrix.cells[1][0] == "225"
    assert matrix.cells[1][1] == "runs not said"
    assert matrix.cells[1][3:5] == ("4", "1 run")


def test_a_spoilt_ledger_is_refused(other):
    lines = LEDGER.read_text().splitlines()
    other("\n".join([lines[0].replace("paper", "papers"), lines[1]]))
    with pytest.raises(BadInput, match="expected the columns key, paper"):
        ledger()
    other("\n".join([lines[0], lines[1], lines[1]]))
    with pytest.raises(BadInput, match="each key once"):
        ledger()
    other("\n".join([lines[0], lines[1].replace(",5,2500,", ",five,2500,")]))
    with pytest.raises(BadInput, match="five"):
        ledger()
