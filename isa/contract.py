"""What an instruction set is: one frozen `Isa` value, found through the entry-point group ``axemu.isa``.

Everything here is plain data and plain functions; what runs hot is named by `Isa.native` and loaded by the
engine. An ability that the instruction set or the engine lacks is None here and has its reason in
`Isa.missing`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import Enum
from typing import TypeAlias

from isa.errors import BadDescriptor, UnknownRegister

ReadRegister: TypeAlias = Callable[[str], int]  # register name or alias -> unsigned value
ReadPhysical: TypeAlias = Callable[[int, int], bytes | None]  # (gpa, bytes); None where nothing is


class Role(Enum):
    """What a register is for, as far as a tool that knows no ISA needs it."""

    PC = "program counter"
    SP = "stack pointer"
    RA = "return address"
    GENERAL = "general"
    ZERO = "always zero"
    FP = "floating point"
    VECTOR = "vector"
    STATUS = "status or flags"
    SYSTEM = "system"
    PRIVILEGE = "current privilege"


class Access(Enum):
    FETCH = "fetch"
    LOAD = "load"
    STORE = "store"


class BootValue(Enum):
    """What a boot register holds at the first instruction (a plain int in its place is that constant)."""

    CPU = "number of this CPU"
    DEVICE_TREE = "guest-physical address of the device tree, 0 where there is none"


@dataclass(frozen=True, slots=True)
class Field:
    """Bits `low` to `low + width - 1` of a register. `values` names those values that have a name."""

    name: str
    low: int
    width: int = 1
    values: tuple[tuple[int, str], ...] = ()

    def of(self, word: int) -> int:
        return word >> self.low & (1 << self.width) - 1


@dataclass(frozen=True, slots=True)
class Register:
    """One register, by the name in its manual.

    `unicorn` is the engine's id, None where the engine has none; `selector` goes with ids that select among
    many (AArch64 CP_REG, x86 MSR). `group` is the GDB feature's group, `gdb` GDB's register number, None
    where GDB has no such register. `number` is the encoding in instructions and in SysRegRead exits (RISC-V:
    CSR number). `privilege` is the lowest that may read it: the engine's API obeys the current one on some
    ISAs. `note` says in what way the engine's register is wrong.
    """

    name: str
    bits: int
    unicorn: int | None
    role: Role
    group: str = "general"
    aliases: tuple[str, ...] = ()
    gdb: int | None = None
    number: int | None = None
    privilege: int = 0
    read_only: bool = False
    selector: tuple[int, ...] = ()
    fields: tuple[Field, ...] = ()
    note: str = ""


@dataclass(frozen=True, slots=True)
class CpuModel:
    """`name` as QEMU's -cpu; `number` for the engine's cpu_model, None: leave the engine's default."""

    name: str
    number: int | None
    summary: str


@dataclass(frozen=True, slots=True)
class EngineTarget:
    """What uc_open wants; the first model is the default."""

    arch: int
    mode: int
    cpu_models: tuple[CpuModel, ...]


@dataclass(frozen=True, slots=True)
class LibraryTarget:
    """Capstone's or Keystone's constants by name (``CS_ARCH_RISCV``): the library is loaded only when it is
    used.
    """

    arch: str
    modes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Assembler:
    """`entry` is ``module:function``, a function (text, address) -> bytes that raises
    `isa.errors.AssemblyError`.
    """

    name: str
    entry: str
    limits: str


@dataclass(frozen=True, slots=True)
class GdbTarget:
    """`features`: (feature name, register group) in target.xml's order; `architecture` as GDB's `set
    architecture`.
    """

    architecture: str
    features: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class HypercallAbi:
    """A guest's call to its VMM: `instruction` with `gate_register` == `gate_value` (None: always a
    hypercall).

    `unsupported` is what `result_register` becomes for a number that nobody knows.
    """

    instruction: str
    number_register: str
    argument_registers: tuple[str, ...]
    result_register: str
    unsupported: int
    gate_register: str | None = None
    gate_value: int = 0


