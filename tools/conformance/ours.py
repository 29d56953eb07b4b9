"""One test on axemu, in this process: load, run in slices, look at `tohost` between them."""

from __future__ import annotations

import time

from conformance.cases import Case, Result, Verdict
from conformance.htif import MAXIMUM_TEXT, SYS_WRITE, Message, decode
from emu.config import MachineConfig
from emu.machine import Machine
from emu.outcome import Ending
from isa import registry

SLICE = 20_000  # instructions between two looks at tohost; a finished test spins until then
BUDGET = 20_000_000  # instructions; the longest test needs two million
RAM = 16 << 20  # bytes


def run_case(case: Case) -> Result:
    """Run the test to its verdict; nothing is raised for a guest's doing."""
    start = time.perf_counter()
    default = registry.cpu_model(registry.find(case.isa), None).name
    cpu = None if case.extension is None else f"{default},{case.extension}=on"
    with Machine(MachineConfig(isa=case.isa, board="virt", cpu=cpu, ram=RAM)) as machine:
        machine.load(case.path)
        verdict, number, text = Host(machine).run()
        return Result(case, verdict, number, text, time.perf_counter() - start, machine.retired)


class Host:
    """The host's end of HTIF for one machine."""

    def __init__(self, machine: Machine) -> None:
        self.machine, self.said = machine, b""
        self.to_host, self.from_host = self._address("tohost"), self._address("fromhost")

    def run(self) -> tuple[Verdict, int | None, str]:
        """Run to the guest's last word: the verdict, the failed test's number, what else there is to say."""
        machine = self.machine
        while True:
            outcome = machine.run(max_insns=SLICE)
            heard = decode(self._word(self.to_host))
            if heard.message is Message.ENDED:
                verdict = Verdict.PASS if heard.value == 0 else Verdict.FAIL
                return verdict, heard.value or None, self.text
            if heard.message is not Message.NOTHING:
                self._answer(heard.message, heard.value)
            elif outcome.ending is not Ending.BUDGET:
                return Verdict.ERROR, None, f"{outcome.text} {self.text}".strip()
            if machine.retired >= BUDGET:
                text = f"no word after {BUDGET:,} instructions; {outcome.text} {self.text}"
                return Verdict.TIMEOUT, None, text.strip()

    @property
    def text(self) -> str:
        return self.said.decode("ascii", "replace").strip()

    def _answer(self, message: Message, value: int) -> None:
        """Take a byte, or a block's system call (only write is one), and let the guest go on."""
        memory = self.machine.memory
        if message is Message.BYTE:
            self.said += bytes([value])
        else:
            number, _, address, length = (self._word(value + 8 * i) for i in range(4))
            if number == SYS_WRITE:
                self.said += memory.read(address, min(length, MAXIMUM_TEXT))
        memory.write(self.to_host, bytes(8))
        memory.write(self.from_host, (1).to_bytes(8, "little"))

    def _address(self, name: str) -> int:
        address = self.machine.symbols.address(name)
        if address is None:
            raise ValueError(f"not a test of riscv-tests: it has no symbol {name}")
        return address

    def _word(self, address: int) -> int:
        return int.from_bytes(self.machine.memory.read(address, 8), "little")
