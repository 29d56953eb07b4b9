"""The M profile's state by register name, out of and into the engine's CPU state. See `m_layout`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from isa.arm.causes import M_LINES
from isa.arm.layout import Slot
from isa.arm.m_layout import BIAS, CPUID, NONE, V7M, Nvic
from isa.arm.state import Floats, put_whole, put_word, whole, word

if TYPE_CHECKING:
    from isa.records import StateBytes, StateView

_CORE: Final = (*(f"r{n}" for n in range(13)), "sp", "lr", "pc")
_BANKED: Final = {
    "primask": V7M.PRIMASK,
    "basepri": V7M.BASEPRI,
    "faultmask": V7M.FAULTMASK,
    "msplim": V7M.MSPLIM,
    "psplim": V7M.PSPLIM,
    "vtor": V7M.VTOR,
    "scr": V7M.SCR,
    "ccr": V7M.CCR,
    "cfsr": V7M.CFSR,
    "cpacr": V7M.CPACR,
    "mmfar": V7M.MMFAR,
}
_PLAIN: Final = {"hfsr": V7M.HFSR, "bfar": V7M.BFAR, "exception": V7M.EXCEPTION}
_NVIC: Final = {
    "nvic_iser0": Nvic.ENABLED,
    "nvic_ispr0": Nvic.PENDING,
    "nvic_iabr0": Nvic.ACTIVE,
    "system_pending": Nvic.SYSTEM_PENDING,
    **{f"shpr{n + 1}": Nvic.PRIORITIES + n for n in range(3)},
    **{f"nvic_ipr{n}": Nvic.PRIORITIES + 3 + n for n in range(8)},
}
_CONSTANT: Final = ("cpuid", "icsr", "aircr", "shcsr")
FPCA: Final = 4


class State:
    """Reads and writes one CPU state (`data`, in place) by name; `layout` as `calibrate_m` gives it."""

    def __init__(self, layout: list[int], wide: bool) -> None:
        self._layout = layout
        self._floats = Floats(layout)
        self.v7m, self.nvic = layout[Slot.V7M], layout[Slot.XREGS]
        places = {name: (layout[Slot.REGS] + 4 * n, 4) for n, name in enumerate(_CORE)}
        places |= {
            name: place
            for name, place in self._floats.places.items()
            if name[0] != "q" and name not in _UPPER
        }
        places |= {name: (self.v7m + at, 4) for name, at in (_BANKED | _PLAIN).items()}
        places |= {name: (self.nvic + 4 * at, 4) for name, at in _NVIC.items()}
        for name in ("xpsr", "control", "msp", "psp", *_CONSTANT):
            places[name] = (-1, 4)
        self.places: Final = places

    def own(self, data: StateBytes, at: int) -> int:
        """A word of the interrupt controller."""
        return word(data, self.nvic + 4 * at)

    def bank(self, data: StateBytes) -> int:
        return 4 * (word(data, self.v7m + V7M.SECURE) & 1)

    def on_process_stack(self, data: StateBytes) -> bool:
        """Whether sp is PSP: in Thread mode, with CONTROL.SPSEL [m B1.4.1]."""
        control = word(data, self.v7m + V7M.CONTROL + self.bank(data))
        return word(data, self.v7m + V7M.EXCEPTION) == 0 and bool(control & 2)

    def get(self, data: StateBytes, name: str) -> int:
        layout, v7m = self._layout, self.v7m
        match name:
            case "xpsr":
                return self._xpsr(data)
            case "fpscr":
                return self._floats.fpscr(data)
            case "control":
                bank = self.bank(data)
                return word(data, v7m + V7M.CONTROL + bank) & 3 | word(data, v7m + V7M.CONTROL + 4) & FPCA
            case "msp" | "psp":
                live = self.on_process_stack(data) == (name == "psp")
                return word(data, layout[Slot.REGS] + 52 if live else v7m + V7M.OTHER_SP)
            case "cpuid":
                return layout[CPUID]
            case "aircr":
                return 0xFA05_0000 | self.own(data, Nvic.PRIGROUP) << 8
            case "icsr":
                return self._icsr(data)
            case "shcsr":
                return shcsr(
                    self.own(data, Nvic.SYSTEM_PENDING),
                    self.own(data, Nvic.SYSTEM_ACTIVE),
                    self.own(data, Nvic.SYSTEM_ENABLED),
                )
        at, size = self.places[name]
        if name in _BANKED:
            at += self.bank(data)
        return int.from_bytes(data[at : at + size], "little")

    def put(self, data: bytearray | memoryview, name: str, value: int) -> None:
        """`value` is cut to the register's width; what only the guest may write stays."""
        layout, v7m = self._layout, self.v7m
        match name:
            case "xpsr":
                self._put_xpsr(data, value)
            case "fpscr":
                self._floats.put_fpscr(data, value)
            case "control":
                before, bank = self.on_process_stack(data), self.bank(data)
                put_word(data, v7m + V7M.CONTROL + bank, value & 3)
                upper = word(data, v7m + V7M.CONTROL + 4) & ~FPCA
                put_word(data, v7m + V7M.CONTROL + 4, upper | value & FPCA)
                self._exchange(data, before)
            case "msp" | "psp":
                live = self.on_process_stack(data) == (name == "psp")
                put_word(data, layout[Slot.REGS] + 52 if live else v7m + V7M.OTHER_SP, value & ~3)
            case _ if name not in _CONSTANT:
                at, size = self.places[name]
                if name in _BANKED:
                    at += self.bank(data)
                data[at : at + size] = (value & ((1 << 8 * size) - 1)).to_bytes(size, "little")

    def _exchange(self, data: bytearray | memoryview, before: bool) -> None:
        """Change the stack pointers over, if the other one is now in use."""
        if before != self.on_process_stack(data):
            here, other = self._layout[Slot.REGS] + 52, self.v7m + V7M.OTHER_SP
            mine = word(data, here)
            put_word(data, here, word(data, other))
            put_word(data, other, mine)

    def _xpsr(self, data: StateBytes) -> int:
        layout = self._layout
        value = word(data, self.v7m + V7M.EXCEPTION) & 0x1FF
        value |= word(data, layout[Slot.NF]) & 1 << 31 | (word(data, layout[Slot.ZF]) == 0) << 30
        value |= (word(data, layout[Slot.CF]) & 1) << 29 | word(data, layout[Slot.VF]) >> 31 << 28
        value |= (word(data, layout[Slot.QF]) & 1) << 27 | (word(data, layout[Slot.THUMB]) & 1) << 24
        it = word(data, layout[Slot.CONDEXEC])
        return value | (it & 3) << 25 | (it & 0xFC) << 8 | word(data, layout[Slot.GE]) << 16

    def _put_xpsr(self, data: bytearray | memoryview, value: int) -> None:
        layout = self._layout
        put_word(data, layout[Slot.NF], value & 1 << 31)
        put_word(data, layout[Slot.ZF], not value >> 30 & 1)
        put_word(data, layout[Slot.CF], value >> 29 & 1)
        put_word(data, layout[Slot.VF], (value >> 28 & 1) << 31)
        put_word(data, layout[Slot.QF], value >> 27 & 1)
        put_word(data, layout[Slot.THUMB], value >> 24 & 1)
        put_word(data, layout[Slot.CONDEXEC], value >> 25 & 3 | value >> 8 & 0xFC)
        put_word(data, layout[Slot.GE], value >> 16 & 15)
        before = self.on_process_stack(data)
        put_word(data, self.v7m + V7M.EXCEPTION, value & 0x1FF)
        self._exchange(data, before)

    def _icsr(self, data: StateBytes) -> int:
        system = self.own(data, Nvic.SYSTEM_PENDING)
        value = word(data, self.v7m + V7M.EXCEPTION) & 0x1FF | self.own(data, Nvic.BEST) << 12
        value |= bool(self.own(data, Nvic.PENDING)) << 22 | (system >> 15 & 1) << 26
        return value | (system >> 14 & 1) << 28 | (system >> 2 & 1) << 31

    def read(self, data: StateBytes) -> dict[str, int]:
        """The whole state: the core registers by name, and everything else of the engine's as one number."""
        return {
            **{name: self.get(data, name) for name in (*_CORE, "xpsr")},
            "engine": whole(self._layout, data),
        }

    def write(self, data: bytearray | memoryview, registers: dict[str, int]) -> None:
        put_whole(self._layout, data, registers)
        for name, value in registers.items():
            if name in self.places and self.get(data, name) != value:
                self.put(data, name, value)


