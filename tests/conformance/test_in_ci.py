"""In continuous integration: the example's commands exist, and reports are what their readers expect."""

from __future__ import annotations

import json
import re
import shlex
import subprocess
import sys
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path

import pytest

from ganbench.cli.check import check
from ganbench.cli.main import main
from ganbench.conformance import output
from ganbench.conformance.claims import selected
from ganbench.conformance.diagnosis import examine
from ganbench.conformance.evaluate import evaluate
from ganbench.conformance.implementation import implementation
from ganbench.conformance.place import Place, place_of
from tests.conformance.test_runner import FINDINGS
from tests.narrow import narrow

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "ci.md").read_text(encoding="utf-8")
SCHEMA = Path(__file__).with_name("junit.xsd")


def workflow():
    yaml = pytest.importorskip("yaml")
    return yaml.safe_load(narrow(re.search(r"```yaml\n(.*?)```", PAGE, re.S), re.Match)[1])


def commands(text):
    return [shlex.split(line)[1:] for line in text.splitlines() if line.strip().startswith("ganbench ")]


def test_the_example_is_a_workflow_with_steps():
    parsed = workflow()
    assert set(parsed) == {"name", True, "jobs"}  # "on" reads as true
    for job in parsed["jobs"].values():
        assert job["runs-on"]
        assert all(("run" in step) != ("uses" in step) for step in job["steps"])


def test_every_command_of_the_example_is_understood():
    parsed = [
        arguments
        for job in workflow()["jobs"].values()
        for step in job["steps"]
        for arguments in commands(step.get("run", ""))
    ]
    assert len(parsed) == 5
    for name, *arguments in parsed:
        command = main.commands[name]
        _, left_over, _ = command.make_parser(command.context_class(command)).parse_args(arguments)
        assert not left_over


def test_every_option_and_claim_that_the_page_names_exists():
    options = {option for parameter in check.params for option in parameter.opts}
    for line in re.findall(r"ganbench check[^`\n|]*", PAGE):
        assert {word for word in line.split() if word.startswith("--")} <= options | {"--suite"}
    named = narrow(re.search(r"`fid/([\w-]+)`", PAGE), re.Match)[1]
    assert named in {claim.id.split("/")[1] for claim in selected(["fid"])}


def schema():
    return pytest.importorskip("xmlschema").XMLSchema(str(SCHEMA))


def test_junit_is_valid_whatever_an_implementation_says():
    nasty = replace(FINDINGS[1], trace='line <one> & "two"\n\x00\x1b[31m]]>', printed="\x07é\U0001f600 ]]>", says="<&>")
    for findings in (FINDINGS, [], [nasty], [replace(FINDINGS[0], verdict="global_rng", message="draws")]):
        schema().validate(output.as_junit(output.Outcome(findings)))


def test_the_schema_rejects_what_is_no_junit():
    good = output.as_junit(output.Outcome(FINDINGS))
    for wrong in (good.replace('tests="4"', 'tests="four"'), good.replace("<skipped", "<missed")):
        assert wrong != good
        assert not schema().is_valid(wrong.replace("</skipped", "</missed") if "<missed" in wrong else wrong)


def test_every_wrong_verdict_is_annotated_on_one_line():
    many = [
        replace(FINDINGS[1], id=f"fid/{verdict}", verdict=verdict, message="a\nb, c::d") for verdict in output.WRONG
    ]
    lines = output.as_github(output.Outcome(many)).splitlines()
    assert len(lines) == len(many) + 1 + any(finding.level == "value" for finding in many)
    for line in lines:
        assert re.fullmatch(r"::(error|warning|notice) title=[^:,]+::[^\n]*", line)


