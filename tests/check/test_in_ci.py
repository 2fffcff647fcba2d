"""In continuous integration: the example's commands exist, and reports are what their readers expect."""

from __future__ import annotations

import re
import shlex
from dataclasses import replace
from pathlib import Path

import pytest

from ganbench.check import output
from ganbench.check.claims import chosen
from ganbench.check_command import check
from ganbench.cli import main
from tests.check.test_jury import FINDINGS

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "ci.md").read_text(encoding="utf-8")
SCHEMA = Path(__file__).with_name("junit.xsd")


def workflow():
    yaml = pytest.importorskip("yaml")
    return yaml.safe_load(re.search(r"```yaml\n(.*?)```", PAGE, re.S)[1])


def commands(text):
    return [shlex.split(line)[1:] for line in text.splitlines() if line.strip().startswith("ganbench ")]


def test_the_example_is_a_workflow_with_steps():
    parsed = workflow()
    assert set(parsed) == {"name", True, "jobs"}  # "on" reads as true
    for job in parsed["jobs"].values():
        assert job["runs-on"]
        assert all(("run" in step) != ("uses" in step) for step in job["steps"])


def test_every_command_of_the_example_is_understood():
    found = [
        arguments
        for job in workflow()["jobs"].values()
        for step in job["steps"]
        for arguments in commands(step.get("run", ""))
    ]
    assert len(found) == 5
    for name, *arguments in found:
        command = main.commands[name]
        _, left_over, _ = command.make_parser(command.context_class(command)).parse_args(arguments)
        assert not left_over


def test_every_option_and_claim_that_the_page_names_exists():
    options = {option for parameter in check.params for option in parameter.opts}
    for line in re.findall(r"ganbench check[^`\n|]*", PAGE):
        assert {word for word in line.split() if word.startswith("--")} <= options | {"--suite"}
    rest = {claim.id.split("/")[1] for claim in chosen(["recall"])}
    assert set(re.findall(r"--skip ([\w-]+)", PAGE)) <= rest
    assert re.search(r"`fid/([\w-]+)`", PAGE)[1] in {claim.id.split("/")[1] for claim in chosen(["fid"])}


def schema():
    return pytest.importorskip("xmlschema").XMLSchema(str(SCHEMA))


def test_junit_is_valid_whatever_an_implementation_says():
    nasty = replace(FINDINGS[1], trace='line <one> & "two"\n\x00\x1b[31m]]>', printed="\x07é\U0001f600 ]]>", says="<&>")
    for findings in (FINDINGS, [], [nasty], [replace(FINDINGS[0], verdict="impure", message="draws")]):
        schema().validate(output.as_junit(findings))


def test_the_schema_convicts_what_is_no_junit():
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
