"""The numbers of `axemu trace query`: what an answer out of 100 million rows costs."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

from bench.measure import ROOT, MeasurementError, Task, environment, last_line
from bench.numbers import AXEMU, Limit, Number
from bench.trace_file import make

ROWS = 100_000_000
LONGEST = 3.0  # seconds, the start of the command included
QUESTIONS = {
    "write": "who wrote heap+0x100000,64",
    "executed": "when was put_char executed",
    "history": "history of t0",
    "value": "value of counter at 30000000",
    "exits": "exits where device=uart and reason=mmio-write",
}


def query_numbers(scratch: Path, rows: int = ROWS) -> tuple[Number, ...]:
    """`scratch` takes the trace, which the first one that needs it makes."""
    return tuple(
        Number(
            f"trace-query-{name}",
            f"`axemu trace query`, a trace of {rows / 1e6:g} million rows: {question}; wall time",
            "s",
            (Limit(LONGEST),),
            (Task(AXEMU, "querying:answer", (str(scratch / "trace.parquet"), str(rows), question)),),
        )
        for name, question in QUESTIONS.items()
    )


def answer(path: str, rows: str, question: str) -> float:
    """Wall seconds of the whole command. Raises MeasurementError where it does not answer."""
    trace = Path(path)
    if not trace.exists():
        part = trace.with_suffix(".part")
        make(part, int(rows))
        part.rename(trace)
    command = [sys.executable, "-m", "axemu", "trace", "query", path, question]
    begin = time.perf_counter()
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment(), cwd=ROOT)
    seconds = time.perf_counter() - begin
    if done.returncode:
        raise MeasurementError(question, last_line(done.stderr))
    return seconds
