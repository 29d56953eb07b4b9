"""Where the engine keeps SPARC state: measured on a live engine, never assumed.

The engine's API has the general registers, the pc and the PSR. Everything else is found by code: `wr %g1, %tbr` with two
values of %g1, and the place that followed. The code ends in `ta 0`, which nobody handles yet, so the engine returns.

Measuring leaves the engine as at power-on [V8 7.1, V9 7.6.2.1]: in supervisor mode, with traps (V9: interrupts) off. The
engine itself begins in user mode, in a state that no reset of the architecture leaves.
"""

from __future__ import annotations

import ctypes
import struct
from collections.abc import Callable
from enum import IntEnum
from typing import Final

import unicorn.sparc_const as sc

from isa.layout import NotFound, Probe, changed, follow
from isa.sparc import instructions as op
from isa.sparc.bench import Bench, u32


class Slot(IntEnum):
    """Indices into the layout: byte offsets into the CPU state. -1: this version of the architecture lacks it."""

    G0 = 0
    WINDOW = 1  # host pointer to the current window: its outs, locals and ins lie there in this order
    PC = 2
    NPC = 3
    Y = 4
    CC_SRC = 5  # operands and result of the last instruction that set the condition codes,
    CC_SRC2 = 6
    CC_DST = 7
    CC_OP = 8  # and which it was: the codes are computed when they are asked for
    PSR = 9  # the icc bits of the PSR, only valid where CC_OP says so
    FSR = 10
    F0 = 11
    CWP = 12  # V9 counts windows the other way round: number of windows - 1 - CWP
    BASE = 13  # window 0; a window is 16 registers further on
    VERSION = 14
    NWINDOWS = 15
    NAME = 16  # host pointer to the model's name: no state of the guest's
    TBR = 17  # V9: tba
    PIL = 18
    WIM = 19  # V8
    S = 20
    PS = 21
    ET = 22
    EF = 23
    MMU = 24  # registers of the reference MMU, one a word
    XCC = 25  # V9
    ASI = 26
    PSTATE = 27
    TL = 28
    MAXTL = 29
    CANSAVE = 30
    CANRESTORE = 31
    OTHERWIN = 32
    WSTATE = 33
    CLEANWIN = 34
    FPRS = 35
    GSR = 36
    GL = 37
    SOFTINT = 38
    TRAP = 39  # tpc, tnpc, tstate, tt of TL 1
    TRAP_STEP = 40  # bytes from one TL to the next
    LSU = 41  # bits 2 and 3: the instruction and the data MMU are on
    HPSTATE = 42
    TICK_CMPR = 43
    STICK_CMPR = 44
    BANKS = 45  # globals that are not in use: alternate, normal, interrupt, MMU, 64 bytes each
    KEPT_NPC = 46  # no offsets: the npc, and the length of the next block, that an entry goes on with
    KEPT_STEP = 47
    KEPT_LIMIT = 48  # how many instructions of the next block come before one that must not run
    ITLB = 49  # V9: 64 entries of tag and data
    CONTEXT = 50  # V9: primary context


_CPU: Final = 1 << 17
_POINTER: Final = struct.Struct("<Q")
POWER_ON_PSR: Final = 0xC0  # S, PS
POWER_ON_PSTATE: Final = 0x35  # RED, PEF, PRIV, AG
_AG: Final = 1


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
    (_calibrate_v9 if bench.wide else _calibrate_v8)(bench, layout, globals_)
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
    (_power_on_v9 if bench.wide else _power_on_v8)(bench, layout)
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


