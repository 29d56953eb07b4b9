"""The devices of virt and QEMU's own, asked the same things (qtest protocol, guest time stopped)."""

import shutil
import struct
import subprocess

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from emu.devices.cfi_flash import SECTOR, CfiFlash
from emu.devices.clint import Clint
from emu.devices.fw_cfg import FwCfg
from emu.devices.goldfish_rtc import GoldfishRtc
from emu.devices.ns16550a import Ns16550a
from emu.devices.plic import Plic

QEMU = "qemu-system-riscv64"
MACHINE = "-M virt -smp 2 -nodefaults -display none -serial null -rtc clock=vm"
COMMAND = f"{QEMU} {MACHINE} -S -qtest-log /dev/null -qtest stdio"
LETTER = {1: "b", 2: "w", 4: "l", 8: "q"}

pytestmark = pytest.mark.skipif(shutil.which(QEMU) is None, reason=f"needs {QEMU}")


class Qemu:
    def __init__(self, process):
        self.process = process

    def ask(self, line):
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()
        answer = self.process.stdout.readline().split()
        assert answer[0] == "OK", answer
        return answer

    def read(self, address, width):
        return int(self.ask(f"read{LETTER[width]} {address:#x}")[1], 16)

    def write(self, address, width, value):
        self.ask(f"write{LETTER[width]} {address:#x} {value:#x}")


@pytest.fixture(scope="module")
def qemu():
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.DEVNULL, "text": True}
    with subprocess.Popen(COMMAND.split(), **pipes) as process:
        yield Qemu(process)
        process.stdin.close()
        process.kill()


class Pair:
    """One device at `base` of QEMU's map, and ours."""

    def __init__(self, qemu, base, ours):
        self.qemu, self.base, self.ours = qemu, base, ours

    def write(self, offset, width, value):
        self.qemu.write(self.base + offset, width, value)
        self.ours.write(offset, width, value)

    def same(self, offset, width, mask=-1):
        theirs, mine = self.qemu.read(self.base + offset, width), self.ours.read(offset, width)
        assert mine & mask == theirs & mask, f"offset {offset:#x}: ours {mine:#x}, QEMU {theirs:#x}"


UART_VALUES = {
    0: [1, 2, 3, 0x41],
    1: [0, 1, 2, 3, 4, 5, 7],  # not the modem status interrupt: QEMU has no deltas in loopback, the chip has
    2: [0, 1, 3, 5, 7, 0x41, 0x81, 0xC1, 0xC7],
    3: [0, 3, 0x83],
    4: [0, 0x0B, 0x10, 0x1B],
    5: [0xFF],
    6: [0xFF],
    7: [5, 9],
}
uart_step = st.integers(0, 7).flatmap(
    lambda offset: st.tuples(st.just(offset), st.none() | st.sampled_from(UART_VALUES[offset]))
)


@settings(max_examples=150, deadline=None)
@given(steps=st.lists(uart_step, max_size=80))
def test_the_uart_answers_as_qemus(qemu, make_bench, steps):
    bench = make_bench()
    uart = Ns16550a("uart0", bench.line, bench.wire(), bench.alarm(), clock=bench.clock)
    pair = Pair(qemu, 0x1000_0000, uart)
    known = (
        (4, 0x10),
        (3, 0),
        (2, 1),
        (2, 7),
        (2, 0),
        (1, 0),
        (4, 0),
        (7, 0),
        (3, 0x80),
        (0, 12),
        (1, 0),
        (3, 0),
    )
    for offset, value in known:
        pair.write(offset, 1, value)
    for offset in (0, 5, 2, 6):
        qemu.read(0x1000_0000 + offset, 1)
        uart.read(offset, 1)
    for offset, value in steps:
        if value is not None:
            pair.write(offset, 1, value)
        elif (
            offset or uart.peek(3, 1) & 0x80 or uart.peek(5, 1) & 1
        ):  # an empty RBR: theirs keeps the last byte
            pair.same(offset, 1, 0xF0 if offset == 6 else 0xFF)


