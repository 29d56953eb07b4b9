"""x86 state by register name, out of and into the engine's saved CPU state. See `layout`.

At rest the whole of eflags is one word; the engine spreads it out when it begins, and gathers it when it leaves.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from isa.state import WHOLE, TableState
from isa.x86.causes import FIRST_INTERRUPT
from isa.x86.layout import (
    ADDSEG,
    ATTRIBUTES,
    BASE,
    CS,
    CS32,
    CS64,
    DS,
    ES,
    FPU_FLAGS,
    FS,
    GDTR,
    GS,
    GUEST,
    IDTR,
    INHIBIT,
    INTERRUPTS_ON,
    LDTR,
    LIMIT,
    LMA,
    OSFXSR,
    PE,
    PRIORITY_KEPT,
    SEGMENT,
    SELECTOR,
    SS,
    SS32,
    TR,
    Slot,
)
from isa.x86.registers import GENERAL_32, GENERAL_64, NUMBERS, encoding
from isa.x86.svm import FIRST_EXIT, MSR_EXIT, PRIVATE, SHUTDOWN_EXIT

if TYPE_CHECKING:
    from isa.records import StateBytes, StateView

_SEGMENTS: Final = {"es": ES, "cs": CS, "ss": SS, "ds": DS, "fs": FS, "gs": GS, "ldtr": LDTR, "tr": TR}
_MSRS: Final = (
    ("efer", Slot.EFER, 8), ("sysenter_cs", Slot.SYSENTER_CS, 4), ("sysenter_esp", Slot.SYSENTER_ESP, 8),
    ("sysenter_eip", Slot.SYSENTER_EIP, 8), ("misc_enable", Slot.MISC_ENABLE, 8), ("pat", Slot.PAT, 8),
    ("star", Slot.STAR, 8), ("lstar", Slot.LSTAR, 8), ("cstar", Slot.CSTAR, 8), ("fmask", Slot.FMASK, 8),
    ("k_gs_base", Slot.K_GS_BASE, 8), ("tsc_aux", Slot.TSC_AUX, 8), ("xcr0", Slot.XCR0, 8),
    ("tsc_adjust", Slot.TSC_OFFSET, 8),
)  # fmt: skip
_X87_LAST: Final = (("fop", 0, 2), ("fiseg", 2, 2), ("foseg", 4, 2), ("fioff", 8, 4), ("fooff", 16, 4))
_HIDDEN: Final = (
    "cs_attr", "ss_attr", "ss_base", "ds_base", "es_base", "cr0", "cr4", "efer", "eflags",
)  # fmt: skip
"""What the hidden flags follow."""
PENDING: Final = 2
"""Of SOFTWARE, at rest: the exception NEXT_PC, with the error code at ERROR_CODE, is to be raised at the next entry."""
_VM, _IF = 1 << 17, 1 << 9
_PE, _PG = 1, 1 << 31


class State(TableState):
    """`layout` are the offsets by `Slot`."""

    def __init__(self, layout: list[int], wide: bool) -> None:
        self._layout = layout
        word, general = (8, GENERAL_64) if wide else (4, GENERAL_32)
        pc, flags = layout[Slot.PC], layout[Slot.FLAGS]
        places = {name: (layout[Slot.GENERAL] + 8 * encoding(name), word) for name in general}
        places |= {"rip" if wide else "eip": (pc, word), "eflags": (flags, 4)}
        for name, index in _SEGMENTS.items():
            at = layout[Slot.SEGMENTS] + SEGMENT * index
            places[name] = (at + SELECTOR, 2)
            places[f"{name}_base"], places[f"{name}_limit"] = (at + BASE, 8), (at + LIMIT, 4)
            places[f"{name}_attr"] = (at + ATTRIBUTES, 4)
        for name, index in (("gdtr", GDTR), ("idtr", IDTR)):
            at = layout[Slot.SEGMENTS] + SEGMENT * index
            places[f"{name}_base"], places[f"{name}_limit"] = (at + BASE, 8), (at + LIMIT, 4)
        places |= {f"cr{n}": (layout[Slot.CR0] + 8 * n, 8) for n in (0, 2, 3, 4)}
        places["cr8"] = (layout[Slot.TASK_PRIORITY], 1)
        places |= {f"dr{n}": (layout[Slot.DR0] + 8 * n, 8) for n in (0, 1, 2, 3, 6, 7)}
        places |= {name: (layout[slot], size) for name, slot, size in _MSRS}
        places |= {name: (layout[Slot.X87_LAST] + at, size) for name, at, size in _X87_LAST}
        places |= {f"xmm{n}": (layout[Slot.XMM0] + 64 * n, 16) for n in range(16 if wide else 8)}
        places |= {"mxcsr": (layout[Slot.MXCSR], 4), "fctrl": (layout[Slot.X87_CONTROL], 2)}
        self._named = (*places, "fstat", "ftag", *(f"st{n}" for n in range(8)))
        places |= {"fstat": (layout[Slot.X87_STATUS], 2), "ftag": (layout[Slot.X87_TAGS], 8)}
        places |= {f"st{n}": (layout[Slot.X87] + 16 * n, 10) for n in range(8)}
        places |= {f"mm{n}": (layout[Slot.X87] + 16 * n, 8) for n in range(8)}
        places["cpl"] = (layout[Slot.HFLAGS], 1)
        places["hidden"] = (layout[Slot.HFLAGS], 4)
        places |= _parts(layout, wide)
        super().__init__(places)

    def get(self, data: bytes | bytearray | memoryview, name: str) -> int:
        if name == "cpl":
            return super().get(data, name) & 3
        if name in ("fstat", "ftag"):
            return self._status(data) if name == "fstat" else self._tags(data)
        return super().get(data, self._on_stack(data, name))

    def put(self, data: bytearray | memoryview, name: str, value: int) -> None:
        if name == "cpl":
            return
        if name == "fstat":
            self._put(data, Slot.X87_TOP, 4, value >> 11 & 7)
            value &= ~0x3800
        elif name == "ftag":
            value = sum(1 << 8 * n for n in range(8) if value >> 2 * n & 3 == 3)
        elif name == "eflags":
            value |= 2
        elif name == "tr_attr":  # the engine keeps the type without its busy bit, and aborts at any other
            value = value & ~0xFF00 | (0x8900 if value & 0x800 else 0x8100)
        super().put(data, self._on_stack(data, name), value)
        if name in _HIDDEN:
            hide(self._layout, data)

    def read(self, data: bytes | bytearray | memoryview) -> dict[str, int]:
        """The whole state by name. What the engine leaves lying about and never looks at again reads as zero."""
        clean = bytearray(data)
        scratch = [
            (Slot.CC_DST, 8),
            (Slot.CC_SRC, 8),
            (Slot.CC_SRC2, 8),
            (Slot.CC_OP, 4),
            (Slot.DIRECTION, 4),
        ]
        scratch += [(Slot.RETURN, 8), (Slot.PC, 8)]
        if self._word(data, Slot.SOFTWARE, 4) != PENDING:
            scratch += [(Slot.ERROR_CODE, 4), (Slot.SOFTWARE, 4), (Slot.NEXT_PC, 8)]
        for slot, size in scratch:
            self._put(clean, slot, size, 0)
        named = {name: self.get(data, name) for name in self._named}
        return {WHOLE: int.from_bytes(clean, "little"), **named}

    def write(self, data: bytearray | memoryview, registers: dict[str, int]) -> None:
        """`registers` as `read` gave them, or some of them by name."""
        if WHOLE in registers:
            breakpoints = slice(self._layout[Slot.DR0] + 64, self._layout[Slot.OLD_EXCEPTION])
            kept = bytes(data[breakpoints])  # host addresses, good for this engine only
            data[:] = registers[WHOLE].to_bytes(len(data), "little")
            data[breakpoints] = kept
            hidden = self.get(data, "hidden")
        for name, value in registers.items():
            if name in self.places:
                self.put(data, name, value)
        if WHOLE in registers:
            self.put(data, "hidden", hidden)

    def _word(self, data: StateBytes, slot: Slot, size: int) -> int:
        at = self._layout[slot]
        return int.from_bytes(data[at : at + size], "little")

    def _put(self, data: bytearray | memoryview, slot: Slot, size: int, value: int) -> None:
        at = self._layout[slot]
        data[at : at + size] = value.to_bytes(size, "little")

    def _on_stack(self, data: StateBytes, name: str) -> str:
        """st(n) is the n-th register from the top of the stack."""
        if len(name) == 3 and name.startswith("st") and name[2].isdigit():
            return f"st{(int(name[2]) + self._word(data, Slot.X87_TOP, 4)) & 7}"
        return name

    def _status(self, data: StateBytes) -> int:
        return super().get(data, "fstat") & ~0x3800 | (self._word(data, Slot.X87_TOP, 4) & 7) << 11

    def _tags(self, data: StateBytes) -> int:
        """Two bits each: valid, zero, special, empty."""
        word = 0
        for n in range(8):
            number = super().get(data, f"st{n}")
            exponent, mantissa = number >> 64 & 0x7FFF, number & (1 << 64) - 1
            if data[self._layout[Slot.X87_TAGS] + n]:
                tag = 3
            elif not exponent and not mantissa:
                tag = 1
            else:
                tag = 2 if exponent in (0, 0x7FFF) or not mantissa >> 63 else 0
            word |= tag << 2 * n
        return word


def _parts(layout: list[int], wide: bool) -> dict[str, tuple[int, int]]:
    """The narrower names of the general registers."""
    places: dict[str, tuple[int, int]] = {}
    for n in range(16 if wide else 8):
        at = layout[Slot.GENERAL] + 8 * n
        if n >= 8:
            places |= {f"r{n}{letter}": (at, size) for letter, size in (("d", 4), ("w", 2), ("b", 1))}
            continue
        stem = NUMBERS[n]
        places[stem] = (at, 2)
        if wide:
            places[f"e{stem}"] = (at, 4)
        if stem.endswith("x"):
            places |= {f"{stem[0]}l": (at, 1), f"{stem[0]}h": (at + 1, 1)}
        elif wide:
            places[f"{stem}l"] = (at, 1)
    return places


def hide(layout: list[int], data: bytearray | memoryview) -> None:
    """The hidden flags as the registers have them; the interrupt shadow and SVM's own stay."""

    def word(at: int, size: int = 8) -> int:
        return int.from_bytes(data[at : at + size], "little")

    def segment(index: int, field: int, size: int) -> int:
        return word(layout[Slot.SEGMENTS] + SEGMENT * index + field, size)

    cr0, cr4, efer = (word(layout[Slot.CR0]), word(layout[Slot.CR0] + 32), word(layout[Slot.EFER]))
    code, stack = segment(CS, ATTRIBUTES, 4), segment(SS, ATTRIBUTES, 4)
    old = word(layout[Slot.HFLAGS], 4)
    flags = old & ~(3 | CS32 | SS32 | ADDSEG | PE | LMA | CS64 | OSFXSR | 7 << FPU_FLAGS)
    flags |= (stack >> 13 & 3) | (PE if cr0 & _PE else 0) | (cr0 >> 1 & 7) << FPU_FLAGS
    flags |= (OSFXSR if cr4 & 1 << 9 else 0) | (LMA if efer & 1 << 10 else 0)
    if flags & LMA and code & 1 << 21:
        flags |= CS32 | SS32 | CS64
    else:
        flags |= (CS32 if code & 1 << 22 else 0) | (SS32 if stack & 1 << 22 else 0)
        based = any(segment(each, BASE, 8) for each in (DS, ES, SS))
        virtual = word(layout[Slot.FLAGS]) & _VM
        if not cr0 & _PE or virtual or not flags & CS32 or based:
            flags |= ADDSEG
    data[layout[Slot.HFLAGS] : layout[Slot.HFLAGS] + 4] = flags.to_bytes(4, "little")