def test_annotations_and_sarif_point_at_the_implementation(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    package = tmp_path / "a_pkg"
    package.mkdir()
    (package / "__init__.py").write_text("raise RuntimeError('never run here')\n")
    (package / "my metrics.py").write_text("x = 1\n\n\ndef fid(real, fake):\n    return 0\n")
    (package / "kinds.py").write_text("class Score:\n    def fid(self, real, fake):\n        return 0\n")
    monkeypatch.syspath_prepend(tmp_path)
    assert place_of("a_pkg/my metrics.py:fid") == Place("a_pkg/my metrics.py", 4)
    assert place_of("a_pkg.kinds:Score.fid") == Place("a_pkg/kinds.py", 2)
    assert place_of("a_pkg.kinds:made_elsewhere") == Place("a_pkg/kinds.py", 1)
    assert narrow(place_of("numpy:mean"), Place).path.startswith("/")  # outside of the folder
    assert [place_of(each) for each in ("nowhere:f", "sys:exit", "a_pkg.none:f", "none.py:f")] == [None] * 4
    outcome = output.Outcome(FINDINGS, place=Place("a_pkg/my metrics.py", 4))
    assert "file=a_pkg/my metrics.py,line=4,title=" in output.as_github(outcome)
    (run,) = json.loads(output.as_sarif(outcome))["runs"]
    there = run["results"][0]["locations"][0]["physicalLocation"]
    assert there == {"artifactLocation": {"uri": "a_pkg/my%20metrics.py"}, "region": {"startLine": 4}}
    assert output.uri("/a b/c.py") == "file:///a%20b/c.py"


def test_checking_imports_nothing_of_training_and_no_package_beyond_the_base():
    code = """
import sys
from ganbench.cli.check import check
from ganbench.conformance import diagnosis, output, runner
from ganbench.conformance.claims import selected
from ganbench.conformance.diagnosis import examine
from ganbench.conformance.evaluate import evaluate
from ganbench.conformance.implementation import implementation
from ganbench.conformance.evaluate import evaluate
from ganbench.conformance.implementation import ours
some = {"fid": "in-space", "kid": "in-space", "recall": "in-space", "inception_score": "two-rows"}
for metric, claim in some.items():
    assert evaluate(selected([metric], [claim])[0], ours(metric)).verdict == "passed"
print(*sorted({name for name in sys.modules if name.startswith("ganbench.")}))
print(*sorted({name.partition(".")[0] for name in sys.modules}))
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)  # noqa: S603
    own, packages = (set(line.split()) for line in done.stdout.splitlines())
    parts = {name.split(".")[1] for name in own}
    assert parts <= {"_util", "cli", "conformance", "dataset", "errors", "metrics"}, parts
    assert len(own) <= 70, "an import too many: what is checked starts quickly"
    assert not packages & {"matplotlib", "pandas", "torchvision", "rich", "jax", "ot", "prdc", "torchmetrics"}


def test_the_action_passes_only_options_that_exist_and_the_hook_is_our_command():
    yaml = pytest.importorskip("yaml")
    action = yaml.safe_load((ROOT / "action.yml").read_text(encoding="utf-8"))
    *_, step = action["runs"]["steps"]
    options = {option for parameter in check.params for option in parameter.opts}
    assert set(re.findall(r"--[a-z-]+", step["run"])) <= options
    given = set(re.findall(r"inputs\.([a-z-]+)", str(action["runs"])))
    assert given == set(action["inputs"])
    assert action["inputs"]["fail-on"]["default"] == next(p.default for p in check.params if p.name == "fail_on")
    (hook,) = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text(encoding="utf-8"))
    assert (hook["entry"], hook["pass_filenames"]) == ("ganbench check", False)


@pytest.mark.skipif(find_spec("prdc") is None, reason="prdc is not installed")
@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("metric", ["precision", "recall", "density", "coverage"])
def test_the_example_of_the_readme_passes_on_the_library_that_it_names(metric):
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    line = narrow(re.search(r"ganbench check (.*prdc:compute_prdc.*)", readme), re.Match)[1]
    words = shlex.split(line)
    about = {name: words[words.index(f"--{name}") + 1] for name in ("implementation", "order", "returns")}
    theirs = implementation(about["implementation"], about["order"].split(","), metric, "")
    claims = selected([metric], skip=["slow"])
    outcome = output.Outcome(*examine([evaluate(claim, theirs, guess=False) for claim in claims]))
    assert [finding.line for finding in outcome.findings if outcome.counts(finding)] == []
    assert outcome.passed
