"""One vCPU on the engine, without a machine: the test is its bus."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from axvcpu.exits import AxVCpuExitReason, MmioRead, MmioWrite
from axvcpu.vcpu import AxVCpu
from emu.engine.context import VCpuConfig
from emu.engine.mapping import Backing, DeviceWindow
from emu.engine.space import AddressSpace
from emu.engine.vcpu import EngineVCpu
from emu.memory import Ram
from emu.pcpu import physical_cpu
from isa import registry
from isa.riscv.assembly import assemble32, assemble64

RAM, SIZE, DEVICE = 0x8000_0000, 0x2_0000, 0x1000_0000


class Bytes:
    """A device that is plain bytes, and remembers which it was asked for, in order."""

    def __init__(self, size: int = 0x2000) -> None:
        self.bytes = bytearray((7 * i + 1) & 0xFF for i in range(size))
        self.log: list[tuple[str, int]] = []

    def read(self, offset: int, width: int) -> int:
        self.log += [("r", offset + i) for i in range(width)]
        return int.from_bytes(self.bytes[offset : offset + width], "little")

    def write(self, offset: int, width: int, value: int) -> None:
        self.log += [("w", offset + i) for i in range(width)]
        self.bytes[offset : offset + width] = value.to_bytes(width, "little")


class Processor:
    """128 KiB of RAM at 0x80000000 that begins with `text`, a device window of two pages at 0x10000000."""

    def __init__(
        self,
        text: str,
        isa: str = "riscv64",
        rows: Any = None,
        drain: Callable[[Any], None] = lambda writes: None,
        window: int = 0x2000,
        **config: Any,
    ) -> None:
        self.isa = registry.find(isa)
        self.code = (assemble32 if self.isa.bits == 32 else assemble64)(text, RAM)
        self.ram = Ram(SIZE)
        self.memory = self.ram.view
        self.write(RAM, self.code)
        self.space = AddressSpace(
            (Backing(RAM, SIZE, self.ram.address, True),),
            (DeviceWindow(DEVICE, window, 0),),
            4096,
            rows,
            drain,
        )
        made = VCpuConfig(self.isa, registry.cpu_model(self.isa, None), **config)
        self.vcpu: AxVCpu[EngineVCpu] = AxVCpu.new(EngineVCpu, 1, 0, made)
        self.arch = self.vcpu.arch
        self.percpu = physical_cpu()
        self.vcpu.setup(RAM, self.space.root, made)
        self.vcpu.bind()
        self.device = Bytes(window)
        self.exits: list[AxVCpuExitReason] = []

    def write(self, address: int, data: bytes) -> None:
        self.memory[address - RAM : address - RAM + len(data)] = memoryview(data)

    def read(self, address: int, size: int) -> bytes:
        return self.memory[address - RAM : address - RAM + size].tobytes()

    def run(self) -> AxVCpuExitReason:
        """Answer accesses until another exit comes; that one."""
        while True:
            exit = self.vcpu.run()
            self.exits.append(exit)
            match exit:
                case MmioRead():
                    self.arch.complete(self.device.read(exit.addr - DEVICE, exit.width))
                case MmioWrite():
                    self.device.write(exit.addr - DEVICE, exit.width, exit.data)
                    self.arch.complete(0)
                case _:
                    return exit

    def __getitem__(self, register: str) -> int:
        return self.arch.read_register(register)

    def __setitem__(self, register: str, value: int) -> None:
        self.arch.write_register(register, value)

    def close(self) -> None:
        self.vcpu.unbind()
        self.percpu.arch.release(self.space)
        del self.memory
        self.ram.close()


@pytest.fixture
def processor() -> Iterator[Callable[..., Processor]]:
    """Make a `Processor`; all are closed when the test is over."""
    made: list[Processor] = []

    def build(text: str, **options: Any) -> Processor:
        made.append(Processor(text, **options))
        return made[-1]

    yield build
    for each in made:
        each.close()


@pytest.fixture
def plain_bytes() -> type[Bytes]:
    return Bytes
