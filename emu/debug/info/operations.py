"""Location expressions (DWARF 5, sections 2.5 and 2.6), evaluated over a frame.

What an expression says is where a thing is, or what it is; what cannot be known now has a reason, never an exception.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Protocol, TypeAlias

from emu.debug.errors import DebugError
from emu.debug.info.dies import Damaged, sleb, uleb

_MOST_STEPS: Final = 10_000
_DEEPEST: Final = 8  # calls, entry values and frame bases inside one another


class Frame(Protocol):
    """What an expression may look at: one frame of a stopped guest. `pc` and `cfa` are guest-virtual addresses."""

    @property
    def cfa(self) -> int | None: ...
    @property
    def pc(self) -> int: ...
    @property
    def big_endian(self) -> bool: ...
    @property
    def address_size(self) -> int: ...

    def register(self, dwarf_number: int) -> int | None:
        """The register's value in this frame, None where it is not known."""
        ...

    def read(self, address: int, size: int) -> bytes:
        """Raises Unreadable."""
        ...


@dataclass(frozen=True, slots=True)
class InMemory:
    """At guest-virtual `address`."""

    address: int


@dataclass(frozen=True, slots=True)
class InRegister:
    """In the register that DWARF calls `number`."""

    number: int


@dataclass(frozen=True, slots=True)
class Implicit:
    """Nowhere: its bytes are known, in the guest's order. `scalar`: a number in an address's width, to be cut or
    widened."""

    data: bytes
    scalar: bool = False


@dataclass(frozen=True, slots=True)
class Piece:
    """`bits` of a thing, from bit `offset` of what is at `place` on."""

    place: Place
    bits: int
    offset: int = 0


@dataclass(frozen=True, slots=True)
class Pieces:
    """Put together from parts, in the order of the thing's memory."""

    parts: tuple[Piece, ...]


@dataclass(frozen=True, slots=True)
class Unavailable:
    """Not known here, because of `reason`; as gdb, "optimized out" where the compiler kept nothing."""

    reason: str = "optimized out"


