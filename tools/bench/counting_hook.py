"""The hook of `hooking.py`."""

from emu.hook import Instruction, counter, on_insn

instructions = counter("instructions")


@on_insn
def count(ctx: Instruction) -> None:
    instructions.add()
