"""Every change of a rule since rules are data, as version control has it, kept as a table beside the rules.

``python -m ganbench.notes.history`` writes ``claims/changes.csv`` anew from the commits of this repository. A change is
"after a look" where the commit before it had an observation of the experiment already.
"""

from __future__ import annotations

import csv
import json
import subprocess
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, fields
from importlib.resources import files
from io import StringIO
from pathlib import Path

from ganbench._util.files import write_atomically
from ganbench.notes.claims import LISTS

FOLDER, RECORDS = "ganbench/notes/claims", "results/notes/records.jsonl"
TABLE = "changes.csv"
PARTS = ("statement", "kind", "experiment", "sound", "holds", "strictly")
Rules = Mapping[str, Mapping[str, str]]  # by claim, what of it a verdict depends on


@dataclass(frozen=True)
class Change:
    """One part of one claim that a commit made another."""

    date: str
    claim: str
    part: str  # of PARTS; empty where the whole claim was withdrawn or taken up again
    before: str
    after: str
    after_a_look: str  # "yes" or "no"


def changes(repository: Path) -> Iterator[Change]:
    """Yield the changes in the order of the commits; raises CalledProcessError where there is no repository."""
    before: dict[str, Mapping[str, str]] = {}
    for line in git(repository, "log", "--reverse", "--format=%H %cs", "--", FOLDER).splitlines():
        commit, date = line.split()
        now, looked = rules_at(repository, commit), experiments_at(repository, f"{commit}~1")
        for claim in sorted(before.keys() | now.keys()) if before else ():
            old, new = before.get(claim, {}), now.get(claim, {})
            seen = "yes" if (old or new).get("experiment") in looked else "no"
            if not new:
                yield Change(date, claim, "", old["statement"], "", seen)
            elif old:
                yield from (
                    Change(date, claim, part, old[part], new[part], seen) for part in PARTS if old[part] != new[part]
                )
        before = dict(now)


def rules_at(repository: Path, commit: str) -> Rules:
    """Return the rules as a commit has them."""
    texts = [shown(repository, f"{commit}:{FOLDER}/{name}.toml") for name in LISTS]
    rows = [row for text in texts for row in tomllib.loads(text).get("claim", ())]
    return {row["name"]: {part: written(row.get(part, "")) for part in PARTS} for row in rows}


def written(value: object) -> str:
    return "; ".join(map(str, value)) if isinstance(value, list) else str(value)


def experiments_at(repository: Path, commit: str) -> set[str]:
    """Return the experiments that had an observation when a commit was made."""
    lines = shown(repository, f"{commit}:{RECORDS}").splitlines()
    return {json.loads(line).get("experiment", "") for line in lines if line.strip()}


def shown(repository: Path, path: str) -> str:
    """Return a file of a commit; nothing where there is none."""
    try:
        return git(repository, "show", path)
    except subprocess.CalledProcessError:
        return ""


def git(repository: Path, *words: str) -> str:
    done = subprocess.run(["git", "-C", str(repository), *words], check=True, capture_output=True, text=True)  # noqa: S603, S607
    return done.stdout


def as_csv(changes: list[Change]) -> str:
    """Return changes as a table."""
    out = StringIO()
    writer = csv.DictWriter(out, [each.name for each in fields(Change)], lineterminator="\n")
    writer.writeheader()
    writer.writerows(asdict(each) for each in changes)
    return out.getvalue()


def recorded() -> list[Change]:
    """Return the changes that are kept beside the rules."""
    text = (files("ganbench.notes") / "claims" / TABLE).read_text(encoding="utf-8")
    return [Change(**row) for row in csv.DictReader(StringIO(text))]


def main() -> None:
    root = Path(__file__).parents[2]
    write_atomically(root / FOLDER / TABLE, as_csv(list(changes(root))).encode())


if __name__ == "__main__":
    main()
