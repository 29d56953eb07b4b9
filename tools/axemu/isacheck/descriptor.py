"""Checks of what a descriptor says by itself: against Capstone, its own assembler, and GDB."""

from __future__ import annotations

import importlib
import os
import random
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

from axemu.isacheck.findings import Finding, Subject, failed, passed, untested
from isa.assembly import assemble, assembler_name
from isa.contract import Isa
from isa.disassembly import disassemble
from isa.errors import AssemblyError, IsaError
from isa.gdb import target_description
from isa.register import Role

WORDS = 4000  # random pieces of code to look at
ADDRESS = 0x10000
ENOUGH = 50  # instructions that came back the same, for a round trip to mean something


def registers(check: str, subject: Subject) -> Finding:
    """Every general register is known to Capstone by one of its names, where there is a Capstone for it."""
    isa = subject.isa
    if isa.capstone is None:
        return untested(check, reason(isa, "disassembly"))
    engine = capstone(isa)
    known = {name for number in range(1, last_register(isa)) if (name := register_name(engine, number))}
    roles = (Role.GENERAL, Role.SP, Role.RA, Role.ZERO)
    rows = [row for row in isa.registers if row.role in roles and row.group == "general"]
    missing = [row.name for row in rows if not {row.name, *row.aliases} & known]
    if missing:
        return failed(check, f"Capstone knows none of the names of {', '.join(missing)}")
    return passed(check, f"{len(rows)} general registers, by Capstone's names")


def lengths(check: str, subject: Subject) -> Finding:
    """`instruction_length` agrees with Capstone on random code; one in twenty may differ (reserved encodings)."""
    isa = subject.isa
    if isa.capstone is None:
        return untested(check, reason(isa, "disassembly"))
    tried, wrong = 0, []
    for code, size, _ in decoded(isa, subject.seed):
        tried += 1
        length = isa.instruction_length(code)
        if length != size:
            wrong.append(f"{code[:size].hex()}: Capstone says {size} bytes, instruction_length {length}")
    detail = f"{tried} random instructions, {len(wrong)} of another length" + (
        f": {wrong[0]}" if wrong else ""
    )
    return passed(check, detail) if len(wrong) * 20 < tried else failed(check, detail)


def round_trip(check: str, subject: Subject) -> Finding:
    """What is disassembled and assembled again is the same instruction to the disassembler."""
    isa = subject.isa
    if isa.capstone is None or assembler_name(isa) is None:
        return untested(check, reason(isa, "disassembly" if isa.capstone is None else "assembly"))
    same, refused, other = 0, 0, []
    for _, _, text in decoded(isa, subject.seed, WORDS // 4):
        try:
            with silenced():
                code = assemble(isa, text, ADDRESS)
        except AssemblyError:
            refused += 1
            continue
        back = disassemble(isa, code, ADDRESS, limit=1)
        if back and str(back[0]) == text:
            same += 1
        else:
            other.append(f"{text!r} becomes {str(back[0]) if back else 'nothing'!r}")
    tried = same + refused + len(other)
    detail = f"{same} of {tried} random instructions come back the same, {refused} are refused, {len(other)} differ"
    return (
        passed(check, detail)
        if same >= min(ENOUGH, tried)
        else failed(check, f"{detail}: {', '.join(other[:3])}")
    )


@contextmanager
def silenced() -> Iterator[None]:
    """Keystone writes its warnings to standard error by itself."""
    kept, nowhere = os.dup(2), os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nowhere, 2)
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        os.close(nowhere)


def description(check: str, subject: Subject) -> Finding:
    """target.xml is well formed, numbers its registers without gaps, and GDB takes it."""
    isa = subject.isa
    if isa.gdb is None:
        return untested(check, reason(isa, "gdb"))
    text = target_description(isa)
    found = ElementTree.fromstring(text)
    numbers = [int(each.get("regnum", "-1")) for each in found.iter("reg")]
    names = [each.get("name") for each in found.iter("reg")]
    if len(set(numbers)) != len(numbers) or len(set(names)) != len(names):
        return failed(check, "two registers have one number or one name")
    gdb = shutil.which("gdb-multiarch")
    if gdb is None:
        return passed(check, f"{len(names)} registers; gdb-multiarch is not installed to ask")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "target.xml")
        path.write_text(text)
        commands = ("set tdesc filename " + str(path), "show architecture", "maint print c-tdesc")
        call = [gdb, "-nx", "-batch", *(word for command in commands for word in ("-ex", command))]
        done = subprocess.run(call, capture_output=True, text=True, check=False, timeout=60)
    complaints = [line for line in done.stderr.splitlines() if line.startswith(("warning", "error"))]
    if complaints or done.returncode != 0:
        return failed(check, f"gdb-multiarch: {'; '.join(complaints) or f'exit code {done.returncode}'}")
    return passed(check, f"{len(names)} registers, taken by gdb-multiarch")


def decoded(isa: Isa, seed: int, limit: int = WORDS) -> Iterator[tuple[bytes, int, str]]:
    """Random code that Capstone decodes: (bytes, size, text)."""
    engine, chance = capstone(isa), random.Random(seed)
    for _ in range(limit):
        code = chance.randbytes(isa.max_instruction_length)
        for line in disassemble(isa, code, ADDRESS, limit=1):
            if line.decoded:
                yield code, len(line.code), str(line)
    del engine


def reason(isa: Isa, ability: str) -> str:
    return dict(isa.missing).get(ability, f"the descriptor has no {ability}")


def capstone(isa: Isa) -> Any:  # noqa: ANN401 - Capstone is untyped
    import capstone as library  # noqa: PLC0415 - loaded only for a check

    assert isa.capstone is not None
    mode = 0
    for name in isa.capstone.modes:
        mode |= getattr(library, name)
    return library.Cs(getattr(library, isa.capstone.arch), mode)


def last_register(isa: Isa) -> int:
    """The number behind Capstone's last register: asked for a name beyond it, it ends the process on some ISAs."""
    assert isa.capstone is not None
    name = isa.capstone.arch.removeprefix("CS_ARCH_").lower()
    module = importlib.import_module(f"capstone.{name}_const")
    return next(int(value) for key, value in vars(module).items() if key.endswith("_REG_ENDING"))


def register_name(engine: Any, number: int) -> str | None:  # noqa: ANN401
    """Capstone's name of its register `number`; it answers None, or fails, beyond the last."""
    try:
        name = engine.reg_name(number)
    except (IsaError, UnicodeDecodeError):
        return None
    return name.lower() if name else None
