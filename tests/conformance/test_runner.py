"""The command in processes of its own: misbehaviour is reported and the other claims go on."""

from __future__ import annotations

import json
from xml.etree import ElementTree as ET

import pytest

from ganbench.conformance import output
from ganbench.conformance.claims import selected
from ganbench.conformance.diagnosis import Diagnosis
from ganbench.conformance.evaluate import Finding, evaluate
from ganbench.conformance.implementation import implementation
from ganbench.conformance.runner import Request, run_claims
from ganbench.errors import RequestError
from tests.narrow import narrow
from tests.runs.command import ganbench

MODULE = '''
import os, sys, time
import numpy as np


def erratic(real, fake):
    """Dies of one claim, hangs at the next, prints at the third."""
    if real.shape == (3, 2):
        os._exit(7)
    if real.shape == (2, 1):
        time.sleep(1000)
    print("a remark")
    return 2.0


def reordered(fake, real):
    from ganbench.metrics import METRICS

    return {"score": METRICS["fid"](real, fake), "version": 1}


class Stateful:
    def update(self, real, fake):
        self.kept = real, fake

    def compute(self):
        from ganbench.metrics import METRICS

        return METRICS["fid"](*self.kept)


NUMBER = 3
'''

ADAPTER = """
def adapt(cls):
    def score(real, fake):
        metric = cls()
        metric.update(real, fake)
        return metric.compute()

    return score
"""


@pytest.fixture
def theirs(tmp_path):
    path = tmp_path / "theirs.py"
    path.write_text(MODULE)
    return path


def checked(where, *arguments):
    return ganbench("check", "--metric", "fid", "--implementation", str(where), *arguments)


@pytest.mark.slow
def test_dying_hanging_and_printing_stop_no_other_claim(theirs):
    claims = selected(["fid"], ["singular", "population-covariance", "diagonal"])
    died_before, singular, hung = list(run_claims(claims, Request(f"{theirs}:erratic", timeout=5)))
    assert (died_before.id, died_before.verdict, died_before.printed) == ("fid/diagonal", "passed", "a remark")
    assert "exit code 7" in singular.message
    assert "no answer within 5 s" in hung.message


@pytest.mark.slow
def test_order_and_returns_reach_the_implementation(theirs):
    result = checked(f"{theirs}:reordered", "--order", "fake,real", "--returns", "score", "--select", "unequal-counts")
    assert result.exit_code == 0, result.output
    assert "1 passed" in result.output


def test_a_class_with_update_and_compute_goes_through_an_adapter(theirs, tmp_path):
    with pytest.raises(RequestError, match="--adapter"):
        implementation(f"{theirs}:Stateful", (), "", "")
    adapter = tmp_path / "adapter.py"
    adapter.write_text(ADAPTER)
    adapted = implementation(f"{theirs}:Stateful", (), "", str(adapter))
    assert evaluate(selected(["fid"], ["diagonal"])[0], adapted).verdict == "passed"
    with pytest.raises(RequestError, match="adapt"):
        implementation(f"{theirs}:Stateful", (), "", str(theirs))


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--metric", "fyd"], "'fid'"),
        (["--metric", "fid", "--select", "nothing"], "no claim matches"),
        (["--fail-on", "values"], "'value'"),
        (["--reproduce", ".", "--format", "sarif"], "goes with claims"),
        (["--order", "fake,real"], "describe an --implementation"),
        (["--implementation", "a:b"], "one --metric"),
        (["--results", "."], "go together"),
        (["--peers", "--reproduce", "."], "give one of"),
        (["--replay", "."], "--replay is now --reproduce"),
    ],
)
def test_a_wrong_request_is_one_line_and_exit_code_2(arguments, words):
    result = ganbench("check", *arguments)
    assert result.exit_code == 2
    assert words in result.stderr
    assert result.stderr.count("\n") == 1


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("theirs.py:NUMBER", "expected a callable, got int"),
        ("theirs.py:reorderd", "'reordered'"),
        ("absent.py:f", "No such file"),
        ("broken.py:f", "ZeroDivisionError"),
        ("leaves.py:f", "SystemExit"),
        ("of_0_1.py:f", "ganbench.check is called ganbench.conformance now"),
        ("theirs.py", "package.module:function"),
    ],
)
def test_what_cannot_be_imported_or_called_is_named(theirs, name, words):
    (theirs.parent / "broken.py").write_text("1 / 0")
    (theirs.parent / "leaves.py").write_text("raise SystemExit(3)")
    (theirs.parent / "of_0_1.py").write_text("from ganbench.check.pytest import conformance")
    with pytest.raises(RequestError, match=words):
        implementation(str(theirs.parent / name), (), "", "")


@pytest.mark.slow
def test_an_implementation_that_is_not_there_leaves_with_exit_code_2():
    result = ganbench("check", "--metric", "fid", "--implementation", "no_such_package:fid")
    assert result.exit_code == 2
    assert "ModuleNotFoundError" in result.stderr


