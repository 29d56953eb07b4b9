"""Threads, which are vCPUs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from axemu.gdbserver import parsing
from axemu.gdbserver.errors import Malformed, Refused
from axemu.gdbserver.replies import OK

if TYPE_CHECKING:
    from axemu.gdbserver.conversation import Command, Conversation


def known(talk: Conversation, thread: int) -> int:
    if thread in (parsing.ANY, parsing.ALL):
        return talk.stop.vcpu + 1
    if not 1 <= thread <= talk.target.threads:
        raise Refused(f"There is no thread {thread}.")
    return thread


def choose(talk: Conversation, rest: bytes) -> bytes:
    text = parsing.text_of(rest)
    thread = parsing.thread(text[1:])
    if text[:1] == "g":
        if thread > 0:
            talk.target.thread = known(talk, thread)
    elif text[:1] == "c":
        talk.stepped = known(talk, thread) if thread > 0 else 0
    else:
        raise Malformed("Expected Hg or Hc.")
    return OK


def alive(talk: Conversation, rest: bytes) -> bytes:
    known(talk, parsing.thread(parsing.text_of(rest)))
    return OK


def current(talk: Conversation, rest: bytes) -> bytes:
    return b"QC%x" % talk.target.thread


def threads(talk: Conversation, rest: bytes) -> bytes:
    return b"m" + b",".join(b"%x" % each for each in range(1, talk.target.threads + 1))


def about(talk: Conversation, rest: bytes) -> bytes:
    thread = known(talk, parsing.thread(parsing.text_of(rest)))
    return talk.target.about(thread).encode().hex().encode()


def last(talk: Conversation, rest: bytes) -> bytes:
    return b"l"


COMMANDS: Final[dict[bytes, Command]] = {
    b"H": choose,
    b"T": alive,
    b"qC": current,
    b"qfThreadInfo": threads,
    b"qsThreadInfo": last,
    b"qThreadExtraInfo,": about,
}
