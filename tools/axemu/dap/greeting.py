"""initialize: answered before all that debugs is loaded, which takes longer than some clients wait."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from axemu.dap.capabilities import capabilities
from axemu.dap.errors import Refused
from axemu.dap.fields import Fields

if TYPE_CHECKING:
    from axemu.dap.framing import Damaged, Message
    from axemu.dap.outgoing import Outgoing

INITIALIZE = "initialize"


@dataclass(frozen=True, slots=True)
class Client:
    """How a client counts and spells, and which events it understands. `terminals`: it can run a command in one."""

    first_line: int = 1
    first_column: int = 1
    uris: bool = False
    memory_events: bool = False
    invalidated_events: bool = False
    terminals: bool = False

    @classmethod
    def of(cls, asked: Fields) -> Client:
        """Raises Malformed."""
        return cls(
            first_line=1 if asked.flag("linesStartAt1", True) else 0,
            first_column=1 if asked.flag("columnsStartAt1", True) else 0,
            uris=asked.text("pathFormat", "path") == "uri",
            memory_events=asked.flag("supportsMemoryEvent"),
            invalidated_events=asked.flag("supportsInvalidatedEvent"),
            terminals=asked.flag("supportsRunInTerminalRequest"),
        )


def greeted(outgoing: Outgoing, message: Message | Damaged) -> Client | None:
    """The client, where the message is a good initialize request: then it is answered."""
    if not isinstance(message, dict) or (message.get("type"), message.get("command")) != (
        "request",
        INITIALIZE,
    ):
        return None
    number = message.get("seq")
    try:
        client = Client.of(Fields(INITIALIZE, message.get("arguments")))
    except Refused:
        return None
    if not isinstance(number, int):
        return None
    answer = {"request_seq": number, "success": True, "command": INITIALIZE, "body": capabilities()}
    outgoing.send({"type": "response", **answer})
    return client
