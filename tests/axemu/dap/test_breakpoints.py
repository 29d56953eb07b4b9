from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from emu.debug.points import CATCHES
from tests.axemu.conftest import ROOT
from tests.axemu.dap.client import Client, Message

SOURCE = str(ROOT / "guests/portable/debuggee.c")
SUM, TOTAL, CHECKED = 26, 42, 44  # the lines that call cross, scaled, check
ISAS = sorted(each.parent.parent.name for each in ROOT.glob("guests/*/debuggee/guest.toml"))


def at(client: Client, *rows: Any) -> list[Message]:
    breakpoints = [each if isinstance(each, dict) else {"line": each} for each in rows]
    found: list[Message] = client.ask("setBreakpoints", source={"path": SOURCE}, breakpoints=breakpoints)[
        "breakpoints"
    ]
    return found


@pytest.mark.parametrize("isa", ISAS)
def test_every_isa_stops_at_a_line_steps_and_shows_variables(client: Client, isa: str) -> None:
    client.launched(ROOT / "guests" / isa / "debuggee", {SOURCE: [TOTAL]})
    stop = client.stopped()
    assert stop["reason"] == "breakpoint"
    assert stop["hitBreakpointIds"] == [1]
    frame = client.top()
    assert (frame["name"], frame["line"], frame["source"]["path"]) == ("main", TOTAL, SOURCE)
    assert client.variables(client.scope("Locals", frame["id"]))["factor"]["value"] == "1"
    client.ask("stepIn", threadId=1)
    assert client.stopped()["reason"] == "step"
    names = [each["name"] for each in client.ask("stackTrace", threadId=1)["stackFrames"]]
    assert names[:2] == ["scaled", "main"]
    factor = client.variables(client.scope("Locals"))["factor"]["value"]
    assert factor == "1" or "optimized out" in factor  # behind the prologue
    code = client.ask(
        "disassemble", memoryReference=client.top()["instructionPointerReference"], instructionCount=2
    )
    assert [each["presentationHint"] for each in code["instructions"] if "presentationHint" in each] == []
    client.ask("stepOut", threadId=1)
    client.stopped()
    assert client.top()["name"] == "main"


def test_a_breakpoint_says_where_it_is(standing: Client) -> None:
    exact, moved, none = at(standing, SUM, 39, 4000)
    assert (exact["verified"], exact["line"], exact["source"]["path"]) == (True, SUM, SOURCE)
    assert (moved["verified"], moved["line"]) == (True, 41)
    assert none["verified"] is False
    assert "No code is known for line 4000" in none["message"]


def test_a_file_of_the_same_name_is_not_the_guests(standing: Client, tmp_path: Path) -> None:
    other = tmp_path / "debuggee.c"
    other.write_text("int main;\n" * 60)
    (found,) = standing.ask("setBreakpoints", source={"path": str(other)}, breakpoints=[{"line": SUM}])[
        "breakpoints"
    ]
    assert found["verified"] is False


def test_a_path_of_another_computer_is_found_by_its_end(standing: Client) -> None:
    path = "C:\\somewhere\\guests\\portable\\debuggee.c"
    (found,) = standing.ask("setBreakpoints", source={"path": path}, breakpoints=[{"line": SUM}])[
        "breakpoints"
    ]
    assert found["verified"] is True


def test_conditions_hit_conditions_and_log_points(standing: Client) -> None:
    at(standing, {"line": SUM, "condition": "i == 2"})
    standing.go()
    frame = standing.top()
    assert standing.ask("evaluate", expression="i", frameId=frame["id"])["result"] == "2"
    at(standing, {"line": SUM, "hitCondition": "== 4"})  # i is 0, 1, 2, 0
    standing.go()
    frame = standing.top()
    assert standing.ask("evaluate", expression="i", frameId=frame["id"])["result"] == "0"
    at(
        standing,
        {"line": SUM, "logMessage": "i is {i}, {nothing}, sum {sum}"},
        CHECKED,
    )
    standing.go()
    logged = [line for line in standing.written("console").splitlines() if line.startswith("i is")]
    assert [line[:6] for line in logged] == ["i is 1", "i is 2"]
    assert "<" in logged[0]
    assert logged[0].endswith("sum 0")


@pytest.mark.parametrize(
    ("row", "text"),
    [
        ({"condition": "i =="}, "i =="),
        ({"hitCondition": "often"}, "A hit condition is"),
        ({"hitCondition": "% 0"}, "A hit condition is"),
    ],
)
def test_a_breakpoint_with_a_wrong_condition_is_not_set(standing: Client, row: Message, text: str) -> None:
    (found,) = at(standing, {"line": SUM, **row})
    assert found["verified"] is False
    assert text in found["message"]
    assert standing.say("info b").startswith("No breakpoints")


def test_a_condition_that_cannot_be_evaluated_stops_and_says_so(standing: Client) -> None:
    at(standing, {"line": SUM, "condition": "nothing == 1"})
    standing.go()
    assert "cannot be evaluated" in standing.output("nothing == 1")["output"]


def test_breakpoints_are_replaced_and_keep_their_hits(standing: Client) -> None:
    (first,) = at(standing, SUM)
    standing.go()
    again, other = at(standing, SUM, TOTAL)
    assert again["id"] == first["id"]
    assert other["id"] != first["id"]
    assert "hit 1" in standing.say("info b")
    assert at(standing) == []
    standing.ask("continue", threadId=1)
    standing.event("terminated")