def power_on(layout: list[int], data: memoryview, bits: int, *, sse: bool) -> None:
    """The state that machines start in: flat segments at privilege level 0, interrupts off, no paging, x87 and SSE
    ready. i386: 32-bit protected mode. x86-64: 64-bit mode, which hardware has with paging only: EFER.LMA is set and
    CR0.PG is not, and linear addresses are physical, until the guest sets PG. There are no descriptor tables: a guest
    that takes exceptions or loads a segment makes its own."""

    def put(at: int, value: int, size: int = 8) -> None:
        data[at : at + size] = value.to_bytes(size, "little")

    for index in range(10):
        at = layout[Slot.SEGMENTS] + SEGMENT * index
        data[at : at + SEGMENT] = bytes(SEGMENT)
        if index in (LDTR, TR):
            put(at + LIMIT, 0xFFFF, 4)
            put(at + ATTRIBUTES, 0x8200 if index == LDTR else 0x8900, 4)
        elif index < LDTR:
            wide_code = index == CS and bits == 64
            put(at + SELECTOR, 8 if index == CS else 16, 4)
            put(at + LIMIT, 0xFFFF_FFFF, 4)
            put(at + ATTRIBUTES, 0xAF9B00 if wide_code else 0xCF9B00 if index == CS else 0xCF9300, 4)
    put(layout[Slot.CR0], 0x11)
    put(layout[Slot.CR0] + 32, (0x600 if sse else 0) | (0x20 if bits == 64 else 0))
    put(layout[Slot.EFER], 0x500 if bits == 64 else 0)
    put(layout[Slot.FLAGS], 2)
    put(layout[Slot.X87_TOP], 0, 4)
    put(layout[Slot.X87_STATUS], 0, 2)
    put(layout[Slot.X87_CONTROL], 0x37F, 2)
    put(layout[Slot.X87_TAGS], 0x0101_0101_0101_0101)
    put(layout[Slot.MXCSR], 0x1F80, 4)
    put(layout[Slot.PAT], 0x0007_0406_0007_0406)
    put(layout[Slot.MISC_ENABLE], 1)
    put(layout[Slot.VMCB_PLACE], PRIVATE)
    put(layout[Slot.INTERCEPT], 1 << MSR_EXIT - FIRST_EXIT | 1 << SHUTDOWN_EXIT - FIRST_EXIT)
    put(layout[Slot.HFLAGS], GUEST, 4)
    put(layout[Slot.HFLAGS2], INTERRUPTS_ON | PRIORITY_KEPT, 4)
    hide(layout, data)


def wakes(view: StateView, state: StateBytes, lines: int, told: int) -> bool:
    """Whether hlt goes on: an interrupt can be taken."""
    return lines != 0 and takes(view, state, lines)


def takes(view: StateView, state: StateBytes, lines: int) -> bool:
    first = (lines & -lines).bit_length() - 1 + FIRST_INTERRUPT
    enabled = view.get(state, "eflags") & _IF and not view.get(state, "hidden") & INHIBIT
    return bool(enabled) and first >> 4 > view.get(state, "cr8")


def regime(view: StateView, state: StateBytes) -> object:
    """What decides how linear addresses are translated."""
    cr0, cr4, efer = (view.get(state, name) for name in ("cr0", "cr4", "efer"))
    return cr0 & (_PG | 1 << 16), view.get(state, "cr3"), cr4 & 0x30_10B0, efer & 0xC00
