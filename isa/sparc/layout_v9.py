"""`layout` for V9: privileged registers, trap levels, TLBs."""

from __future__ import annotations

import ctypes
from typing import Final

import unicorn.sparc_const as sc

from isa.layout import NotFound
from isa.sparc import instructions as op
from isa.sparc.bench import Bench, u32
from isa.sparc.slots import Slot

_CPU: Final = 1 << 17
POWER_ON_PSTATE: Final = 0x35  # RED, PEF, PRIV, AG
_AG: Final = 1


def calibrate_v9(bench: Bench, layout: list[int], skip: range) -> None:
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


def power_on_v9(bench: Bench, layout: list[int]) -> None:
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
