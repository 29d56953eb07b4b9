"""A kernel's own symbols are found in memory, in all forms that kernels have had, and nothing else is taken for them."""

from __future__ import annotations

import random
import struct
import time
from dataclasses import dataclass
from itertools import accumulate

import numpy as np
import pytest

from emu.config import MachineConfig
from emu.debug.sources import kallsyms
from emu.debug.sources.kallsyms import in_memory
from emu.machine import Machine
from emu.symbols import SymbolKind, SymbolTable

PAIRS = ("sys_", "_start", "init", "__", "kernel", "vm", "do_", "page")
FORMS = [(8, "<"), (4, "<"), (8, ">"), (4, ">")]
COUNT = 1000


@dataclass(frozen=True)
class Kernel:
    """What scripts/kallsyms.c would write: `addressing` is one of offsets, words, percpu; `seqs`: with
    kallsyms_seqs_of_names, `last`: after all others, as from 6.4 on."""

    width: int = 8
    order: str = "<"
    addressing: str = "offsets"
    addresses_last: bool = False
    seqs: bool = False
    count: int = COUNT

    @property
    def base(self) -> int:
        return 0xFFFFFFFF80000000 if self.width == 8 else 0xC0008000

    @property
    def symbols(self) -> list[tuple[str, str, int]]:
        """(letter, name, address), ascending."""
        fixed = 10 if self.addressing == "percpu" else 0
        numbers = [("A", f"percpu_{n}", 64 * n) for n in range(fixed)]
        places = [
            (
                "TtDdW"[n % 5],
                f"do_init{'__' * (n % 3)}page{n}" + "x" * (300 if n == 500 else 0),
                self.base + 48 * n,
            )
            for n in range(self.count - fixed)
        ]
        return numbers + places

    def content(self) -> bytes:
        tokens = [chr(code) if chr(code).isalnum() or code == 0x5F else "" for code in range(128)]
        free = [code for code in range(256) if code >= 128 or not tokens[code]]
        texts = {**dict(enumerate(tokens)), **{code: f"tok{code}" for code in free}}
        texts.update(zip(free, PAIRS, strict=False))
        packed = {text: code for code, text in texts.items()}
        names, markers = bytearray(), []
        for number, (letter, name, _) in enumerate(self.symbols):
            if number % 256 == 0:
                markers.append(len(names))
            rest, codes = letter + name, bytearray()
            while rest:
                text = next((pair for pair in PAIRS if rest.startswith(pair) and codes), rest[0])
                codes.append(packed[text])
                rest = rest[len(text) :]
            size = len(codes)
            names += bytes([size] if size < 128 else [size & 127 | 128, size >> 7]) + codes
        ordered = [texts[code].encode() + b"\0" for code in range(256)]
        index = list(accumulate(map(len, ordered[:-1]), initial=0))
        head = [self.pack("I", self.count), bytes(names), self.pack("I", *markers)]
        tail = [b"".join(ordered), self.pack("H", *index)]
        seqs = [random.Random(1).randbytes(3 * self.count)] if self.seqs else []
        if self.addresses_last:
            return self.laid_out([*head, *tail, *self.addresses(), *seqs])
        return self.laid_out([*self.addresses(), *head, *seqs, *tail])

    def addresses(self) -> list[bytes]:
        word, found = {8: "Q", 4: "I"}[self.width], [address for *_, address in self.symbols]
        match self.addressing:
            case "words":
                return [self.pack(word, *found)]
            case "percpu":
                offsets = [each if each < self.base else self.base - 1 - each for each in found]
                return [self.pack("i", *offsets), self.pack(word, self.base)]
            case _:
                return [self.pack("I", *(each - self.base for each in found)), self.pack(word, self.base)]

    def pack(self, letter: str, *numbers: int) -> bytes:
        return struct.pack(f"{self.order}{len(numbers)}{letter}", *numbers)

    def laid_out(self, tables: list[bytes]) -> bytes:
        return b"".join(table + bytes(-len(table) % self.width) for table in tables)


