"""The numbers of every instruction set: an exit answered natively, what counting costs, an emulated instruction.

Guests are built aside from guests/portable with more rounds than those in the tree, so they need the compilers that
`guests/build.py` needs; an ISA whose compiler is not there has no rows, and the command says so.
"""

from __future__ import annotations

import struct
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from bench.guests import ROOT
from bench.measure import Task
from bench.numbers import AXEMU, Limit, Number
from emu.guest import Build, Guest, load_guest
from isa import names

NO_HOOK, NATIVE = "the engine with no hook", "a native instruction"
EXITS, ROUNDS = 300_000, 400  # of the workload: half a second or so, much less is noise on a shared machine
EMULATED = 2_000_000  # instructions of a loop, most of them emulated ones
SH1ADD, ADD = 0x20A5_2533, 0x00A5_0533  # a0 = 2 a0 + a0, a0 = a0 + a0


def isa_numbers(scratch: Path) -> tuple[Number, ...]:
    """The rows; `scratch` takes the guests."""
    rows: list[Number] = []
    for isa in names():
        try:
            rows += _rows(isa, scratch)
        except BuildFailed as error:
            print(f"no numbers of {isa}: {error}", file=sys.stderr)
    return (*rows, _emulated(scratch))


class BuildFailed(Exception):
    """The compiler's words, or why there is none."""


def _rows(isa: str, scratch: Path) -> Iterator[Number]:
    workload = scratch / f"{isa}-workload.elf"
    polling = scratch / f"{isa}-polling.elf"
    _build(isa, "workload.c", ROUNDS, workload)
    _build(isa, "polling.c", EXITS, polling)
    yield Number(
        f"exit-{isa}",
        "device read answered in native code",
        "us",
        (Limit(1.0),),
        (Task(AXEMU, "ours:polled", (str(polling), str(EXITS))),),
    )
    yield Number(
        f"counting-{isa}",
        f"the common workload, {ROUNDS} rounds, counted",
        "s",
        (Limit(1.6, NO_HOOK),),
        (
            Task(AXEMU, "ours:counted", (str(workload),)),
            Task(NO_HOOK, "ours:uncounted", (str(workload),)),
        ),
    )


def _build(isa: str, source: str, rounds: int, output: Path) -> None:
    """Build a portable guest for `isa`. Raises BuildFailed."""
    sys.path.insert(0, str(ROOT))
    from guests.build import BuildError, build  # noqa: PLC0415 - of the tree, not installed

    guest: Guest = load_guest(ROOT / "guests" / isa / "workload")
    if not any(each.suffix == ".c" for each in guest.build.sources):
        raise BuildFailed("its guests are written in assembly")
    path = (ROOT / "guests" / "portable" / source).resolve()
    made = Build(
        (path,), (f"-DROUNDS={rounds}",), *(() if guest.build.target is None else (guest.build.target,))
    )
    try:
        build(replace(guest, build=made), "bare", output)
    except BuildError as error:
        raise BuildFailed(str(error)) from None


def _emulated(scratch: Path) -> Number:
    images = []
    for name, word in (("emulated", SH1ADD), ("native", ADD)):
        image = scratch / f"{name}.bin"
        back = struct.pack("<I", 0xFB1F_F06F)  # j -80: to the first of the twenty
        image.write_bytes(struct.pack("<I", word) * 20 + back)
        images.append(str(image))
    return Number(
        "emulated-instruction",
        "sh1add on riscv64, beyond what add takes",
        "us",
        (Limit(1.0),),
        (Task(AXEMU, "ours:emulated", (*images, str(EMULATED))),),
    )
