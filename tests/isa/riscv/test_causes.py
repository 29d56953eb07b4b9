"""Trap causes against the privileged specification's numbers."""

from __future__ import annotations

import isa
from isa.riscv.causes import PRIORITY, Cause, Interrupt


def test_exceptions_have_the_manual_s_numbers_and_names() -> None:
    described = isa.find("riscv64")
    assert described.vector_name(2) == "illegal instruction"
    assert described.vector_name(7) == "store/AMO access fault"
    assert described.vector_name(9) == "environment call from S-mode"
    assert described.vector_name(15) == "store/AMO page fault"
    assert described.vector_name(10) == "cause 10"


def test_interrupts_are_named_apart_from_exceptions_of_the_same_number() -> None:
    described = isa.find("riscv32")
    assert described.vector_name(5) == "load access fault"
    assert described.vector_name(5, interrupt=True) == "supervisor timer interrupt"
    assert described.vector_name(12, interrupt=True) == "interrupt 12"


def test_page_faults_differ_from_access_faults_by_their_kind_of_access() -> None:
    assert Cause.INSTRUCTION_PAGE_FAULT == 12
    assert Cause.LOAD_PAGE_FAULT == 13
    assert Cause.STORE_PAGE_FAULT == 15


def test_every_interrupt_has_its_place_in_the_priority_order_machine_before_supervisor() -> None:
    assert sorted(PRIORITY) == sorted(Interrupt)
    assert [line.name.split("_")[0] for line in PRIORITY] == ["MACHINE"] * 3 + ["SUPERVISOR"] * 3
    assert [line.name.split("_")[1] for line in PRIORITY[:3]] == ["EXTERNAL", "SOFTWARE", "TIMER"]
