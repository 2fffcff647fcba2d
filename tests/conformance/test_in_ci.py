"""In continuous integration: the example's commands exist, and reports are what their readers expect."""

from __future__ import annotations

import re
import shlex
from dataclasses import replace
from pathlib import Path

import pytest

from ganbench.cli.check import check
from ganbench.cli.main import main
from ganbench.conformance import output
from ganbench.conformance.claims import selected
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
    rest = {claim.id.split("/")[1] for claim in selected(["recall"])}
    assert set(re.findall(r"--skip ([\w-]+)", PAGE)) <= rest
    named = narrow(re.search(r"`fid/([\w-]+)`", PAGE), re.Match)[1]
    assert named in {claim.id.split("/")[1] for claim in selected(["fid"])}


def schema():
    return pytest.importorskip("xmlschema").XMLSchema(str(SCHEMA))


def test_junit_is_valid_whatever_an_implementation_says():
    nasty = replace(FINDINGS[1], trace='line <one> & "two"\n\x00\x1b[31m]]>', printed="\x07é\U0001f600 ]]>", says="<&>")
    for findings in (FINDINGS, [], [nasty], [replace(FINDINGS[0], verdict="global_rng", message="draws")]):
        schema().validate(output.as_junit(findings))


def test_the_schema_rejects_what_is_no_junit():
    good = output.as_junit(FINDINGS)
    for wrong in (good.replace('tests="4"', 'tests="four"'), good.replace("<skipped", "<missed")):
        assert wrong != good
        assert not schema().is_valid(wrong.replace("</skipped", "</missed") if "<missed" in wrong else wrong)


def test_every_wrong_verdict_is_annotated_on_one_line():
    many = [
        replace(FINDINGS[1], id=f"fid/{verdict}", verdict=verdict, message="a\nb, c::d") for verdict in output.WRONG
    ]
    lines = output.as_github(many).splitlines()
    assert len(lines) == len(many) + 1
    for line in lines:
        assert re.fullmatch(r"::(error|warning|notice) title=[^:,]+::[^\n]*", line)