_UPPER: Final = tuple(f"d{n}" for n in range(16, 32))


def shcsr(pending: int, active: int, enabled: int) -> int:
    """SHCSR [m B3.2.13]."""
    value = active >> 4 & 1 | (active >> 5 & 1) << 1 | (active >> 6 & 1) << 3 | (active >> 11 & 1) << 7
    value |= (active >> 12 & 1) << 8 | (active >> 14 & 1) << 10 | (active >> 15 & 1) << 11
    value |= (
        (pending >> 6 & 1) << 12
        | (pending >> 4 & 1) << 13
        | (pending >> 5 & 1) << 14
        | (pending >> 11 & 1) << 15
    )
    return value | (enabled >> 4 & 7) << 16


def wakes(view: StateView, state: StateBytes, lines: int, told: int) -> bool:
    """Whether wfi goes on: something is pending that would be taken if PRIMASK were 0 [m B1.5.19]."""
    assert isinstance(view, State)
    mask = ~((2 << view.own(state, Nvic.PRIGROUP)) - 1) & 0xFF
    base = view.get(state, "basepri") & mask
    limit = min(view.own(state, Nvic.RUNNING), base + BIAS if base else NONE)
    if view.get(state, "faultmask"):
        limit = min(limit, BIAS - 1)
    risen = lines & ~view.own(state, Nvic.LEVEL)
    external = (view.own(state, Nvic.PENDING) | risen) & view.own(state, Nvic.ENABLED)
    pending = view.own(state, Nvic.SYSTEM_PENDING) | external << 16
    priorities = view.nvic + 4 * Nvic.PRIORITIES
    for number in range(2, 16 + M_LINES):
        if pending >> number & 1:
            priority = (state[priorities + number - 4] & mask) + BIAS if number > 3 else number - 2
            if priority < limit:
                return True
    return False


def regime(view: StateView, state: StateBytes) -> object:
    """Addresses are not translated."""
    return None


def identify(view: StateView, state: bytearray, number: int) -> None:
    """After reset: nothing is active, T is set, and the vector table is to be looked at."""
    assert isinstance(view, State)
    for at, value in ((Nvic.RUNNING, NONE), (Nvic.BEST_PRIORITY, NONE), (Nvic.RESET, 1)):
        put_word(state, view.nvic + 4 * at, value)
    view.put(state, "xpsr", 1 << 24)
