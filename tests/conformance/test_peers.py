"""The comparison of other libraries: of fake ones here, of the libraries themselves where they are installed."""

from __future__ import annotations

import ast
import json
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest

import ganbench.conformance
from ganbench.conformance import adapters, formulas, peers, runner
from ganbench.conformance.adapters import PEERS, Peer
from ganbench.conformance.claims import selected
from ganbench.conformance.diagnosis import examine
from ganbench.conformance.evaluate import evaluate
from ganbench.conformance.implementation import Implementation, NotApplicable
from ganbench.errors import Missing
from ganbench.metrics import METRICS
from tests.runs.command import ganbench as command

FOLDER = Path(adapters.__file__).parent
EASY = ["mean-only", "spread-only", "diagonal", "not-commuting", "unequal-counts"]


@pytest.mark.parametrize("peer", PEERS, ids=lambda peer: peer.name)
def test_every_adapter_has_a_function_for_every_metric_that_it_names(peer):
    tree = ast.parse((FOLDER / f"{peer.module}.py").read_text(encoding="utf-8"))
    defined = {
        node.name: [argument.arg for argument in node.args.args]
        for node in tree.body
        if isinstance(node, ast.FunctionDef)
    }
    for metric in peer.metrics:
        needs = list(METRICS[metric].spec.needs)
        assert defined[metric][: len(needs)] == needs


@pytest.mark.filterwarnings("ignore")  # the libraries' own
@pytest.mark.parametrize("peer", PEERS, ids=lambda peer: peer.name)
def test_an_installed_library_gets_the_plainest_claims_right(peer):
    if not peer.version or not find_spec(peer.name.replace("clean-fid", "cleanfid").replace("-", "_")):
        pytest.skip(f"{peer.name} is not installed")
    easy = {"fid": "mean-only", "kid": "by-hand", "precision": "line", "recall": "line", "density": "itself"}
    for metric in set(peer.metrics) & set(easy):
        finding = evaluate(selected([metric], [easy[metric]])[0], Implementation(peer.function(metric)))
        assert finding.verdict in {"passed", "global_rng", "convention"}, finding.line


def fake_runner(functions):
    def run_claims(claims, request):
        for claim in claims:
            yield evaluate(claim, Implementation(functions[request.peer][claim.metric]))

    return run_claims


def strict(real, fake, k=3):
    return formulas.balls(real, fake, metric="precision", k=k, strict=True)


@pytest.fixture
def made(monkeypatch):
    def half(real, fake):
        return METRICS["fid"](real, fake) / 2

    def drawing(real, fake):
        np.random.rand()  # noqa: NPY002 - that is its fault
        return METRICS["fid"](real, fake)

    functions = {"numpy": {"fid": half, "precision": strict}, "scipy": {"fid": drawing}}
    monkeypatch.setattr(peers, "run_claims", fake_runner(functions))
    claims = selected(["fid", "precision"], ["diagonal", "mean-only", "equal-rows", "line", "too-few", "one-row"])
    fake_peers = (
        Peer("numpy", "x", ("fid", "precision")),
        Peer("scipy", "y", ("fid",)),
        Peer("no-such-thing", "z", ("fid",)),
    )
    return peers.compare(claims, 60.0, fake_peers)


def test_the_table_tells_faults_conventions_and_global_state_apart(made):
    text = peers.table(made)
    assert "| numpy | fid | 3 | 1 | 2 | 0 | 0 | 0 | 0 | 0 | no |" in text
    assert "| numpy | precision | 3 | 2 | 0 | 0 | 0 | 0 | 1 | 0 | yes |" in text
    assert "| scipy | fid | 3 | 0 | 0 | 0 | 0 | 0 | 3 | 0 | yes |" in text
    assert "| **12.5** | 25 (g) |" in text
    assert "| 1 | *0* |" in text
    assert "| convention | a ball without its border (strict comparison) |" in text
    assert "| value | half of the right number | 0.5 | mean-only, diagonal |" in text
    assert "Left out: no-such-thing (it is not installed)" in text


def test_a_comparison_is_written_as_table_and_records(made, tmp_path):
    paths = peers.save(made, tmp_path / "new")
    assert [path.name for path in paths] == ["table.md", "findings.json"]
    content = json.loads(paths[1].read_text())
    assert content["versions"]["numpy"] == np.__version__
    assert {finding["verdict"] for finding in content["findings"]} == {"passed", "failed", "convention", "global_rng"}
    assert all("seconds" not in finding for finding in content["findings"])
    before = paths[0].read_text()
    peers.save(made, tmp_path / "new")
    assert paths[0].read_text() == before