def sources_of(word):
    """The enable bits of a word that are sources: QEMU keeps that of source 0 too."""
    return {0: 0xFFFF_FFFE, 1: 0xFFFF_FFFF, 2: 0xFFFF_FFFF}.get(word, 0)


u32 = st.integers(0, 0xFFFF_FFFF)
plic_writes = st.one_of(
    st.tuples(st.integers(0, 95).map(lambda source: 4 * source), u32),
    st.tuples(st.integers(0, 4), st.integers(0, 4), u32).map(
        lambda at: (0x2000 + 0x80 * at[0] + 4 * at[1], at[2] & sources_of(at[1]))
    ),
    st.tuples(st.integers(0, 4).map(lambda context: 0x20_0000 + 0x1000 * context), u32),
    st.tuples(st.sampled_from([0x1004, 0x1008, 0x100C]), u32),
)


@settings(max_examples=60, deadline=None)
@given(steps=st.lists(plic_writes, max_size=40))
def test_the_plics_registers_keep_what_qemus_keep(qemu, make_bench, steps):
    pair = Pair(qemu, 0xC00_0000, Plic("plic", make_bench().wires(4), 95))
    for offset, value in steps:
        pair.write(offset, 4, value)
        pair.same(offset, 4)
    for offset, _ in steps:
        pair.write(offset, 4, 0)


clint_offsets = st.sampled_from([0x4000, 0x4004, 0x4008, 0x400C, 0, 4])


@settings(max_examples=60, deadline=None)
@given(
    steps=st.lists(
        st.tuples(clint_offsets, st.sampled_from([4, 8]), st.integers(0, (1 << 64) - 1)), max_size=20
    )
)
def test_the_clints_registers_keep_what_qemus_keep(qemu, make_bench, steps):
    bench = make_bench()
    alarms = [bench.alarm(), bench.alarm()]
    pair = Pair(
        qemu, 0x200_0000, Clint("clint", bench.clock, bench.wires(2), bench.wires(2), alarms, 10_000_000)
    )
    for hart in (0, 1):
        pair.write(0x4000 + 8 * hart, 8, 0)
        pair.write(4 * hart, 4, 0)
    for offset, width, value in steps:
        if width == 8 and (offset % 8 or offset < 0x4000):
            continue
        pair.write(offset, width, value & ((1 << 8 * width) - 1))
        pair.same(offset, 4)
    pair.same(0xBFF8, 8)


RAM = 0x8000_0000
SAME_FILES = {"bios-geometry": b"", "bootorder": b"", "etc/boot-fail-wait": b"\xff" * 4}
selectors = st.sampled_from([0, 1, 2, 4, 5, 0x19, 0x20, 0x21, 0x22, 0x23, 0x40, 0x4019, 0x8001, 0xFFFF])
controls = st.sampled_from([0, 2, 4, 6, 8, 10, 12, 16, 18, 24])
targets = st.sampled_from([0, 0x100, RAM, RAM + 0x1001, RAM + 0x2000])
fw_steps = st.one_of(
    st.tuples(st.just("select"), selectors),
    st.tuples(
        st.just("read"), st.sampled_from([(0, 1), (0, 2), (0, 4), (0, 8), (16, 4), (20, 4), (16, 8), (8, 2)])
    ),
    st.tuples(st.just("transfer"), st.tuples(controls, selectors, st.integers(0, 300), targets)),
)


@settings(max_examples=80, deadline=None)
@given(steps=st.lists(fw_steps, max_size=30))
def test_fw_cfg_gives_and_transfers_what_qemus_does(qemu, make_bench, steps):
    bench = make_bench()
    pair = Pair(qemu, 0x1010_0000, FwCfg("fw-cfg", bench.memory, {5: b"\2\0"}, SAME_FILES))

    def fill(address, data):
        qemu.ask(f"write {address:#x} {len(data)} 0x{data.hex()}")
        bench.ram.write(address, data)

    fill(RAM, b"\xaa" * 0x4000)
    pair.write(8, 2, 0)
    for what, value in steps:
        match what:
            case "select":
                pair.write(8, 2, int.from_bytes(value.to_bytes(2, "little"), "big"))
            case "read":
                pair.same(*value)
            case _:
                control, item, length, target = value
                fill(RAM + 0x3000, struct.pack(">IIQ", control | item << 16, length, target))
                pair.write(16, 8, int.from_bytes((RAM + 0x3000).to_bytes(8, "little"), "big"))
    theirs = bytes.fromhex(qemu.ask(f"read {RAM:#x} 0x4000")[1].removeprefix("0x"))
    assert bench.ram.read(RAM, 0x4000) == theirs