def _calibrate_v9(bench: Bench, layout: list[int], skip: range) -> None:
    state = _in_place(bench)
    change = bench.lib.cpu_change_pstate_sparc64
    change.argtypes, change.restype = (ctypes.c_void_p, ctypes.c_uint32), None
    layout[Slot.PSTATE] = bench.change(lambda: change(state, 0x14), 0, 0x14)  # PEF, PRIV
    normal, alternate = 0x5A5A1357, 0x3C3C2468
    bench.probe.write(sc.UC_SPARC_REG_G1, normal)
    change(state, 0x15)  # AG
    bench.probe.write(sc.UC_SPARC_REG_G1, alternate)
    change(state, 0x14)
    saved = bench.probe.state_now()
    found = saved.find(alternate.to_bytes(8, "little"), skip.stop)
    if found >= 0:  # not where GL has taken their place
        layout[Slot.BANKS] = found - 8
        if saved[found + 64 : found + 72] != normal.to_bytes(8, "little"):
            raise NotFound("the engine's CPU state does not hold the normal globals after the alternate ones")
    for slot, name, size, values in (
        (Slot.TBR, "tba", 8, (0x5A5A8000, 0x3C3C8000)),
        (Slot.TL, "tl", 4, (2, 3)),
        (Slot.PIL, "pil", 4, (5, 9)),
        (Slot.CANSAVE, "cansave", 4, (2, 3)),
        (Slot.CANRESTORE, "canrestore", 4, (2, 3)),
        (Slot.OTHERWIN, "otherwin", 4, (2, 3)),
        (Slot.CLEANWIN, "cleanwin", 4, (2, 3)),
        (Slot.WSTATE, "wstate", 4, (0x25, 0x12)),
    ):
        layout[slot] = bench.follow([op.wrpr(name, 1)], values, size, skip)
    trap = []
    for level in (1, 2):
        code = [op.MOV_TL[level], op.wrpr("tpc", 1)]
        trap.append(bench.follow(code, (0x5A5A1234, 0x3C3C4568), 8, skip))
    bench.run(op.MOV_TL[0])
    layout[Slot.TRAP], layout[Slot.TRAP_STEP] = trap[0], trap[1] - trap[0]
    for slot, number, size, values in (
        (Slot.ASI, 3, 4, (0x5A, 0x3C)),
        (Slot.FPRS, 6, 4, (5, 6)),
        (Slot.SOFTINT, 22, 4, (0x5A5A, 0x3C3C)),
        (Slot.TICK_CMPR, 23, 8, (0x5A5A1234, 0x3C3C4568)),
        (Slot.STICK_CMPR, 25, 8, (0x5A5A1235, 0x3C3C4569)),
    ):
        layout[slot] = bench.follow([op.wr(number, 1)], values, size, skip)
    bench.run(op.wr(6, 1), g1=4)  # FPU on
    layout[Slot.GSR] = bench.follow([op.wr(19, 1)], (0x5A5A1234, 0x3C3C4568), 8, skip)
    values = (0x5A, 0x3C)
    states = [bench.run(op.wr(2, 1), g1=value) for value in values]  # ccr
    layout[Slot.PSR] = bench.place(states, (0xA << 20, 0xC << 20), 4, skip)
    layout[Slot.XCC] = bench.place(states, (0x5 << 20, 0x3 << 20), 4, skip)
    states = [bench.run(op.wrpr("cwp", 1), g1=value) for value in (0, 1)]
    windows = bench.run(op.RDPR_VER_G1)
    version = int.from_bytes(windows[skip.start + 8 : skip.start + 16], "little")
    last = version & 0x1F
    layout[Slot.CWP] = bench.place(states, (last, last - 1), 4, skip)
    bench.run(op.wrpr("cwp", 1), g1=last)
    found = windows.find(version.to_bytes(8, "little") + (last + 1).to_bytes(4, "little"))
    if found < 0:
        raise NotFound("the engine's CPU state holds no version and number of windows")
    layout[Slot.VERSION], layout[Slot.NWINDOWS] = found, found + 8
    layout[Slot.MAXTL] = layout[Slot.TL] + 4
    if u32(windows, layout[Slot.MAXTL]) != version >> 8 & 0xFF:
        raise NotFound("the engine's CPU state holds no MAXTL after TL")
    layout[Slot.LSU], layout[Slot.GL], layout[Slot.HPSTATE] = _not_in_all(bench, layout)
    if layout[Slot.BANKS] >= 0:  # a sun4v model's MMU is its hypervisor's
        layout[Slot.CONTEXT], layout[Slot.ITLB] = _tlb(bench, skip)


def _tlb(bench: Bench, skip: range) -> tuple[int, int]:
    """Offsets of the primary context, and of the first entry of the instruction TLB."""
    code = [op.MOV_8_G3, op.sta(1, 3, op.ASI_DMMU, wide=True)]
    context = bench.follow(code, (0x155, 0xAAA), 8, skip)
    entry = 1 << 63 | 0x155 << 13  # valid, 8 KiB
    code = [op.MOV_0_G3, op.sta(1, 3, op.ASI_ITLB_DATA, wide=True)]
    states = [bench.run(*code, g1=value) for value in (entry, 0)]
    return context, bench.place(states, (entry, 0), 8, skip) - 8


def _not_in_all(bench: Bench, layout: list[int]) -> tuple[int, int, int]:
    """Offsets of what some models do not let a guest write: the MMUs' switches, 8 bytes after the number of windows; GL,
    the word after the GSR, and HPSTATE, 8 bytes further on."""
    lsu, gl = layout[Slot.NWINDOWS] + 8, layout[Slot.GSR] + 8
    for at, code, values in (
        (lsu, op.sta(1, 0, op.ASI_LSU, wide=True), [8, 0]),  # of the two MMUs that of data
        (gl, op.wrpr("gl", 1), [2, 0]),
    ):
        states = [bench.run(code, g1=value) for value in values]
        if [u32(state, at) for state in states] not in (values, [0, 0]):
            raise NotFound(
                "the engine's CPU state does not hold the switches of the MMUs, or GL, at their place"
            )
    return lsu, gl, gl + 8


def _in_place(bench: Bench) -> int:
    """Host address of the CPU state inside the engine."""
    get = bench.lib.qemu_get_cpu_sparc64
    get.restype, get.argtypes = ctypes.c_void_p, (ctypes.c_void_p, ctypes.c_int)
    cpu = get(bench.handle, -1)
    bench.probe.write(sc.UC_SPARC_REG_G1, 0x5A17_C0DE_1357_0001)
    with open("/proc/self/mem", "rb", buffering=0) as memory:
        memory.seek(cpu)
        at = memory.read(_CPU).find(bench.probe.state_now())
    if not cpu or at < 0:
        raise NotFound("the engine's CPU object does not hold its CPU state")
    return int(cpu) + at


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


def _power_on_v9(bench: Bench, layout: list[int]) -> None:
    """TL is MAXTL; the rest is what POR sets. The hypervisor's mode is left to nobody: the guest is what it serves."""
    maxtl = u32(bench.probe.state_now(), layout[Slot.MAXTL])
    bench.run(op.wr(2, 1), op.wr(6, 1), g1=0)
    bench.run(op.wrpr("tl", 1), g1=maxtl)
    bench.run(op.wrpr("tt", 1), g1=1)
    bench.run(op.wrpr("gl", 1), g1=2)
    for register in (sc.UC_SPARC_REG_G1, sc.UC_SPARC_REG_G2, sc.UC_SPARC_REG_G3, sc.UC_SPARC_REG_PC):
        bench.probe.write(register, 0)
    state = _in_place(bench)
    for pstate in (POWER_ON_PSTATE & ~_AG, POWER_ON_PSTATE, POWER_ON_PSTATE & ~_AG, POWER_ON_PSTATE):
        bench.lib.cpu_change_pstate_sparc64(state, pstate)  # no pattern stays in any globals
        bench.probe.write(sc.UC_SPARC_REG_G1, 0)