def memory(*parts: bytes, size: int = 1 << 20) -> np.ndarray:
    return np.frombuffer(b"".join(parts).ljust(size, b"\0"), np.uint8)


def listed(table: SymbolTable | None) -> list[tuple[str, int]] | None:
    return None if table is None else sorted((symbol.name, symbol.address) for symbol in table)


@pytest.mark.parametrize("width", [4, 8])
@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("addressing", ["offsets", "words", "percpu"])
@pytest.mark.parametrize(
    ("addresses_last", "seqs"), [(False, False), (False, True), (True, False), (True, True)]
)
def test_every_form_is_read(
    width: int, order: str, addressing: str, addresses_last: bool, seqs: bool
) -> None:
    noise = random.Random(2).randbytes(64 * 1024)
    for count, around in ((COUNT, noise), (COUNT + 1, bytes(64)), (4 * 256, noise), (257, bytes(64))):
        kernel = Kernel(width, order, addressing, addresses_last, seqs, count)
        table = in_memory(memory(around, kernel.content(), around), FORMS)
        assert listed(table) == sorted((name, address) for _, name, address in kernel.symbols)


def test_letters_become_kinds_and_percpu_offsets_are_numbers() -> None:
    table = in_memory(memory(Kernel(addressing="percpu").content()), FORMS)
    assert table is not None
    kinds = {symbol.name: symbol.kind for symbol in table}
    assert kinds["percpu_3"] is SymbolKind.ABSOLUTE
    assert (kinds["do_initpage0"], kinds["do_init____page2"]) == (SymbolKind.FUNCTION, SymbolKind.OBJECT)
    assert table.name(64) is None
    assert table.name(Kernel().base + 4) == "do_initpage0+0x4"


@pytest.mark.parametrize("seqs", [False, True])
def test_a_kernel_that_is_damaged_gives_nothing_and_no_error(seqs: bool) -> None:
    content = Kernel(addresses_last=True, seqs=seqs).content()
    chance = random.Random(3)
    for _ in range(60):
        bad = bytearray(content)
        at = chance.randrange(len(bad))
        bad[at : at + 64] = chance.randbytes(64)
        table = in_memory(memory(bytes(bad)), FORMS)
        assert table is None or len(table) == COUNT
    for size in range(0, len(content), 997):
        cut = np.frombuffer(content[: size // 8 * 8], np.uint8)
        assert in_memory(cut, FORMS) is None or size > len(content) - 3 * COUNT - 16


def test_digits_alone_are_no_kernel() -> None:
    digits = b"".join(b"%d\0" % each for each in range(10))
    assert in_memory(memory(digits * 2000), FORMS) is None
    assert in_memory(memory(digits, bytes(range(256)) * 50), FORMS) is None


@pytest.mark.parametrize("isa", ["riscv64", "mips", "ppc64", "arm"])
def test_it_is_found_in_the_memory_of_a_machine_and_holes_stay_holes(isa: str) -> None:
    with Machine(MachineConfig(isa=isa, ram=64 << 20)) as machine:
        assert kallsyms(machine) is None
        kernel = Kernel(
            machine.isa.bits // 8, "<" if machine.isa.endian == "little" else ">", addresses_last=True
        )
        content = kernel.content()
        machine.ram.view[0x20_0000 : 0x20_0000 + len(content)] = np.frombuffer(content, np.uint8)
        touched = machine.ram.touched()
        table = kallsyms(machine)
        assert table is not None
        assert len(table) == COUNT
        assert machine.ram.touched() == touched


def test_512_mib_that_are_all_in_use_are_searched_fast() -> None:
    with Machine(MachineConfig(ram=512 << 20)) as machine:
        block = np.frombuffer(random.Random(4).randbytes(1 << 20), np.uint8)
        machine.ram.view.reshape(-1, 1 << 20)[:] = block
        begin = time.process_time()
        assert kallsyms(machine) is None
        assert time.process_time() - begin < 3, "0.4 s on a host that does nothing else"
