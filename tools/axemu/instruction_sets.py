"""`axemu isa`: the installed instruction sets, and everything that their descriptors say."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
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
ABILITIES = ("traps", "interrupts", "halt", "hypercall", "registers", "ports", "walk", "disassembler", "gdb")
SHORT = {"interrupts": "irq", "hypercall": "call", "registers": "regs", "disassembler": "dis"}
WIDE = 110  # columns that the whole table needs
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON.")]


@app.command(name="list")
def list_(
    json: JsonOption = False,
    markdown: Annotated[bool, typer.Option("--markdown", help="Print a table in Markdown.")] = False,
) -> None:
    """The installed instruction sets, a line each, and what each is able to do; `isa show` says why not.

    [dim]axemu isa list[/]
    """
    found, broken = _load_all()
    if json:
        print_json(
            [_row(isa) for isa in found] + [{"name": each.name, "error": str(each)} for each in broken]
        )
        return
    if markdown:
        print("\n".join(markdown_table(found)))
        return
    screen = standard_output()
    narrow = screen.width < WIDE
    heads = [(SHORT.get(each, each) if narrow else each).upper() for each in ABILITIES]
    rows = table("NAME", "ENDIAN", "ASSEMBLER", *heads, *(() if narrow else ("MACHINES", "SUMMARY")))
    for isa in found:
        row = _row(isa)
        has = (_yes(row["abilities"][each]) for each in ABILITIES)
        machines = ", ".join(row["machines"])
        more = () if narrow else (machines, escape(isa.summary))
        rows.add_row(isa.name, isa.endian, row["assembler"] or "-", *has, *more)
    screen.print(rows)
    if narrow:
        screen.print("[dim]A wider terminal shows machines and summaries; axemu isa show NAME says all.[/]")
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


def abilities(isa: Isa) -> dict[str, bool]:
    """What a guest of this instruction set can have, by the words of `ABILITIES`."""
    return {
        "traps": isa.trap_delivery,
        "interrupts": isa.lines is not None,
        "halt": isa.halt is not None,
        "hypercall": isa.hypercall is not None,
        "registers": isa.register_exits,
        "ports": isa.port_io,
        "walk": isa.page_walk is not None,
        "disassembler": isa.capstone is not None,
        "gdb": isa.gdb is not None,
    }


def markdown_table(found: list[Isa]) -> Iterator[str]:
    """The README's table."""
    heads = (
        "name",
        "bits",
        "byte order",
        "traps",
        "interrupts",
        "halt",
        "hypercall",
        "disassembler",
        "assembler",
        "CPU models",
    )
    yield f"| {' | '.join(heads)} |"
    yield f"|{' --- |' * len(heads)}"
    for isa in found:
        has = abilities(isa)
        traps = "delivered" if has["traps"] else "exits"
        words = ["yes" if has[each] else "-" for each in ("interrupts", "halt", "hypercall", "disassembler")]
        models = len(isa.engine.cpu_models)
        cells = (isa.name, str(isa.bits), isa.endian, traps, *words, assembler_name(isa) or "-", str(models))
        yield f"| {' | '.join(cells)} |"


def _yes(has: bool) -> str:
    return "yes" if has else "-"


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
        "abilities": abilities(isa),
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
        ("traps", "delivered to the guest's vectors" if isa.trap_delivery else "exits: none is delivered"),
        ("interrupts", _lines(isa)),
        ("port I/O", "exits" if isa.port_io else "none"),
        (
            "system registers",
            "those that the engine lacks are exits" if isa.register_exits else "the engine's only",
        ),
        ("extensions", ", ".join(registry.extensions(isa)) or "none"),
        ("debugger", isa.gdb.architecture if isa.gdb is not None else "none"),
    ]


def _hypercall(abi: HypercallAbi | None) -> str:
    if abi is None:
        return "none"
    gate = "" if abi.gate_register is None else f" with {abi.gate_register} = {abi.gate_value:#x}"
    arguments = f"{abi.argument_registers[0]}..{abi.argument_registers[-1]}"
    places = f"number {abi.number_register}, arguments {arguments}, result {abi.result_registers[0]}"
    return f"{abi.instruction}{gate}: {places}"


def _lines(isa: Isa) -> str:
    lines = isa.lines
    if lines is None:
        return "none reach the guest"
    return f"timer {lines.timer}, external {lines.external}, software {lines.software}"


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
        "lines": None if isa.lines is None else asdict(isa.lines),
        "hypercall": None if isa.hypercall is None else asdict(isa.hypercall),
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
