"""Where the engine keeps MIPS registers in a saved CPU state, and the places where it lets us in.

Registers that the API has are followed (`isa.layout`), coprocessor 0 by what `mtc0` changes, all on a live engine.

**Ways in.** The engine has a word for "this exception stops the run", which MIPS leaves empty: it makes exceptions come
as UC_HOOK_INSN_INVALID with the pc of their instruction, where UC_HOOK_INTR has the pc of some earlier system call. And
its class of CPUs has a function that is asked for interrupts before each block is looked up. Both are found by the
addresses beside or in them, which the library exports.
"""

from __future__ import annotations

import contextlib
import ctypes
import struct
from enum import IntEnum, auto
from typing import Any, Final

import unicorn.mips_const as mc
import unicorn.unicorn_py3.unicorn as binding

from isa.layout import NotFound, changed, follow
from isa.mips.cp0 import ROWS, Cp0


class Slot(IntEnum):
    """Indices into the layout: byte offsets in the CPU state; from DO_INTERRUPT on host addresses, of functions of the
    engine, of two places that hold TLB_FILL's, with ours to be put there, and of the translator's DELAY_FLAG."""

    GPR = 0
    PC = auto()
    HI = auto()
    LO = auto()
    F0 = auto()
    FCSR = auto()
    USERLOCAL = auto()
    HFLAGS = auto()
    ERROR_CODE = auto()
    BTARGET = auto()
    BCOND = auto()
    STATUS = auto()
    CAUSE = auto()
    EPC = auto()
    EBASE = auto()
    BADVADDR = auto()
    CONFIG1 = auto()
    CONFIG3 = auto()
    DO_INTERRUPT = auto()
    EXEC_INTERRUPT = auto()
    PHYSICAL = auto()
    TLB_FILL = auto()
    SET_PAGE = auto()
    FLUSH_TLB = auto()
    FILL_PLACE = auto()
    OTHER_FILL_PLACE = auto()
    OUR_FILL = auto()
    DELAY_FLAG = auto()


CP0: Final = len(Slot)
"""Index of the first register of `cp0.ROWS`, -1 where the CPU model lacks it."""

_COPIES: Final = {
    Slot.STATUS: "status",
    Slot.CAUSE: "cause",
    Slot.EPC: "epc",
    Slot.BADVADDR: "badvaddr",
    Slot.CONFIG3: "config3",
}
_FUNCTIONS: Final = {
    Slot.DO_INTERRUPT: "mips_cpu_do_interrupt",
    Slot.EXEC_INTERRUPT: "mips_cpu_exec_interrupt",
    Slot.PHYSICAL: "mips_cpu_get_phys_page_debug",
    Slot.TLB_FILL: "mips_cpu_tlb_fill",
    Slot.SET_PAGE: "tlb_set_page",
    Slot.FLUSH_TLB: "tlb_flush",
}
_FOLLOWED: Final = (
    (Slot.GPR, mc.UC_MIPS_REG_1),
    (Slot.PC, mc.UC_MIPS_REG_PC),
    (Slot.HI, mc.UC_MIPS_REG_HI),
    (Slot.LO, mc.UC_MIPS_REG_LO),
    (Slot.USERLOCAL, mc.UC_MIPS_REG_CP0_USERLOCAL),
)
_VALUES: Final = (0x5A5A1234, 0x3C3C4568)
_WRITTEN: Final = 0x01234567_923463FE
"""What `mtc0` writes beside 0: it has bits in all the fields that can be written, and not Debug.DM, HWREna.ULR."""
T0: Final = 8
MTC0, MFC0, DMTC0, MFC1 = 0x40800000, 0x40000000, 0x40A00000, 0x44000000
BREAK, BNE, LW = 0x0000000D, 0x14000000, 0x8C000000
CU1: Final = 1 << 29
HFLAG_FPU: Final = 1 << 5
_PAGE: Final = 0x10000
_HEAD: Final = 4096
_CPU: Final = 1 << 17
_CLASS: Final = 512
_POOLS, _FREE, _TRANSLATOR, _VARIABLE = 40, 256, 1 << 16, 64
"""Of the translator's structure: bytes of the lists that it empties first, of those of free variables at least, and more
than it has in all; bytes of a variable at most."""


