"""Frames, variables, expressions, memory, code and sources of a guest that stands."""

from __future__ import annotations

import base64
from itertools import pairwise
from pathlib import Path

import pytest

from tests.axemu.conftest import ROOT
from tests.axemu.dap.client import Client

NOWHERE = "0x600000000000"
SOURCE = str(ROOT / "guests/portable/debuggee.c")


@pytest.fixture
def inside(client: Client) -> Client:
    """In doubled_area, called by scaled, called by main."""
    client.launched(ROOT / "guests/riscv64/debuggee", {SOURCE: [26]})
    client.stopped()
    return client


def test_frames_come_in_pages(inside: Client) -> None:
    whole = inside.ask("stackTrace", threadId=1)
    names = [each["name"] for each in whole["stackFrames"]]
    assert names[:3] == ["doubled_area", "scaled", "main"]
    assert whole["totalFrames"] == len(names)
    part = inside.ask("stackTrace", threadId=1, startFrame=1, levels=1)
    assert [each["name"] for each in part["stackFrames"]] == ["scaled"]
    assert inside.ask("stackTrace", threadId=1, startFrame=90)["stackFrames"] == []
    assert "There is no thread 2" in inside.refused("stackTrace", threadId=2).text
    assert "at least 0" in inside.refused("stackTrace", threadId=1, startFrame=-1).text


def test_outer_frames_have_their_own_variables(inside: Client) -> None:
    frames = inside.ask("stackTrace", threadId=1)["stackFrames"]
    found = inside.variables(inside.scope("Locals", frames[1]["id"]))
    assert found["factor"]["value"] == "1"
    assert inside.ask("evaluate", expression="factor", frameId=frames[2]["id"])["result"] == "1"
    assert (
        "variable or symbol" in inside.refused("evaluate", expression="factor", frameId=frames[0]["id"]).text
    )
    assert inside.refused("evaluate", expression="1", frameId=12345).text.startswith("No frame has the id")


def test_structures_arrays_and_pointers_open(inside: Client) -> None:
    shape = inside.variables(inside.scope("Locals"))["shape"]
    assert shape["type"] == "const struct shape *"
    members = inside.variables(shape["variablesReference"])
    assert members["name"]["value"].endswith('"triangle"')
    corners = members["corners"]
    assert corners["indexedVariables"] == 3
    rows = inside.variables(corners["variablesReference"], filter="indexed", start=1, count=2)
    assert [each["value"] for each in rows.values()] == ["{x = 3, y = 0}", "{x = 0, y = 4}"]
    x = inside.variables(rows["[1]"]["variablesReference"])["x"]
    assert x["value"] == "3"
    assert inside.ask("evaluate", expression=x["evaluateName"], context="watch")["result"] == "3"
    letters = inside.variables(members["name"]["variablesReference"])
    assert next(iter(letters.values()))["value"] == "116 't'"


def test_variables_are_set(inside: Client) -> None:
    reference = inside.scope("Locals")
    assert inside.ask("setVariable", variablesReference=reference, name="i", value="1 + 1")["value"] == "2"
    inside.event("memory")
    inside.event("invalidated")
    assert inside.variables(reference)["i"]["value"] == "2"
    registers = inside.scope("Registers")
    assert inside.ask("setVariable", variablesReference=registers, name="a5", value="0x10")["value"] == "16"
    assert inside.variables(registers)["a5"]["value"] == "0x10"
    assert (
        "only be looked at"
        in inside.refused("setVariable", variablesReference=registers, name="zero", value="1").text
    )
    assert (
        "no variable 'j'"
        in inside.refused("setVariable", variablesReference=reference, name="j", value="1").text
    )
    assert inside.ask("setExpression", expression="shape->colour", value="0xff")["value"] == "255"
    assert inside.refused("setExpression", expression="3", value="4").text
    outer = inside.ask("stackTrace", threadId=1)["stackFrames"][1]["id"]
    assert inside.refused(
        "setVariable", variablesReference=inside.scope("Registers", outer), name="a5", value="1"
    ).text


def test_registers_come_by_group_with_fields_and_names(inside: Client) -> None:
    registers = inside.variables(inside.scope("Registers"))
    assert next(iter(registers)) == "pc"
    assert "<doubled_area+" in registers["pc"]["value"]
    groups = {name: each for name, each in registers.items() if each["value"].endswith(" registers")}
    rows: dict[str, dict[str, object]] = {}
    for each in groups.values():
        rows |= inside.variables(each["variablesReference"])
    fields = inside.variables(int(str(rows["mstatus"]["variablesReference"])))
    assert fields["MIE"]["value"] == "0x0"


def test_exits_and_devices_are_shown_without_an_effect(inside: Client) -> None:
    devices = inside.variables(inside.scope("Devices"))
    assert inside.variables(devices["uart"]["variablesReference"])
    inside.ask("setBreakpoints", source={"path": SOURCE}, breakpoints=[{"line": 44}])
    inside.go()
    newest, *_ = inside.variables(inside.scope("VM exits")).values()
    assert "mmio-write" in newest["value"]


def test_references_end_when_the_guest_runs(inside: Client) -> None:
    frame, reference = inside.top()["id"], inside.scope("Locals")
    inside.ask("next", threadId=1)
    inside.stopped()
    assert "References end" in inside.refused("variables", variablesReference=reference).text
    assert "Ids of frames end" in inside.refused("scopes", frameId=frame).text


def test_numbers_are_shown_in_hexadecimal_where_asked(inside: Client) -> None:
    assert inside.ask("evaluate", expression="shape->colour", format={"hex": True})["result"] == "0xff8000"