rtc_steps = st.one_of(
    st.tuples(st.just("read"), st.sampled_from(range(0, 0x24, 4))),
    st.tuples(st.just("ahead"), st.sampled_from([0, 1, 1000, 10**9, 2**33])),
    st.tuples(
        st.just("write"), st.tuples(st.sampled_from([0, 4, 0x10, 0x14, 0x1C]), st.integers(0, 2**31 - 1))
    ),
)


@settings(max_examples=60, deadline=None)
@given(steps=st.lists(rtc_steps, max_size=30))
def test_the_clock_and_its_alarm_go_as_qemus(qemu, make_bench, steps):
    bench = make_bench()
    alarm = bench.alarm()
    rtc = GoldfishRtc("rtc", bench.clock, bench.wire(), alarm, 0)
    alarm.callback = rtc.fire
    pair = Pair(qemu, 0x10_1000, rtc)
    for offset, value in (
        (0x14, 1),
        (0x1C, 1),
        (0x10, 0),
        (4, 0x18_0000),
        (0, 0),
        (0xC, 0),
        (8, 0),
        (0x14, 1),
    ):
        pair.write(offset, 4, value)
    pair.same(0, 4)
    for what, value in steps:
        match what:
            case "read":
                pair.same(value, 4)
            case "ahead":
                when = rtc._time() + value
                pair.write(0xC, 4, when >> 32)
                pair.write(8, 4, when & 0xFFFF_FFFF)
            case _:
                pair.write(value[0], 4, value[1])


def both(command):
    return command | command << 16


@pytest.fixture(scope="module")
def flashes(qemu):
    ours = CfiFlash("flash0", 32 << 20)
    yield Pair(qemu, 0x2000_0000, ours)
    ours.close()


def test_the_flash_describes_itself_as_qemus(flashes):
    flashes.write(0x154, 4, both(0x98))
    for word in range(0x60):
        flashes.same(4 * word, 4)
    flashes.write(0, 4, both(0xFF))
    flashes.write(0, 4, both(0x90))
    for word in range(4):
        flashes.same(4 * word, 4)
    flashes.write(0, 4, both(0xFF))


@settings(max_examples=25, deadline=None)
@given(
    words=st.lists(
        st.tuples(st.integers(0, 63), st.integers(0, 0xFFFF_FFFF)), unique_by=lambda each: each[0]
    ),
    buffer=st.lists(st.integers(0, 0xFFFF_FFFF), min_size=1, max_size=32),
    sector=st.integers(0, 3),
)
def test_the_flash_is_erased_and_programmed_as_qemus(flashes, words, buffer, sector):
    base = SECTOR * sector
    flashes.write(base, 4, both(0x20))
    flashes.write(base, 4, both(0xD0))
    flashes.same(base, 4)
    for index, value in words:
        flashes.write(base + 4 * index, 4, both(0x40))
        flashes.write(base + 4 * index, 4, value)
        flashes.same(base, 4)
    flashes.write(base + 0x1000, 4, both(0xE8))
    flashes.same(base + 0x1000, 4)
    flashes.write(base + 0x1000, 4, both(len(buffer) - 1))
    for index, value in enumerate(buffer):
        flashes.write(base + 0x1000 + 4 * index, 4, value)
    flashes.write(base + 0x1000, 4, both(0xD0))
    flashes.same(base, 4)
    flashes.write(base, 4, both(0xFF))
    for offset in (*range(0, 256, 4), *range(0x1000, 0x1000 + 4 * len(buffer) + 4, 4), SECTOR - 4):
        flashes.same(base + offset, 4)
