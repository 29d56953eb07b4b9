"""What an instruction set is: one frozen `Isa` value, found through the entry-point group ``axemu.isa``.

Everything here is plain data and plain functions; what runs hot is named by `Isa.native` and loaded by the
engine. An ability that the instruction set or the engine lacks is None and has its reason in `Isa.missing`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import Enum

from isa.abilities import (
    Access,
    BranchTarget,
    EffectiveAddress,
    MemoryAccess,
    PageWalk,
    ReadPhysical,
    ReadRegister,
    SupervisorCall,
    WalkResult,
    WalkStep,
)
from isa.errors import BadDescriptor, UnknownRegister
from isa.register import Field, Register, Role

__all__ = [
    "Access",
    "Assembler",
    "BootValue",
    "BranchTarget",
    "CpuDevice",
    "CpuModel",
    "EffectiveAddress",
    "EngineTarget",
    "Field",
    "GdbTarget",
    "HypercallAbi",
    "InterruptLines",
    "Isa",
    "LibraryTarget",
    "MemoryAccess",
    "PageWalk",
    "ReadPhysical",
    "ReadRegister",
    "Register",
    "Role",
    "SupervisorCall",
    "Vector",
    "WalkResult",
    "WalkStep",
]


class BootValue(Enum):
    """What a boot register holds at the first instruction (a plain int in its place is that constant)."""

    CPU = "number of this CPU"
    DEVICE_TREE = "guest-physical address of the device tree, 0 where there is none"


@dataclass(frozen=True, slots=True)
class CpuModel:
    """`name` as QEMU's -cpu; `number` for the engine's cpu_model, None: leave the engine's default.

    `extensions` are those (`isa.extension`) that it has beyond the engine, by name. `profile` is ``module:attribute`` of
    the descriptor of a model with other registers and exceptions than its ISA's (Cortex-M).
    """

    name: str
    number: int | None
    summary: str
    extensions: tuple[str, ...] = ()
    profile: str | None = None


@dataclass(frozen=True, slots=True)
class EngineTarget:
    """What uc_open wants; the first model is the default."""

    arch: int
    mode: int
    cpu_models: tuple[CpuModel, ...]


@dataclass(frozen=True, slots=True)
class LibraryTarget:
    """Capstone's or Keystone's constants by name (``CS_ARCH_RISCV``): only use loads the library."""

    arch: str
    modes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Assembler:
    """`entry` names a function (text, address) -> bytes as ``module:function``; it raises AssemblyError."""

    name: str
    entry: str
    limits: str


@dataclass(frozen=True, slots=True)
class GdbTarget:
    """`architecture` as GDB's `set architecture`; `features` are (feature name, register group) in order. `names` are
    (register, what GDB calls it) where that is not the manual's name."""

    architecture: str
    features: tuple[tuple[str, str], ...]
    names: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class HypercallAbi:
    """A guest's call to its VMM: `instruction` while `gate_register` holds `gate_value` (None: always).

    Most calls have one result, in the first of `result_registers`; calls to firmware may have as many as there are.
    `unsupported` is what the first becomes for a number that nobody knows.
    """

    instruction: str
    number_register: str
    argument_registers: tuple[str, ...]
    result_registers: tuple[str, ...]
    unsupported: int
    gate_register: str | None = None
    gate_value: int = 0


@dataclass(frozen=True, slots=True)
class CpuDevice:
    """A device that is part of the CPU: every board has it at [base, base + size). `kind` is one of emu.devices; what
    the callback `own_register` answers of it never gets there."""

    name: str
    kind: str
    base: int
    size: int


@dataclass(frozen=True, slots=True)
class InterruptLines:
    """The lines that machine `bare` drives, by the number that native code and `inject_interrupt` know them by."""

    timer: int = 0
    external: int = 1
    software: int = 2


@dataclass(frozen=True, slots=True)
class Vector:
    """A trap cause, by the number in GuestException exits and in the cause register (interrupt bit apart)."""

    number: int
    name: str
    interrupt: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class Isa:
    """An instruction set. `name` is QEMU's target name; `page_size` the engine's mapping granule in bytes.

    `native` is ``module:attribute`` of an `isa.records.NativeAbilities`: trap delivery, interrupts, counting,
    clocks. `decoding` gives the descriptor to decode with where that depends on the state (Thumb, x86 modes).
    Making one checks it: BadDescriptor says what contradicts what.
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
    lines: InterruptLines | None = None  # None: interrupts do not reach the guest
    trap_delivery: bool = True  # synchronous traps go to the guest's own vectors; False: each is an exit
    port_io: bool = False  # port accesses are exits
    register_exits: bool = False  # system registers that the engine lacks are exits
    devices: tuple[CpuDevice, ...] = ()
    native: str | None = None
    capstone: LibraryTarget | None = None
    keystone: LibraryTarget | None = None
    assembler: Assembler | None = None
    gdb: GdbTarget | None = None
    page_walk: PageWalk | None = None
    effective_address: EffectiveAddress | None = None
    branch_target: BranchTarget | None = None
    general_only: Callable[[bytes], bool] | None = (
        None  # code that changes general registers and memory alone, or traps
    )
    supervisor_call: SupervisorCall | None = None
    calls: tuple[tuple[int, int, str], ...] = ()  # of firmware: (extension, number, name)
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
        if self.endian not in ("little", "big"):
            raise BadDescriptor(self.name, f"endian is {self.endian!r}, expected 'little' or 'big'")
        if not self.engine.cpu_models:
            raise BadDescriptor(self.name, "it has no CPU model, and the first is the default")
        wanted = [name for name, _ in self.boot]
        if self.hypercall is not None:
            abi = self.hypercall
            wanted += [abi.number_register, *abi.argument_registers, *abi.result_registers]
            wanted += [abi.gate_register] if abi.gate_register is not None else []
        for name in wanted:
            if name not in named:
                raise BadDescriptor(self.name, f"its ABI uses {name!r}, which is no register of it")

    def register(self, name: str) -> Register:
        """The register of that name or alias. Raises UnknownRegister, which names the nearest ones."""
        found = self._named.get(name) or self._named.get(name.lower())
        if found is None:
            raise UnknownRegister(self.name, name, tuple(self._named))
        return found

    def general(self, number: int) -> Register:
        """General register `number`, as instructions count them. Raises IndexError."""
        if number < 0:
            raise IndexError(number)
        roles = (Role.GENERAL, Role.ZERO, Role.SP, Role.RA)
        return [row for row in self.registers if row.group == "general" and row.role in roles][number]

    def of_role(self, role: Role) -> tuple[Register, ...]:
        return tuple(register for register in self.registers if register.role is role)

    def vector_name(self, number: int, *, interrupt: bool = False) -> str:
        """The manual's name of a trap cause, or "cause N"."""
        for vector in self.vectors:
            if vector.number == number and vector.interrupt == interrupt:
                return vector.name
        return f"{'interrupt' if interrupt else 'cause'} {number}"

    def call_name(self, number: int, extension: int | None = None) -> str:
        """The name of a guest's call (`Hypercall`): to its VMM without an extension, else to its firmware."""
        if extension is None:
            return f"call {number:#x}"
        for known, function, name in self.calls:
            if known == extension and function == number:
                return name
        return f"call {extension:#x}.{number:#x}"