Place: TypeAlias = InMemory | InRegister | Implicit | Pieces | Unavailable


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What else an expression may need: the frame base of its function, rows of .debug_addr, and where the file lies."""

    frame_base: Callable[[], Place]
    indexed: Callable[[int], int | None]
    base: int = 0
    offset_size: int = 4
    depth: int = 0


class _Unknown(Exception):
    """The value cannot be had; the argument is the reason."""


def evaluate(expression: bytes, frame: Frame, around: Surroundings) -> Place:
    """Where the expression says that the thing is."""
    try:
        return _Machine(expression, frame, around).run()
    except _Unknown as error:
        return Unavailable(str(error))
    except DebugError as error:
        return Unavailable(str(error).rstrip("."))
    except (Damaged, IndexError, OverflowError, MemoryError) as error:
        return Unavailable(f"its location is damaged: {error}")


class _Machine:
    """One run of an expression."""

    def __init__(self, code: bytes, frame: Frame, around: Surroundings) -> None:
        if around.depth > _DEEPEST:
            raise _Unknown("its location refers to itself")
        self.view, self.frame, self.around = memoryview(code), frame, around
        self.position = 0
        self.stack: list[int] = []
        self.size = frame.address_size
        self.mask = (1 << 8 * self.size) - 1
        self.order = "big" if frame.big_endian else "little"
        self.place: Place | None = None  # what the operations since the last piece found, where not an address
        self.parts: list[Piece] = []

    def run(self) -> Place:
        for _ in range(_MOST_STEPS):
            if self.position >= len(self.view):
                break
            operation = self.view[self.position]
            self.position += 1
            self.step(operation)
        else:
            raise _Unknown("its location does not end")
        if self.parts:
            return Pieces(tuple(self.parts))
        return self.found()

    def found(self) -> Place:
        """What the operations so far say."""
        if self.place is not None:
            place, self.place = self.place, None
            return place
        if not self.stack:
            return Unavailable()
        return InMemory(self.pop())

    def step(self, code: int) -> None:
        if 0x30 <= code <= 0x4F:  # DW_OP_lit0..31
            self.push(code - 0x30)
        elif 0x50 <= code <= 0x6F:  # DW_OP_reg0..31
            self.place = InRegister(code - 0x50)
        elif 0x70 <= code <= 0x8F:  # DW_OP_breg0..31
            self.push(self.register(code - 0x70) + self.signed())
        elif code in _CONSTANTS:
            size, signed = _CONSTANTS[code]
            self.push(self.fixed(size or self.size, signed))
        elif code in _BINARY:
            second = self.pop()
            first = self.pop()
            self.push(self.binary(code, first, second))
        else:
            self.other(code)

    def other(self, code: int) -> None:
        if code == 0x03:  # DW_OP_addr
            self.push(self.fixed(self.size, False) + self.around.base)
        elif code == 0x06:  # DW_OP_deref
            self.push(self.load(self.pop(), self.size))
        elif code == 0x94:  # DW_OP_deref_size
            size = self.fixed(1, False)
            self.push(self.load(self.pop(), size))
        elif code in (0xA6, 0xF6):  # DW_OP_deref_type, DW_OP_GNU_deref_type
            size = self.fixed(1, False)
            self.unsigned()
            self.push(self.load(self.pop(), size))
        elif code == 0x10:  # DW_OP_constu
            self.push(self.unsigned())
        elif code == 0x11:  # DW_OP_consts
            self.push(self.signed())
        elif code == 0x12:  # DW_OP_dup
            self.push(self.top(0))
        elif code == 0x13:  # DW_OP_drop
            self.pop()
        elif code == 0x14:  # DW_OP_over
            self.push(self.top(1))
        elif code == 0x15:  # DW_OP_pick
            self.push(self.top(self.fixed(1, False)))
        elif code == 0x16:  # DW_OP_swap
            second, first = self.pop(), self.pop()
            self.stack += [second, first]
        elif code == 0x17:  # DW_OP_rot
            third, second, first = self.pop(), self.pop(), self.pop()
            self.stack += [third, first, second]
        elif code == 0x19:  # DW_OP_abs
            self.push(abs(self.negative(self.pop())))
        elif code == 0x1F:  # DW_OP_neg
            self.push(-self.pop())
        elif code == 0x20:  # DW_OP_not
            self.push(~self.pop())
        elif code == 0x23:  # DW_OP_plus_uconst
            self.push(self.pop() + self.unsigned())
        elif code == 0x28:  # DW_OP_bra
            distance = self.fixed(2, True)
            if self.pop():
                self.jump(distance)
        elif code == 0x2F:  # DW_OP_skip
            self.jump(self.fixed(2, True))
        elif code == 0x90:  # DW_OP_regx
            self.place = InRegister(self.unsigned())
        elif code == 0x91:  # DW_OP_fbreg
            offset = self.signed()
            self.push(self.frame_base() + offset)
        elif code == 0x92:  # DW_OP_bregx
            number = self.unsigned()
            self.push(self.register(number) + self.signed())
        elif code == 0x93:  # DW_OP_piece
            self.parts.append(Piece(self.found(), 8 * self.unsigned()))
        elif code == 0x9D:  # DW_OP_bit_piece
            bits = self.unsigned()
            self.parts.append(Piece(self.found(), bits, self.unsigned()))
        elif code == 0x96:  # DW_OP_nop
            pass
        elif code == 0x9C:  # DW_OP_call_frame_cfa
            if self.frame.cfa is None:
                raise _Unknown("the frame's address is not known")
            self.push(self.frame.cfa)
        elif code == 0x9E:  # DW_OP_implicit_value
            size = self.unsigned()
            if self.position + size > len(self.view):
                raise Damaged("it ends too early")
            self.place = Implicit(bytes(self.view[self.position : self.position + size]))
            self.position += size
        elif code == 0x9F:  # DW_OP_stack_value
            self.place = Implicit(self.pop().to_bytes(self.size, self.order), True)  # type: ignore[arg-type]
        elif code in (0xA0, 0xF2):  # DW_OP_implicit_pointer
            self.fixed(self.around.offset_size, False)
            self.signed()
            self.place = Unavailable("a pointer to something optimized out")
        elif code in (0xA1, 0xA2, 0xFB, 0xFC):  # DW_OP_addrx, DW_OP_constx and GNU's
            value = self.around.indexed(self.unsigned())
            if value is None:
                raise Damaged("an address that is not in .debug_addr")
            self.push(value + (self.around.base if code in (0xA1, 0xFB) else 0))
        elif code in (0xA3, 0xF3):  # DW_OP_entry_value
            size = self.unsigned()
            self.position += size
            raise _Unknown("optimized out: only the value at the function's entry is known")
        elif code in (0xA4, 0xF4):  # DW_OP_const_type
            self.unsigned()
            size = self.fixed(1, False)
            self.push(self.fixed(size, False))
        elif code in (0xA5, 0xF5):  # DW_OP_regval_type
            number = self.unsigned()
            self.unsigned()
            self.push(self.register(number))
        elif code in (0xA8, 0xA9, 0xF7, 0xF9):  # DW_OP_convert, DW_OP_reinterpret: sizes are not followed
            self.unsigned()
        elif code in (0x9B, 0xE0):  # DW_OP_form_tls_address
            raise _Unknown("thread-local storage is not known here")
        elif code == 0xFD:  # DW_OP_GNU_variable_value
            raise _Unknown("optimized out: it depends on another variable")
        elif code == 0xF0:  # DW_OP_GNU_uninit
            pass
        else:
            raise _Unknown(f"operation {code:#x} in its location is not known")

    def frame_base(self) -> int:
        place = self.around.frame_base()
        match place:
            case InMemory(address):
                return address
            case InRegister(number):
                return self.register(number)
            case Implicit(data, True):
                return int.from_bytes(data, self.order)  # type: ignore[arg-type]
            case Unavailable(reason):
                raise _Unknown(f"the frame base is not known: {reason}")
            case _:
                raise _Unknown("the frame base is in pieces")

    def register(self, number: int) -> int:
        value = self.frame.register(number)
        if value is None:
            raise _Unknown(f"DWARF register {number} is not saved in this frame")
        return value

    def load(self, address: int, size: int) -> int:
        if not 0 < size <= 16:
            raise Damaged(f"{size} bytes to read")
        return int.from_bytes(self.frame.read(address, size), self.order)  # type: ignore[arg-type]

    def binary(self, code: int, first: int, second: int) -> int:
        if code in (0x1B, 0x1D) and not second:  # DW_OP_div, DW_OP_mod
            raise _Unknown("its location divides by zero")
        if code in (0x24, 0x25, 0x26) and second > 8 * self.size:
            return 0 if code != 0x26 or self.negative(first) >= 0 else -1
        if code == 0x26:  # DW_OP_shra
            return self.negative(first) >> second
        if code == 0x1B:
            low, high = self.negative(first), self.negative(second)
            quotient = abs(low) // abs(high)
            return quotient if (low < 0) == (high < 0) else -quotient
        if code >= 0x29:  # comparisons are signed
            first, second = self.negative(first), self.negative(second)
        return int(_BINARY[code](first, second))

    def negative(self, value: int) -> int:
        """As a signed number."""
        return value - self.mask - 1 if value > self.mask >> 1 else value

    def jump(self, distance: int) -> None:
        self.position += distance
        if not 0 <= self.position <= len(self.view):
            raise Damaged("a jump out of it")

    def push(self, value: int) -> None:
        if len(self.stack) > 1000:
            raise Damaged("its stack grows without end")
        self.stack.append(value & self.mask)

    def pop(self) -> int:
        return self.stack.pop()

    def top(self, index: int) -> int:
        return self.stack[-1 - index]

    def fixed(self, size: int, signed: bool) -> int:
        raw = self.view[self.position : self.position + size]
        if len(raw) < size:
            raise Damaged("it ends too early")
        self.position += size
        return int.from_bytes(raw, self.order, signed=signed)  # type: ignore[arg-type]

    def unsigned(self) -> int:
        value, self.position = uleb(self.view, self.position)
        return value

    def signed(self) -> int:
        value, self.position = sleb(self.view, self.position)
        return value


_CONSTANTS: Final = {
    0x08: (1, False),
    0x09: (1, True),
    0x0A: (2, False),
    0x0B: (2, True),
    0x0C: (4, False),
    0x0D: (4, True),
    0x0E: (8, False),
    0x0F: (8, True),
}
_BINARY: Final[dict[int, Callable[[int, int], int]]] = {
    0x1A: lambda first, second: first & second,
    0x1B: lambda first, second: first // second,
    0x1C: lambda first, second: first - second,
    0x1D: lambda first, second: first % second,
    0x1E: lambda first, second: first * second,
    0x21: lambda first, second: first | second,
    0x22: lambda first, second: first + second,
    0x24: lambda first, second: first << second,
    0x25: lambda first, second: first >> second,
    0x26: lambda first, second: first >> second,
    0x27: lambda first, second: first ^ second,
    0x29: lambda first, second: first == second,
    0x2A: lambda first, second: first >= second,
    0x2B: lambda first, second: first > second,
    0x2C: lambda first, second: first <= second,
    0x2D: lambda first, second: first < second,
    0x2E: lambda first, second: first != second,
}
