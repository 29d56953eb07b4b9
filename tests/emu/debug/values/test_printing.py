"""Values as text on four machines: by their types, in every format, and as gdb writes them."""

from __future__ import annotations

import shutil
import subprocess

import pytest

from emu.debug.errors import NotPossible
from emu.debug.info.codes import Encoding
from emu.debug.info.types import base
from emu.debug.values.printing import Printer
from emu.debug.values.value import Value
from tests.emu.debug.expression.program import FileScope

SHOWN = {
    "number": "-7",
    "byte": "200 '\\310'",
    "tiny": "-2 '\\376'",
    "little": "-300",
    "wide": "-5000000000",
    "huge": "18364758544493064720",
    "single": "0.100000001",
    "precise": "3.1415926535897931",
    "yes": "true",
    "text": '{text} "hello"',
    "nothing": "(void *) 0x0",
    "rights": "(READ | EXECUTE)",
    "first.c": "BLUE",
    "odd": "9",
    "(enum flags)9": "(READ | unknown: 0x8)",
    "(enum color)5": "GREEN",
    "(enum flags)0": "0",
    "table": "{10, 20, 30, 40, 50, -60}",
    "matrix": "{{1, 2, 3}, {4, 5, 6}}",
    "same": "{0 <repeats 30 times>}",
    "blank": "'\\000' <repeats 39 times>",
    "first.name": '"one\\n\\000\\000\\000"',
    "second.pos": "{x = 7, y = 8}",
    "second.grid": "{{x = 1, y = 2}, {x = 3, y = 4}}",
    '"a\\"b"': '"a\\"b"',
    "1e400": "inf",
    "-1e400": "-inf",
    "1e400 - 1e400": "nan",
    "1.0": "1",
    "'a'": "97 'a'",
    "'\\''": "39 '\\''",
    "head": "(struct node *) {first} <first>",
    "&table[1]": "(int *) {table_1} <table+0x4>",
    "add": "{int (int, int)} {add} <add>",
    "function": "(int (*)(int, int)) {add} <add>",
}
FORMATS = [
    ("number", "x", "0xfffffff9"),
    ("number", "u", "4294967289"),
    ("number", "d", "-7"),
    ("number", "t", "1" * 29 + "001"),
    ("number", "o", "037777777771"),
    ("number", "z", "0xfffffff9"),
    ("number", "c", "-7 '\\371'"),
    ("byte", "d", "-56"),
    ("byte", "x", "0xc8"),
    ("byte", "z", "0xc8"),
    ("table[0]", "t", "1010"),
    ("table[0]", "z", "0x0000000a"),
    ("1 - 1", "o", "0"),
    ("1 - 1", "t", "0"),
    ("table[1]@2", "x", "{0x14, 0x1e}"),
    ("second.pos", "x", "{x = 0x7, y = 0x8}"),
    ("first.name", "x", "{0x6f, 0x6e, 0x65, 0xa, 0x0, 0x0, 0x0, 0x0}"),
    ("first.neg", "x", "0xfffffffd"),
    ("first.neg", "d", "-3"),
    ("first.neg", "u", "4294967293"),
    ("first.low", "t", "101"),
    ("first.c", "d", "6"),
    ("first.f", "f", "1.5"),
    ("1.5", "x", "0x3ff8000000000000"),
    ("1.5f", "z", "0x3fc00000"),
    ("65.0", "c", "65 'A'"),
    ("1e400", "c", "0 '\\000'"),
    ("1", "f", "1.40129846e-45"),
    ("(short)1", "f", "1"),
    ("1078530011", "f", "3.14159274"),
    ("&table", "a", "{table} <table>"),
    ("&add", "a", "{add} <add>"),
    ("&add", "i", "insn at {add}"),
    ("text", "s", '{text} "hello"'),
    ("*text@5", "s", '"hello"'),
    ("*text@5", "c", "{104 'h', 101 'e', 108 'l', 108 'l', 111 'o'}"),
]


def filled(scope: FileScope, text: str) -> str:
    names = {name: scope.value(f"(long)&{name}") for name in ("first", "table", "add")}
    names |= {"table_1": scope.value("(long)&table[1]"), "text": scope.value("(long)text")}
    for name, value in names.items():
        text = text.replace("{" + name + "}", f"{value.raw:#x}")
    return text


