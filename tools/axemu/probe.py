"""What `axemu doctor` runs in a process of its own: a whole machine, for the shortest guest that says
something."""

from __future__ import annotations

import tempfile
import time
from pathlib import Path

from emu.config import MachineConfig
from emu.outcome import Ending

# Machine `bare`: a byte to the UART at 0x10000000 is output, a word to the power switch at 0x10010000 ends
# the run.
PROGRAM = """
    li   a0, 0x10000000
    li   a1, 'o'
    sb   a1, 0(a0)
    li   a1, 'k'
    sb   a1, 0(a0)
    li   a0, 0x10010000
    sw   zero, 0(a0)
1:  j    1b
"""


def main() -> None:
    """Prints one line about what worked. Raises whatever does not."""
    from emu.machine import Machine  # noqa: PLC0415 - imports numba: its time is measured
    from isa import registry  # noqa: PLC0415
    from isa.assembly import assemble  # noqa: PLC0415

    code = assemble(registry.find("riscv64"), PROGRAM, 0)
    begin = time.perf_counter()
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "probe.bin"
        file.write_bytes(code)
        with Machine(MachineConfig(isa="riscv64", board="bare")) as machine:
            machine.load(file)
            outcome = machine.run(max_insns=1000)
            output = bytes(machine.console_output)
    if outcome.ending is not Ending.POWERED_OFF or output != b"ok":
        raise RuntimeError(f"a guest should print 'ok' and power off; it printed {output!r}: {outcome.text}")
    print(f"engine, native hooks and a guest, in {time.perf_counter() - begin:.1f} s")
