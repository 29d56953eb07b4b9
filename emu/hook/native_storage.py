"""Storage in compiled code: each object is a type of its own, which knows its record's address."""

from __future__ import annotations

import operator
from typing import Any, Final

import numpy as np
from numba import carray, njit, types
from numba.core import cgutils, errors
from numba.core.imputils import lower_constant
from numba.extending import (
    intrinsic,
    models,
    overload,
    overload_attribute,
    overload_method,
    register_model,
    typeof_impl,
)

from emu.hook.native_functions import ring_row, table_get, table_row
from emu.hook.storage import Array, Counter, Ring, Storage, Table
from isa.native import as_u64

U = np.uint64


class StorageType(types.Type):  # type: ignore[misc]
    def __init__(self, storage: Any, hooks: int) -> None:
        self.storage, self.hooks = storage, hooks
        super().__init__(f"{type(storage).__name__.lower()} {storage.name!r}, number {storage.serial}")


class CounterType(StorageType):
    pass


class ArrayType(StorageType):
    pass


class TableType(StorageType):
    pass


class RingType(StorageType):
    pass


_TYPES: Final = {Counter: CounterType, Array: ArrayType, Table: TableType, Ring: RingType}
hooks_of: Final[dict[int, int]] = {}
"""Of a storage record, by address: the HOOKS record of the file that it is in."""


@typeof_impl.register(Storage)
def _typeof(value: Storage, context: Any) -> Any:
    return _TYPES[type(value)](value, hooks_of[value.address])


for _type in _TYPES.values():
    register_model(_type)(models.OpaqueModel)


@lower_constant(StorageType)
def _constant(context: Any, builder: Any, kind: Any, value: Any) -> Any:
    return context.get_dummy_value()


def is_number(kind: Any) -> bool:
    return isinstance(kind, (types.Integer, types.Boolean))


@overload_method(CounterType, "add")
def _counter_add(self: Any, amount: Any = 1) -> Any:
    address = self.storage.address
    if not (is_number(amount) or amount == 1 or isinstance(amount, types.Omitted)):
        raise errors.TypingError("a counter adds whole numbers")

    def add(self: Any, amount: Any = 1) -> None:
        carray(as_u64(np.intp(address)), 1)[0] += U(amount)

    return add


@overload_attribute(CounterType, "value")
def _counter_value(self: Any) -> Any:
    address = self.storage.address

    def value(self: Any) -> Any:
        return carray(as_u64(np.intp(address)), 1)[0]

    return value


@overload(operator.getitem)
def _array_get(array: Any, index: Any) -> Any:
    if not isinstance(array, ArrayType):
        return None
    if not isinstance(index, types.Integer):
        raise errors.TypingError("an array has whole numbers as indices")
    address, length = array.storage.address, array.storage.length

    def get(array: Any, index: Any) -> Any:
        if U(index) >= U(length):
            raise IndexError("index is out of bounds of the array")
        return carray(as_u64(np.intp(address)), length)[np.intp(index)]

    return get


@overload(operator.setitem)
def _array_set(array: Any, index: Any, value: Any) -> Any:
    if not isinstance(array, ArrayType):
        return None
    if not (isinstance(index, types.Integer) and is_number(value)):
        raise errors.TypingError("an array has whole numbers, also as indices")
    address, length = array.storage.address, array.storage.length

    def put(array: Any, index: Any, value: Any) -> None:
        if U(index) >= U(length):
            raise IndexError("index is out of bounds of the array")
        carray(as_u64(np.intp(address)), length)[np.intp(index)] = U(value)

    return put


@overload(len)
def _length(storage: Any) -> Any:
    if isinstance(storage, ArrayType):
        length = storage.storage.length

        def size(storage: Any) -> Any:
            return length

        return size
    if isinstance(storage, (TableType, RingType)):
        address = storage.storage.address + 8 * (2 if isinstance(storage, TableType) else 4)

        def used(storage: Any) -> Any:
            return np.int64(carray(as_u64(np.intp(address)), 1)[0])

        return used
    return None


def _keys(table: Any, key: Any) -> Any:
    """A function of `key` that gives four words."""
    wanted = table.storage.keys
    if wanted == 1 and is_number(key):
        return njit(lambda key: (U(key), U(0), U(0), U(0)))
    given = key.types if isinstance(key, types.BaseTuple) else (key,)
    if len(given) != wanted or not all(is_number(each) for each in given):
        words = "one whole number" if wanted == 1 else f"{wanted} whole numbers"
        raise errors.TypingError(f"the table {table.storage.name!r} has {words} as key")
    if wanted == 1:
        return njit(lambda key: (U(key[0]), U(0), U(0), U(0)))
    if wanted == 2:
        return njit(lambda key: (U(key[0]), U(key[1]), U(0), U(0)))
    if wanted == 3:
        return njit(lambda key: (U(key[0]), U(key[1]), U(key[2]), U(0)))
    return njit(lambda key: (U(key[0]), U(key[1]), U(key[2]), U(key[3])))


@overload(operator.getitem)
def _table_get(table: Any, key: Any) -> Any:
    if not isinstance(table, TableType):
        return None
    address, keys = table.storage.address, _keys(table, key)

    def get(table: Any, key: Any) -> Any:
        a, b, c, d = keys(key)
        return table_get(address, a, b, c, d)

    return get


@overload(operator.setitem)
def _table_set(table: Any, key: Any, value: Any) -> Any:
    if not isinstance(table, TableType):
        return None
    address, keys = table.storage.address, _keys(table, key)
    if not is_number(value):
        raise errors.TypingError(f"the table {table.storage.name!r} holds whole numbers")

    def put(table: Any, key: Any, value: Any) -> None:
        a, b, c, d = keys(key)
        at = table_row(address, a, b, c, d)
        if at == 0:
            raise MemoryError("the table has no room for another key")
        carray(as_u64(at), 2)[1] = U(value)

    return put


@overload_method(TableType, "add")
def _table_add(self: Any, key: Any, amount: Any = 1) -> Any:
    address, keys = self.storage.address, _keys(self, key)

    def add(self: Any, key: Any, amount: Any = 1) -> None:
        a, b, c, d = keys(key)
        at = table_row(address, a, b, c, d)
        if at == 0:
            raise MemoryError("the table has no room for another key")
        carray(as_u64(at), 2)[1] += U(amount)

    return add


@overload_method(RingType, "add")
def _ring_add(self: Any, *values: Any) -> Any:
    storage, hooks = self.storage, self.hooks
    given = values[0].types if len(values) == 1 and isinstance(values[0], types.BaseTuple) else values
    width = len(storage.columns)
    if len(given) != width or not all(is_number(each) for each in given):
        names = ", ".join(storage.columns)
        raise errors.TypingError(f"the ring {storage.name!r} gets whole numbers for: {names}")
    address = storage.address

    def add(self: Any, *values: Any) -> None:
        at = ring_row(address, hooks)
        if at == 0:
            raise MemoryError("there is no memory for another row of the ring")
        store_words(at, values)

    return add


@intrinsic
def store_words(typing_context: Any, at: Any, values: Any) -> Any:
    """Each of a tuple of numbers as a word, from an address on."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> None:
        word = context.get_value_type(types.uint64)
        first = builder.inttoptr(arguments[0], word.as_pointer())
        for i, (kind, value) in enumerate(
            zip(values.types, cgutils.unpack_tuple(builder, arguments[1]), strict=True)
        ):
            place = builder.gep(first, [context.get_constant(types.intp, i)])
            builder.store(context.cast(builder, value, kind, types.uint64), place)

    return types.void(types.intp, values), generate
