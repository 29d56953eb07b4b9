"""The numbers of `axemu trace --plain`: a computing guest recorded into a compressed file."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Final

from bench.guests import COMPUTE
from bench.measure import Task
from bench.numbers import AXEMU, Limit, Number
from bench.usage import user_time
from emu.config import MachineConfig
from emu.machine import Machine

WARM: Final = 1_000  # instructions before the clock runs
WAY: Final = 60_000_000
DETAILS: Final = 5_000_000


def trace_numbers() -> tuple[Number, ...]:
    return (
        Number(
            "trace-pc",
            "60 million instructions of a computing guest into a Parquet file; user CPU",
            "s",
            (Limit(1.0),),
            (Task(AXEMU, "tracing:traced", (str(COMPUTE), "insns", str(WAY))),),
        ),
        Number(
            "trace-full",
            "5 million instructions with registers and memory accesses, likewise; user CPU",
            "s",
            (Limit(1.0),),
            (Task(AXEMU, "tracing:traced", (str(COMPUTE), "insns,regs,mem", str(DETAILS))),),
        ),
    )


def traced(guest: Path, kinds: str, count: int) -> float:
    """User CPU seconds until the file is whole."""
    from axemu.traces.columns import Columns  # noqa: PLC0415 - the parent process does not need it
    from axemu.traces.output import Output  # noqa: PLC0415
    from emu.trace.recorder import Recorder  # noqa: PLC0415
    from emu.trace.rows import Batch  # noqa: PLC0415

    with (
        tempfile.TemporaryDirectory() as folder,
        Machine(MachineConfig(isa="riscv64", kernel=guest)) as machine,
    ):
        output = Output(str(Path(folder) / "trace.parquet"), force=False)
        output.begin()
        waiting: list[Columns] = []

        def write(batch: Batch) -> None:
            waiting[0].write(batch)

        machine.run(max_insns=WARM)
        recorder = Recorder(machine, frozenset(kinds.split(",")), write, by_block=True)
        waiting.append(Columns(output, {"rows": "block"}, recorder.described, parquet_file=True))
        begin = user_time()
        machine.run(max_insns=count)
        recorder.close()
        waiting[0].flush()
        waiting[0].end({})
        output.close()
        return user_time() - begin