class _Runner:
    """Runs a few instructions of calibration, each time at a new place: the engine never sees code change."""

    def __init__(self, probe: Any) -> None:  # noqa: ANN401
        self._probe = probe
        self._order = probe.isa.endian
        self.place = _PAGE
        page = (ctypes.c_uint64(_PAGE), ctypes.c_size_t(_PAGE))
        self._page = page
        if binding.uclib.uc_mem_map(probe.handle, *page, ctypes.c_uint32(7)):
            raise NotFound("no page of the engine's memory can be had to calibrate with")

    def run(self, word: int, t0: int) -> bytes:
        """The CPU state after one instruction with t0 set, at its own exception or at that of the `break` behind it."""
        code = b"".join(one.to_bytes(4, self._order) for one in (word, BREAK))
        size = ctypes.c_size_t(len(code))
        binding.uclib.uc_mem_write(self._probe.handle, ctypes.c_uint64(self.place), code, size)
        self._probe.write(mc.UC_MIPS_REG_0 + T0, t0)
        none = ctypes.c_uint64(0)
        binding.uclib.uc_emu_start(
            self._probe.handle, ctypes.c_uint64(self.place), none, none, ctypes.c_size_t(0)
        )
        self.place += len(code)
        state: bytes = self._probe.state_now()
        return state

    def close(self) -> None:
        binding.uclib.uc_mem_unmap(self._probe.handle, *self._page)


def calibrate(probe: Any) -> list[int]:  # noqa: ANN401
    """The layout of a fresh engine, whose exceptions and interrupts then come to us; its state is that of power-on."""
    begun = probe.new_context()
    probe.save(begun)
    way_in, kind = _let_in(probe)
    word = 8 if probe.wide else 4
    layout = [-1] * (CP0 + len(ROWS))
    for slot, register in _FOLLOWED:
        layout[slot] = follow(probe, register, _VALUES, word)
    layout[Slot.GPR] -= word
    layout[Slot.F0] = follow(probe, mc.UC_MIPS_REG_F0, (0x5A5A12345A5A1234, 0x3C3C45683C3C4568), 8)
    with contextlib.suppress(NotFound):  # a CPU without FPU has none
        fixed = probe.read(mc.UC_MIPS_REG_FCSR) & ~3
        layout[Slot.FCSR] = follow(probe, mc.UC_MIPS_REG_FCSR, (fixed | 3, fixed | 1), 4)
    runner = _Runner(probe)
    try:
        _control(probe, runner, layout, word)
        _flags(probe, runner, layout)
        _branch(runner, layout, word)
    finally:
        runner.close()
    for slot, name in _COPIES.items():
        layout[slot] = layout[CP0 + _index(name)]
    for slot, name in _FUNCTIONS.items():
        layout[slot] = _function(probe, name)
    layout[Slot.FILL_PLACE], layout[Slot.OTHER_FILL_PLACE] = _in_class(kind, layout[Slot.TLB_FILL], 2)
    layout[Slot.OUR_FILL] = probe.callbacks["fill"]
    layout[Slot.DELAY_FLAG] = _delay_flag(probe)
    probe.restore(begun)
    ctypes.c_int32.from_address(way_in).value = -1  # no exception is under way
    return layout


def _index(name: str) -> int:
    return next(i for i, row in enumerate(ROWS) if row.name == name)


def _function(probe: Any, name: str) -> int:  # noqa: ANN401
    """Host address of one of the engine's inner functions."""
    function = getattr(binding.uclib, f"{name}_{probe.isa.name}", None)
    address = ctypes.cast(function, ctypes.c_void_p).value if function is not None else None
    if address is None:
        raise NotFound(f"the engine's library does not export {name}_{probe.isa.name}")
    return address


def _read(address: int, size: int) -> bytes:
    with open("/proc/self/mem", "rb", buffering=0) as memory:
        memory.seek(address)
        return memory.read(size)


def _one(data: bytes, word: int, what: str) -> int:
    """The one place of a 64-bit word."""
    at = data.find(struct.pack("<Q", word))
    if at < 0 or at % 8 or data.find(struct.pack("<Q", word), at + 1) >= 0:
        raise NotFound(f"the engine holds {what} at no place, or at several")
    return at


