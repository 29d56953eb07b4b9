"""Lines that do not have the machine's channel to themselves."""

from __future__ import annotations

from emu.lines import Shared, Unheard
from emu.recorder import Recorder


def test_nobody_hears_and_nobody_speaks() -> None:
    line = Unheard()
    line.write(b"lost")
    assert line.read(10) == b"" and not line.live


def test_a_shared_line_reads_until_somebody_else_listens_and_writes_always() -> None:
    channel, listens = Recorder(b"typed"), False
    line = Shared(channel, lambda: listens)
    assert line.read(2) == b"ty"
    listens = True
    assert line.read(2) == b""
    line.write(b"out")
    assert (channel.output, channel.read(10)) == (b"out", b"ped")
    assert line.live is channel.live
