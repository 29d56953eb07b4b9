"""A program compiled for several machines, and a scope over its file: its memory is what the file loads."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from elftools.elf.elffile import ELFFile

from emu.debug.dwarf_registers import dwarf_register
from emu.debug.errors import Unreadable
from emu.debug.expression import Expression, assign
from emu.debug.info import DebugInfo, DebugInfos
from emu.debug.values.printing import Printer
from emu.debug.values.value import Value
from emu.symbols import Symbol, SymbolKind, SymbolTable
from isa import registry
from isa.contract import Isa

SOURCE = """\
typedef unsigned char u8;
typedef unsigned int u32;
typedef int plain;
plain odd_one;
enum color { RED, GREEN = 5, BLUE };
enum flags { READ = 1, WRITE = 2, EXECUTE = 4 };
union both { u32 number; u8 bytes[4]; };
struct inner { short x, y; };
struct node {
  struct node *next; char name[8]; u32 low : 3; int neg : 5; u32 high : 20; struct inner pos; enum color c;
  union { u32 word; u8 octets[4]; }; float f; double d; struct inner grid[2];
};
struct node second = { 0, "two", 1, -1, 2, { 7, 8 }, RED, { 0x01020304 }, 0.5f, -2.25, { { 1, 2 }, { 3, 4 } } };
struct node first = { &second, "one\\n", 5, -3, 0xabcde, { -1, 2 }, BLUE, { 0x11223344 }, 1.5f, 1e100, { { 0 } } };
struct node *head = &first;
int table[6] = { 10, 20, 30, 40, 50, -60 };
int matrix[2][3] = { { 1, 2, 3 }, { 4, 5, 6 } };
int same[30];
char blank[40];
const char *text = "hello";
const char *texts[2] = { "a\\tb", "quote\\"d" };
enum flags rights = READ | EXECUTE;
enum color odd = (enum color)9;
union both both = { 0xdeadbeef };
u8 byte = 200;
signed char tiny = -2;
short little = -300;
int number = -7;
u32 unsigned_number = 0xfffffff0u;
long long wide = -5000000000LL;
unsigned long long huge = 0xfedcba9876543210ull;
float single = 0.1f;
double precise = 3.141592653589793;
_Bool yes = 1;
void *nothing = 0;
int *bad = (int *)16;
static int add(int a, int b) { return a + b; }
int (*function)(int, int) = add;
__attribute__((noinline, used)) int work(int local, struct node *argument) {
  int doubled = local * 2;
  return function(doubled, argument->pos.x);
}
void _start(void) { work(21, head); for (;;) ; }
"""
SCRIPT = """\
SECTIONS { . = 0x100000; .text : { *(.text*) } . = 0x200000; .rodata : { *(.rodata*) *(.srodata*) }
  .data : { *(.data*) *(.sdata*) } .bss : { *(.bss*) *(.sbss*) } }
"""
ISAS = ("riscv64", "x86_64", "s390x", "riscv32")
STACK = 0x8000


@dataclass
class Frame:
    """Its registers are the scope's; the frame begins at STACK."""

    scope: FileScope
    pc: int
    cfa: int = STACK + 0x100

    @property
    def big_endian(self) -> bool:
        return self.scope.isa.endian == "big"

    @property
    def address_size(self) -> int:
        return self.scope.isa.bits // 8

    def register(self, dwarf_number: int) -> int | None:
        name = dwarf_register(self.scope.isa, dwarf_number)
        return None if name is None else self.scope.register(name)

    def read(self, address: int, size: int) -> bytes:
        return self.scope.read(address, size)


@dataclass
class FileScope:
    """A Scope over the file's bytes, and a stack full of zeros."""

    isa: Isa
    info: DebugInfos
    symbols: SymbolTable
    memory: dict[int, bytearray]
    frame: Frame | None = None
    registers: dict[str, int] = field(default_factory=dict)
    facts: dict[str, int] = field(default_factory=dict)

    def register(self, name: str) -> int:
        return self.registers.get(self.isa.register(name).name, STACK)

    def write_register(self, name: str, value: int) -> None:
        self.registers[self.isa.register(name).name] = value

    def _part(self, address: int, size: int) -> tuple[bytearray, int]:
        for base, data in self.memory.items():
            if base <= address and address + size <= base + len(data):
                return data, address - base
        raise Unreadable(address, size)

    def read(self, address: int, size: int) -> bytes:
        data, start = self._part(address, size)
        return bytes(data[start : start + size])

    def write(self, address: int, new: bytes) -> None:
        data, start = self._part(address, len(new))
        data[start : start + len(new)] = new

    def value(self, text: str) -> Value:
        return Expression.parse(text).evaluate(self)

    def shown(self, text: str, format_: str = "") -> str:
        printer = Printer(
            symbols=self.symbols, memory=self, instruction=lambda address: f"insn at {address:#x}"
        )
        return printer.text(self.value(text), format_)

    def set(self, text: str) -> str:
        return str(assign(text, self))


def compiled(folder: Path, isa: str, *options: str) -> Path:
    """The program, built for `isa`."""
    pytest.importorskip("ziglang", reason="the compiler is missing: pip install '.[test]'")
    (folder / "values.c").write_text(SOURCE)
    (folder / "values.ld").write_text(SCRIPT)
    line = ["-target", f"{isa}-freestanding-none", "-fno-sanitize=all", *options, "-nostdlib", "-static"]
    line += ["-Wl,-T,values.ld", "-o", "values.elf", "values.c"]
    subprocess.run([sys.executable, "-m", "ziglang", "cc", *line], cwd=folder, check=True)
    return folder / "values.elf"


def file_scope(path: Path, isa: str) -> FileScope:
    """What the file loads, seen from nowhere."""
    memory = {STACK - 0x800: bytearray(0x1000)}
    symbols = []
    kinds = {"STT_FUNC": SymbolKind.FUNCTION, "STT_OBJECT": SymbolKind.OBJECT}
    with path.open("rb") as file:
        elf = ELFFile(file)
        for part in elf.iter_segments("PT_LOAD"):
            memory[part["p_vaddr"]] = bytearray(part.data().ljust(part["p_memsz"], b"\0"))
        for each in elf.get_section_by_name(".symtab").iter_symbols():
            kind = kinds.get(each["st_info"]["type"])
            if kind is not None:
                symbols.append(Symbol(each.name, each["st_value"], each["st_size"], kind))
    return FileScope(registry.find(isa), DebugInfos([DebugInfo(path)]), SymbolTable(symbols), memory)
