"""The marks that `emu.hook.loading` puts into hooks, in compiled code."""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import carray, types
from numba.core.imputils import lower_constant
from numba.extending import intrinsic, models, overload_method, register_model, typeof_impl

from emu.hook.loading import Marks
from isa.native import as_hooks
from isa.records import HOOKS


class Interrupted(Exception):
    """A loop of a hook was ended from outside."""


class MarksType(types.Type):  # type: ignore[misc]
    def __init__(self, address: int) -> None:
        self.address = address
        super().__init__(f"marks of the hooks at {address:#x}")


register_model(MarksType)(models.OpaqueModel)


@typeof_impl.register(Marks)
def _typeof(value: Marks, context: Any) -> Any:
    return MarksType(value.address)


@lower_constant(MarksType)
def _constant(context: Any, builder: Any, kind: Any, value: Any) -> Any:
    return context.get_dummy_value()


@overload_method(MarksType, "line")
def _line(self: Any, number: Any) -> Any:
    address = self.address

    def line(self: Any, number: Any) -> None:
        carray(as_hooks(np.intp(address)), 1)[0].line = np.uint64(number)

    return line


@intrinsic
def load_word(typing_context: Any, address: Any) -> Any:
    """A word that another thread may change: never taken out of a loop."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        place = builder.inttoptr(arguments[0], context.get_value_type(types.uint64).as_pointer())
        return builder.load_atomic(place, "monotonic", 8)

    return types.uint64(types.intp), generate


@overload_method(MarksType, "loop")
def _loop(self: Any) -> Any:
    address = self.address + int(HOOKS.fields["interrupt"][1])  # type: ignore[index]

    def loop(self: Any) -> None:
        if load_word(np.intp(address)) != np.uint64(0):
            raise Interrupted

    return loop
