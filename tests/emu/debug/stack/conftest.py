"""A chain of calls, built for every ISA as the compilers there are build it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from guests.build import GUESTS, OBJECTS, ToolError, run
from guests.targets import TARGETS
from guests.toolchains import Own

SOURCE = Path(__file__).with_name("chain.c")


@pytest.fixture(scope="session")
def chain(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Path]:
    """The program for that target, its own source compiled with those flags. Skips without the compiler."""
    folder = tmp_path_factory.mktemp("chain")
    made: dict[tuple[str, ...], Path] = {}

    def build(target: str, *flags: str, strip: bool = False) -> Path:
        key = (target, *flags, *(["--strip-all"] if strip else []))
        if key not in made:
            output = folder / f"{target}-{len(made)}.elf"
            _build(target, flags, strip, output, folder)
            made[key] = output
        return made[key]

    return build


def _build(name: str, flags: tuple[str, ...], strip: bool, output: Path, folder: Path) -> None:
    target = TARGETS[name]
    toolchain = target.toolchain
    assert not isinstance(toolchain, Own)
    if toolchain.version() is None:
        pytest.skip(f"the compiler is missing: {toolchain.package}")
    script = folder / f"{name}.ld"
    text = (GUESTS / target.script).read_text()
    script.write_text(text.replace(".eh_frame .eh_frame_hdr .debug_frame ", ""))
    common = (f"-Iruntime/{target.family}", "-Iportable", *target.flags, "-DBOARD_BARE", f'-DISA="{name}"')
    linked = [OBJECTS.get(target, source, common) for source in target.linked]
    linked.append(OBJECTS.get(target, str(SOURCE), (*common, *flags)))
    offered = [OBJECTS.get(target, source, common) for source in target.offered]
    places = (f"--defsym=BASE={target.base:#x}", f"--defsym=OFFSET={target.offset:#x}")
    options = ("-T", str(script), *places, *(["--strip-all"] if strip else []))
    try:
        run(toolchain.link((*options, *linked, OBJECTS.library(target, offered)), str(output)))
    except ToolError as error:
        pytest.fail(str(error))
