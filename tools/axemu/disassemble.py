"""`axemu disasm`: code as text, from a file or from hexadecimal digits."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from axemu import quantities
from axemu.errors import UsageError

if TYPE_CHECKING:
    from emu.loaders import Image
    from isa import Isa


def disasm(
    file: Annotated[
        Path | None, typer.Argument(metavar="FILE", help="An ELF, image or raw file.", show_default=False)
    ] = None,
    hex: Annotated[
        str | None, typer.Option("--hex", metavar="DIGITS", help="The bytes themselves instead of a file.")
    ] = None,
    isa: Annotated[
        str | None,
        typer.Option(
            "--isa", metavar="NAME", help="Instruction set; default: what the header says, else riscv64."
        ),
    ] = None,
    base: Annotated[
        str | None, typer.Option("--base", metavar="ADDRESS", help="Address of the first byte of raw code.")
    ] = None,
    start: Annotated[
        str | None, typer.Option("--start", metavar="ADDRESS|SYMBOL", help="Begin there.")
    ] = None,
    count: Annotated[
        str | None, typer.Option("--count", "-n", metavar="N", help="Show N instructions.")
    ] = None,
) -> None:
    """Disassemble the executable part of a file.

    [dim]axemu disasm program.elf --start main -n 20[/]
    [dim]axemu disasm --hex 13050500 --base 0x80000000[/]
    """
    from isa import registry  # noqa: PLC0415

    limit = None if count is None else quantities.count(count, "--count")
    address = None if base is None else quantities.address(base, "--base")
    if (file is None) == (hex is None):
        raise UsageError(
            "disasm expects FILE or --hex DIGITS, one of them.", attempt="Try: axemu disasm program.elf"
        )
    if hex is not None:
        begin = 0 if address is None else address
        for line in listing(registry.find(isa or "riscv64"), _digits(hex), begin, limit):
            typer.echo(line)
        return
    assert file is not None
    from emu.loaders import open_image  # noqa: PLC0415

    image = open_image(file, isa)
    if address is not None and not image.fixed:
        image = image.at(address)
    for line in image_listing(registry.find(isa or image.isa or "riscv64"), image, start, limit):
        typer.echo(line)


def listing(isa: Isa, code: bytes, address: int, limit: int | None = None) -> Iterator[str]:
    """address, bytes, text: a line an instruction. Raises NoSuchAbility where the ISA has no disassembler."""
    from isa.disassembly import disassemble  # noqa: PLC0415

    for each in disassemble(isa, code, address, limit=limit):
        yield f"{each.address:#012x}  {each.code.hex():<16}  {each}"


def image_listing(isa: Isa, image: Image, start: str | None, limit: int | None) -> Iterator[str]:
    """The executable segments, with a line for each symbol, from `start` (an address or a symbol) on."""
    from emu.loaders import Permission  # noqa: PLC0415
    from isa.disassembly import disassemble  # noqa: PLC0415

    first = _start(image, start)
    left = limit
    for segment in image.segments:
        if not segment.permissions & Permission.X or first >= segment.address + len(segment.data):
            continue
        skip = max(first - segment.address, 0)
        for each in disassemble(isa, segment.data[skip:], segment.address + skip, limit=left):
            symbol = image.symbols.at(each.address)
            if symbol is not None and symbol.address == each.address:
                yield f"\n{symbol.name}:"
            yield f"{each.address:#012x}  {each.code.hex():<16}  {each}"
            left = None if left is None else left - 1
        if left == 0:
            return


def _start(image: Image, start: str | None) -> int:
    if start is None:
        return 0
    named = image.symbols.address(start)
    if named is not None:
        return named
    if start[:1].isdigit():
        return quantities.address(start, "--start")
    near = image.symbols.nearest_names(start, 1)
    raise UsageError(
        f"--start expects an address or a symbol of {image.path}.",
        f"It got '{start}'.",
        f"Did you mean '{near[0]}'?" if near else "",
    )


def _digits(text: str) -> bytes:
    try:
        code = bytes.fromhex(text.replace("0x", "").replace("_", ""))
    except ValueError as error:
        raise UsageError(
            "--hex expects pairs of hexadecimal digits.", f"It got '{text}' ({error})."
        ) from error
    if not code:
        raise UsageError("--hex expects at least one byte.", "It got none.")
    return code
