"""variables and setVariable."""

from __future__ import annotations

from typing import TYPE_CHECKING

from axemu.dap.errors import Refused
from axemu.dap.memory import changed
from axemu.dap.tree import MOST, Child, FrameOf, RegistersNode, VariablesNode, child
from emu.debug.expression import assign

if TYPE_CHECKING:
    from axemu.dap.fields import Fields
    from axemu.dap.framing import Message
    from axemu.dap.session import Session
    from axemu.dap.tree import Node
    from emu.debug.debugger import Debugger


def variables(talk: Session, asked: Fields) -> Message:
    node = node_of(talk, asked.number("variablesReference"))
    first, most = asked.number("start", 0), asked.number("count", 0) or MOST
    if first < 0 or most < 0:
        raise Refused("Expected start and count of at least 0.", f"It got {first} and {most}.")
    filter_ = asked.text("filter", "")
    found = talk.look(lambda debugger: list(node.children(debugger, first, min(most, MOST))))
    if filter_ in ("indexed", "named"):
        found = [each for each in found if each.name.startswith("[") is (filter_ == "indexed")]
    return {"variables": [shown(talk, each) for each in found]}


def set_variable(talk: Session, asked: Fields) -> Message:
    reference, name, text = asked.number("variablesReference"), asked.text("name"), asked.text("value")
    found = child_of(talk, reference, name)
    if found.read_only or not found.expression:
        raise Refused(f"'{name}' can only be looked at.", shown=True)
    node = node_of(talk, reference)
    frame = node.frame if isinstance(node, VariablesNode | RegistersNode) else None
    return assigned(talk, frame, found.expression, text)


def assigned(talk: Session, frame: FrameOf | None, left: str, right: str) -> Message:
    """Assign, and show what is there then."""

    def change(debugger: Debugger) -> Child:
        scope = debugger.scope() if frame is None else frame.scope(debugger)
        return child(debugger, left, assign(f"{left} = {right}", scope), left)

    now = talk.look(change)
    reference = "" if now.address is None else f"{now.address:#x}"
    talk.afterwards(lambda: changed(talk, reference, now.size))
    body = shown(talk, now)
    return {key: body[key] for key in ("value", "type", "variablesReference", "namedVariables", "indexedVariables")
            if key in body}  # fmt: skip


def node_of(talk: Session, reference: int) -> Node:
    """Raises Refused."""
    found = talk.nodes.get(reference)
    if found is None:
        raise Refused(f"No variables have the reference {reference}.", "References end when the guest runs.")
    return found


def child_of(talk: Session, reference: int, name: str) -> Child:
    """Raises Refused."""
    node = node_of(talk, reference)

    def find(debugger: Debugger) -> Child | None:
        return next((each for each in node.children(debugger, 0, MOST) if each.name == name), None)

    found = talk.look(find)
    if found is None:
        raise Refused(f"There is no variable '{name}' here.")
    return found


def shown(talk: Session, of: Child) -> Message:
    """The protocol's Variable."""
    body: Message = {
        "name": of.name,
        "value": of.value,
        "variablesReference": 0 if of.node is None else talk.named(of.node),
    }
    if of.type:
        body["type"] = of.type
    if of.expression:
        body["evaluateName"] = of.expression
    if of.memory is not None:
        body["memoryReference"] = f"{of.memory:#x}"
    if of.node is not None:
        body |= {"namedVariables": of.named} if of.named else {}
        body |= {"indexedVariables": of.indexed} if of.indexed else {}
    if of.read_only:
        body["presentationHint"] = {"attributes": ["readOnly"]}
    return body
