"""The page of the baselines, made from their facts: ``python -m ganbench.cli.baselines_page > docs/baselines.md``."""

from __future__ import annotations

import sys

from ganbench._util.catalogue import Facts, catalogue
from ganbench.tables.leagues import LEAGUES

INTRODUCTION = """# Baselines

Every variant that comes with ganbench: one file each in `baselines/`, which holds what its paper contributed and
nothing else. `ganbench run --baseline NAME` trains it, `NAME:MEMBER` one of a family; a suite sets its fields by name.
Tables rank a row within its league. [A baseline of your own](own-baseline.md) is a file of the same kind.
"""


def page() -> str:
    """Return the page in Markdown: a section for each league, an entry for each baseline."""
    known = catalogue()["baselines"]
    parts = [INTRODUCTION]
    for league, what in LEAGUES.items():
        parts.append(f"\n## {league[0].upper()}{league[1:]}\n\n{what[0].upper()}{what[1:]}.\n")
        parts += [entry(name, facts) for name, facts in known.items() if facts["league"] == league]
    return "".join(parts)


def entry(name: str, facts: Facts) -> str:
    """Return the paragraphs of one baseline."""
    defaults = ", ".join(f"`{field}={value}`" for field, value in facts["defaults"].items())
    lines = {
        "paper": facts["paper"],
        "members": ", ".join(f"`{name}:{member}`" for member in facts["members"]),
        "trains on": ", ".join(facts["supports"]),
        "fields": defaults,
    }
    told = "".join(f"- {what}: {text}\n" for what, text in lines.items() if text)
    return f"\n### {name}\n\n{facts['summary']}\n\n{told}"


if __name__ == "__main__":
    sys.stdout.write(page())
