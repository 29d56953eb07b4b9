"""GDB's target description (GDB manual, appendix "Target Descriptions"), computed from the register table."""

from __future__ import annotations

from isa.contract import Isa, Register, Role
from isa.errors import NoSuchAbility

_TYPES = {Role.PC: "code_ptr", Role.SP: "data_ptr", Role.RA: "code_ptr"}
_FLOATS = {32: "ieee_single", 64: "ieee_double", 80: "i387_ext", 96: "float"}
_WIDE = {128: "uint128"}


def gdb_registers(isa: Isa) -> tuple[Register, ...]:
    """The registers that GDB sees, in the order of its `g` packet."""
    return tuple(sorted((row for row in isa.registers if row.gdb is not None), key=lambda row: row.gdb or 0))


def target_description(isa: Isa) -> str:
    """The text of target.xml. Raises NoSuchAbility where the descriptor says nothing about GDB."""
    if isa.gdb is None:
        raise NoSuchAbility(
            isa.name, "GDB description", dict(isa.missing).get("gdb", "its descriptor has none")
        )
    rows = gdb_registers(isa)
    names = dict(isa.gdb.names)
    features = "".join(
        _feature(name, [row for row in rows if row.group == group], names) for name, group in isa.gdb.features
    )
    return (
        '<?xml version="1.0"?>\n<!DOCTYPE target SYSTEM "gdb-target.dtd">\n<target version="1.0">\n'
        f"  <architecture>{isa.gdb.architecture}</architecture>\n{features}</target>\n"
    )


def _feature(name: str, rows: list[Register], names: dict[str, str]) -> str:
    lines = "".join(
        f'    <reg name="{names.get(row.name, row.name)}" bitsize="{row.bits}" regnum="{row.gdb}" '
        f'type="{register_type(row)}"/>\n'
        for row in rows
    )
    return f'  <feature name="{name}">\n{lines}  </feature>\n'


def register_type(row: Register) -> str:
    """GDB's type for its contents."""
    if row.role is Role.FP and row.bits in _FLOATS:
        return _FLOATS[row.bits]
    return _WIDE.get(row.bits) or _TYPES.get(row.role, "int")
