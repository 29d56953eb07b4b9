"""`axemu machine`: the boards, and what each has where."""

from __future__ import annotations

from typing import Annotated, Any

import typer
from rich.markup import escape

from axemu.quantities import show_size
from axemu.screens import print_json, standard_output, table
from emu.board import BOARDS, Board
from emu.errors import UnknownName

app = typer.Typer(help="Machines: which there are, and what each has where.", no_args_is_help=True)
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON.")]


@app.command(name="list")
def list_(json: JsonOption = False) -> None:
    """The machines, a line each.

    [dim]axemu machine list[/]
    """
    if json:
        print_json([_description(board) for board in BOARDS])
        return
    rows = table("NAME", "INSTRUCTION SETS", "SUMMARY")
    for board in BOARDS:
        rows.add_row(board.name, _isas(board), escape(board.summary))
    standard_output().print(rows)


@app.command()
def show(
    name: Annotated[str, typer.Argument(metavar="NAME", help="Such as virt.")], json: JsonOption = False
) -> None:
    """One machine: its memory map, devices and interrupts.

    [dim]axemu machine show virt[/]
    """
    board = find(name)
    if json:
        print_json(_description(board))
        return
    screen = standard_output()
    screen.print(f"[bold]{board.name}[/]  {escape(board.summary)}", soft_wrap=True)
    tree = "made from this description" if board.device_tree else "none"
    firmware = "built in (-bios default), or -bios FILE" if board.firmware else "none"
    screen.print(
        f"Instruction sets: {_isas(board)}. Up to {board.max_cpus} vCPUs. Device tree: {tree}. "
        f"Firmware: {firmware}.",
        soft_wrap=True,
    )
    rows = table("ADDRESS", "SIZE", "DEVICE", "KIND", "INTERRUPT")
    slots = [(slot.base, slot.size, slot.name, slot.kind, slot.irq) for slot in board.slots]
    slots.append((board.ram_base, board.default_ram, "ram", "RAM (size: -m)", None))
    if board.ram_alias is not None:
        slots.append((board.ram_alias, board.default_ram, "ram", "RAM, the same again", None))
    for base, size, label, kind, irq in sorted(slots):
        rows.add_row(f"{base:#012x}", show_size(size), label, kind, "" if irq is None else str(irq))
    screen.print("", rows)


def find(name: str) -> Board:
    """The board of that name. Raises UnknownName with the nearest one."""
    for board in BOARDS:
        if board.name == name:
            return board
    raise UnknownName.among("machine", name, [board.name for board in BOARDS])


def _isas(board: Board) -> str:
    return "all" if "*" in board.isas else ", ".join(board.isas)


def _description(board: Board) -> dict[str, Any]:
    return {
        "name": board.name,
        "summary": board.summary,
        "isas": list(board.isas),
        "max_cpus": board.max_cpus,
        "ram": {"base": board.ram_base, "alias": board.ram_alias, "default_size": board.default_ram},
        "timebase_hz": board.timebase,
        "device_tree": board.device_tree,
        "firmware": board.firmware,
        "slots": [
            {"name": slot.name, "kind": slot.kind, "base": slot.base, "size": slot.size, "irq": slot.irq}
            for slot in board.slots
        ],
    }
