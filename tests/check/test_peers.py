"""The report card: told of fakes here, of the libraries themselves where they are installed."""

from __future__ import annotations

import ast
import json
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest

import ganbench.check
from ganbench.check import adapters, jury, peers, plain
from ganbench.check.adapters import PEERS, Peer
from ganbench.check.claims import chosen
from ganbench.check.cross import examined
from ganbench.check.implementation import Implementation, Unaskable
from ganbench.check.judge import judge
from ganbench.errors import Missing
from ganbench.metrics import METRICS
from tests.runs import ganbench as command

FOLDER = Path(adapters.__file__).parent


@pytest.mark.parametrize("peer", PEERS, ids=lambda peer: peer.name)
def test_every_adapter_has_a_function_for_every_metric_that_it_names(peer):
    tree = ast.parse((FOLDER / f"{peer.module}.py").read_text(encoding="utf-8"))
    defined = {
        node.name: [argument.arg for argument in node.args.args]
        for node in tree.body
        if isinstance(node, ast.FunctionDef)
    }
    for metric in peer.metrics:
        needs = list(METRICS[metric].needs)
        assert defined[metric][: len(needs)] == needs


@pytest.mark.parametrize("peer", PEERS, ids=lambda peer: peer.name)
def test_an_installed_library_gets_the_plainest_claims_right(peer):
    if not peer.version or not find_spec(peer.name.replace("clean-fid", "cleanfid").replace("-", "_")):
        pytest.skip(f"{peer.name} is not installed")
    easy = {"fid": "mean-only", "kid": "by-hand", "precision": "line", "recall": "line", "density": "itself"}
    for metric in set(peer.metrics) & set(easy):
        finding = judge(chosen([metric], [easy[metric]])[0], Implementation(peer.function(metric)))
        assert finding.verdict in {"held", "impure", "convention"}, finding.line


def fake_hear(functions):
    def hear(claims, request):
        for claim in claims:
            yield judge(claim, Implementation(functions[request.peer][claim.metric]))

    return hear


def strict(real, fake, k=3):
    return plain.balls(real, fake, metric="precision", k=k, strict=True)


@pytest.fixture
def made(monkeypatch):
    def half(real, fake):
        return METRICS["fid"](real, fake) / 2

    def drawing(real, fake):
        np.random.rand()  # noqa: NPY002 - that is its fault
        return METRICS["fid"](real, fake)

    functions = {"numpy": {"fid": half, "precision": strict}, "scipy": {"fid": drawing}}
    monkeypatch.setattr(peers, "hear", fake_hear(functions))
    claims = chosen(["fid", "precision"], ["diagonal", "mean-only", "equal-rows", "line", "too-few", "one-row"])
    folk = (
        Peer("numpy", "x", ("fid", "precision")),
        Peer("scipy", "y", ("fid",)),
        Peer("no-such-thing", "z", ("fid",)),
    )
    return peers.card(claims, 60.0, folk)


def test_a_card_tells_faults_conventions_and_global_state_apart(made):
    text = peers.table(made)
    assert "| numpy | fid | 3 | 1 | 0 | 0 | 2 | 0 |" in text
    assert "| numpy | precision | 3 | 2 | 0 | 1 | 0 | 0 |" in text
    assert "| scipy | fid | 3 | 0 | 3 | 0 | 0 | 0 |" in text
    assert "| **12.5** | 25 (g) |" in text
    assert "| 1 | *0* |" in text
    assert "| convention | a ball without its border (strict comparison) |" in text
    assert "| failed | half of the right number | 0.5 | mean-only, diagonal |" in text
    assert "Not heard: no-such-thing (it is not installed)" in text


def test_a_card_is_written_as_table_and_records(made, tmp_path):
    paths = peers.save(made, tmp_path / "new")
    assert [path.name for path in paths] == ["table.md", "findings.json"]
    told = json.loads(paths[1].read_text())
    assert told["versions"]["numpy"] == np.__version__
    assert {finding["verdict"] for finding in told["findings"]} == {"held", "failed", "convention", "impure"}
    assert all("seconds" not in finding for finding in told["findings"])
    before = paths[0].read_text()
    peers.save(made, tmp_path / "new")
    assert paths[0].read_text() == before


