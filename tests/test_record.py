"""Records survive the way to a line and back, and their keys follow what the samples depend on."""

from __future__ import annotations

import ast
import json
import math
from dataclasses import asdict
from pathlib import Path
from typing import Any, Literal

import pytest

from ganbench import code as module
from ganbench.code import source_digest
from ganbench.errors import BadInput, RequestError, UnknownName
from ganbench.record import Record, Run, Scores, from_line, key_of, to_line, typed
from ganbench.roster import load

PACKAGE = Path(module.__file__).parent


def example(key: str = "k", value: float | None = 0.1) -> Record:
    score = Scores("fid", (value, None), ("", "too few"), "lower", 1, {"name": "identity"}, "ring8", 9, 9, {"k": 3})
    return Record(
        key, "gan", {"lr": [1e-3, 1 / 3]}, "ring8", "streamed", (0, 1), {"steps": 2}, "s",
        (Run(0, "done", 2), Run(1, "diverged", 1, "the naïve loss")), (score,),
        [{"step": 1, "critic": [0.1 + 0.2, None]}], [], {"gradients": 32.0},
    )  # fmt: skip


@pytest.mark.parametrize("value", [0.1, 1 / 3, 1e-308, 5e-324, 1.7976931348623157e308, -0.0, math.pi])
def test_a_record_comes_back_from_its_line_to_the_last_bit(value: float) -> None:
    there = example(value=value)
    line = to_line(there)
    assert "\n" not in line
    assert from_line(line) == there
    assert to_line(from_line(line)) == line
    (back,) = from_line(line).scores
    assert repr(back.values[0]) == repr(value)


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_a_number_that_json_cannot_hold_is_never_written(value: float) -> None:
    with pytest.raises(ValueError, match="not JSON compliant"):
        to_line(example(value=value))


def changed(**changes: Any) -> str:
    table = asdict(example()) | changes
    return json.dumps({name: value for name, value in table.items() if value is not ...})


@pytest.mark.parametrize(
    ("line", "kind", "said"),
    [
        ("{", BadInput, "line 3: not JSON"),
        ("[]", BadInput, r"line 3: expected a table, got \[\]"),
        (changed(seed=[0]), UnknownName, "line 3: 'seed'; did you mean 'seeds'"),
        (changed(runs=...), BadInput, "line 3: lacks runs"),
        (changed(seeds="0"), BadInput, "line 3: seeds: expected a list of whole numbers, got '0'"),
        (changed(seeds=[0.5]), BadInput, "expected a whole number, got 0.5"),
        (changed(seeds=[True]), BadInput, "expected a whole number, got True"),
        (changed(runs=[{"seed": 0, "status": "lost", "step": 1}]), BadInput, "'done' or 'diverged' or 'error'"),
    ],
)
def test_a_line_that_is_no_record_says_where_and_why(line: str, kind: type[RequestError], said: str) -> None:
    with pytest.raises(kind, match=said):
        from_line(line, "line 3")


@pytest.mark.parametrize(
    ("value", "hint", "expected"),
    [
        ([1, 2], tuple[float, float], (1.0, 2.0)),
        (3, float | tuple[float, float], 3.0),
        ([1, 2.5], float | tuple[float, float], (1.0, 2.5)),
        ("a", Literal["a", "b"], "a"),
        ({"a": [1]}, dict[str, tuple[int, ...]], {"a": (1,)}),
    ],
)
def test_lists_become_tuples_and_whole_numbers_become_numbers_where_asked(value: Any, hint: Any, expected: Any) -> None:
    found = typed(value, hint, "here")
    assert found == expected
    assert type(found) is type(expected)


def test_a_key_follows_every_part_and_not_their_order() -> None:
    parts = {"baseline": "gan", "seeds": (0, 1), "plan": {"steps": 2, "batch": 3}}
    assert key_of(parts) == key_of({"plan": {"batch": 3, "steps": 2}, "seeds": [0, 1], "baseline": "gan"})
    others = [parts | {"baseline": "wgan"}, parts | {"seeds": (1, 0)}, parts | {"plan": {"steps": 3, "batch": 3}}]
    assert len({key_of(each) for each in [parts, *others]}) == 4


def test_the_source_digest_follows_the_code_of_the_baselines_file_and_not_what_it_says(tmp_path: Path) -> None:
    text = "from ganbench.game import Baseline\n\n\nclass Mine(Baseline):\n    mark = 'a # b'\n"
    said = (
        "'''Said.\n\nAt length.\n'''\n"
        + text.replace("\n\n\n", "\n\n# why\n").replace("mark", "'''One.'''\n    mark")
        + "# end\n"
    )
    other = text.replace("# b", "# c")  # within a string
    digests = []
    for i, content in enumerate([text, said, other]):
        path = tmp_path / f"mine_{i}.py"
        path.write_text(content)
        digests.append(source_digest(load(str(path))))
    assert digests[0] == digests[1] != digests[2]
    assert source_digest(load("gan")) != source_digest(load("ns_gan"))


def test_the_source_digest_covers_every_module_that_sampling_imports() -> None:
    def imports(name: str) -> set[str]:
        path = PACKAGE / f"{name.replace('.', '/')}.py"
        path = path if path.exists() else path.with_suffix("") / "__init__.py"
        nodes = [node for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.ImportFrom)]
        names = [f"{node.module}.{alias.name}" for node in nodes for alias in node.names]
        names += [node.module or "" for node in nodes]
        inside = {each.removeprefix("ganbench.") for each in names if each.startswith("ganbench.")}
        return {each for each in inside if (PACKAGE / f"{each.replace('.', '/')}.py").exists()}

    seen, waiting = set(), {"sample"}
    while waiting:
        seen |= waiting
        waiting = {name for each in waiting for name in imports(each)} - seen
    words_only = {"errors", "find"}
    covered = {name.removesuffix(".py").replace("/", ".") for name in module.package_sources()}
    assert seen - words_only <= covered
    assert {"data.mixtures", "nets.mlp", "game", "dataset"} <= covered
