"""DWARF of compiled programs, on several machines and in two versions, also damaged."""

from __future__ import annotations

import random
import subprocess
import sys
from pathlib import Path

import pytest

from emu.debug.info import DebugInfo, InMemory, Unavailable

SOURCE = """\
typedef unsigned int u32;
enum color { RED, GREEN = 5, BLUE };
struct node { struct node *next; char name[12]; u32 flag : 3; int neg : 5; enum color c; struct { int x, y; } pos;
              int (*fn)(int, char); };
struct node first = { 0, "hello", 5, -3, BLUE, { 1, 2 }, 0 };
int table[20];
static inline __attribute__((always_inline)) int twice(int x) { int r = x + x; return r; }
__attribute__((noinline)) int work(int a, struct node *p) {
  int local = a * 3;
  table[a] = twice(local);
  return p->pos.x + local;
}
void _start(void) { work(2, &first); for (;;) ; }
"""
SCRIPT = "SECTIONS { . = 0x100000; .text : { *(.text*) } .data : { *(.data*) } .bss : { *(.bss*) } }\n"
STRUCT = """\
struct node {
    struct node *next;
    char name[12];
    u32 flag : 3;
    int neg : 5;
    enum color c;
    struct {
        int x;
        int y;
    } pos;
    int (*fn)(int, char);
}"""


class Frame:
    """Every register holds one address; memory is that address over and over."""

    cfa = 0x9000
    address_size = 8

    def __init__(self, pc: int, big_endian: bool) -> None:
        self.pc, self.big_endian = pc, big_endian

    def register(self, dwarf_number: int) -> int | None:
        return 0x8000

    def read(self, address: int, size: int) -> bytes:
        return bytes(size)


@pytest.fixture(scope="module", params=["riscv64", "aarch64", "x86_64", "s390x"])
def isa(request) -> str:
    return request.param


def build(folder: Path, isa: str, *options: str) -> Path:
    pytest.importorskip("ziglang", reason="the compiler is missing: pip install '.[test]'")
    (folder / "prog.c").write_text(SOURCE)
    (folder / "prog.ld").write_text(SCRIPT)
    target = ["-target", f"{isa}-freestanding-none", "-fno-sanitize=all", *options]
    link = ["-nostdlib", "-static", "-Wl,-T,prog.ld", "-o", "prog.elf", "prog.c"]
    subprocess.run([sys.executable, "-m", "ziglang", "cc", *target, *link], cwd=folder, check=True)
    return folder / "prog.elf"


@pytest.fixture(scope="module", params=["-gdwarf-4", "-gdwarf-5"])
def plain(request, isa, tmp_path_factory) -> DebugInfo:
    return DebugInfo(build(tmp_path_factory.mktemp("plain"), isa, "-O0", request.param))


@pytest.fixture(scope="module")
def optimized(isa, tmp_path_factory) -> DebugInfo:
    return DebugInfo(build(tmp_path_factory.mktemp("optimized"), isa, "-O2", "-g"))


def test_a_function_is_known_by_name_and_address_and_breaks_after_its_prologue(plain):
    (work,) = plain.functions("work")
    assert plain.function(work.high - 1) == work
    assert plain.function(work.high + 0x10000) is None
    assert work.low < plain.body(work) < work.high
    assert plain.line(plain.body(work)).line == 9
    assert plain.addresses("prog.c", 8) == plain.addresses("prog.c", 9) == [plain.body(work)]
    assert not plain.troubles


def test_an_inlined_call_is_told_with_the_line_that_calls(plain):
    (address,) = plain.addresses("prog.c", 7)
    (call,) = plain.inlined(address)
    assert (call.name, call.call.line) == ("twice", 10)
    names = [each.name for each in plain.variables(address)]
    assert names[:2] == ["x", "r"]
    assert names[2:] == ["a", "p", "local"]


def test_variables_have_types_and_places(plain):
    (work,) = plain.functions("work")
    pc = plain.body(work)
    found = {each.name: each for each in plain.variables(pc)}
    assert [(name, str(each.type)) for name, each in found.items()] == [
        ("a", "int"),
        ("p", "struct node *"),
        ("local", "int"),
    ]
    assert all(isinstance(each.place(Frame(pc, plain.big_endian)), InMemory) for each in found.values())
    (first,) = plain.globals("first")
    assert first.fixed is not None
    assert first.place(None) == InMemory(first.fixed)


def test_types_are_written_as_gdb_writes_them(plain):
    assert plain.type("struct node").declare() == STRUCT
    assert plain.type("enum color").declare() == "enum color {RED, GREEN = 5, BLUE}"
    assert plain.type("u32").declare() == "unsigned int"
    assert str(plain.type("u32")) == "u32"
    assert plain.type("struct nodes") is None


def test_what_the_compiler_dropped_has_a_reason(optimized):
    (work,) = optimized.functions("work")
    for address in range(work.low, work.high, 2):
        for variable in optimized.variables(address):
            place = variable.place(Frame(address, optimized.big_endian))
            assert not isinstance(place, Unavailable) or place.reason


def test_damaged_information_gives_less_and_never_raises(plain):
    chance = random.Random(1)
    whole = plain.path.read_bytes()
    (work,) = plain.functions("work")
    for _ in range(25):
        data = bytearray(whole)
        for _ in range(60):
            data[chance.randrange(len(data))] = chance.randrange(256)
        damaged = DebugInfo(None, bytes(data))
        damaged.functions("work"), damaged.line(work.low), damaged.inlined(work.low), damaged.globals("first")
        damaged.addresses("prog.c", 9)
        for variable in damaged.variables(work.low + 8):
            variable.place(Frame(work.low + 8, plain.big_endian))
            variable.type.declare()
        found = damaged.type("struct node")
        assert found is None or found.declare()
