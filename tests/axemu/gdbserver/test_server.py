"""Raw sessions with a server in this process, the hostile ones included."""

from __future__ import annotations

import re
import time

import pytest

from axemu.gdbserver.packets import framed
from axemu.gdbserver.server import Manners
from axemu.listening import PortTaken, listen

COUNT = "li t0, 0\nloop: addi t0, t0, 1\nj loop\n"
OFF = "li t0, 0x10010000\nli t1, {}\nsw t1, 0(t0)\nend: j end\n"
RAM = 0x8000_0000


def settled(check, seconds: float = 10) -> bool:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if check():
            return True
        time.sleep(0.01)
    return False


def test_it_says_what_it_can_and_where_the_guest_stands(serve) -> None:
    client = serve(COUNT).client()
    assert "qXfer:features:read+" in client.ask("qSupported:swbreak+;hwbreak+")
    assert client.ask("vMustReplyEmpty") == ""
    assert client.ask("?").startswith("T05thread:1;")
    assert client.ask("qC") == "QC1"
    assert client.ask("qfThreadInfo") == "m1"
    assert client.ask("T2") == "E01"
    assert "riscv:rv64" in client.ask("qXfer:features:read:target.xml:0,8000")


def test_a_step_is_one_instruction_and_a_range_many(serve) -> None:
    client = serve(COUNT).client()
    assert client.ask("vCont;s:1").startswith("T05")
    assert client.ask("p20") == "0400008000000000"
    client.ask("vCont;r80000004,80000008:1")
    assert client.ask("p20") == "0800008000000000"


def test_breakpoints_stop_and_the_run_goes_on_from_them(serve) -> None:
    client = serve(COUNT).client()
    client.ask("qSupported:swbreak+;hwbreak+")
    assert client.ask("Z0,80000004,4") == "OK"
    for count in range(3):
        assert "swbreak:;" in client.ask("vCont;c")
        assert client.ask("p5") == count.to_bytes(8, "little").hex()
    assert client.ask("z0,80000004,4") == "OK"
    client.send("c")
    client.raw(b"\x03")
    assert client.reply().startswith("T02")


def test_registers_and_memory_are_written(serve) -> None:
    client = serve(COUNT).client()
    assert client.ask("P6=0123456789abcdef") == "OK"
    assert client.ask("p6") == "0123456789abcdef"
    whole = client.ask("g")
    assert client.ask("G" + whole) == "OK"
    assert client.ask("M80000100,4:11223344") == "OK"
    assert client.ask(b"X80000104,3:}\x03}]a") == "OK"
    assert client.ask("m80000100,7") == "112233" + "44" + "237d61"
    assert client.ask("m40000000,4") == "E0e"
    assert client.ask("qSearch:memory:80000000;1000;\x33\x44") == "1,80000102"


def test_the_checksum_is_that_of_gdb(serve) -> None:
    client = serve(COUNT).client()
    client.ask("M80000100,9:" + b"123456789".hex())
    assert client.ask("qCRC:80000100,9") == "C376e6e7"  # CRC-32/MPEG-2's check value: 0x0376e6e7


def test_a_changed_instruction_is_the_one_that_runs(serve) -> None:
    client = serve(COUNT).client()
    client.ask("vCont;s:1")
    client.ask("vCont;s:1")
    client.ask("vCont;s:1")
    client.ask("M80000004,4:93820204")  # addi t0, t0, 0x40
    client.ask("vCont;s:1")
    assert client.ask("p5") == "4100000000000000"


@pytest.mark.parametrize(("code", "told"), [(0, "W00"), (7, "W07")])
def test_the_end_is_told_with_the_code(serve, code, told) -> None:
    client = serve(OFF.format(code)).client()
    assert client.ask("c") == told


def test_a_client_that_leaves_leaves_the_guest_running(serve) -> None:
    served = serve(COUNT)
    first = served.client()
    first.ask("Z0,80000004,4")
    assert first.ask("D") == "OK"
    first.close()
    assert settled(lambda: served.server.running)
    assert served.client().ask("?").startswith("T02")


def test_a_client_that_breaks_off_while_the_guest_runs_does_not_stop_it(serve) -> None:
    served = serve(COUNT)
    client = served.client()
    client.ask("?")
    client.send("c")
    client.raw(b"$m800")
    client.close()
    assert settled(lambda: any("has gone" in each or "is lost" in each for each in served.said))
    assert served.server.running
    assert served.client().ask("?").startswith("T02")


def test_a_second_client_is_refused_with_a_sentence(serve) -> None:
    served = serve(COUNT)
    client = served.client()
    client.ask("?")
    with pytest.raises(OSError):
        served.client().ask("?")
    assert any("was refused" in each for each in served.said)
    assert client.ask("qC") == "QC1"


