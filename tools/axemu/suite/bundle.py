"""After a failure: a folder with everything that is needed to see it again. It is a guest folder: `axemu run BUNDLE`.

guest.toml     the case, with paths inside the folder; the expectations as they were
*.elf ...      the program and the files that it needs
result.json    the result, with registers and the last exits
console.txt    the console, as bytes
README.txt     what happened, and the commands to try
"""

from __future__ import annotations

import json
import os
import re
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import tomli_w

from axemu.suite.case import Case
from axemu.suite.result import Result
from emu.expectation import Expectation
from emu.expectation_table import ENDINGS
from emu.guest import Guest

LONGEST = 120  # characters of a folder's name


def kept(case: Case, result: Result, folder: Path) -> Result:
    """The result with its bundle written. Where that fails, the result says so: a full disk costs no verdict."""
    place = folder / name_of(case.name)
    try:
        _write(case, result, place)
    except OSError as error:
        shutil.rmtree(place, ignore_errors=True)
        note = f"no bundle was kept: {error.strerror or error}"
        return replace(result, details=(*result.details, note))
    shown = Path(os.path.relpath(place))
    return replace(
        result, bundle=str(shown), replay=f"axemu run {shown}" if case.prefix is None else result.replay
    )


def name_of(case: str) -> str:
    """A case's name as a folder's: readable, and of a bounded length."""
    return re.sub(r"[^\w.,=+-]+", "-", case).strip("-.")[-LONGEST:] or "case"


def _write(case: Case, result: Result, place: Path) -> None:
    shutil.rmtree(place, ignore_errors=True)
    place.mkdir(parents=True)
    guest = case.guest
    files = dict(_files(guest))
    for key, path in files.items():
        if path.exists():
            shutil.copyfile(path, place / f"{key}-{path.name}" if key != "elf" else place / path.name)
    (place / "guest.toml").write_text(tomli_w.dumps(_manifest(guest, files)), encoding="utf-8")
    (place / "console.txt").write_bytes(result.console)
    values = json.dumps(result.as_json(), indent=1)
    (place / "result.json").write_text(values + "\n", encoding="utf-8")
    (place / "README.txt").write_text("\n".join(_readme(case, result, place)) + "\n", encoding="utf-8")


def _files(guest: Guest) -> Iterator[tuple[str, Path]]:
    yield "elf", guest.elf
    for key in ("initrd", "dtb", "disk", "reference"):
        path = getattr(guest, key)
        if path is not None:
            yield key, path
    if guest.bios not in ("none", "default"):
        yield "bios", Path(guest.bios)


def _manifest(guest: Guest, files: dict[str, Path]) -> dict[str, Any]:
    values: dict[str, Any] = {
        "summary": guest.summary or "a failed case",
        "isa": guest.isa,
        "machine": guest.machine,
        "cpu": guest.cpu,
        "smp": guest.smp,
        "memory": guest.memory,
        "clock": guest.clock,
        "shift": guest.shift,
        "bios": guest.bios,
        "append": guest.append,
        "base": guest.base,
        "unmapped": guest.unmapped,
        "semihosting": guest.semihosting,
        "input": guest.input.decode("utf-8", "replace"),
        "prompts": [
            {"expect": each.expect, "send": each.send.decode("utf-8", "replace")} for each in guest.prompts
        ],
        "entropy": guest.entropy,
        "timeout": guest.timeout,
        "protocol": guest.protocol,
        **{key: path.name if key == "elf" else f"{key}-{path.name}" for key, path in files.items()},
        "expect": _expect(guest.expect),
    }
    return {key: value for key, value in values.items() if value is not None and value != []}


def _expect(expect: Expectation) -> dict[str, Any]:
    word = next(word for word, ending in ENDINGS.items() if ending is expect.ending)
    values: dict[str, Any] = {
        "ending": word,
        "exit_code": expect.exit_code if word == "powered-off" else None,
        "console": list(expect.console),
        "console_text": expect.console_text,
        "forbidden": list(expect.forbidden),
        "max_instructions": expect.max_instructions,
        "instructions": expect.instructions,
        "max_exits": dict(expect.max_exits),
        "exits": dict(expect.exact_exits),
        "xfail": expect.xfail_reason or expect.xfail or None,
    }
    return {key: value for key, value in values.items() if value not in (None, [], {})}


def _readme(case: Case, result: Result, place: Path) -> Iterator[str]:
    yield f"{case.name}: {result.verdict.value}"
    yield result.reason
    yield ""
    yield from (f"  {each}" for each in result.details)
    if result.where is not None:
        where = result.where
        at = " ".join(part for part in (where.symbol, where.line) if part)
        yield ""
        yield f"at instruction {result.instructions:,}, pc {where.pc:#x}" + (f" ({at})" if at else "")
        yield from (f"  {name} {value:#x}" for name, value in where.registers.items())
        if where.exits:
            yield f"last exits of {sum(result.exits.values()):,}:"
            yield from (f"  {each}" for each in where.exits)
    yield ""
    yield "Try:"
    if case.prefix is None:
        yield f"  axemu run {os.path.relpath(place)} -v                 the same run again"
        yield f"  axemu run {os.path.relpath(place)} -d exits,traps     with every exit"
        yield f"  axemu trace {os.path.relpath(place)}                  in the tracer; axemu gdb for gdb"
        yield f"  axemu suite run {os.path.relpath(place)}              the verdict again"
    else:
        yield f"  {result.replay}"
        yield f"(this case goes on from the prefix {case.prefix.name!r}, so the folder alone does not repeat it)"
