"""Coverage of one's own kind: which of a function's blocks ran, how often, and which block came before each."""

from emu.hook import Block, Results, array, finish, on_block, table

FUNCTION = "sort"

previous = array("the block before", 1)
blocks = table("blocks")
edges = table("from and to", keys=2)


@on_block(within=FUNCTION)
def ran(ctx: Block) -> None:
    blocks.add(ctx.pc)
    edges.add((previous[0], ctx.pc))
    previous[0] = ctx.pc


@finish
def report(found: Results) -> None:
    print(f"{len(blocks)} blocks of {FUNCTION} ran, by {len(edges)} different ways; most often:")
    for (source, target), count in edges.most(5):
        print(f"{count:8,}  {found.symbol(source)} -> {found.symbol(target)}")
