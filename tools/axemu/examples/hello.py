"""The smallest guest: a few instructions on the bare board, assembled here."""

from __future__ import annotations

from axemu.examples.example import Setting

SOURCE = """
    li t0, 0x10000000       # the serial port: a store to it prints a byte
    la a0, text
next:
    lbu a1, 0(a0)
    beqz a1, done
    sb a1, 0(t0)
    addi a0, a0, 1
    j next
done:
    li t0, 0x10010000       # the power switch: a store to it ends the run with that exit code
    sw zero, 0(t0)
text:
    .asciz "Hello from riscv64 on bare.\\n"
"""
BASE = 0x8000_0000


def arguments(setting: Setting) -> list[str]:
    from isa import find  # noqa: PLC0415 - listing the examples needs no instruction set
    from isa.assembly import assemble  # noqa: PLC0415

    program = setting.put("hello.bin", assemble(find("riscv64"), SOURCE, BASE))
    return ["--isa", "riscv64", "-M", "bare", "--base", hex(BASE), str(program)]
