"""Points, running, stepping, ending and starting anew."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from axemu.gdbserver import monitor, parsing
from axemu.gdbserver.errors import Malformed
from axemu.gdbserver.replies import KILLED, OK, SUFFIXES, UNKNOWN, said, stop_reply
from axemu.gdbserver.target import ACCESS, Key, Step
from axemu.gdbserver.threads import known
from emu.debug.stop import StopKind

if TYPE_CHECKING:
    from axemu.gdbserver.conversation import Command, Conversation


def point(talk: Conversation, rest: bytes) -> Key | None:
    """None for a kind that is not offered."""
    kind, address, size = parsing.numbers(parsing.text_of(rest).partition(";")[0], 3)
    if kind > ACCESS:
        return None
    return Key(kind, address & (1 << talk.target.layout.isa.bits) - 1, size)


def insert(talk: Conversation, rest: bytes) -> bytes:
    key = point(talk, rest)
    if key is None:
        return UNKNOWN
    talk.target.insert(key)
    return OK


def remove(talk: Conversation, rest: bytes) -> bytes:
    key = point(talk, rest)
    if key is None:
        return UNKNOWN
    talk.target.remove(key)
    return OK


def go(talk: Conversation, step: Step | None) -> list[bytes]:
    if talk.stop.kind is StopKind.ENDED:
        return [stop_reply(talk.target, talk.stop, talk.features)]
    talk.running = True
    talk.resume(step)
    return []


def go_on(talk: Conversation, rest: bytes) -> list[bytes]:
    jump(talk, rest)
    return go(talk, None)


def step(talk: Conversation, rest: bytes) -> list[bytes]:
    jump(talk, rest)
    return go(talk, Step(talk.stepped or talk.stop.vcpu + 1))


def go_on_signal(talk: Conversation, rest: bytes) -> list[bytes]:
    return go_on(talk, rest.partition(b";")[2])


def step_signal(talk: Conversation, rest: bytes) -> list[bytes]:
    return step(talk, rest.partition(b";")[2])


def jump(talk: Conversation, rest: bytes) -> None:
    pc = talk.target.pc
    if rest and pc is not None:
        value = parsing.number(parsing.text_of(rest)).to_bytes(20, talk.target.layout.order)
        size = pc.size
        talk.target.set_register(
            pc.number, value[-size:] if talk.target.layout.order == "big" else value[:size]
        )


def actions(talk: Conversation, rest: bytes) -> bytes | list[bytes]:
    if rest == b"?":
        return b"vCont;c;C;s;S;t;r"
    step: Step | None = None
    for action in parsing.text_of(rest).lstrip(";").split(";"):
        what, _, whom = action.partition(":")
        if not what or what[0] not in "cCsStr":
            raise Malformed("Expected an action of vCont.", action[: parsing.SHOWN])
        thread = known(talk, parsing.thread(whom)) if whom else talk.stepped or talk.stop.vcpu + 1
        if step is not None or what[0] not in "sSr":
            continue
        low, high = parsing.numbers(what[1:], 2) if what[0] == "r" else (0, 0)
        step = Step(thread, low, high)
    return go(talk, step)


def words(talk: Conversation, rest: bytes) -> list[bytes]:
    line = parsing.hex_bytes(parsing.text_of(rest)).decode("utf-8", "replace")
    text = monitor.answer(talk.target, line)
    if talk.target.quitting:
        talk.over = talk.killed = True
    talk.stop = talk.target.call(lambda debugger: debugger.stop)
    whole = f"{text.rstrip()}\n"
    return [*(said(whole[at : at + 8000]) for at in range(0, len(whole), 8000)), OK]


def kill(talk: Conversation, rest: bytes) -> bytes | None:
    """No answer for gdb; LLDB waits for one."""
    talk.killed = True
    talk.over = not talk.extended
    restart(talk)
    return KILLED if SUFFIXES in talk.features else None


def kill_process(talk: Conversation, rest: bytes) -> bytes:
    talk.killed = True
    restart(talk)
    return OK


def detach(talk: Conversation, rest: bytes) -> bytes:
    talk.over = True
    return OK


def restarted(talk: Conversation, rest: bytes) -> bytes:
    restart(talk)
    return why(talk, b"")


def restart_quietly(talk: Conversation, rest: bytes) -> None:
    restart(talk)


def restart(talk: Conversation) -> None:
    talk.stop = talk.target.restart()
    talk.target.thread = talk.stop.vcpu + 1


def why(talk: Conversation, rest: bytes) -> bytes:
    return stop_reply(talk.target, talk.stop, talk.features)


COMMANDS: Final[dict[bytes, Command]] = {
    b"?": why,
    b"Z": insert,
    b"z": remove,
    b"c": go_on,
    b"C": go_on_signal,
    b"s": step,
    b"S": step_signal,
    b"vCont": actions,
    b"qRcmd,": words,
    b"k": kill,
    b"vKill": kill_process,
    b"D": detach,
    b"R": restart_quietly,
    b"vRun": restarted,
    b"vAttach": why,
}
