"""The functions of `emu.hook.support` for compiled hooks, by symbol. Importing this makes or loads them."""

from __future__ import annotations

import llvmlite.binding as llvm
from numba import types

from isa import objects

for _name, _address in objects.functions("emu.hook.support").items():
    llvm.add_symbol(f"axemu_{_name}", _address)

_word, _place = types.uint64, types.intp
table_row = types.ExternalFunction("axemu_hook_table_row", _place(_place, _word, _word, _word, _word))
table_get = types.ExternalFunction("axemu_hook_table_get", _word(_place, _word, _word, _word, _word))
ring_row = types.ExternalFunction("axemu_hook_ring_row", _place(_place, _place))
seen = types.ExternalFunction("axemu_hook_seen", types.int32(_place))
leave_before = types.ExternalFunction("axemu_hook_leave", types.void(_place, _word))
put_right = types.ExternalFunction("axemu_hook_put_right", types.void(_place))
code_now = types.ExternalFunction("axemu_hook_code_now", _word(_place))
retired_before = types.ExternalFunction("axemu_hook_retired", _word(_place, _word))
ram_value = types.ExternalFunction("axemu_hook_ram", _word(_place, _word, _word))
guest_number = types.ExternalFunction("axemu_hook_number", types.int32(_place, _word, _word, _place))
