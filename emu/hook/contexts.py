"""What a hook is told: the fields of its one argument. The classes are for readers and for type checkers; compiled
code has numba types of the same names."""

from __future__ import annotations

from enum import IntEnum
from typing import Protocol

from axvcpu.control import Kind


class Reason(IntEnum):
    """Why the guest was left, for `on_exit`."""

    READ = int(Kind.MMIO_READ)  # of a device
    WRITE = int(Kind.MMIO_WRITE)
    HALT = int(Kind.HALT)
    HYPERCALL = int(Kind.HYPERCALL)
    SEMIHOSTING = int(Kind.SEMIHOST)
    PORT_READ = int(Kind.IO_READ)
    PORT_WRITE = int(Kind.IO_WRITE)
    REGISTER_READ = int(Kind.SYSREG_READ)
    REGISTER_WRITE = int(Kind.SYSREG_WRITE)


class Context(Protocol):
    """What all hooks are told. Numbers are of 64 bits, without sign."""

    @property
    def pc(self) -> int:
        """Guest-virtual address of the instruction."""
        ...

    @property
    def vcpu(self) -> int: ...

    @property
    def retired(self) -> int:
        """Instructions that this vCPU has retired before this one."""
        ...

    @property
    def level(self) -> int:
        """The bits of a register that say the privilege (RISC-V: 0 user, 1 supervisor, 3 machine)."""
        ...

    def reg(self, name: str) -> int:
        """A register by its name, which is a constant: the manual's or an alias of it."""
        ...

    def read_u8(self, address: int) -> int:
        """Memory at a guest-virtual address, in the guest's byte order; a failure where it is not there."""
        ...

    def read_u16(self, address: int) -> int: ...

    def read_u32(self, address: int) -> int: ...

    def read_u64(self, address: int) -> int: ...

    def stop(self, text: str = ..., code: int = 1) -> None:
        """End the run before this instruction, with this exit code. The hook itself goes on to its end. `text` and
        `code` are constants."""
        ...


class Instruction(Context, Protocol):
    """For `on_insn`: an instruction is about to be executed."""

    @property
    def size(self) -> int:
        """Its bytes, 0 where the engine does not say."""
        ...


class Block(Context, Protocol):
    """For `on_block`: straight-line code begins to run."""

    @property
    def size(self) -> int:
        """Bytes of code."""
        ...

    @property
    def count(self) -> int:
        """Instructions in it."""
        ...


class Access(Context, Protocol):
    """For `on_read` and `on_write`: an instruction is about to access RAM."""

    @property
    def address(self) -> int:
        """Guest-physical."""
        ...

    @property
    def size(self) -> int:
        """Bytes, at most 8."""
        ...

    @property
    def value(self) -> int:
        """What is to be written, or what is there to be read."""
        ...


class Exit(Context, Protocol):
    """For `on_exit`: the guest was left, or an access to a device was answered without."""

    @property
    def reason(self) -> int:
        """A Reason."""
        ...

    @property
    def address(self) -> int:
        """Of the device access (guest-physical), the port, or the number of the register."""
        ...

    @property
    def size(self) -> int:
        """Bytes of a device or port access."""
        ...

    @property
    def value(self) -> int:
        """What was written, or the answer to a read."""
        ...


SHARED = ("pc", "vcpu", "retired", "level")
FIELDS = {
    "insn": (*SHARED, "size"),
    "block": (*SHARED, "size", "count"),
    "read": (*SHARED, "address", "size", "value"),
    "write": (*SHARED, "address", "size", "value"),
    "exit": (*SHARED, "reason", "address", "size", "value"),
}
"""By kind of hook."""
METHODS = ("reg(NAME)", "read_u8/u16/u32/u64(ADDRESS)", "stop(TEXT, CODE)")