@dataclass(frozen=True, slots=True)
class Vector:
    """A trap cause: the number that GuestException exits and the guest's cause register (interrupt bit apart)
    hold.
    """

    number: int
    name: str
    interrupt: bool = False


@dataclass(frozen=True, slots=True)
class MemoryAccess:
    """What one instruction does at a virtual `address`: `size` bytes; an atomic operation is a LOAD and a
    STORE.
    """

    address: int
    size: int
    kind: Access


@dataclass(frozen=True, slots=True)
class WalkStep:
    """One level of a walk: the entry's guest-physical address and its value (None where nothing is mapped
    there).
    """

    level: int
    address: int
    value: int | None


@dataclass(frozen=True, slots=True)
class WalkResult:
    """`physical` is None exactly where `fault` (a `Vector` number) is set; `reason` says which rule failed.

    `page_size` is in bytes, 0 where translation is off or failed. `writable`, `executable`, ... are in
    `rights`: a subset of "rwxu". `update` is the value the last entry must get (accessed and dirty bits),
    None where it is up to date.
    """

    physical: int | None
    page_size: int
    steps: tuple[WalkStep, ...] = ()
    fault: int | None = None
    reason: str = ""
    rights: str = ""
    update: int | None = None


PageWalk: TypeAlias = Callable[[ReadPhysical, ReadRegister, int, Access], WalkResult]
BranchTarget: TypeAlias = Callable[[bytes, int], int | None]  # (code, its address) -> where it may jump
EffectiveAddress: TypeAlias = Callable[[bytes, ReadRegister], tuple[MemoryAccess, ...]]


@dataclass(frozen=True, slots=True, eq=False)
class Isa:
    """An instruction set. `name` is QEMU's target name; `page_size` the engine's mapping granule in bytes.

    `native` is ``module:attribute`` of an `isa.native.NativeAbilities`: trap delivery, interrupts, counting,
    clocks. `decoding` maps the state to the descriptor to decode with, where that depends on it (Thumb, x86
    real mode).
    """

    name: str
    bits: int
    endian: str  # "little" or "big"
    summary: str
    engine: EngineTarget
    page_size: int
    registers: tuple[Register, ...]
    instruction_length: Callable[[bytes], int]  # bytes of the first instruction in the code given
    max_instruction_length: int
    vectors: tuple[Vector, ...]
    aliases: tuple[str, ...] = ()
    boot: tuple[tuple[str, BootValue | int], ...] = ()
    hypercall: HypercallAbi | None = None
    halt: str | None = None  # the instruction, and what wakes the CPU again
    native: str | None = None
    capstone: LibraryTarget | None = None
    keystone: LibraryTarget | None = None
    assembler: Assembler | None = None
    gdb: GdbTarget | None = None
    page_walk: PageWalk | None = None
    effective_address: EffectiveAddress | None = None
    branch_target: BranchTarget | None = None
    decoding: Callable[[ReadRegister], Isa] | None = None
    missing: tuple[tuple[str, str], ...] = ()  # (ability, why it is None or partial)
    _named: dict[str, Register] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        named: dict[str, Register] = {}
        for register in self.registers:
            for name in (register.name, *register.aliases):
                if name in named:
                    raise BadDescriptor(self.name, f"register name {name!r} is used twice")
                named[name] = register
        object.__setattr__(self, "_named", named)

    def register(self, name: str) -> Register:
        """The register of that name or alias. Raises UnknownRegister, which names the nearest ones."""
        found = self._named.get(name) or self._named.get(name.lower())
        if found is None:
            raise UnknownRegister(self.name, name, tuple(self._named))
        return found

    def of_role(self, role: Role) -> tuple[Register, ...]:
        return tuple(register for register in self.registers if register.role is role)

    def vector_name(self, number: int, *, interrupt: bool = False) -> str:
        """The manual's name of a trap cause, or "cause N"."""
        for vector in self.vectors:
            if vector.number == number and vector.interrupt == interrupt:
                return vector.name
        return f"{'interrupt' if interrupt else 'cause'} {number}"