def test_the_console_takes_expressions_and_commands(inside: Client) -> None:
    assert inside.say("i") == "0"
    assert inside.say("i = 1") == "1"
    assert "locals" not in inside.say("info b")
    assert "doubled_area" in inside.say("bt")
    assert inside.say("p/x shape->colour") == "shape->colour = 0xff8000"
    assert "Breakpoint" in inside.say("b cross")
    assert "stopped" in inside.say("why")
    assert "type a line" in inside.say("help")
    assert inside.say("si") == ""
    inside.event("continued")
    assert inside.stopped()["reason"] == "step"
    assert inside.say("c") == ""
    assert "cross" in inside.stopped()["description"]
    assert inside.refused("evaluate", expression="b nothing", context="repl").text.startswith("nothing")
    assert "screen" in inside.refused("evaluate", expression=":theme dark", context="repl").text
    assert inside.refused("evaluate", expression="", context="watch").text
    assert inside.refused("evaluate", expression="shape->", context="hover").text


def test_completions(inside: Client) -> None:
    def complete(text: str) -> list[str]:
        found = inside.ask("completions", text=text, column=len(text) + 1, frameId=inside.top()["id"])[
            "targets"
        ]
        return [each["label"] for each in found]

    assert complete("sha") == ["shape"]
    assert "$mstatus" in complete("p $mst")
    assert "break" in complete("br")
    assert complete("break doubled_") == ["doubled_area"]
    assert complete("> ls") == []
    assert "i" in complete("")


def test_code_around_an_address_is_as_long_as_asked(inside: Client) -> None:
    place = inside.top()["instructionPointerReference"]
    rows = inside.ask(
        "disassemble", memoryReference=place, instructionOffset=-30, instructionCount=40, resolveSymbols=True
    )["instructions"]
    assert len(rows) == 40
    assert rows[30]["address"] == place
    assert rows[0]["location"]["name"].endswith(".c")
    assert any("line" in each for each in rows)
    assert all(int(a["address"], 0) < int(b["address"], 0) for a, b in pairwise(rows))
    ahead = inside.ask("disassemble", memoryReference=place, instructionOffset=5, instructionCount=3)[
        "instructions"
    ]
    assert [each["address"] for each in ahead] == [each["address"] for each in rows[35:38]]
    by_bytes = inside.ask("disassemble", memoryReference=rows[0]["address"], offset=0, instructionCount=1)
    assert by_bytes["instructions"][0]["instruction"] == rows[0]["instruction"]


def test_code_where_no_memory_is_has_no_instructions(inside: Client) -> None:
    rows = inside.ask("disassemble", memoryReference=NOWHERE, instructionOffset=-3, instructionCount=6)[
        "instructions"
    ]
    assert [each["presentationHint"] for each in rows] == ["invalid"] * 6
    assert (
        "instructions" in inside.refused("disassemble", memoryReference=NOWHERE, instructionCount=10**7).text
    )


def test_memory_is_read_and_written(inside: Client) -> None:
    place = inside.ask("evaluate", expression="shape->name")["memoryReference"]
    body = inside.ask("readMemory", memoryReference=place, count=8)
    assert base64.b64decode(body["data"]) == b"triangle"
    data = base64.b64encode(b"square\0").decode()
    assert inside.ask("writeMemory", memoryReference=place, data=data) == {"bytesWritten": 7}
    assert inside.event("memory") == {"memoryReference": place, "offset": 0, "count": 7}
    assert inside.ask("evaluate", expression="shape->name")["result"].endswith('"square"')
    nothing = inside.ask("readMemory", memoryReference=NOWHERE, count=5000)
    assert "data" not in nothing
    assert nothing["unreadableBytes"] == 5000
    assert inside.refused("writeMemory", memoryReference=NOWHERE, data=data).text
    assert "base64" in inside.refused("writeMemory", memoryReference=place, data="?").text
    assert "count" in inside.refused("readMemory", memoryReference=place, count=-1).text
    assert "memory reference is" in inside.refused("readMemory", memoryReference="main", count=1).text


def test_modules_and_sources(inside: Client) -> None:
    (module,) = inside.ask("modules")["modules"]
    assert module["name"] == "debuggee.elf"
    assert inside.ask("modules", startModule=1, moduleCount=5) == {"modules": [], "totalModules": 1}
    found = inside.ask("loadedSources")["sources"]
    assert SOURCE in [each["path"] for each in found]
    missing = [each for each in found if "sourceReference" in each]
    for each in missing:
        assert (
            each["name"]
            in inside.refused("source", source=each, sourceReference=each["sourceReference"]).text
        )
    assert "No source has the reference" in inside.refused("source", sourceReference=99).text


def test_a_source_that_is_elsewhere_is_mapped(client: Client, tmp_path: Path) -> None:
    (tmp_path / "debuggee.c").write_text("int other;\n" * 60)
    client.launched(
        ROOT / "guests/riscv64/debuggee", sourceMap={"guests/portable": str(tmp_path)}, stopOnEntry=True
    )
    client.stopped()
    path = str(tmp_path / "debuggee.c")
    assert path in [each["path"] for each in client.ask("loadedSources")["sources"]]
    (found,) = client.ask("setBreakpoints", source={"path": path}, breakpoints=[{"line": 26}])["breakpoints"]
    assert found["source"]["path"] == path


def test_a_source_that_is_nowhere_says_why(
    client: Client, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    program = tmp_path / "program.elf"
    program.write_bytes((ROOT / "guests/riscv64/debuggee/debuggee.elf").read_bytes())
    client.launched(program, machine="bare", stopOnEntry=True)
    client.stopped()
    source = client.top()["source"]
    assert source["path"] == "guests/runtime/riscv/start.S"
    failure = client.refused("source", source=source, sourceReference=source["sourceReference"])
    assert "start.S is not here" in failure.text
    assert "sourceMap" in failure.text