def test_floods_noise_and_wrong_sums_do_no_harm(serve) -> None:
    served = serve(COUNT)
    client = served.client()
    client.raw(b"GET / HTTP/1.0\r\n\r\n\x00\xff" * 100)
    client.raw(b"$g#00" * 50 + b"\x03" * 500)
    assert client.ask("qC") in ("QC1", "")
    client.raw(b"$" + b"x" * (3 << 20) + b"#00")
    assert client.reply() == "E16"
    for packet in (
        "m",
        "mzz,zz",
        "P",
        "Gxx",
        "Z9,0,0",
        "vCont;q",
        "Hg77",
        "qRcmd,zz",
        "p999",
        "X0",
        "H",
        "m0,0,0",
    ):
        assert client.ask(packet) == "" or client.ask(packet).startswith("E"), packet
    assert client.ask("qC") == "QC1"


def test_a_client_that_does_not_read_is_not_listened_to(serve) -> None:
    served = serve(COUNT)
    client = served.client()
    client.socket.settimeout(1)
    with pytest.raises(OSError):
        for _ in range(1000):
            client.raw(b"x" * 65536 + framed(b"m80000000,8000"))
    client.close()
    assert settled(lambda: any("has gone" in each or "is lost" in each for each in served.said))
    assert served.client().ask("?").startswith("T0")


def test_monitor_tells_what_gdb_cannot(serve) -> None:
    client = serve(COUNT).client()

    def monitor(line: str) -> str:
        client.send("qRcmd," + line.encode().hex())
        text = ""
        while (reply := client.reply()) != "OK":
            assert reply[0] == "O"
            text += bytes.fromhex(reply[1:]).decode()
        return text

    assert "monitor exits" in monitor("help")
    assert "instruction 0" in monitor("when")
    assert "uart" in monitor("devices")
    assert "exits" in monitor("exit")
    assert "guest-physical" in monitor("page 0x80000000")
    assert "Usage" in monitor("page")
    client.ask("vCont;s:1")
    assert "pc 0x80000000" in monitor("reset")
    assert client.ask("p20") == "0000008000000000"


def test_a_port_in_use_is_said() -> None:
    with listen("127.0.0.1", 0) as taken, pytest.raises(PortTaken, match="--port"):
        listen("127.0.0.1", taken.getsockname()[1])


def test_once_ends_with_the_client(serve) -> None:
    served = serve(COUNT, Manners(once=True))
    client = served.client()
    client.ask("?")
    client.close()
    served.thread.join(10)
    assert not served.thread.is_alive()


def test_two_vcpus_are_two_threads(serve) -> None:
    client = serve(COUNT, smp=2).client()
    assert client.ask("qfThreadInfo") == "m1,2"
    assert client.ask("vCont;s:2").startswith("T05thread:2;")
    assert client.ask("Hg1") == "OK"
    assert bytes.fromhex(client.ask("qThreadExtraInfo,2")).startswith(b"vCPU 1")


def test_llvm_s_client_is_told_regions_threads_and_why(serve) -> None:
    client = serve(COUNT, smp=2).client()
    assert client.ask("QThreadSuffixSupported") == "OK"
    assert client.ask("QListThreadsInStopReply") == "OK"
    assert client.ask("QEnableErrorStrings") == "OK"
    assert "threads:1,2;" in client.ask("?")
    assert client.ask("P6;thread:2").startswith("E16;")
    assert client.ask("P6=0100000000000000;thread:2;") == "OK"
    assert client.ask("p6;thread:1;") == "0000000000000000"
    assert client.ask("p6;thread:0002;") == "0100000000000000"
    assert "permissions:rwx;" in client.ask("qMemoryRegionInfo:80000000")
    assert client.ask("qMemoryRegionInfo:7fffffff00000000").startswith("start:")
    assert "permissions" not in client.ask("qMemoryRegionInfo:7fffffff00000000")
    assert client.ask("k") == "X09"


def test_every_register_can_be_asked_for(serve) -> None:
    client = serve(COUNT).client()
    numbers = re.findall(r'regnum="(\d+)"', client.ask("qXfer:features:read:target.xml:0,ffff"))
    assert len(numbers) > 60
    for number in numbers:
        assert re.fullmatch("[0-9a-fx]+|E01", client.ask(f"p{int(number):x}")), number
    assert client.ask("qC") == "QC1"


def test_a_stop_tells_the_general_registers(serve) -> None:
    client = serve(COUNT).client()
    assert "05:0000000000000000;" in client.ask("vCont;s:1")
    assert "05:0100000000000000;" in client.ask("vCont;s:1")