def _in_class(kind: int, function: int, count: int) -> list[int]:
    """The first places from the class of the CPU on that hold a function: `count` are the class's own. Behind it may
    lie what is left of another one."""
    words = struct.unpack(f"<{_CLASS // 8}Q", _read(kind, _CLASS))
    found = [kind + 8 * i for i, word in enumerate(words) if word == function]
    if len(found) < count:
        raise NotFound(f"the engine's CPU holds a function {len(found)} times, expected {count}")
    return found[:count]


def _let_in(probe: Any) -> tuple[int, int]:  # noqa: ANN401
    """Take over the two functions of the module's docstring; the address of the number of the exception under way, and
    that of the class of the CPU."""
    handle = probe.handle.value
    at = _one(_read(handle, _HEAD), _function(probe, "memory_map_io"), "memory_map_io") - 8
    if ctypes.c_uint64.from_address(handle + at).value:
        raise NotFound("the engine asks something before it takes an exception")
    get_cpu = getattr(binding.uclib, f"qemu_get_cpu_{probe.isa.name}")
    get_cpu.restype, get_cpu.argtypes = ctypes.c_void_p, (ctypes.c_void_p, ctypes.c_int)
    cpu = get_cpu(probe.handle, -1)
    data = _read(cpu, _CPU)
    places = [i for i in range(0, _CPU - 24, 8) if struct.unpack_from("<i4xQ", data, i) == (-1, handle)]
    if not places or data[8:16] != bytes(8):
        raise NotFound("the engine holds no number of an exception")
    kind = struct.unpack_from("<Q", data, places[0] + 16)[0]  # its class, behind the engine's address
    if not cpu < kind < cpu + _CPU:
        raise NotFound("the engine's CPU object holds no class")
    (interrupts,) = _in_class(kind, _function(probe, "mips_cpu_exec_interrupt"), 1)
    ctypes.c_uint64.from_address(handle + at).value = probe.callbacks["claims"]
    ctypes.c_uint64.from_address(interrupts).value = probe.callbacks["interrupts"]
    return int(cpu + places[0]), int(kind)


def _delay_flag(probe: Any) -> int:  # noqa: ANN401
    """Host address of the word in which the translator has its variable "in a delay slot", 0 between two blocks.

    A fetch that faults in the middle of an instruction leaves half a block and this word behind, and the next block is
    made with the variable of another: the process ends. It is before the lists of free variables, all zero once a block
    is begun, and those are before the variables, of which the first is called "env".
    """
    begin_block = getattr(binding.uclib, f"tcg_func_start_{probe.isa.name}")
    model = ctypes.create_string_buffer(bytes(_POOLS) + b"\xff" * _TRANSLATOR, _POOLS + _TRANSLATOR)
    begin_block(ctypes.byref(model))
    free = model.raw.find(bytes(_FREE), _POOLS)
    variables = free + len(model.raw[free:]) - len(model.raw[free:].lstrip(b"\0"))
    if free < 0 or free % 8 or variables % 8:
        raise NotFound("the engine's translator has no list of variables that are free")
    found: set[int] = set()
    for (word,) in struct.iter_unpack("<Q", _read(probe.handle.value, _HEAD)):
        for (name,) in struct.iter_unpack("<Q", _peek(word + variables, _VARIABLE) if word else b""):
            if name and _peek(name, 4) == b"env\0" and _peek(word + free - 8, 8) == bytes(8):
                found.add(word + free - 8)
    if len(found) != 1:
        raise NotFound(f"the engine has {len(found)} translators, expected 1")
    return found.pop()


def _peek(address: int, size: int) -> bytes:
    """Nothing where there is no memory."""
    try:
        return _read(address, size)
    except (OSError, OverflowError, ValueError):
        return b""


