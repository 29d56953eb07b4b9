"""Machines that run a few lines of assembly; a driver for virtio devices."""

from __future__ import annotations

import struct
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from typing import Any

import pytest

from emu.config import MachineConfig
from emu.devices.virtio_mmio import VirtioMmio
from emu.dma import Dma
from emu.machine import Machine
from emu.memory import MemoryMap, Ram, Region
from isa.riscv.assembly import assemble32, assemble64

RAM = 0x8000_0000


@pytest.fixture
def pestered() -> Callable[[Machine], AbstractContextManager[None]]:
    """While in its body, another thread kicks every vCPU of the machine, again and again."""

    @contextmanager
    def pestering(machine: Machine) -> Iterator[None]:
        over = threading.Event()

        def pest() -> None:
            while not over.wait(0.0002):
                for vcpu in machine.vcpus:
                    vcpu.arch.kick()

        thread = threading.Thread(target=pest)
        thread.start()
        try:
            yield
        finally:
            over.set()
            thread.join()

    return pestering


@pytest.fixture
def assembled() -> Iterator[Callable[..., Machine]]:
    """Make a machine (bare, unless `board` says otherwise) whose RAM begins with this RISC-V assembly, and where it
    starts; the options are those of MachineConfig. All are closed when the test is over."""
    made: list[Machine] = []

    def build(text: str, **options: object) -> Machine:
        machine = Machine(MachineConfig(**{"board": "bare", **options}))  # type: ignore[arg-type]
        made.append(machine)
        assemble = assemble32 if options.get("isa") == "riscv32" else assemble64
        machine.memory.write(RAM, assemble(text, RAM))
        return machine

    yield build
    for machine in made:
        machine.close()


class Wire:
    level = False

    def set(self, level: bool) -> None:
        self.level = level


