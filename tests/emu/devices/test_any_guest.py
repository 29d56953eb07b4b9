"""What every device promises whatever a guest does: it never raises, looking changes nothing, its state is
all of it, and it stays small."""

import pickle
import struct
import sys
from dataclasses import is_dataclass

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from emu.device import Action, PowerKind, PowerRequest
from emu.devices import KINDS, device_class
from emu.devices.syscon import SysconAction
from emu.virtio.rng import Rng

RAM = 0x8000_0000
DESCRIPTORS = b"".join(
    struct.pack(">IIQ", control, length, address)
    for control in (0x19_0008 | 2, 0x20_0008 | 2, 0x20_0008 | 4, 2, 4, 0x20_0008 | 16, 0xFFFF_FFFF)
    for length in (0, 3, 0x1000, 0xFFFF_FFFF)
    for address in (RAM, RAM + 0x100, RAM + 0x7FFF, 0, 0x1010_0000, (1 << 64) - 1)
)
"""What a guest may have left in memory for a device that reads descriptors there: sixteen bytes each."""
INPUT = bytes(range(1, 200))


def build(kind, bench):
    """A device of that kind on a bench with input waiting; its alarms are connected."""
    bench.line.coming = INPUT
    found = device_class(kind)
    alarms, fire = [], lambda device: [device.fire]
    match kind:
        case "ns16550a":
            alarms = [bench.alarm()]
            device = found("uart", bench.line, bench.wire(), alarms[0], clock=bench.clock)
        case "armv7m-scs":
            alarms = [bench.alarm()]
            device = found("scs", bench.clock, alarms[0], lambda: None, bench.power)
        case "clint":
            alarms = [bench.alarm(), bench.alarm()]
            device = found("clint", bench.clock, bench.wires(2), bench.wires(2), alarms, 10_000_000)
            fire = lambda device: [lambda: device.fire(0), lambda: device.fire(1)]
        case "plic":
            device = found("plic", bench.wires(4), 95)
            for source in (1, 10, 40, 95):
                device.source(source).set(True)
        case "sifive-test" | "bare-power":
            device = found("power", bench.power)
        case "goldfish-rtc":
            alarms = [bench.alarm()]
            device = found("rtc", bench.clock, bench.wire(), alarms[0], 1 << 60)
        case "cfi-flash":
            device = found("flash", 1 << 20, b"\x55" * 5000)
        case "fw-cfg":
            device = found("fw", bench.memory, {5: b"\2\0"}, {"opt/a": bytes(300), "opt/b": b"b"})
            bench.ram.write(RAM, DESCRIPTORS)
        case "syscon":
            device = found("syscon", bench.power, [SysconAction(0, 1, PowerRequest(PowerKind.RESET))])
        case "virtio-mmio":
            device = found("virtio0", bench.wire(), bench.memory, Rng("virtio0", 0))
        case "bare-uart":
            device = found("uart", bench.line, bench.wire())
        case "bare-timer":
            alarms = [bench.alarm()]
            device = found("timer", bench.clock, alarms[0], bench.wire())
        case "bare-latch":
            device = found("latch", bench.wire(), bench.wires(3))
    for alarm, callback in zip(alarms, fire(device) if alarms else [], strict=True):
        alarm.callback = callback
    return device


HOT = {
    "ns16550a": st.integers(0, 8),
    "clint": st.sampled_from([0, 4, 8, 0x3FFC, 0x4000, 0x4004, 0x4008, 0x400C, 0x4010, 0xBFF8, 0xBFFC]),
    "plic": st.sampled_from([0, 4, 40, 160, 380, 384, 0x1000, 0x1008, 0x2000, 0x2004, 0x2080, 0x2184, 0x2200])
    | st.sampled_from([0x200000, 0x200004, 0x201000, 0x201004, 0x203004, 0x204000, 0x204004]),
    "fw-cfg": st.sampled_from([0, 0, 8, 16, 20]),
    "virtio-mmio": st.sampled_from(
        [0x10, 0x14, 0x20, 0x24, 0x30, 0x34, 0x38, 0x44, 0x50, 0x60, 0x64, 0x70, 0xFC]
    )
    | st.sampled_from([0x80, 0x84, 0x90, 0x94, 0xA0, 0xA4, 0x70, 0x70, 0x44, 0x50, 0x100]),
    "cfi-flash": st.sampled_from([0, 1, 2, 4, 0x40, 0x154, 4094, 4096, 5000, 0x3FFFC, 0x40000, 0xFFFFC]),
}
VALUES = st.sampled_from(
    [
        0,
        1,
        2,
        3,
        5,
        7,
        0x10,
        0x20,
        0x40,
        0x50,
        0x60,
        0x70,
        0x80,
        0x83,
        0x90,
        0x98,
        0xC1,
        0xD0,
        0xE8,
        0xFF,
        0x5555,
        0x8000_0000,
    ]
) | st.integers(0, (1 << 64) - 1)


FW_CFG_VALUES = st.sampled_from([0x1900, 0x2000, 0x2100, 0x0040, 0x0080]) | st.integers(
    0, len(DESCRIPTORS) // 16
).map(lambda index: int.from_bytes((RAM + 16 * index).to_bytes(8, "little"), "big"))


def accesses(kind):
    offsets = HOT.get(kind, st.sampled_from(range(0, 0x40, 4))) | st.integers(0, (1 << 23) - 1)
    widths = st.sampled_from([1, 1, 2, 4, 4, 8])
    step = st.one_of(
        st.tuples(st.just("read"), offsets, widths, st.just(0)),
        st.tuples(st.just("write"), offsets, widths, VALUES | FW_CFG_VALUES if kind == "fw-cfg" else VALUES),
        st.tuples(st.just("time"), st.sampled_from([1, 99, 100_000, 10**10]), st.just(1), st.just(0)),
        st.tuples(st.just("poll"), st.just(0), st.just(1), st.just(0)),
    )
    return st.lists(step, max_size=60)


