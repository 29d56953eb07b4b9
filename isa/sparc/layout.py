"""Where the engine keeps SPARC state: measured on a live engine, never assumed.

The engine's API has the general registers, the pc and the PSR. Everything else is found by code: `wr %g1, %tbr` with two
values of %g1, and the place that followed. The code ends in `ta 0`, which nobody handles yet, so the engine returns.

Measuring leaves the engine as at power-on [V8 7.1, V9 7.6.2.1]: in supervisor mode, with traps (V9: interrupts) off. The
engine itself begins in user mode, in a state that no reset of the architecture leaves.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from typing import Final

import unicorn.sparc_const as sc

from isa.layout import NotFound, Probe, changed, follow
from isa.sparc import instructions as op
from isa.sparc.bench import Bench, u32
from isa.sparc.layout_v9 import calibrate_v9, power_on_v9
from isa.sparc.slots import Slot

_POINTER: Final = struct.Struct("<Q")
POWER_ON_PSR: Final = 0xC0  # S, PS


def calibrate(probe: Probe) -> list[int]:
    """Byte offsets by `Slot`, of an engine just opened, which is left as at power-on."""
    bench = Bench(probe)
    layout = [-1] * len(Slot)
    layout[Slot.KEPT_LIMIT] = 0
    word = bench.word
    patterns = (0x5A5A1234, 0x3C3C4568)
    layout[Slot.G0] = follow(probe, sc.UC_SPARC_REG_G1, patterns, word) - word
    globals_ = range(layout[Slot.G0], layout[Slot.G0] + 8 * word)
    layout[Slot.WINDOW] = globals_.stop
    layout[Slot.BASE] = follow(probe, sc.UC_SPARC_REG_O0, patterns, word)
    layout[Slot.PC] = follow(probe, sc.UC_SPARC_REG_PC, patterns, word)
    layout[Slot.NPC] = layout[Slot.PC] + word
    (calibrate_v9 if bench.wide else _calibrate_v8)(bench, layout, globals_)
    layout[Slot.Y] = bench.follow([op.wr(0, 1)], patterns, word, globals_)
    states = [bench.run(op.ADDCC_G1_1_G3, g1=value) for value in patterns]
    for slot, values in ((Slot.CC_SRC, patterns), (Slot.CC_DST, (patterns[0] + 1, patterns[1] + 1))):
        layout[slot] = bench.place(states, values, word, globals_)
    layout[Slot.CC_SRC2] = layout[Slot.CC_SRC] + word
    layout[Slot.CC_OP] = layout[Slot.CC_DST] + word
    doubles = (0x11223344_5A5A1234, 0x55667788_3C3C4568)
    states = [bench.run(op.LDD_G2_F0, data=one.to_bytes(8, "big")) for one in doubles]
    layout[Slot.F0] = bench.place(states, doubles, 8, globals_)
    bench.run(op.LDD_G2_F0, data=bytes(8))
    before = probe.state_now()
    rounding = [1 << 30, 2 << 30]  # RD is free in the FSR
    states = [bench.run(op.LD_G2_FSR, data=one.to_bytes(4, "big")) for one in rounding]
    places = [
        at
        for at in changed(*states)
        if [u32(state, at) & 3 << 30 for state in states] == rounding and at not in globals_
    ]
    if len(places) != 1:
        raise NotFound("the engine's CPU state holds no FSR")
    layout[Slot.FSR] = places[0]
    bench.run(op.LD_G2_FSR, data=bytes(4))
    layout[Slot.NAME] = _pointer_to_library(before)
    _check_pointer(bench, layout)
    (power_on_v9 if bench.wide else _power_on_v8)(bench, layout)
    bench.close()
    probe.write(sc.UC_SPARC_REG_PC, 0)
    return layout


def _calibrate_v8(bench: Bench, layout: list[int], skip: range) -> None:
    psr = bench.probe

    def to(value: int) -> Callable[[], None]:
        return lambda: psr.write(sc.UC_SPARC_REG_PSR, value)

    to(0)()
    for slot, bit in ((Slot.S, 7), (Slot.PS, 6), (Slot.ET, 5), (Slot.EF, 12)):
        layout[slot] = bench.change(to(1 << bit), 0, 1)
        to(0)()
    layout[Slot.PIL] = bench.change(to(5 << 8), 0, 5)
    layout[Slot.CWP] = bench.change(to(5 << 8 | 3), 0, 3)
    to(0)()
    layout[Slot.PSR] = bench.change(to(5 << 20), 0, 5 << 20)
    to(1 << 7 | 1 << 12)()  # supervisor, FPU on
    layout[Slot.WIM] = bench.follow([op.WR_G1_WIM], (0x5A, 0x3C), 4, skip)
    layout[Slot.TBR] = bench.follow([op.WR_G1_TBR], (0x5A5A1000, 0x3C3C4000), 4, skip)
    states = [bench.run(op.RD_PSR_G1)]
    version = int.from_bytes(states[0][skip.start + 4 : skip.start + 8], "little") & 0xFF000000
    after = [
        at
        for at in range(layout[Slot.BASE] + 16 * 4, len(states[0]) - 8, 4)
        if u32(states[0], at) == version and 3 <= u32(states[0], at + 4) <= 32
    ]
    if not after:
        raise NotFound("the engine's CPU state holds no version and number of windows")
    layout[Slot.VERSION], layout[Slot.NWINDOWS] = after[0], after[0] + 4
    values = (0x2A, 0x15)  # of the bits that every model has
    context = None
    for asi in (op.ASI_MMU_LEON, op.ASI_MMU):
        states = [bench.run(op.MOV_0X200_G3, op.sta(1, 3, asi), g1=value) for value in values]
        if states[0] != states[1]:
            try:
                context = bench.place(states, values, 4, skip)
            except NotFound:
                continue
            bench.run(op.MOV_0X200_G3, op.sta(1, 3, asi), g1=0)
    if context is None:
        raise NotFound("the engine's CPU state holds no MMU context")
    layout[Slot.MMU] = context - 8


def _pointer_to_library(state: bytes) -> int:
    """Offset of the one word that points into Unicorn's library."""
    with open("/proc/self/maps") as maps:
        lines = [line.split() for line in maps if "libunicorn" in line]
    spans = [tuple(int(part, 16) for part in line[0].split("-")) for line in lines]
    low, high = min(span[0] for span in spans), max(span[1] for span in spans)
    for number, (word,) in enumerate(_POINTER.iter_unpack(state[: len(state) // 8 * 8])):
        if low <= word < high:
            return 8 * number
    raise NotFound("the engine's CPU state does not name its model")


def _check_pointer(bench: Bench, layout: list[int]) -> None:
    """The pointer to the current window moves by 16 registers with the window."""
    code = (op.wrpr("cwp", 1),) if bench.wide else (op.WR_G1_PSR,)
    windows = u32(bench.probe.state_now(), layout[Slot.NWINDOWS])
    first = 0xC0 if not bench.wide else windows - 1
    second = 0xC1 if not bench.wide else windows - 2
    states = [bench.run(*code, g1=value) for value in (second, first)]
    one, zero = (_POINTER.unpack_from(state, layout[Slot.WINDOW])[0] for state in states)
    if one - zero != 16 * bench.word:
        raise NotFound("the engine's CPU state holds no pointer to the register window after the globals")


def _power_on_v8(bench: Bench, layout: list[int]) -> None:
    bench.run(op.WR_G1_WIM, g1=1)
    for register in (sc.UC_SPARC_REG_G1, sc.UC_SPARC_REG_G2, sc.UC_SPARC_REG_G3, sc.UC_SPARC_REG_PC):
        bench.probe.write(register, 0)
    bench.probe.write(sc.UC_SPARC_REG_PSR, POWER_ON_PSR)
