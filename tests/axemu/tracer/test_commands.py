"""The tracer's command line: every command once, and what nobody should type."""

from __future__ import annotations

import asyncio

import pytest

from axemu.tracer.commands import CommandTable
from axemu.tracer.remembered import Remembered
from emu.debug.stop import StopKind
from tests.axemu.conftest import ROOT
from tests.axemu.tracer.hands import Hands, at_the_tracer

SCRIPT = f"""
b main
c
bt
up
frame 1
down
si 2
s
n
ni
e 2
when
p $sp
p/x 1 + 2
ptype $pc
x/4i $pc
x/8xb $sp
x/2s $pc
set $a0 = 5
info reg
info reg mstatus
info b
info exits
info devices
info devices uart
info threads
info symbol main
info line main
info tlb
info locals
info frame
page $pc
vcpu 0
disas third
list main
symbols {ROOT}/guests/riscv64/hello/hello.elf@0x1000000
mem $sp
find storing
poke $sp 00
undo
asm second nop; nop
undo
watch *(long *)$sp if 0
rwatch *(int *)$sp
awatch *(int *)$sp
disable 2
enable 2
condition 2 1
ignore 2 3
catch exception
toggle third
toggle third
delete
tbreak second
until second
fin
goto exit:38
filter uart -read
why
theme
help
restart
goto 210
"""


def test_every_command_of_the_table_runs_without_an_error() -> None:
    lines = SCRIPT.strip().splitlines()
    table = CommandTable()
    ran = {table.parse(line).command.names[0] for line in lines}
    assert ran == {each.names[0] for each in table.all} - {"quit"}

    async def body(hands: Hands) -> None:
        app, ask = hands.app, hands.ask
        for line in lines:
            answer = await ask(line)
            assert answer is None or not answer.bad, (line, answer.text)
            assert not app.snapshot.troubles, (line, app.snapshot.troubles)
        assert app.snapshot.position.instruction == 210

    at_the_tracer(body, size=(60, 15))


@pytest.mark.parametrize(
    "texts",
    [
        ("frob", "rsi", "p nosuch", "x nosuch", "goto abc", "goto exit:x", "vcpu 9", "frame 99",
         "info", "info reg no"),
        ("set", "set $a0", "set 1 = 2", "mem 1 +", "p 1/0", "p", "x/4i nosuch", "p/q 1", "mem [", "e -1"),
        ("goto -5", "theme blue", "toggle nosuch", "find", "find 0xq", "disas 1 +", "b main if", "watch 1/0",
         "catch mmio nodevice"),
        ("poke", "poke 1", "poke $sp zz", "undo", "b nosuch", "watch", "catch what", "ignore", "condition", "delete 77"),
("filter xx", "filter reg:no", "filter value:q"),
    ],
)  # fmt: skip
def test_odd_input_is_answered_by_one_sentence(texts: tuple[str, ...]) -> None:
    async def body(hands: Hands) -> None:
        for text in texts:
            answer = await hands.ask(text)
            assert answer is not None, text
            assert answer.bad, (text, answer.text)
            assert answer.text and "Traceback" not in answer.text and "internal" not in answer.text, (
                answer.text
            )

    at_the_tracer(body)


def test_counts_begin_anew_with_a_restart() -> None:
    async def body(hands: Hands) -> None:
        app, ask = hands.app, hands.ask
        await ask("c")
        assert app.snapshot.stop.kind is StopKind.CRASHED
        first = app.snapshot
        await ask("restart")
        assert (app.snapshot.position.instruction, len(app.snapshot.exits)) == (0, 0)
        await ask("goto exit:39")
        await ask("c")
        assert app.snapshot.position == first.position
        assert app.snapshot.exits.row(38) == first.exits.row(38)
        await ask("filter exit:39")
        assert app.exits.count == 1
        refused = await ask("goto 100")
        assert "228 have retired" in refused.text

    at_the_tracer(body)


def test_memory_is_edited_and_the_edit_undone() -> None:
    async def body(hands: Hands) -> None:
        app, ask = hands.app, hands.ask
        await ask("mem main")
        before = app.snapshot.memory.data[:4]
        await ask('poke main "abcd"')
        assert bytes(app.snapshot.memory.data[:4]) == b"abcd"
        await ask("undo")
        assert app.snapshot.memory.data[:4] == before
        await ask("poke main 00")
        await ask("restart")
        assert (await ask("undo")).bad
        assert app.snapshot.memory.data[:4] == before

    at_the_tracer(body)


def test_points_layout_and_history_are_there_the_next_time(tmp_path, monkeypatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))

    async def first(hands: Hands) -> None:
        app, ask = hands.app, hands.ask
        await ask("b third")
        await ask("catch exception")
        app.set_theme("light")
        app.leave()
        await asyncio.wrap_future(app.guest.look(lambda debugger: None))

    remembered = Remembered("guest")
    at_the_tracer(first, remembered=remembered)
    remembered.save()

    async def second(hands: Hands) -> None:
        app, ask = hands.app, hands.ask
        assert app.theme_name == "light"
        assert [(row.kind, row.what) for row in app.snapshot.points] == [
            ("break", "third"),
            ("catch", "exception"),
        ]
        await ask("c")
        assert app.snapshot.place.startswith("0x80000") and "third" in app.snapshot.place

    at_the_tracer(second, remembered=Remembered("guest"))


def test_instructions_are_assembled_over_others_and_the_guest_runs_them() -> None:
    async def body(hands: Hands) -> None:
        assert "stays behind" in (await hands.ask("asm $pc c.nop")).text
        await hands.ask("undo")
        await hands.ask("asm third+0xe c.nop")
        await hands.ask("c")
        assert hands.app.snapshot.stop.kind is StopKind.ENDED
        refused = await hands.ask("asm third frobnicate")
        assert refused.bad and "frobnicate" in refused.text

    at_the_tracer(body, size=(80, 24))


def test_a_search_goes_on_to_the_next_place_and_begins_anew() -> None:
    async def body(hands: Hands) -> None:
        found = [(await hands.ask("find o")).text for _ in range(3)]
        assert len(set(found)) == 3
        app = hands.app
        assert app.snapshot.memory.data[0] == ord("o")
        assert (await hands.ask("find storing to")).text != (await hands.ask("find frobnicate")).text

    at_the_tracer(body, size=(80, 24))
