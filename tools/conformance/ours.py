"""One test on axemu, in this process: load, run in slices, look at `tohost` between them."""

from __future__ import annotations

import time

from axemu.suite.htif import Host
from axemu.suite.line import Line
from conformance.cases import Case, Result, Verdict
from emu.config import MachineConfig
from emu.machine import Machine
from emu.outcome import Ending
from isa import registry

SLICE = 20_000  # instructions between two looks at tohost; a finished test spins until then
BUDGET = 20_000_000  # instructions; the longest test needs two million
RAM = 16 << 20  # bytes
SAID = 1 << 20  # bytes of what a test prints


def run_case(case: Case) -> Result:
    """Run the test to its verdict; nothing is raised for a guest's doing."""
    start = time.perf_counter()
    default = registry.cpu_model(registry.find(case.isa), None).name
    cpu = None if case.extension is None else f"{default},{case.extension}=on"
    line = Line(SAID)
    with Machine(MachineConfig(isa=case.isa, board="virt", cpu=cpu, ram=RAM)) as machine:
        machine.load(case.path)
        verdict, number, text = heard(machine, Host(machine, line))
        said = line.output.decode("ascii", "replace").strip()
        text = " ".join(part for part in (text, said) if part)
        return Result(case, verdict, number, text, time.perf_counter() - start, machine.retired)


def heard(machine: Machine, host: Host) -> tuple[Verdict, int | None, str]:
    """Run to the guest's last word: the verdict, the failed test's number, what else there is to say."""
    while True:
        outcome = machine.run(max_insns=SLICE)
        ended = host.look(outcome)
        if ended is not None:
            return Verdict.FAIL if ended.code else Verdict.PASS, ended.code or None, ""
        if outcome.ending is not Ending.BUDGET:
            return Verdict.ERROR, None, outcome.text
        if machine.retired >= BUDGET:
            return Verdict.TIMEOUT, None, f"no word after {BUDGET:,} instructions; {outcome.text}"