def test_a_library_whose_import_fails_is_missing_and_says_why(monkeypatch):
    monkeypatch.setattr(Peer, "version", "1.0")

    def broken(claims, request):
        raise Missing("its import fails: ImportError: no torch")
        yield

    monkeypatch.setattr(peers, "hear", broken)
    made = peers.card(chosen(["fid"]), 60.0, PEERS[:1])
    assert made.skipped == {"pytorch-fid": "its import fails: ImportError: no torch"}


@pytest.mark.slow
def test_the_command_says_what_is_left_out(tmp_path, monkeypatch):
    monkeypatch.setattr(peers, "card", lambda *_: peers.Card({}, {"piq": "it is not installed"}, ()))
    result = command("check", "--peers", "--out", str(tmp_path))
    assert result.exit_code == 2
    assert "piq is left out: it is not installed" in result.output
    assert "extra 'peers'" in result.stderr
    assert not list(tmp_path.iterdir())


@pytest.mark.slow
def test_the_process_of_a_peer_that_is_not_there_says_whose_import_fails():
    absent = [peer.name for peer in PEERS if not peer.version]
    if not absent:
        pytest.skip("every peer is installed")
    with pytest.raises(Exception, match="its import fails: ModuleNotFoundError"):
        list(jury.hear(chosen(["fid"], ["mean-only"]), jury.Request(peer=absent[0])))


def test_adapters_load_no_library_before_they_are_asked():
    code = "import sys, ganbench.check.adapters; print([m for m in ('torch', 'piq', 'prdc') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)  # noqa: S603
    assert done.stdout.strip() == "[]"


def test_logits_give_the_posteriors_back_and_nothing_else_is_asked():
    from ganbench.check.adapters.arrays import logits

    rows = np.array([[0.5, 0.25, 0.25], [1.0, 0.0, 0.0]])
    np.testing.assert_allclose(logits(rows).softmax(1).numpy(), rows, atol=1e-15)
    with pytest.raises(Unaskable, match="logits"):
        logits(np.array([[0.9, 0.4]]))


def test_the_committed_card_is_the_one_of_todays_claims():
    folder = Path(ganbench.check.__file__).parents[2] / "results" / "peers"
    told = json.loads((folder / "findings.json").read_text(encoding="utf-8"))
    known = {claim.id: claim for claim in chosen([])}
    for finding in told["findings"]:
        claim = known[finding["id"]]
        assert finding["says"] == claim.says
        assert claim.kind != "value" or finding["expected"] in {claim.expect, None}
    table = (folder / "table.md").read_text(encoding="utf-8")
    assert all(f"{peer.name} {told['versions'][peer.name]}" in table for peer in PEERS)


def findings_of(metric, function):
    claims = [claim for claim in chosen([metric], skip=["slow"]) if claim.kind == "value"]
    return {finding.id: finding for finding in examined([judge(claim, Implementation(function)) for claim in claims])}


def test_a_mistake_that_another_claim_refutes_explains_nothing():
    # Twice the right number at one claim only: elsewhere the number is right, so it is not doubled.
    def sometimes(real, fake):
        return METRICS["fid"](real, fake) * (2 if len(real) == 8 else 1)

    wrong = findings_of("fid", sometimes)["fid/unequal-counts"]
    assert (wrong.verdict, wrong.diagnosis) == ("failed", "")


def test_a_mistake_that_fits_everywhere_stays_the_diagnosis():
    found = findings_of("precision", strict)
    assert found["precision/equal-rows"].verdict == "convention"
    doubled = findings_of("fid", lambda real, fake: 2 * METRICS["fid"](real, fake))
    assert doubled["fid/mean-only"].diagnosis == "twice the right number"
    assert doubled["fid/diagonal"].diagnosis == "twice the right number"  # and not its square, which is 4 as well


def test_random_subsets_and_shuffled_blocks_are_open_conventions():
    def subset(real, fake):
        size, rng = min(len(real), len(fake)), np.random.default_rng(77)
        return METRICS["kid"](*(cloud[rng.permutation(len(cloud))[:size]] for cloud in (real, fake)))

    def shuffled(p, splits=10):
        return METRICS["inception_score_splits"](p[np.random.default_rng(3).permutation(len(p))], splits=splits)

    assert findings_of("kid", subset)["kid/300-against-400"].verdict == "convention"
    blocks = findings_of("inception_score_splits", shuffled)
    assert blocks["inception_score_splits/sorted"].verdict == "convention"
    assert "shuffled" in blocks["inception_score_splits/ten-blocks"].diagnosis
