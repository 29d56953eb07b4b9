"""The examples there are: one row each."""

from __future__ import annotations

from axemu.examples import firmware, hello, linux
from axemu.examples.example import Example
from emu.errors import UnknownName

EXAMPLES: tuple[Example, ...] = (
    Example("hello", "a dozen instructions on the bare board print a line", (), hello.arguments),
    Example(
        "opensbi-uboot",
        "OpenSBI starts U-Boot: its prompt, with `help`, `bdinfo`, `poweroff`",
        ("opensbi", "u-boot"),
        firmware.arguments,
    ),
    Example(
        "linux-riscv64",
        "Debian's kernel boots to a busybox shell",
        ("linux-riscv64", "busybox-riscv64"),
        linux.arguments,
    ),
)


def find(name: str) -> Example:
    """The row of that name. Raises UnknownName with the nearest one."""
    for example in EXAMPLES:
        if example.name == name:
            return example
    raise UnknownName.among("example", name, [example.name for example in EXAMPLES])
