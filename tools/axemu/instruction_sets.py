"""`axemu isa`: the installed instruction sets, and everything that their descriptors say."""

from __future__ import annotations

from typing import Annotated, Any

import typer
from rich.markup import escape

from axemu.isacheck.command import check
from axemu.screens import print_json, standard_output, table
from isa import registry
from isa.assembly import assembler_name
from isa.contract import HypercallAbi, Isa, Register
from isa.errors import BrokenPlugin

app = typer.Typer(help="Instruction sets: which there are, and what each has.", no_args_is_help=True)
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON.")]


@app.command(name="list")
def list_(json: JsonOption = False) -> None:
    """The installed instruction sets, a line each.

    [dim]axemu isa list[/]
    """
    found, broken = _load_all()
    if json:
        print_json(
            [_row(isa) for isa in found] + [{"name": each.name, "error": str(each)} for each in broken]
        )
        return
    screen = standard_output()
    rows = table("NAME", "ALIASES", "BITS", "ASSEMBLER", "MACHINES", "SUMMARY")
    for isa in found:
        row = _row(isa)
        cells = (row["name"], ", ".join(row["aliases"]), str(row["bits"]), row["assembler"] or "none")
        rows.add_row(*cells, ", ".join(row["machines"]), escape(row["summary"]))
    screen.print(rows)
    for each in broken:
        screen.print(f"[red]{escape(str(each))}[/]", soft_wrap=True)


@app.command()
def show(
    name: Annotated[str, typer.Argument(metavar="NAME", help="A name or alias, such as riscv64.")],
    registers: Annotated[
        bool, typer.Option("--registers", "-r", help="Every register, with its fields.")
    ] = False,
    json: JsonOption = False,
) -> None:
    """One instruction set: CPU models, registers, abilities, and what is missing and why.

    [dim]axemu isa show riscv64 --registers[/]
    """
    isa = registry.find(name)
    if json:
        print_json(_description(isa))
        return
    screen = standard_output()
    screen.print(f"[bold]{isa.name}[/]  {escape(isa.summary)}", soft_wrap=True)
    facts = table("", "")
    facts.show_header = False
    for label, text in _facts(isa):
        facts.add_row(f"[bold]{label}[/]", escape(text))
    screen.print(facts)
    models = table("CPU MODEL", "")
    for model in isa.engine.cpu_models:
        models.add_row(model.name, escape(model.summary))
    screen.print("", models)
    if isa.missing:
        lacks = table("MISSING OR PARTIAL", "WHY")
        for ability, reason in isa.missing:
            lacks.add_row(escape(ability), escape(reason))
        screen.print("", lacks)
    if registers:
        listed = table("REGISTER", "ALIASES", "BITS", "ROLE", "GROUP", "FIELDS")
        for register in isa.registers:
            aliases, fields = ", ".join(register.aliases), " ".join(field.name for field in register.fields)
            listed.add_row(
                register.name, aliases, str(register.bits), register.role.value, register.group, fields
            )
        screen.print("", listed)


app.command()(check)


def machines_of(isa: Isa) -> list[str]:
    from emu.board import BOARDS  # noqa: PLC0415

    return [board.name for board in BOARDS if isa.name in board.isas or "*" in board.isas]


def _load_all() -> tuple[list[Isa], list[BrokenPlugin]]:
    found: list[Isa] = []
    broken: list[BrokenPlugin] = []
    for entry in registry.plugins().values():
        try:
            found.append(registry.load(entry))
        except BrokenPlugin as error:
            broken.append(error)
    return found, broken


def _row(isa: Isa) -> dict[str, Any]:
    return {
        "name": isa.name,
        "aliases": list(isa.aliases),
        "bits": isa.bits,
        "endian": isa.endian,
        "summary": isa.summary,
        "assembler": assembler_name(isa),
        "disassembler": "capstone" if isa.capstone is not None else None,
        "machines": machines_of(isa),
    }


def _facts(isa: Isa) -> list[tuple[str, str]]:
    return [
        ("aliases", ", ".join(isa.aliases) or "none"),
        ("word", f"{isa.bits} bits, {isa.endian}-endian; pages of {isa.page_size} bytes"),
        ("machines", ", ".join(machines_of(isa))),
        ("registers", f"{len(isa.registers)} (--registers lists them)"),
        ("starts with", ", ".join(f"{name} = {_boot(value)}" for name, value in isa.boot) or "nothing set"),
        ("hypercall", _hypercall(isa.hypercall)),
        ("halt", isa.halt or "no halt instruction"),
        (
            "assembler",
            f"{assembler_name(isa) or 'none'}{f' ({isa.assembler.limits})' if isa.assembler else ''}",
        ),
        ("disassembler", "capstone" if isa.capstone is not None else "none"),
        ("page walk", "yes" if isa.page_walk is not None else "none"),
        ("debugger", isa.gdb.architecture if isa.gdb is not None else "none"),
    ]


def _hypercall(abi: HypercallAbi | None) -> str:
    if abi is None:
        return "none"
    gate = "" if abi.gate_register is None else f" with {abi.gate_register} = {abi.gate_value:#x}"
    arguments = f"{abi.argument_registers[0]}..{abi.argument_registers[-1]}"
    places = f"number {abi.number_register}, arguments {arguments}, result {abi.result_registers[0]}"
    return f"{abi.instruction}{gate}: {places}"


def _boot(value: object) -> str:
    return f"{value:#x}" if isinstance(value, int) else str(getattr(value, "value", value))


def _description(isa: Isa) -> dict[str, Any]:
    return {
        **_row(isa),
        "page_size": isa.page_size,
        "cpu_models": [{"name": model.name, "summary": model.summary} for model in isa.engine.cpu_models],
        "registers": [_register(register) for register in isa.registers],
        "vectors": [
            {"number": int(vector.number), "name": vector.name, "interrupt": vector.interrupt}
            for vector in isa.vectors
        ],
        "halt": isa.halt,
        "missing": [{"ability": ability, "reason": reason} for ability, reason in isa.missing],
    }


def _register(register: Register) -> dict[str, Any]:
    return {
        "name": register.name,
        "aliases": list(register.aliases),
        "bits": register.bits,
        "role": register.role.name.lower(),
        "group": register.group,
        "gdb": register.gdb,
        "number": register.number,
        "read_only": register.read_only,
        "fields": [{"name": each.name, "low": each.low, "width": each.width} for each in register.fields],
        "note": register.note,
    }
