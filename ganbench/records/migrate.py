"""Bring a results folder of version 0.1 up to date: ``python -m ganbench.records.migrate results/quick``.

Version 0.1 wrote one record for a group of seeds, under a key that followed the text of the source. Now each seed has
a record, under a key made of names, settings and versions. All that 0.1 made is version 1 of everything. Nothing is
computed again: scores, histories and provenance are the same numbers under new names. Doing it twice changes nothing,
and a folder where it was interrupted is finished by doing it again.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from safetensors import SafetensorError, safe_open
from torch import Tensor

from ganbench._util.files import write_atomically
from ganbench._util.names import RENAMED
from ganbench._util.tensor_files import packed
from ganbench.errors import BadInput, RequestError
from ganbench.records.key import cell_key, key_of
from ganbench.records.record import MIGRATE, SCHEMA, Record, from_line, to_line
from ganbench.records.store import SELECTION, Log, Store

VERSION = 1  # of baselines, data sets, training and experiments as version 0.1 had them

Table = dict[str, Any]  # a record as JSON holds it

# Names within the findings of experiments; "critical" is another word.
WORDS = (
    (re.compile(r"class_law"), "class_distribution"),
    (re.compile(r"critic(?!al)"), "discriminator"),
    (re.compile(r"\blaws\b"), "distributions"),
    (re.compile(r"\blaw\b"), "distribution"),
)


def migrate(folder: Path) -> int:
    """Bring the records of a results folder to the present schema; return how many of 0.1 there were.

    Raises BadInput for a folder without records or with one that cannot be read.
    """
    log: Log[Record] = Store(folder)
    if not log.path.exists():
        raise BadInput(f"{folder}: expected a results folder with records.jsonl, found none there")
    with log.lock:
        tables = [parsed(line, i, log.path) for i, line in log.lines()[0] if line.strip()]
        old = [table for table in tables if "schema" not in table]
        if not old:
            return 0
        lines, keys = list[str](), dict[str, list[str]]()
        for table in tables:
            if "schema" in table:
                lines.append(json.dumps(table, ensure_ascii=False, separators=(",", ":")))
            elif "experiment" in table:
                lines.append(to_line(observation(table)))
            else:
                records = list(split(table))
                move_files(folder, table, records)
                keys[table["key"]] = [record.key for record in records]
                lines += map(to_line, records)
        select(folder / SELECTION, keys)
        write_atomically(log.path, "".join(f"{line}\n" for line in lines).encode())
    return len(old)


def parsed(line: bytes, number: int, path: Path) -> Table:
    """Return a line of a records file; raises BadInput that names it."""
    try:
        table: Table = json.loads(line)
    except ValueError as error:
        raise BadInput(f"{path}, line {number}: not JSON: {error}") from error
    if not isinstance(table, dict) or not {"schema", "runs", "experiment"} & set(table):
        raise BadInput(f"{path}, line {number}: neither a record of ganbench 0.1 nor one of schema {SCHEMA}")
    return table


def split(old: Table) -> Iterator[Record]:
    """Yield the records of the seeds of a group."""
    backend = RENAMED.get(old["plan"]["way"], old["plan"]["way"])
    facts = {
        "baseline": old["baseline"],
        "version": old["source"] if old["baseline"].endswith(".py") else VERSION,
        "settings": renamed(old["settings"]),
        "dataset": old["dataset"],
        "dataset_version": VERSION,
        "plan": {"steps": old["plan"]["steps"], "batch": old["plan"]["batch"], "backend": backend},
        "engine": VERSION,
        "samples": max((score["n_fake"] for score in old["scores"]), default=0),
    }
    made = {"group": old["seeds"], "backend": backend, "source": old["source"]}
    provenance = old["provenance"]
    origin = provenance | ({"trained": provenance["trained"] | made} if "trained" in provenance else made)
    for i, run in enumerate(old["runs"]):
        table = facts | {
            "schema": SCHEMA,
            "key": cell_key(facts, run["seed"]),
            "split": old["split"],
            "seed": run["seed"],
            "status": run["status"],
            "step": run["step"],
            "reason": in_words(run["reason"]),
            "scores": [score_of(score, i) for score in old["scores"]],
            "history": [seed_of(renamed(note), i) for note in old["history"]],
            "curve": [
                {"step": point["step"], "metric": in_words(point["metric"]), "value": point["values"][i]}
                for point in old["curve"]
            ],
            "cost": renamed(old["cost"]),
            "provenance": origin,
        }
        yield from_line(json.dumps(table))


def score_of(old: Table, i: int) -> Table:
    """Return one seed's share of the scores of a group."""
    share = {"values": old["values"][i : i + 1], "reasons": [in_words(old["reasons"][i])]}
    return old | share | {"metric": in_words(old["metric"]), "weights": "average"}