def test_function_and_instruction_breakpoints(standing: Client) -> None:
    found = standing.ask("setFunctionBreakpoints", breakpoints=[{"name": "cross"}, {"name": "crosss"}])[
        "breakpoints"
    ]
    assert [each["verified"] for each in found] == [True, False]
    assert "cross" in found[1]["message"]
    assert standing.go()["reason"] == "function breakpoint"
    caller = standing.ask("stackTrace", threadId=1)["stackFrames"][1]
    standing.ask("setFunctionBreakpoints", breakpoints=[])
    place = caller["instructionPointerReference"]
    rows = [{"instructionReference": hex(int(place, 0) - 4), "offset": 4}]
    (there,) = standing.ask("setInstructionBreakpoints", breakpoints=rows)["breakpoints"]
    assert there["instructionReference"] == place
    assert standing.go()["reason"] == "instruction breakpoint"
    assert standing.top()["instructionPointerReference"] == place


def test_data_breakpoints_on_a_variable(standing: Client) -> None:
    reference = standing.scope("Globals")
    at(standing, TOTAL)
    standing.go()
    reference = standing.scope("Globals")
    info = standing.ask("dataBreakpointInfo", variablesReference=reference, name="total")
    assert info["accessTypes"] == ["write", "read", "readWrite"]
    at(standing)
    rows = [{"dataId": info["dataId"], "accessType": "write", "condition": "total == 60"}]
    (found,) = standing.ask("setDataBreakpoints", breakpoints=rows)["breakpoints"]
    assert found["verified"] is True
    stop = standing.go()
    assert (stop["reason"], stop["hitBreakpointIds"]) == ("data breakpoint", [found["id"]])
    assert "0xc -> 0x3c" in stop["description"]
    address = info["dataId"].partition("/")[0]
    assert (
        standing.ask("dataBreakpointInfo", name=address, asAddress=True, bytes=2)["dataId"] == f"{address}/2"
    )
    assert standing.ask("dataBreakpointInfo", name="total")["dataId"] == info["dataId"]
    registers = standing.scope("Registers")
    assert standing.ask("dataBreakpointInfo", variablesReference=registers, name="sp")["dataId"] is None
    rows = [{"dataId": "0x600000000000/4"}, {"dataId": "here"}]
    refused = standing.ask("setDataBreakpoints", breakpoints=rows)["breakpoints"]
    assert [each["verified"] for each in refused] == [False, False]


def test_exits_and_traps_stop_by_filter(standing: Client) -> None:
    filters = standing_filters(standing)
    assert filters == set(CATCHES)
    rows = [{"filterId": "mmio-write", "condition": "$_value == 0x3a"}]  # a colon
    (found,) = standing.ask("setExceptionBreakpoints", filters=[], filterOptions=rows)["breakpoints"]
    stop = standing.go()
    assert (stop["reason"], stop["hitBreakpointIds"]) == ("exception", [found["id"]])
    info = standing.ask("exceptionInfo", threadId=1)
    assert (info["exceptionId"], info["breakMode"]) == ("MmioWrite", "always")
    assert standing.console == "triangle"
    (wrong,) = standing.ask("setExceptionBreakpoints", filters=["nothing"])["breakpoints"]
    assert wrong["verified"] is False
    standing.ask("setExceptionBreakpoints", filters=[])
    standing.ask("continue", threadId=1)
    standing.event("terminated")


def standing_filters(client: Client) -> set[str]:
    greeting = next(each for each in client.messages if each.get("command") == "initialize")
    return {each["filter"] for each in greeting["body"]["exceptionBreakpointFilters"]}


def test_a_guest_exception_is_named(client: Client) -> None:
    client.ask("initialize")
    client.ask("launch", program=str(ROOT / "guests/riscv64/traps"))
    client.ask("setExceptionBreakpoints", filters=["exception"])
    client.ask("configurationDone")
    stop = client.stopped()
    info = client.ask("exceptionInfo", threadId=stop["threadId"])
    assert info["exceptionId"] in stop["text"]
    assert "cause" in info["details"]["fullTypeName"]


def test_breakpoints_come_and_go_while_the_guest_runs(client: Client) -> None:
    client.launched(ROOT / "guests/riscv64/spin")
    assert client.refused("stackTrace", threadId=1).message == "notStopped"
    assert client.ask("threads")["threads"][0]["id"] == 1
    client.ask("setFunctionBreakpoints", breakpoints=[{"name": "nothing"}])
    client.ask("setExceptionBreakpoints", filters=["privilege"])
    client.ask("setExceptionBreakpoints", filters=[])
    client.prints("spinning")  # from here on every place comes again
    client.ask("pause", threadId=1)
    assert client.stopped()["reason"] == "pause"
    place = client.top()["instructionPointerReference"]
    client.ask("continue", threadId=1)
    client.ask("setInstructionBreakpoints", breakpoints=[{"instructionReference": place}])
    assert client.stopped()["reason"] == "instruction breakpoint"


def test_lines_that_can_be_broken_at(standing: Client) -> None:
    found = standing.ask("breakpointLocations", source={"path": SOURCE}, line=37, endLine=42)
    assert [each["line"] for each in found["breakpoints"]] == [37, 41, 42]
