"""How often a function was called, by its first argument, and from where."""

from emu.hook import Instruction, Results, finish, on_insn, table

FUNCTION = "sort"

arguments = table("calls by argument")
callers = table("calls by argument and caller", keys=2)


@on_insn(at=FUNCTION)
def called(ctx: Instruction) -> None:
    first = ctx.reg("a0")
    arguments[first] += 1
    callers[first, ctx.reg("ra")] += 1


@finish
def report(found: Results) -> None:
    print(f"{FUNCTION} was called with {len(arguments)} different first arguments; most often:")
    for argument, count in arguments.most(3):
        print(f"{count:8,}  {argument:#x}")
    print("and by:")
    for (argument, caller), count in callers.most(3):
        print(f"{count:8,}  {found.symbol(caller)}, with {argument:#x}")