def _control(probe: Any, runner: _Runner, layout: list[int], word: int) -> None:  # noqa: ANN401
    """Coprocessor 0: what `mtc0` changes beside t0 and the pc, then what lies beside what was found."""
    busy = {place + i for place in (layout[Slot.GPR] + T0 * word, layout[Slot.PC]) for i in range(0, word, 4)}

    def place(states: list[bytes], size: int) -> int:
        beyond = layout[Slot.F0]  # before are registers of thread contexts
        found = [at for at in changed(*states) if at not in busy and at > beyond]
        if not found:
            return -1
        at = found[0] & -size
        if any(not at <= each < at + size for each in found):
            raise NotFound("a register of coprocessor 0 is at more than one place of the engine's state")
        return at

    for i, row in enumerate(ROWS):
        size = 8 if row.rank == "double" else 4 if row.rank == "word" else word
        if row.found == "written":
            value = 1 if row.name == "index" else _WRITTEN
            move = DMTC0 if probe.wide and row.rank != "word" else MTC0
            code = move | T0 << 16 | row.number << 11 | row.select
            layout[CP0 + i] = place([runner.run(code, one) for one in (0, value)], size)
        elif row.found == "fault":
            code = LW | T0 << 21 | (T0 + 1) << 16
            layout[CP0 + i] = place([runner.run(code, one) for one in (1, 0x102)], size)
    status = probe.read(mc.UC_MIPS_REG_CP0_STATUS)
    layout[CP0 + _index("status")] = follow(
        probe, mc.UC_MIPS_REG_CP0_STATUS, (status | 0x5A00, status | 0x3C00), 4
    )
    probe.write(mc.UC_MIPS_REG_CP0_STATUS, status)
    config3 = follow(probe, mc.UC_MIPS_REG_CP0_CONFIG3, _VALUES, 4)
    layout[CP0 + _index("config3")] = config3
    layout[Slot.CONFIG1] = config3 - 8
    beside = {"config": -12, "config1": -8, "config2": -4, "config4": 4, "config5": 12}
    for i, row in enumerate(ROWS):
        if row.found == "near":
            at = layout[CP0 + _index("epc")] + word if row.name == "prid" else config3 + beside[row.name]
            layout[CP0 + i] = at if _reads(probe, runner, row, at) else -1
    _exception_base(probe, layout, word)


def _exception_base(probe: Any, layout: list[int], word: int) -> None:  # noqa: ANN401
    """EBase, behind PRId, which release 1 has not but the engine needs."""
    at = -(-(layout[CP0 + _index("prid")] + 4) // word) * word
    value = int.from_bytes(probe.state_now()[at : at + 4], "little")
    if layout[CP0 + _index("ebase")] not in (-1, at) or value & 0xC0000000 != 0x80000000:
        raise NotFound("the engine's state holds no exception base behind PRId")
    layout[Slot.EBASE] = at


def _reads(probe: Any, runner: _Runner, row: Cp0, at: int) -> bool:  # noqa: ANN401
    """Whether `mfc0` reads what the state holds there."""
    state = runner.run(MFC0 | T0 << 16 | row.number << 11 | row.select, 0)
    seen = probe.read(mc.UC_MIPS_REG_0 + T0) & 0xFFFFFFFF
    return bool(seen == int.from_bytes(state[at : at + 4], "little"))


def _flags(probe: Any, runner: _Runner, layout: list[int]) -> None:  # noqa: ANN401
    """hflags, which have the FPU's bit of Status, and before them the code of the last exception: of an unusable
    coprocessor its number."""
    status = probe.read(mc.UC_MIPS_REG_CP0_STATUS)
    states = []
    for value in (status & ~CU1, status | CU1):
        probe.write(mc.UC_MIPS_REG_CP0_STATUS, value)
        states.append(probe.state_now())
    probe.write(mc.UC_MIPS_REG_CP0_STATUS, status & ~CU1)
    for at in changed(*states):
        words = [int.from_bytes(state[at : at + 4], "little") for state in states]
        if words[0] ^ words[1] == HFLAG_FPU:
            layout[Slot.HFLAGS], layout[Slot.ERROR_CODE] = at, at - 4
    codes = []
    for word in (MFC1, BREAK):
        state = runner.run(word, 0)
        at = layout[Slot.ERROR_CODE]
        codes.append(int.from_bytes(state[at : at + 4], "little"))
    if codes != [1, 0]:
        raise NotFound("the engine's state holds no code of exceptions before its flags")


def _branch(runner: _Runner, layout: list[int], word: int) -> None:
    """What is behind hflags while a branch waits for its slot, where the `break` is: its target and its condition."""
    at = runner.place
    state = runner.run(BNE | T0 << 21 | 0x100, 1)
    target = -(-(layout[Slot.HFLAGS] + 4) // word) * word
    words = [int.from_bytes(state[i : i + word], "little") for i in (target, target + word)]
    if words != [at + 4 + 0x400, 1]:
        raise NotFound("the engine's state holds no target and condition of a branch behind its flags")
    layout[Slot.BTARGET], layout[Slot.BCOND] = target, target + word
