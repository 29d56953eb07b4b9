"""A descriptor that contradicts itself is refused when it is made."""

from __future__ import annotations

import importlib
from dataclasses import replace

import capstone
import pytest

import isa
from isa.contract import BootValue, HypercallAbi, Isa, Role
from isa.errors import BadDescriptor
from isa.registry import names

ALL = pytest.mark.parametrize("name", names())


@pytest.fixture
def described() -> Isa:
    return isa.find("riscv64")


def test_two_registers_of_one_name_are_refused(described: Isa) -> None:
    with pytest.raises(BadDescriptor, match="'a0' is used twice"):
        replace(described, registers=(*described.registers, described.register("a0")))


def test_an_abi_with_a_register_that_does_not_exist_is_refused(described: Isa) -> None:
    with pytest.raises(BadDescriptor, match="uses 'rax'"):
        replace(described, hypercall=HypercallAbi("vmcall", "rax", ("a0",), ("a0",), 0))
    with pytest.raises(BadDescriptor, match="uses 'r0'"):
        replace(described, boot=(("r0", BootValue.CPU),))


def test_a_wrong_byte_order_and_no_cpu_model_are_refused(described: Isa) -> None:
    with pytest.raises(BadDescriptor, match="endian is 'middle', expected 'little' or 'big'"):
        replace(described, endian="middle")
    with pytest.raises(BadDescriptor, match="no CPU model"):
        replace(described, engine=replace(described.engine, cpu_models=()))


@ALL
def test_every_descriptor_has_one_pc_a_stack_pointer_and_unique_gdb_numbers(name: str) -> None:
    described = isa.find(name)
    assert len(described.of_role(Role.PC)) == 1
    assert described.of_role(Role.SP)
    numbers = [row.gdb for row in described.registers if row.gdb is not None]
    assert len(numbers) == len(set(numbers))
    assert {row.group for row in described.registers if row.gdb is not None} <= {
        group for _, group in (described.gdb.features if described.gdb else ())
    }


@ALL
def test_every_library_constant_and_entry_that_a_descriptor_names_exists(name: str) -> None:
    described = isa.find(name)
    if described.capstone is not None:
        assert all(hasattr(capstone, one) for one in (described.capstone.arch, *described.capstone.modes))
    if described.assembler is not None:
        module, _, attribute = described.assembler.entry.partition(":")
        assert callable(getattr(importlib.import_module(module), attribute))


@ALL
def test_names_of_registers_are_found_in_any_case(name: str) -> None:
    described = isa.find(name)
    for row in described.registers:
        assert described.register(row.name.upper()) is row
