import subprocess
import sys

import pytest

from emu.board import BOARDS
from emu.devices import KINDS, device_class
from emu.errors import UnknownName


def test_every_slot_of_every_board_has_a_device_or_is_memory():
    kinds = {slot.kind for board in BOARDS for slot in board.slots} - {"rom"}
    assert kinds <= set(KINDS)


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_every_kind_is_a_class_with_the_device_contract(kind):
    found = device_class(kind)
    for each in ("state", "load", "reset", "peek", "read", "write"):
        assert hasattr(found, each), each


def test_a_misspelt_kind_names_the_nearest():
    with pytest.raises(UnknownName, match="did you mean 'ns16550a'"):
        device_class("ns16650a")


def test_the_table_loads_no_device_and_no_numba():
    code = "import sys, emu.devices; print([m for m in sys.modules if m.startswith('emu.devices.')])"
    code += "; assert 'numba' not in sys.modules"
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert shown.stdout == "[]\n"