class Driver:
    """A virtio driver on the host: memory of its own, the window with the device, and queues laid out one after the
    other. Queue n has its areas at AREAS + n * 0x10000; buffers are taken from HEAP on."""

    BASE, AREAS, HEAP = 0x8000_0000, 0x8000_1000, 0x8010_0000
    VERSION_1, EVENTS, INDIRECT = 1 << 32, 1 << 29, 1 << 28

    def __init__(self, device: Any, size: int = 4 << 20, timer: Any = None) -> None:
        self.ram = Ram(size)
        self.told: list[tuple[int, int]] = []
        self.dma = Dma(MemoryMap([Region("RAM", self.BASE, self.ram, 0, size)]), self.told.extend)
        self.wire = Wire()
        self.device = device
        self.complaints: list[str] = []
        self.mmio = VirtioMmio(
            "virtio0", self.wire, self.dma, device, timer=timer, complain=self.complaints.append
        )
        self.rings: dict[int, list[int]] = {}  # size, descriptors used, made available, looked at
        self.heap = self.HEAP

    def close(self) -> None:
        self.mmio.close()
        self.dma.close()
        self.ram.close()

    def read(self, register: int, width: int = 4) -> int:
        return self.mmio.read(register, width)

    def write(self, register: int, value: int, width: int = 4) -> None:
        self.mmio.write(register, width, value)

    def put(self, address: int, data: bytes) -> None:
        offset = address - self.BASE
        self.ram.view[offset : offset + len(data)] = memoryview(data)

    def get(self, address: int, size: int) -> bytes:
        return self.ram.view[address - self.BASE : address - self.BASE + size].tobytes()

    def negotiate(self, features: int = 0) -> int:
        """Up to FEATURES_OK, which is kept or not; the status."""
        for status in (0, 1, 3):
            self.write(0x70, status)
        for half, bits in enumerate(struct.unpack("<II", (features | self.VERSION_1).to_bytes(8, "little"))):
            self.write(0x24, half)
            self.write(0x20, bits)
        self.write(0x70, 11)
        return self.read(0x70)

    def start(self, features: int = 0, size: int = 8) -> Driver:
        """Ready, with all queues set up at that size, or smaller where they cannot be so large."""
        assert self.negotiate(features) & 8
        for number in range(len(self.mmio.queues)):
            self.set_up(number, min(size, self.mmio.queues[number].limit))
        self.write(0x70, 15)
        return self

    def set_up(self, number: int, size: int) -> None:
        descriptors, driver, device = self.areas(number)
        self.put(descriptors, bytes(0x10000))
        self.write(0x30, number)
        self.write(0x38, size)
        for register, address in ((0x80, descriptors), (0x90, driver), (0xA0, device)):
            self.write(register, address & 0xFFFF_FFFF)
            self.write(register + 4, address >> 32)
        self.write(0x44, 1)
        self.rings[number] = [size, 0, 0, 0]

    def areas(self, number: int) -> tuple[int, int, int]:
        base = self.AREAS + number * 0x10000
        return base, base + 0x8000, base + 0xA000

    def room(self, size: int) -> int:
        """The address of new memory."""
        address = self.heap
        self.heap += -(-size // 16) * 16
        return address

    def describe(self, number: int, index: int, address: int, size: int, flags: int, following: int) -> None:
        self.put(self.areas(number)[0] + 16 * index, struct.pack("<QIHH", address, size, flags, following))

    def offer(self, number: int, head: int) -> None:
        """Make a chain available."""
        size, _, made, _ = self.rings[number]
        driver = self.areas(number)[1]
        self.put(driver + 4 + 2 * (made % size), struct.pack("<H", head))
        self.rings[number][2] = made + 1
        self.put(driver + 2, struct.pack("<H", (made + 1) & 0xFFFF))

    def send(self, number: int, parts: Sequence[bytes | int], *, indirect: bool = False) -> list[int]:
        """Make a chain of these available: bytes to read, and so many bytes of room. Addresses of the parts."""
        size, used, _, _ = self.rings[number]
        places = [self.room(part if isinstance(part, int) else len(part)) for part in parts]
        rows = []
        for i, (place, part) in enumerate(zip(places, parts, strict=True)):
            if not isinstance(part, int):
                self.put(place, part)
            length, flags = (part, 2) if isinstance(part, int) else (len(part), 0)
            more = i + 1 < len(parts)
            rows.append((place, length, flags | more, i + 1))
        if indirect:
            table = self.room(16 * len(rows))
            self.put(table, b"".join(struct.pack("<QIHH", *row) for row in rows))
            self.describe(number, used % size, table, 16 * len(rows), 4, 0)
            self.offer(number, used % size)
            self.rings[number][1] += 1
            return places
        for i, (place, length, flags, _) in enumerate(rows):
            self.describe(number, (used + i) % size, place, length, flags, (used + i + 1) % size)
        self.rings[number][1] += len(rows)
        self.offer(number, used % size)
        return places

    def kick(self, number: int = 0) -> None:
        self.write(0x50, number)

    def used(self, number: int = 0) -> list[tuple[int, int]]:
        """(head, bytes written) of what has come back since the last look."""
        size, _, _, seen = self.rings[number]
        device = self.areas(number)[2]
        now = struct.unpack("<H", self.get(device + 2, 2))[0]
        found = []
        while seen & 0xFFFF != now:
            found.append(struct.unpack("<II", self.get(device + 4 + 8 * (seen % size), 8)))
            seen += 1
        self.rings[number][3] = seen
        return found

    def ask(self, parts: Sequence[bytes | int], number: int = 0, **how: Any) -> bytes:
        """Send one chain, have it answered, and return what was written into its room."""
        places = self.send(number, parts, **how)
        self.kick(number)
        ((_, written),) = self.used(number)
        room = b"".join(
            self.get(place, part) for place, part in zip(places, parts, strict=True) if isinstance(part, int)
        )
        return room[:written]


@pytest.fixture
def driver_for() -> Iterator[Callable[..., Driver]]:
    """Make a driver for a virtio device; all are closed when the test is over."""
    made: list[Driver] = []

    def build(device: Any, **options: Any) -> Driver:
        made.append(Driver(device, **options))
        return made[-1]

    yield build
    for driver in made:
        driver.close()


@pytest.fixture(scope="session")  # of the class: hypothesis makes a driver for each example
def driver_class() -> type[Driver]:
    return Driver
