"""`axemu isa check`: an instruction set against what its descriptor promises."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape

from axemu.isacheck.findings import FAILED, Check, Finding, Subject, failed
from axemu.screens import print_json, standard_output, table
from isa import registry
from isa.contract import Isa

_COLOURS = {"passed": "green", "failed": "red", "untested": "yellow"}


def check(
    name: Annotated[
        list[str] | None, typer.Argument(metavar="[NAME]...", help="Names or aliases; none: all.")
    ] = None,
    guests: Annotated[
        Path,
        typer.Option(
            "--guests", metavar="DIR", help="Where guest folders are, for the checks that run code."
        ),
    ] = Path("guests"),
    seed: Annotated[int, typer.Option("--seed", metavar="N", help="Of random code and values.")] = 0,
    json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Check instruction sets, ours or your own: registers, lengths, assembly, exits, counting, slicing, saving. Exit
    code 1 if a check fails.

    [dim]axemu isa check riscv64[/]              with the guests of ./guests
    [dim]axemu isa check toy86 --guests DIR[/]   a plug-in of yours, with guests of its own
    """
    wanted = (
        [registry.find(each) for each in name] if name else [registry.find(each) for each in registry.names()]
    )
    screen, rows, sound = standard_output(), [], True
    listed = table("ISA", "CHECK", "", "DETAIL")
    for isa in wanted:
        for finding in examine(isa, guests, seed):
            sound = sound and finding.status != FAILED
            rows.append({"isa": isa.name, **asdict(finding)})
            colour = _COLOURS[finding.status]
            listed.add_row(isa.name, finding.check, f"[{colour}]{finding.status}[/]", escape(finding.detail))
    if json:
        print_json({"sound": sound, "seed": seed, "findings": rows})
    else:
        screen.print(listed)
    raise typer.Exit(0 if sound else 1)


def examine(isa: Isa, guests: Path, seed: int = 0) -> Iterator[Finding]:
    """All checks of one instruction set, in order; what a plug-in raises is that check's failure."""
    from axemu.isacheck import descriptor, execution  # noqa: PLC0415 - the engine is loaded only for a check
    from emu.guest import find_guests, load_guest  # noqa: PLC0415

    folders = find_guests(guests / isa.name) if (guests / isa.name).is_dir() else find_guests(guests)
    found = tuple(
        guest for guest in map(load_guest, folders) if guest.isa == isa.name and guest.machine == "bare"
    )
    subject = Subject(isa, found, seed, guests)
    checks: dict[str, Check] = {
        "register names": descriptor.registers,
        "instruction length": descriptor.lengths,
        "assembler": descriptor.round_trip,
        "GDB description": descriptor.description,
        "CPU models": execution.models,
        "registers": execution.readable,
        "exits": execution.exits,
        "counting": execution.counting,
        "slicing": execution.slicing,
        "save and restore": execution.saving,
    }
    for name, each in checks.items():
        try:
            yield each(name, subject)
        except Exception as error:
            yield failed(name, f"{type(error).__name__}: {error}")