@pytest.mark.parametrize("text", SHOWN)
def test_a_value_is_written_by_its_type(scope: FileScope, text: str) -> None:
    assert scope.shown(text) == filled(scope, SHOWN[text])


@pytest.mark.parametrize(("text", "format_", "expected"), FORMATS)
def test_a_format_is_written_as_asked(scope: FileScope, text: str, format_: str, expected: str) -> None:
    assert scope.shown(text, format_) == filled(scope, expected)
    assert scope.shown(text, f"/{format_}") == filled(scope, expected)


def test_a_union_shows_each_of_its_members_in_the_machine_s_order(scope: FileScope) -> None:
    little = "\\357\\276\\255\\336"
    big = "\\336\\255\\276\\357"
    octets = big if scope.isa.endian == "big" else little
    assert scope.shown("both") == f'{{number = 3735928559, bytes = "{octets}"}}'
    assert scope.value("first.octets[0]").scalar == (0x11 if scope.isa.endian == "big" else 0x44)


def test_a_pointer_to_text_that_is_not_there_says_so(scope: FileScope) -> None:
    assert scope.shown("(char *)16") == "0x10 <error: Cannot access memory at address 0x10>"
    assert scope.shown("(char *)0") == "0x0"


def test_limits_cut_arrays_and_texts(scope: FileScope) -> None:
    printer = Printer(memory=scope, elements=4, repeats=3)
    assert printer.text(scope.value("table")) == "{10, 20, 30, 40...}"
    assert printer.text(scope.value("text")).endswith('"hell"...')
    assert printer.text(scope.value("same")) == "{0 <repeats 30 times>}"
    assert Printer(repeats=3).text(scope.value('"aaab"')) == "'a' <repeats 3 times>, \"b\""


def test_an_unknown_format_is_refused_with_the_known_ones(scope: FileScope) -> None:
    with pytest.raises(NotPossible, match="x d u t o c s a i f z"):
        Printer().text(scope.value("number"), "q")
    with pytest.raises(NotPossible, match="x/i"):
        Printer().text(scope.value("number"), "i")


def test_a_large_array_of_zeros_is_written_in_no_time(scope: FileScope) -> None:
    char = base("char", 1, Encoding.SIGNED_CHAR)
    value = Value(char.array(1 << 20), bytes(1 << 20))
    assert Printer().text(value) == "'\\000' <repeats 200 times>..."


def test_long_doubles_of_both_shapes_are_read() -> None:
    wide = base("long double", 16, Encoding.FLOAT)
    x87 = (0x3FFF << 64 | 3 << 62).to_bytes(16, "little")
    quad = (0xC000 << 112 | 1 << 111).to_bytes(16, "big")
    assert Value(wide, x87).scalar == 1.5
    assert Value(wide, quad, big_endian=True).scalar == -3.0
    assert Value(wide, bytes(16)).scalar == 0
    assert str(Value(wide, (0x7FFF << 112).to_bytes(16, "big"), big_endian=True)) == "inf"


def test_what_has_no_bytes_shows_its_reason(scope: FileScope) -> None:
    assert Printer().text(Value(scope.value("number").type, "optimized out")) == "<optimized out>"


def test_gdb_writes_the_same(scope: FileScope, program) -> None:
    gdb = shutil.which("gdb-multiarch")
    if gdb is None:
        pytest.skip("gdb-multiarch is missing")
    same = [text for text in SHOWN if "e400" not in text]
    formats = [each for each in FORMATS if each[1] != "i" and "e400" not in each[0]]
    commands = [f"output {text}" for text in same] + [f"output/{form} {text}" for text, form, _ in formats]
    line = [gdb, "-batch", "-nx", str(program)]
    for command in commands:
        line += ["-ex", command, "-ex", "echo \\n"]
    found = subprocess.run(line, capture_output=True, text=True, check=True).stdout.splitlines()
    ours = [scope.shown(text) for text in same] + [scope.shown(text, form) for text, form, _ in formats]
    assert dict(zip(commands, ours, strict=True)) == {
        command: text.replace("<table+4>", "<table+0x4>")
        for command, text in zip(commands, found, strict=True)
    }
