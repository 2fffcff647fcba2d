"""The process of an implementation: one claim a line in, one finding a line out, all else kept apart."""

from __future__ import annotations

import json
import os
import sys
import tempfile
from collections.abc import Callable
from dataclasses import asdict, replace
from typing import IO, Any

from ganbench.check.adapters import PEERS
from ganbench.check.claims import all_claims
from ganbench.check.implementation import Implementation, implementation, one_line, ours
from ganbench.check.judge import judge
from ganbench.errors import Missing, RequestError

KEPT = 400  # characters of what an implementation prints


def main() -> None:
    """Read a request line, then ids of claims; answer each on the original standard output."""
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    with tempfile.TemporaryFile() as printed:
        os.dup2(printed.fileno(), 1)
        os.dup2(printed.fileno(), 2)
        serve(json.loads(sys.stdin.readline()), answers, printed)


def serve(request: dict[str, Any], answers: IO[str], printed: IO[bytes]) -> None:
    """Answer "ready" or why not, and then every claim."""
    sys.path.insert(0, request["folder"])
    try:
        chosen = choice(request)
    except RequestError as error:
        say(answers, {"refused": str(error)})
        return
    say(answers, {"ready": True})
    claims = {claim.id: claim for claim in all_claims()}
    for line in sys.stdin:
        claim = claims[line.strip()]
        start = printed.seek(0, os.SEEK_END)
        finding = judge(claim, chosen(claim.metric))
        say(answers, asdict(replace(finding, printed=since(printed, start))))


def choice(request: dict[str, Any]) -> Callable[[str], Implementation]:
    """Return who answers for a metric: the implementation asked for, or ours."""
    if request["peer"]:
        return peers(request["peer"])
    if not request["implementation"]:
        return ours
    keys = ("implementation", "order", "returns", "adapter")
    theirs = implementation(*(request[key] for key in keys))
    return lambda _metric: theirs


def peers(name: str) -> Callable[[str], Implementation]:
    """Return another library's functions; raises Missing where it cannot be imported."""
    (peer,) = (peer for peer in PEERS if peer.name == name)
    try:
        functions = {metric: peer.function(metric) for metric in peer.metrics}
    except (Exception, SystemExit) as error:  # whatever a stranger's package does when imported
        raise Missing(f"its import fails: {type(error).__name__}: {one_line(error)}") from error
    return lambda metric: Implementation(functions[metric])


def since(printed: IO[bytes], start: int) -> str:
    """Return the beginning of what was printed from ``start`` on."""
    for stream in (sys.stdout, sys.stderr):
        stream.flush()
    printed.seek(start)
    return printed.read(KEPT).decode(errors="replace").strip()


def say(answers: IO[str], content: dict[str, Any]) -> None:
    """Write one line of JSON at once."""
    answers.write(json.dumps(content) + "\n")
    answers.flush()


if __name__ == "__main__":
    main()
