"""`axemu asm`: assembly text to bytes."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from axemu import quantities
from axemu.errors import InputUnreadable, UsageError
from axemu.specs import choice

FORMATS = ("hex", "words", "raw")


def asm(
    text: Annotated[
        list[str] | None,
        typer.Argument(metavar="TEXT", help="Assembly; ; separates lines.", show_default=False),
    ] = None,
    isa: Annotated[str, typer.Option("--isa", metavar="NAME", help="Instruction set.")] = "riscv64",
    file: Annotated[
        Path | None,
        typer.Option("--file", "-f", metavar="FILE", help="Read it from FILE; - is standard input."),
    ] = None,
    base: Annotated[str, typer.Option("--base", metavar="ADDRESS", help="Address of the first byte.")] = "0",
    format: Annotated[
        str,
        typer.Option(
            "--format", metavar="NAME", help="hex: a line of digits; words: with addresses; raw: the bytes."
        ),
    ] = "words",
    output: Annotated[
        Path | None, typer.Option("--output", "-o", metavar="FILE", help="Write the bytes to FILE.")
    ] = None,
) -> None:
    """Assemble text. `axemu isa list` says which instruction sets have an assembler.

    [dim]axemu asm 'li a0, 1; ecall'[/]
    [dim]axemu asm -f program.s --base 0x80000000 -o program.bin[/]
    """
    from isa import registry  # noqa: PLC0415
    from isa.assembly import assemble  # noqa: PLC0415

    shape = choice(format, "--format", FORMATS, "words")
    address = quantities.address(base, "--base")
    found = registry.find(isa)
    code = assemble(found, _source(text, file), address)
    if output is not None:
        try:
            output.write_bytes(code)
        except OSError as error:
            raise InputUnreadable.of(output, error, "write the bytes") from error
    elif shape == "raw":
        sys.stdout.buffer.write(code)
    elif shape == "hex":
        typer.echo(code.hex())
    else:
        from axemu.disassemble import listing  # noqa: PLC0415

        for line in listing(found, code, address):
            typer.echo(line)


def _source(text: list[str] | None, file: Path | None) -> str:
    if (file is None) == (not text):
        raise UsageError(
            "asm expects TEXT or --file FILE, one of them.", attempt="Try: axemu asm 'addi a0, a0, 1'"
        )
    if file is None:
        return "\n".join(part.strip() for part in " ".join(text or ()).split(";"))
    try:
        return sys.stdin.read() if str(file) == "-" else file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        cause = error if isinstance(error, OSError) else OSError(0, f"it is not UTF-8 text ({error.reason})")
        raise InputUnreadable.of(file, cause, "read the assembly") from error
