"""Who writes to a variable, what, and when; the first writes in full, all of them by place."""

from emu.hook import Access, Results, finish, on_write, ring, table

VARIABLE = "text"
KEPT = 5

places = table("writes by pc")
first = ring("the first writes", "retired", "pc", "address", "size", "value")


@on_write(within=VARIABLE)
def written(ctx: Access) -> None:
    places.add(ctx.pc)
    if len(first) < KEPT:
        first.add(ctx.retired, ctx.pc, ctx.address, ctx.size, ctx.value)


@finish
def report(found: Results) -> None:
    for retired, pc, address, size, value in first.rows().tolist():
        where = f"{found.symbol(pc)} ({found.line(pc)})"
        print(f"after {retired:,} instructions {where} writes {value:#x}, {size} bytes, to {address:#x}")
    for pc, count in places.most():
        print(f"{count:8,} writes by {found.symbol(pc)}")