def test_a_library_whose_import_fails_is_missing_and_says_why(monkeypatch):
    monkeypatch.setattr(Peer, "version", "1.0")

    def broken(claims, request):
        raise Missing("its import fails: ImportError: no torch")
        yield

    monkeypatch.setattr(peers, "run_claims", broken)
    made = peers.compare(selected(["fid"]), 60.0, PEERS[:1])
    assert made.skipped == {"pytorch-fid": "its import fails: ImportError: no torch"}


@pytest.mark.slow
def test_the_command_says_what_is_left_out(tmp_path, monkeypatch):
    monkeypatch.setattr(peers, "compare", lambda *_: peers.Comparison({}, {"piq": "it is not installed"}, ()))
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
        list(runner.run_claims(selected(["fid"], ["mean-only"]), runner.Request(peer=absent[0])))


def test_adapters_load_no_library_before_a_function_is_wanted():
    code = "import sys, ganbench.conformance.adapters; print([m for m in ('torch', 'piq', 'prdc') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)  # noqa: S603
    assert done.stdout.strip() == "[]"


def test_logits_give_the_posteriors_back_and_what_has_none_is_skipped():
    from ganbench.conformance.adapters.arrays import logits

    rows = np.array([[0.5, 0.25, 0.25], [1.0, 0.0, 0.0]])
    np.testing.assert_allclose(logits(rows).softmax(1).numpy(), rows, atol=1e-15)
    with pytest.raises(NotApplicable, match="logits"):
        logits(np.array([[0.9, 0.4]]))


def test_the_committed_comparison_is_about_todays_claims():
    folder = Path(ganbench.conformance.__file__).parents[2] / "results" / "peers"
    content = json.loads((folder / "findings.json").read_text(encoding="utf-8"))
    known = {claim.id: claim for claim in selected([])}
    for finding in content["findings"]:
        claim = known[finding["id"]]
        assert finding["says"] == claim.says
        assert claim.kind != "value" or finding["expected"] in {claim.expect, None}
    table = (folder / "table.md").read_text(encoding="utf-8")
    assert all(f"{peer.name} {content['versions'][peer.name]}" in table for peer in PEERS)


def findings_of(metric, function, select=()):
    """Examine an implementation by the value claims about its metric, or by some of them."""
    claims = [claim for claim in selected([metric], select, skip=["slow"]) if claim.kind == "value"]
    raw = [evaluate(claim, Implementation(function)) for claim in claims]
    return {finding.id: finding for finding in examine(raw)[0]}


def test_a_mistake_that_another_claim_refutes_explains_nothing():
    # Twice the right number at one claim only: elsewhere the number is right, so it is not doubled.
    def sometimes(real, fake):
        return METRICS["fid"](real, fake) * (2 if len(real) == 8 else 1)

    wrong = findings_of("fid", sometimes, EASY)["fid/unequal-counts"]
    assert (wrong.verdict, wrong.diagnosis) == ("failed", "")


def test_a_mistake_that_fits_everywhere_stays_the_diagnosis():
    findings = findings_of("precision", strict, ["line", "second-neighbour", "equal-rows", "border"])
    assert findings["precision/equal-rows"].verdict == "convention"
    doubled = findings_of("fid", lambda real, fake: 2 * METRICS["fid"](real, fake), EASY)
    assert doubled["fid/mean-only"].diagnosis == "twice the right number"
    assert doubled["fid/diagonal"].diagnosis == "twice the right number"  # and not its square, which is 4 as well


def test_random_subsets_and_shuffled_blocks_are_open_conventions():
    def subset(real, fake):
        size, rng = min(len(real), len(fake)), np.random.default_rng(77)
        return METRICS["kid"](*(x[rng.permutation(len(x))[:size]] for x in (real, fake)))

    def shuffled(p, splits=10):
        return METRICS["inception_score_splits"](p[np.random.default_rng(3).permutation(len(p))], splits=splits)

    assert (
        findings_of("kid", subset, ["by-hand", "unequal-counts", "300-against-400"])["kid/300-against-400"].verdict
        == "convention"
    )
    blocks = findings_of("inception_score_splits", shuffled, ["sorted", "remainder", "ten-blocks"])
    assert blocks["inception_score_splits/sorted"].verdict == "convention"
    assert "shuffled" in blocks["inception_score_splits/ten-blocks"].diagnosis