FINDINGS = [
    Finding("fid/a", "fid", "right", "passed", "value", 1.0, 1.0, printed="noise \x00"),
    Finding("fid/b", "fid", "wrong | 100%", "failed", "value", 2.0, 3.0, diagnosis="swapped | exchanged"),
    Finding("kid/c", "kid", "other", "convention", "convention", 2.0, 3.0, diagnosis="ddof 0"),
    Finding("kid/d", "kid", "takes k", "skipped", message="takes no k"),
]
REASON = Diagnosis("fid", "arguments swapped", 1, 1, "fid/b: expected 2, got 3", ("fid/b",))
OUTCOME = output.Outcome(FINDINGS, [REASON])


def test_junit_counts_and_names_every_case():
    suite = narrow(ET.fromstring(output.as_junit(OUTCOME)).find("testsuite"), ET.Element)  # noqa: S314 - our own text
    assert {k: suite.attrib[k] for k in ("tests", "failures", "errors", "skipped")} == {
        "tests": "4",
        "failures": "1",
        "errors": "0",
        "skipped": "1",
    }
    assert [case.attrib["name"] for case in suite] == ["a", "b", "c", "d"]
    assert narrow(suite[1].find("failure"), ET.Element).attrib["message"] == FINDINGS[1].line
    assert narrow(suite[3].find("skipped"), ET.Element).attrib["message"] == "takes no k"


def test_annotations_are_escaped_and_graded():
    lines = output.as_github(OUTCOME).splitlines()
    assert lines[0].startswith("::error title=fid/b::")
    assert "100%25" in lines[0]
    assert lines[1].startswith("::warning title=kid/c::")
    assert "most likely arguments swapped" in lines[2]
    assert len(lines) == 4


def test_the_reason_is_said_once_and_first_and_claims_carry_no_guesses():
    lines = output.as_text(OUTCOME).splitlines()
    assert lines[0] == "most likely arguments swapped: explains 1 of 1 (fid/b: expected 2, got 3)"
    assert lines[1] == "VALUE       fid/b: wrong | 100%: expected 2, got 3"
    assert lines[2] == "convention  ddof 0: c"
    assert lines[3] == "skipped     takes no k: d"
    assert lines[-1] == (
        "4 claims about 2 metrics: 1 passed, 1 wrong values, 1 conventions, 1 skipped; "
        "does not pass (value and invariance counted)"
    )
    assert "fid/a" not in output.as_text(OUTCOME)


def test_without_a_reason_that_is_said_instead_of_a_guess():
    assert output.as_text(output.Outcome(FINDINGS)).splitlines()[0] == "no known mistake explains the wrong numbers"


def test_verbose_text_and_markdown_show_what_each_claim_said():
    assert "noise" in output.as_text(OUTCOME, True)
    assert "swapped \\| exchanged" in output.as_markdown(OUTCOME)


def test_json_holds_every_finding_the_reasons_and_whether_it_passed():
    content = json.loads(output.as_json(OUTCOME))
    assert content["passed"] is False
    assert [finding["verdict"] for finding in content["findings"]] == ["passed", "failed", "convention", "skipped"]
    assert [finding["level"] for finding in content["findings"]] == ["value", "value", "convention", "value"]
    assert content["diagnoses"][0]["explains"] == 1
    assert json.loads(output.as_json(output.Outcome(FINDINGS[:1])))["passed"] is True


def test_levels_that_are_not_counted_do_not_fail():
    mild = [FINDINGS[0], *FINDINGS[2:]]
    assert output.Outcome(mild).passed
    assert not output.Outcome(mild, fail_on=("convention",)).passed
    assert output.Outcome(FINDINGS, fail_on=("numerics",)).passed


def test_skipped_claims_alone_are_no_pass():
    assert not output.Outcome(FINDINGS[3:]).passed
    assert output.Outcome([FINDINGS[0], FINDINGS[3]]).passed


def test_sarif_has_a_rule_and_a_result_for_every_fault():
    (run,) = json.loads(output.as_sarif(OUTCOME))["runs"]
    rules = run["tool"]["driver"]["rules"]
    assert [rule["id"] for rule in rules] == ["fid/b", "kid/c"]
    assert [(r["ruleId"], rules[r["ruleIndex"]]["id"], r["level"]) for r in run["results"]] == [
        ("fid/b", "fid/b", "error"),
        ("kid/c", "kid/c", "note"),
    ]
    assert "most likely" in run["invocations"][0]["toolExecutionNotifications"][0]["message"]["text"]


@pytest.mark.slow
def test_failures_exit_with_1_and_junit_is_written(theirs, tmp_path):
    report = tmp_path / "report.xml"
    result = checked(f"{theirs}:erratic", "--select", "mean-only", "--junit", str(report))
    assert result.exit_code == 1
    assert ET.parse(report).getroot().attrib["failures"] == "1"  # noqa: S314 - our own text
