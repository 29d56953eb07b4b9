"""One client: what was agreed with it, and the table of its commands.

No I/O: a packet's data goes in, packets' data come out; whoever has the socket sends them. While the guest runs, only
the client's interrupt and the guest's stop have a meaning; other packets are answered with an error.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final
from xml.sax.saxutils import quoteattr

from axemu.gdbserver import monitor, parsing
from axemu.gdbserver.errors import Malformed, Refused
from axemu.gdbserver.memory_map import memory_map
from axemu.gdbserver.packets import SIZE, escaped
from axemu.gdbserver.replies import PLAIN, stop_reply
from axemu.gdbserver.target import ACCESS, Key, Step, Target
from emu.debug.stop import Stop, StopKind

OK: Final = b"OK"
UNKNOWN: Final = b""
OURS: Final = (
    "qXfer:features:read+", "qXfer:memory-map:read+", "qXfer:threads:read+", "vContSupported+", "swbreak+", "hwbreak+",
    "QStartNoAckMode+", "multiprocess-", "binary-upload+", "error-message+",
)  # fmt: skip
MOST_READ: Final = SIZE // 2 - 16
_SEARCH: Final = re.compile(rb"([0-9a-fA-F]{1,16});([0-9a-fA-F]{1,16});(.*)", re.DOTALL)
_TRIPLES: Final = {
    "arm": "armv7", "i386": "i386", "ppc": "powerpc", "ppc64": "powerpc64", "sparc64": "sparcv9", "s390x": "s390x",
}  # fmt: skip


class Conversation:
    """With one client. `resume` runs the guest, or makes that step; the owner then calls `stopped`. `acknowledging`:
    each packet is answered with + or -; `over` and `killed`: what the client wants."""

    def __init__(self, target: Target, resume: Callable[[Step | None], None]) -> None:
        self.target: Final = target
        self._resume = resume
        self.acknowledging = True
        self.over = False
        self.killed = False
        self.running = False
        self.extended = False
        self.features: frozenset[str] = frozenset()
        self.stop: Stop = target.call(lambda debugger: debugger.stop)
        self._stepped = 0  # the thread that Hc chose
        target.thread = self.stop.vcpu + 1
        self._xml: dict[str, bytes] = {}

    def handle(self, data: bytes) -> list[bytes]:
        """The packets that answer one; none where the answer comes with the next stop."""
        if self.running:
            return [b"E01"]
        head = chr(data[0]) if data else ""
        try:
            command = next((each for name, each in self._LONG if data.startswith(name)), None)
            if command is not None:
                name = next(name for name, _ in self._LONG if data.startswith(name))
                reply = command(self, data[len(name) :])
            else:
                short = self._SHORT.get(head)
                reply = UNKNOWN if short is None else short(self, data[1:])
        except Refused as error:
            reply = self.refusal(error)
        if reply is None:
            return []
        return reply if isinstance(reply, list) else [reply]

    def refusal(self, error: Refused) -> bytes:
        if "error-message" in self.features:
            return b"E." + escaped(str(error).encode("utf-8", "replace"))
        return b"E%02x" % error.number

    def stopped(self, stop: Stop) -> list[bytes]:
        """The guest has stopped: what the client is told. Words come first where a signal does not say it all."""
        self.running, self.stop = False, stop
        self.target.thread = stop.vcpu + 1
        told = [] if stop.kind in PLAIN or stop.kind is StopKind.ENDED else [_said(f"axemu: {stop.text}\n")]
        return [*told, stop_reply(self.target, stop, self.features)]

    def failed(self, error: BaseException) -> list[bytes]:
        """The guest could not be run on."""
        self.running = False
        return [_said(f"axemu: {error}\n"), stop_reply(self.target, self.stop, self.features)]

    # -- agreeing -----------------------------------------------------------------------------------------------------

    def _supported(self, rest: bytes) -> bytes:
        offered = parsing.text_of(rest).lstrip(":").split(";")
        self.features = frozenset(each[:-1] for each in offered if each.endswith("+"))
        return f"PacketSize={SIZE:x};{';'.join(OURS)}".encode()

    def _no_acknowledgements(self, rest: bytes) -> bytes:
        self.acknowledging = False
        return OK

    def _extend(self, rest: bytes) -> bytes:
        self.extended = True
        return OK

    def _transfer(self, rest: bytes) -> bytes:
        kind, colon, where = parsing.text_of(rest).partition(":read:")
        name, _, window = where.rpartition(":")
        if not colon or (kind == "features" and name != "target.xml"):
            return b"E00" if colon else UNKNOWN
        make = {
            "features": lambda: self.target.layout.description,
            "memory-map": lambda: self.target.call(lambda debugger: memory_map(debugger.machine.bus)),
            "threads": self._thread_list,
        }.get(kind)
        if make is None:
            return UNKNOWN
        offset, length = parsing.numbers(window, 2)
        if offset == 0 or kind not in self._xml:
            self._xml[kind] = make().encode()
        part = self._xml[kind][offset : offset + min(length, MOST_READ)]
        more = offset + len(part) < len(self._xml[kind])
        return (b"m" if more else b"l") + escaped(part)

    def _thread_list(self) -> str:
        rows = "".join(
            f'  <thread id="{each:x}" core="{each - 1}" name="vCPU {each - 1}">'
            f"{quoteattr(self.target.about(each))[1:-1]}</thread>\n"
            for each in range(1, self.target.threads + 1)
        )
        return f'<?xml version="1.0"?>\n<threads>\n{rows}</threads>\n'

    def _host(self, rest: bytes) -> bytes:
        isa = self.target.layout.isa
        triple = f"{_TRIPLES.get(isa.name, isa.name)}-unknown-none"
        return f"triple:{triple.encode().hex()};endian:{isa.endian};ptrsize:{isa.bits // 8};".encode()

    def _process(self, rest: bytes) -> bytes:
        return b"pid:1;" + self._host(rest)

    # -- threads ------------------------------------------------------------------------------------------------------

    def _known(self, thread: int) -> int:
        if thread in (parsing.ANY, parsing.ALL):
            return self.stop.vcpu + 1
        if not 1 <= thread <= self.target.threads:
            raise Refused(f"There is no thread {thread}.")
        return thread

    def _choose(self, rest: bytes) -> bytes:
        text = parsing.text_of(rest)
        thread = parsing.thread(text[1:])
        if text[:1] == "g":
            if thread > 0:
                self.target.thread = self._known(thread)
        elif text[:1] == "c":
            self._stepped = self._known(thread) if thread > 0 else 0
        else:
            raise Malformed("Expected Hg or Hc.")
        return OK

    def _alive(self, rest: bytes) -> bytes:
        self._known(parsing.thread(parsing.text_of(rest)))
        return OK

    def _current(self, rest: bytes) -> bytes:
        return b"QC%x" % self.target.thread

    def _threads(self, rest: bytes) -> bytes:
        return b"m" + b",".join(b"%x" % each for each in range(1, self.target.threads + 1))

    def _about(self, rest: bytes) -> bytes:
        thread = self._known(parsing.thread(parsing.text_of(rest)))
        return self.target.about(thread).encode().hex().encode()

    # -- state --------------------------------------------------------------------------------------------------------

    def _why(self, rest: bytes) -> bytes:
        return stop_reply(self.target, self.stop, self.features)

    def _all(self, rest: bytes) -> bytes:
        return self.target.core()

    def _set_all(self, rest: bytes) -> bytes:
        self.target.set_core(parsing.hex_bytes(parsing.text_of(rest)))
        return OK

    def _one(self, rest: bytes) -> bytes:
        return self.target.register(parsing.number(parsing.text_of(rest)))

    def _set_one(self, rest: bytes) -> bytes:
        number, equals, value = parsing.text_of(rest).partition("=")
        if not equals:
            raise Malformed("Expected P NUMBER = VALUE.")
        self.target.set_register(parsing.number(number), parsing.hex_bytes(value))
        return OK

    def _read(self, rest: bytes) -> bytes:
        address, size = parsing.numbers(parsing.text_of(rest), 2)
        return self.target.read(address, min(size, MOST_READ)).hex().encode()

    def _read_binary(self, rest: bytes) -> bytes:
        address, size = parsing.numbers(parsing.text_of(rest), 2)
        if size == 0:
            return UNKNOWN  # a client that asks so expects another form of reply
        return b"b" + escaped(self.target.read(address, min(size, MOST_READ)))

    def _write(self, rest: bytes) -> bytes:
        where, _, data = parsing.text_of(rest).partition(":")
        return self._store(where, parsing.hex_bytes(data))

    def _write_binary(self, rest: bytes) -> bytes:
        where, _, data = rest.partition(b":")
        return self._store(parsing.text_of(where), data)

    def _store(self, where: str, data: bytes) -> bytes:
        address, size = parsing.numbers(where, 2)
        if size != len(data):
            raise Malformed(f"Expected {size} bytes.", f"Got {len(data)}.")
        if data:
            self.target.write(address, data)
        return OK

    def _search(self, rest: bytes) -> bytes:
        found = _SEARCH.fullmatch(rest)
        if found is None or not found[3]:
            raise Malformed("Expected qSearch:memory:ADDRESS;LENGTH;PATTERN.")
        at = self.target.find(int(found[1], 16), int(found[2], 16), found[3])
        return b"0" if at is None else b"1,%x" % at

    def _checksum(self, rest: bytes) -> bytes:
        address, size = parsing.numbers(parsing.text_of(rest), 2)
        return b"C%x" % self.target.checksum(address, size)

    # -- points -------------------------------------------------------------------------------------------------------

    def _point(self, rest: bytes) -> Key | None:
        """None for a kind that is not offered."""
        kind, address, size = parsing.numbers(parsing.text_of(rest).partition(";")[0], 3)
        if kind > ACCESS:
            return None
        return Key(kind, address & (1 << self.target.layout.isa.bits) - 1, size)

    def _insert(self, rest: bytes) -> bytes:
        key = self._point(rest)
        if key is None:
            return UNKNOWN
        self.target.insert(key)
        return OK

    def _remove(self, rest: bytes) -> bytes:
        key = self._point(rest)
        if key is None:
            return UNKNOWN
        self.target.remove(key)
        return OK

    # -- running ------------------------------------------------------------------------------------------------------

    def _go(self, step: Step | None) -> list[bytes]:
        if self.stop.kind is StopKind.ENDED:
            return [stop_reply(self.target, self.stop, self.features)]
        self.running = True
        self._resume(step)
        return []

    def _continue(self, rest: bytes) -> list[bytes]:
        self._jump(rest)
        return self._go(None)

    def _step(self, rest: bytes) -> list[bytes]:
        self._jump(rest)
        return self._go(Step(self._stepped or self.stop.vcpu + 1))

    def _continue_signal(self, rest: bytes) -> list[bytes]:
        return self._continue(rest.partition(b";")[2])

    def _step_signal(self, rest: bytes) -> list[bytes]:
        return self._step(rest.partition(b";")[2])

    def _jump(self, rest: bytes) -> None:
        pc = self.target.pc
        if rest and pc is not None:
            value = parsing.number(parsing.text_of(rest)).to_bytes(20, self.target.layout.order)
            size = pc.size
            self.target.set_register(
                pc.number, value[-size:] if self.target.layout.order == "big" else value[:size]
            )

    def _actions(self, rest: bytes) -> bytes | list[bytes]:
        if rest == b"?":
            return b"vCont;c;C;s;S;t;r"
        step: Step | None = None
        for action in parsing.text_of(rest).lstrip(";").split(";"):
            what, _, whom = action.partition(":")
            if not what or what[0] not in "cCsStr":
                raise Malformed("Expected an action of vCont.", action[: parsing.SHOWN])
            thread = self._known(parsing.thread(whom)) if whom else self._stepped or self.stop.vcpu + 1
            if step is not None or what[0] not in "sSr":
                continue
            low, high = parsing.numbers(what[1:], 2) if what[0] == "r" else (0, 0)
            step = Step(thread, low, high)
        return self._go(step)

    def _monitor(self, rest: bytes) -> list[bytes]:
        line = parsing.hex_bytes(parsing.text_of(rest)).decode("utf-8", "replace")
        text = monitor.answer(self.target, line)
        if self.target.quitting:
            self.over = self.killed = True
        self.stop = self.target.call(lambda debugger: debugger.stop)
        whole = f"{text.rstrip()}\n"
        return [*(_said(whole[at : at + 8000]) for at in range(0, len(whole), 8000)), OK]

    # -- ending -------------------------------------------------------------------------------------------------------

    def _kill(self, rest: bytes) -> None:
        """No answer."""
        self.killed = True
        self.over = not self.extended
        self._restart()

    def _kill_process(self, rest: bytes) -> bytes:
        self.killed = True
        self._restart()
        return OK

    def _detach(self, rest: bytes) -> bytes:
        self.over = True
        return OK

    def _restarted(self, rest: bytes) -> bytes:
        self._restart()
        return self._why(b"")

    def _restart_quietly(self, rest: bytes) -> None:
        self._restart()

    def _restart(self) -> None:
        self.stop = self.target.restart()
        self.target.thread = self.stop.vcpu + 1

    def _fine(self, rest: bytes) -> bytes:
        return OK

    def _attached(self, rest: bytes) -> bytes:
        return b"1"

    def _last(self, rest: bytes) -> bytes:
        return b"l"

    def _unknown(self, rest: bytes) -> bytes:
        return UNKNOWN

    _Command = Callable[["Conversation", bytes], bytes | list[bytes] | None]
    _LONG: Final[tuple[tuple[bytes, _Command], ...]] = (
        (b"qSupported", _supported),
        (b"QStartNoAckMode", _no_acknowledgements),
        (b"qXfer:", _transfer),
        (b"qHostInfo", _host),
        (b"qProcessInfo", _process),
        (b"qCRC:", _checksum),
        (b"qC", _current),
        (b"qfThreadInfo", _threads),
        (b"qsThreadInfo", _last),
        (b"qThreadExtraInfo,", _about),
        (b"qAttached", _attached),
        (b"qRcmd,", _monitor),
        (b"qSearch:memory:", _search),
        (b"qSymbol:", _fine),
        (b"vCont", _actions),
        (b"vKill", _kill_process),
        (b"vRun", _restarted),
        (b"vAttach", _why),
        (b"q", _unknown),
        (b"Q", _unknown),
        (b"v", _unknown),
    )
    _SHORT: Final[dict[str, _Command]] = {
        "?": _why, "!": _extend, "H": _choose, "T": _alive, "g": _all, "G": _set_all, "p": _one, "P": _set_one,
        "m": _read, "M": _write, "x": _read_binary, "X": _write_binary, "Z": _insert, "z": _remove, "c": _continue,
        "C": _continue_signal, "s": _step, "S": _step_signal, "k": _kill, "D": _detach, "R": _restart_quietly,
    }  # fmt: skip


def _said(text: str) -> bytes:
    """An O packet: gdb prints it."""
    return b"O" + text.encode("utf-8", "replace").hex().encode()