def seed_of(note: Table, i: int) -> Table:
    """Return one seed's share of a note in the history."""
    return {name: value[i] if isinstance(value, list) else value for name, value in note.items()}


def renamed(table: Mapping[str, Any]) -> Table:
    """Return a table with its names, and its values that are old names, as they are called now."""
    values = {name: RENAMED.get(value, value) if isinstance(value, str) else value for name, value in table.items()}
    return {RENAMED.get(name, in_words(name)): value for name, value in values.items()}


def in_words(text: str) -> str:
    """Return a name or sentence in the words of now."""
    for old, new in WORDS:
        text = old.sub(new, text)
    return text


def observation(old: Table) -> Table:
    """Return the record of an experiment; one of the full form counts as made without MNIST, which it does not tell."""
    name = in_words(old["experiment"])
    facts = {"experiment": name, "version": VERSION, "form": old["form"], "engine": VERSION}
    findings = old["findings"]
    return {
        "schema": SCHEMA,
        "key": key_of(facts | {"mnist": False, "raised": {}}),
        "experiment": name,
        "version": VERSION,
        "form": old["form"],
        "status": old["status"],
        "findings": {
            "numbers": {in_words(each): values for each, values in findings["numbers"].items()},
            "curves": {in_words(each): values for each, values in findings["curves"].items()},
            "matrices": {in_words(each): words_in(matrix) for each, matrix in findings["matrices"].items()},
        },
        "verdicts": {in_words(claim): verdict for claim, verdict in old["verdicts"].items()},
        "reason": old["reason"],
        "provenance": old["provenance"],
    }


def words_in(value: Any) -> Any:
    """Return a value with all texts in it in the words of now."""
    if isinstance(value, str):
        return in_words(value)
    if isinstance(value, list):
        return [words_in(item) for item in value]
    return {in_words(name): words_in(item) for name, item in value.items()} if isinstance(value, dict) else value


def select(path: Path, keys: Mapping[str, Sequence[str]]) -> None:
    """Rewrite which records the last run was about, where that is known."""
    try:
        selection = json.loads(path.read_text(encoding="utf-8"))
        chosen = [new for key in selection["keys"] for new in keys.get(key, [key])]
    except (OSError, ValueError, KeyError, TypeError):
        return
    write_atomically(path, json.dumps(selection | {"keys": chosen}, indent=1).encode())


def move_files(folder: Path, old: Table, records: Sequence[Record]) -> None:
    """Move what a group left beside its record to where its seeds look: one file of samples and weights for each."""
    for place in sorted(folder.glob(f"cells/*-{old['key'][:8]}")):
        target = folder / records[0].files
        done = [record for record in records if record.status == "done"]
        for name, members in (("samples", done), ("weights", records)):
            if tensors := stacked(place / f"{name}.safetensors", len(members)):
                for i, record in enumerate(members):
                    own = {label: tensor[i].clone().contiguous() for label, tensor in tensors.items()}
                    write_atomically(target / f"{name}-{record.seed}.safetensors", packed(own, {"key": record.key}))
                (place / f"{name}.safetensors").unlink()
        for path in sorted(place.iterdir()):
            if path.name.startswith("checkpoint"):
                path.unlink()  # of training that ended
            elif path.is_file():
                target.mkdir(parents=True, exist_ok=True)
                path.replace(target / path.name)
        if place != target and not any(place.iterdir()):
            place.rmdir()


def stacked(path: Path, seeds: int) -> dict[str, Tensor]:
    """Return the tensors of a file if it holds those of that many seeds, else nothing."""
    try:
        with safe_open(path, "pt") as file:
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    except (OSError, SafetensorError):
        return {}
    return tensors if tensors and all(len(tensor) == seeds for tensor in tensors.values()) else {}


def main(folders: Iterable[str]) -> int:
    """Bring folders up to date and say what was done; return the exit code."""
    given = list(folders)
    if not given:
        sys.stderr.write(f"ganbench: expected results folders: {MIGRATE} results/quick\n")
        return 2
    try:
        for folder in given:
            count = migrate(Path(folder))
            sys.stdout.write(f"{folder}: {count} records of version 0.1 brought to schema {SCHEMA}\n")
    except (RequestError, OSError) as error:
        sys.stderr.write(f"ganbench: {error}\n")
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
