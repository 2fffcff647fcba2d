"""Claims evaluated in a process of its own, in which an implementation may hang, exit or crash without harm.

The parent sends one line of JSON that says what is checked, then one claim's id a line; the child
(``python -m ganbench.conformance.runner``) answers each with one line of JSON.
"""

from __future__ import annotations

import json
import os
import queue
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import IO, Any

from ganbench.conformance.adapters import PEERS
from ganbench.conformance.claims import Claim, all_claims
from ganbench.conformance.evaluate import Finding, evaluate, time_limit
from ganbench.conformance.implementation import Implementation, implementation, one_line, ours
from ganbench.errors import Missing, RequestError

START_SECONDS = 120.0  # imports of large libraries on a busy machine
PRINTED = 400  # characters kept of what an implementation prints


@dataclass(frozen=True)
class Request:
    """What is checked: an implementation as the user names it, or a peer (both empty: ours).

    ``timeout`` is in seconds and for a fast claim.
    """

    implementation: str = ""
    order: tuple[str, ...] = ()
    returns: str = ""
    adapter: str = ""
    timeout: float = 60.0
    peer: str = ""

    @property
    def name(self) -> str:
        return self.implementation or self.peer or "ganbench"


def run_claims(claims: Iterable[Claim], request: Request) -> Iterator[Finding]:
    """Yield a finding per claim, in order; raises RequestErrors where the implementation cannot be used at all."""
    worker: Worker | None = None
    try:
        for claim in claims:
            worker = worker or Worker(request)
            try:
                yield Finding(**worker.answer(claim.id, time_limit(claim, request.timeout)))
            except (TimeoutError, EOFError) as error:
                worker.close()
                worker = None
                what = f"hangs: {error}" if isinstance(error, TimeoutError) else f"ends the process: {error}"
                yield Finding(claim.id, claim.metric, claim.says, "failed", claim.level, message=what)
    finally:
        if worker is not None:
            worker.close()


class Worker:
    """The child process as its parent sees it; a thread reads the answers, so that waiting can end."""

    def __init__(self, request: Request) -> None:
        command = [sys.executable, "-m", "ganbench.conformance.runner"]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)  # noqa: S603
        self.lines: queue.Queue[str] = queue.Queue()
        threading.Thread(target=self._read, args=(self.process.stdout,), daemon=True).start()
        try:
            first = self.answer(json.dumps({**asdict(request), "folder": str(Path.cwd())}), START_SECONDS)
            if "refused" in first:
                raise RequestError(first["refused"])
        except TimeoutError as error:
            self.close()
            raise Missing(f"{request.name}: its import takes more than {START_SECONDS:g} s") from error
        except EOFError as error:
            self.close()
            raise Missing(f"{request.name}: its import ends the process ({error})") from error
        except RequestError:
            self.close()
            raise

    def _read(self, answers: IO[str]) -> None:
        for line in answers:
            self.lines.put(line)
        self.lines.put("")

    def answer(self, line: str, seconds: float) -> dict[str, Any]:
        """Send a line and return the answer; raises TimeoutError, or EOFError where the process has ended."""
        if self.process.stdin is None:
            raise EOFError("its standard input is closed")
        try:
            self.process.stdin.write(line + "\n")
            self.process.stdin.flush()
            answer = self.lines.get(timeout=seconds)
        except BrokenPipeError:
            answer = ""
        except queue.Empty as error:
            raise TimeoutError(f"no answer within {seconds:g} s") from error
        if not answer:
            raise EOFError(f"exit code {self.process.wait()}")
        return dict(json.loads(answer))

    def close(self) -> None:
        """End the process."""
        self.process.kill()
        self.process.wait()
        for stream in (self.process.stdin, self.process.stdout):
            if stream is not None:
                close_quietly(stream)


def close_quietly(stream: IO[str]) -> None:
    """Close a pipe whose other end may be gone."""
    try:
        stream.close()
    except BrokenPipeError:
        return


def main() -> None:
    """Be the child: read a request, then ids of claims, and answer each on the original standard output."""
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    with tempfile.TemporaryFile() as printed:
        os.dup2(printed.fileno(), 1)
        os.dup2(printed.fileno(), 2)
        serve(json.loads(sys.stdin.readline()), answers, printed)


def serve(request: dict[str, Any], answers: IO[str], printed: IO[bytes]) -> None:
    """Answer "ready" or why not, and then every claim."""
    sys.path.insert(0, request["folder"])
    try:
        implementation_of = requested(request)
    except RequestError as error:
        send(answers, {"refused": str(error)})
        return
    send(answers, {"ready": True})
    claims = {claim.id: claim for claim in all_claims()}
    for line in sys.stdin:
        claim = claims[line.strip()]
        start = printed.seek(0, os.SEEK_END)
        finding = evaluate(claim, implementation_of(claim.metric), guess=False)
        send(answers, asdict(replace(finding, printed=printed_since(start, printed))))


def requested(request: dict[str, Any]) -> Callable[[str], Implementation]:
    """Return a function from a metric's name to the implementation that is checked."""
    if request["peer"]:
        return peer_functions(request["peer"])
    if not request["implementation"]:
        return ours
    keys = ("implementation", "order", "returns", "adapter")
    theirs = implementation(*(request[key] for key in keys))
    return lambda _metric: theirs


def peer_functions(name: str) -> Callable[[str], Implementation]:
    """Return another library's functions; raises Missing where it cannot be imported."""
    (peer,) = (peer for peer in PEERS if peer.name == name)
    try:
        functions = {metric: peer.function(metric) for metric in peer.metrics}
    except (Exception, SystemExit) as error:  # whatever another library does when imported
        raise Missing(f"its import fails: {type(error).__name__}: {one_line(error)}") from error
    return lambda metric: Implementation(functions[metric])


def printed_since(start: int, printed: IO[bytes]) -> str:
    """Return the beginning of what was printed from ``start`` on."""
    for stream in (sys.stdout, sys.stderr):
        stream.flush()
    printed.seek(start)
    return printed.read(PRINTED).decode(errors="replace").strip()


def send(answers: IO[str], content: dict[str, Any]) -> None:
    """Write one line of JSON at once."""
    answers.write(json.dumps(content) + "\n")
    answers.flush()


if __name__ == "__main__":
    main()
