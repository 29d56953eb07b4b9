import dataclasses
import pickle
from typing import get_args

import pytest

from axvcpu import exits
from axvcpu.exits import AccessWidth, AxVCpuExitReason, GuestException, MmioRead, MmioWrite

FIELDS = {
    "Hypercall": ["nr", "args", "extension"],
    "MmioRead": ["addr", "width", "window", "reg", "reg_width", "signed_ext"],
    "MmioWrite": ["addr", "width", "data", "window"],
    "SysRegRead": ["addr", "reg"],
    "SysRegWrite": ["addr", "value"],
    "IoRead": ["port", "width"],
    "IoWrite": ["port", "width", "data"],
    "ExternalInterrupt": ["vector"],
    "NestedPageFault": ["addr", "access_flags"],
    "Halt": [],
    "CpuUp": ["target_cpu", "entry_point", "arg"],
    "CpuDown": ["state"],
    "SystemDown": ["reason", "code"],
    "SendIpi": ["target_cpu", "target_cpu_aux", "send_to_all", "send_to_self", "vector"],
    "FailEntry": ["hardware_entry_failure_reason", "text"],
    "Nothing": [],
    "PreemptionTimer": [],
    "GuestException": ["vector", "name", "pc", "fault_address", "trap_loop"],
    "Debug": ["kind", "pc", "hits"],
}
ALL = get_args(AxVCpuExitReason)


def test_the_union_has_exactly_the_exits_of_the_table_with_their_fields():
    assert {exit.__name__: [field.name for field in dataclasses.fields(exit)] for exit in ALL} == FIELDS


@pytest.mark.parametrize("exit", ALL, ids=lambda exit: exit.__name__)
def test_exits_are_small_values_that_compare_hash_and_pickle(exit):
    one, other = (exit(*range(len(FIELDS[exit.__name__]))) for _ in range(2))
    assert one == other
    assert hash(one) == hash(other)
    assert pickle.loads(pickle.dumps(one)) == one
    assert not hasattr(one, "__dict__")
    with pytest.raises(AttributeError):
        one.surprise = 1


def test_defaults_leave_register_and_window_unknown():
    read = MmioRead(0x1000_0000, AccessWidth.BYTE)
    assert (read.window, read.reg, read.reg_width, read.signed_ext) == (-1, None, None, False)
    assert MmioWrite(0x1000_0000, 1, 0x41).window == -1
    assert GuestException(2, "illegal instruction", 0x80).trap_loop is False


def test_widths_are_bytes():
    assert [int(width) for width in AccessWidth] == [1, 2, 4, 8]
    assert [width.name for width in AccessWidth] == ["BYTE", "WORD", "DWORD", "QWORD"]


def test_a_kick_is_no_vector_of_any_guest():
    assert exits.KICK < 0