def perform(device, bench, step):
    """One step; returns what the guest would see."""
    what, offset, width, value = step
    if what == "time":
        bench.advance(offset)
    elif what == "poll":
        getattr(device, "poll", lambda: None)()
    elif offset + width <= device.size:
        if what == "write":
            device.write(offset, width, value & ((1 << 8 * width) - 1))
        else:
            return device.read(offset, width)
    return 0


def visible(device, bench):
    """All that others can see of a device: its state, its wires, alarms, native registers, and the line."""
    native = [(register.enabled, register.value) for register in device.native]
    wires = [wire.level for wire in bench.all_wires]
    alarms = [alarm.deadline for alarm in bench.alarms]
    memory = bench.ram.read(RAM, 0x8000)
    return device.state, bench.line.sent, bench.line.coming, wires, alarms, native, memory


@pytest.mark.parametrize("kind", sorted(KINDS))
@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_no_access_raises_and_every_read_fits_its_width(kind, make_bench, data):
    bench = make_bench()
    device = build(kind, bench)
    for step in data.draw(accesses(kind)):
        value = perform(device, bench, step)
        assert isinstance(value, int) and 0 <= value < 1 << 8 * step[2]


@pytest.mark.parametrize("kind", sorted(KINDS))
@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_a_peek_changes_nothing_and_says_what_a_read_would(kind, make_bench, data):
    bench = make_bench()
    device = build(kind, bench)
    for step in data.draw(accesses(kind)):
        what, offset, width, _ = step
        if what != "read" or offset + width > device.size:
            perform(device, bench, step)
            continue
        before = visible(device, bench)
        looked = device.peek(offset, width)
        assert visible(device, bench) == before
        assert device.read(offset, width) == looked


@pytest.mark.parametrize("kind", sorted(KINDS))
@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_a_loaded_state_behaves_as_the_saved_device_goes_on(kind, make_bench, data):
    first_bench, second_bench = make_bench(), make_bench()
    first, second = build(kind, first_bench), build(kind, second_bench)
    for step in data.draw(accesses(kind)):
        perform(first, first_bench, step)
    for step in data.draw(accesses(kind)):
        perform(second, second_bench, step)
    state = first.state
    assert is_dataclass(state)
    second_bench.clock.ns = first_bench.clock.ns
    second_bench.line.coming, second_bench.line.sent = first_bench.line.coming, first_bench.line.sent
    second_bench.ram.write(RAM, first_bench.ram.read(RAM, 0x8000))
    second.load(pickle.loads(pickle.dumps(state)))
    assert visible(second, second_bench) == visible(first, first_bench)
    first_bench.requests.clear()
    second_bench.requests.clear()
    for step in data.draw(accesses(kind)):
        assert perform(first, first_bench, step) == perform(second, second_bench, step)
        assert visible(second, second_bench) == visible(first, first_bench)
    assert first_bench.requests == second_bench.requests
    assert type(state)(**{name: getattr(state, name) for name in state.__slots__}) == state


@pytest.mark.parametrize("kind", sorted(KINDS))
@settings(max_examples=30, deadline=None)
@given(data=st.data())
def test_a_latch_shows_what_a_read_without_effect_would(kind, make_bench, data):
    bench = make_bench()
    device = build(kind, bench)
    for step in data.draw(accesses(kind)):
        perform(device, bench, step)
        for register in device.native:
            if register.enabled and register.action is Action.LATCH:
                before = visible(device, bench)
                assert device.read(register.offset, register.size) == register.value
                assert visible(device, bench) == before


@pytest.mark.parametrize("kind", sorted(KINDS))
@settings(max_examples=30, deadline=None)
@given(data=st.data())
def test_a_queued_write_does_nothing_but_send(kind, make_bench, data):
    bench = make_bench()
    device = build(kind, bench)
    for step in data.draw(accesses(kind)):
        perform(device, bench, step)
        for register in device.native:
            if register.enabled and register.action is Action.RING:
                state, sent, *rest = visible(device, bench)
                device.write(register.offset, register.size, 0x41)
                assert visible(device, bench) == (state, sent + b"A", *rest)


@pytest.mark.parametrize("kind", sorted(KINDS))
@settings(max_examples=30, deadline=None)
@given(data=st.data())
def test_the_native_clock_counts_as_the_device_does(kind, make_bench, data):
    bench = make_bench()
    device = build(kind, bench)
    for step in data.draw(accesses(kind)):
        perform(device, bench, step)
        for register in device.native:
            if register.enabled and register.action is Action.CLOCK:
                assert device.read(register.offset, register.size) == bench.clock.ns // register.period


@pytest.mark.parametrize("kind", sorted(set(KINDS) - {"cfi-flash"}))
def test_a_flood_of_accesses_leaves_the_state_small(kind, bench):
    device = build(kind, bench)
    for index in range(20_000):
        offset = index * 4 % min(device.size, 0x1000)
        device.write(offset, 4, index * 0x9E3779B9 & 0xFFFFFFFF)
        device.read(offset, 4)
    assert sys.getsizeof(pickle.dumps(device.state)) < 16_384


def test_a_flood_of_flash_writes_leaves_no_more_than_the_flash(bench):
    device = build("cfi-flash", bench)
    for index in range(0, device.size, 4096):
        device.write(index, 4, 0x40)
        device.write(index, 4, 0)
        device.write(index, 4, 0xE8)
        device.write(index, 4, 0x3FF)
    assert sum(map(len, device.state.pages.values())) <= device.size
    assert len(device.state.buffer) <= 1024
