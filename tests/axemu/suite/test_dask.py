"""Suites on a Dask cluster: a real scheduler and real workers on this host, and the books alone."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from axemu.errors import UsageError
from axemu.suite.case import Case
from axemu.suite.cluster.connection import complete, linked
from axemu.suite.cluster.engine import DaskEngine
from axemu.suite.cluster.ledger import Flight, Ledger, Member
from axemu.suite.cluster.store import Store, sha256
from axemu.suite.manifest import collect
from axemu.suite.orders import Executed, Orders
from axemu.suite.result import Ended, Result, Run, Verdict
from axemu.suite.runner import Plan, run

pytest.importorskip("distributed")

ROOT = Path(__file__).parents[3]
HELLO, SPIN = (ROOT / "guests/riscv64" / name / f"{name}.elf" for name in ("hello", "spin"))


# -- the books ---------------------------------------------------------------------------------------------------------


def books(count: int, *workers: str, threads: int = 1) -> tuple[Ledger, list[Flight]]:
    case = collect([HELLO.parent], None, ROOT)[0]
    ledger = Ledger([replace(case, name=f"case-{number}") for number in range(count)], 0)
    for address in workers:
        ledger.join(Member(address, threads, f"process of {address}", "here"))
    return ledger, list(ledger.launched())


def passed(flight: Flight) -> Executed:
    return Executed(Result(flight.case.name, Verdict.PASS))


def test_at_most_two_cases_a_thread_are_in_flight() -> None:
    _, flights = books(10_000, "a", "b", threads=3)
    assert len(flights) == 12


def test_a_case_of_a_lost_worker_is_reported_once_and_marked_and_its_late_reply_is_nobodys() -> None:
    ledger, flights = books(2, "a", "b")
    first = next(each for each in flights if each.member.address == "a")
    assert ledger.lost(first.member) == []
    again = next(each for each in ledger.launched() if each.case is first.case)
    assert ledger.ended(first, passed(first), first.process) is None, "the late one"
    done = ledger.ended(again, passed(again), again.process)
    assert done is not None and (done.result.attempt, done.result.worker) == (2, "b")
    assert done.result.details == ("run again: its first worker, a, was lost",)
    assert ledger.ended(again, passed(again), again.process) is None, "twice the same"
    assert ledger.open == 1


def test_a_second_loss_is_an_error() -> None:
    ledger, _ = books(1, "a")
    assert ledger.lost(ledger.members["a"]) == []
    ledger.join(Member("b", 1, "process of b", "here"))
    assert len(list(ledger.launched())) == 1
    (done,) = ledger.lost(ledger.members["b"])
    assert done.result.verdict is Verdict.ERROR and ledger.open == 0
    assert done.result.reason.startswith("its worker b was lost, and a before")


def test_a_reply_of_another_process_at_the_same_address_is_marked() -> None:
    ledger, (flight,) = books(1, "a")
    done = ledger.ended(flight, passed(flight), "a process that came after")
    assert done is not None and done.result.attempt == 2


def test_what_waits_behind_a_case_goes_to_a_worker_that_has_nothing() -> None:
    ledger, flights = books(2, "a")
    ledger.join(Member("b", 1, "process of b", "here"))
    (stolen,) = ledger.stolen()
    assert stolen is flights[1] and not ledger.flying(stolen)
    (moved,) = ledger.launched()
    assert (moved.member.address, moved.case) == ("b", stolen.case)
    done = ledger.ended(moved, passed(moved), moved.process)
    assert done is not None and done.result.attempt == 1


# -- the store ---------------------------------------------------------------------------------------------------------


def test_a_stored_file_that_was_changed_is_absent_again(tmp_path: Path) -> None:
    store, hash = Store(tmp_path), sha256(HELLO)
    data = HELLO.read_bytes()
    assert store.absent([hash]) == (hash,)
    store.keep(hash, "me", 0, data[:100], len(data))
    assert store.absent([hash]) == (hash,), "half of it"
    store.keep(hash, "me", 100, data[100:], len(data))
    assert store.absent([hash]) == () and store.path(hash, "../x.elf").read_bytes() == data
    (tmp_path / hash / "data").write_bytes(b"other")
    assert store.absent([hash]) == (hash,)


def test_a_file_that_is_not_what_its_hash_says_is_not_kept(tmp_path: Path) -> None:
    store, hash = Store(tmp_path), sha256(HELLO)
    with pytest.raises(ValueError, match="changed on its way"):
        store.keep(hash, "me", 0, b"other", 5)
    assert store.absent([hash]) == (hash,)


# -- the cluster -------------------------------------------------------------------------------------------------------


def started(what: str, *arguments: str, cache: Path) -> subprocess.Popen[bytes]:
    path = os.pathsep.join((str(ROOT), str(ROOT / "tools")))
    environment = {**os.environ, "PYTHONPATH": path, "AXEMU_TEST_STORE": str(cache)}
    command = [sys.executable, "-m", f"distributed.cli.dask_{what}", "--no-dashboard", *arguments]
    return subprocess.Popen(
        command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True
    )


def wait_for(what: Callable[[], bool], seconds: float = 30.0) -> None:
    deadline = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < deadline
        time.sleep(0.05)


@dataclass
class Cluster:
    folder: Path
    address: str = ""
    processes: list[subprocess.Popen[bytes]] = field(default_factory=list)

    def worker(self, preload: str) -> subprocess.Popen[bytes]:
        file = self.folder / f"preload{len(self.processes)}.py"
        file.write_text(preload)
        arguments = ("--nthreads", "1", "--nworkers", "1", "--no-nanny", "--host", "127.0.0.1")
        process = started(
            "worker",
            self.address,
            *arguments,
            "--local-directory",
            str(self.folder / "scratch"),
            "--preload",
            str(file),
            cache=self.folder / "store",
        )
        self.processes.append(process)
        return process

    def end(self) -> None:
        for process in self.processes:
            with_children(process)


def with_children(process: subprocess.Popen[bytes]) -> None:
    """SIGKILL for the process and what it has started: its session's group."""
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


STORE = """
import os, pathlib
import axemu.suite.cluster.remote as remote
remote.STORE.folder = pathlib.Path(os.environ["AXEMU_TEST_STORE"])
keep = type(remote.STORE).keep  # of the class: Dask loads this file twice
def noted(hash, sender, offset, piece, size):
    with (remote.STORE.folder.parent / "sent").open("a") as file:
        file.write(hash + "\\n")
    keep(remote.STORE, hash, sender, offset, piece, size)
remote.STORE.keep = noted
"""
OTHER = STORE + 'remote.version = lambda: "9.9"\n'


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    made = Cluster(tmp_path_factory.mktemp("cluster"))
    file = made.folder / "scheduler.json"
    made.processes.append(
        started(
            "scheduler",
            "--host",
            "127.0.0.1",
            "--port",
            "0",
            "--scheduler-file",
            str(file),
            cache=made.folder,
        )
    )
    try:
        wait_for(lambda: file.exists() and file.read_text().rstrip().endswith("}"))
        made.address = json.loads(file.read_text())["address"]
        yield made
    finally:
        made.end()


@pytest.fixture
def pair(cluster: Cluster) -> Iterator[list[subprocess.Popen[bytes]]]:
    """Two workers with an empty store."""
    shutil.rmtree(cluster.folder / "store", ignore_errors=True)
    (cluster.folder / "sent").unlink(missing_ok=True)
    workers = [cluster.worker(STORE) for _ in range(2)]
    try:
        yield workers
    finally:
        for each in workers:
            with_children(each)


class Seen:
    """A Watcher that keeps what it is told."""

    def __init__(self, when: Callable[[Result], None] = lambda result: None) -> None:
        self.results: list[Result] = []
        self.began: list[str] = []
        self.when = when

    def begin(self, run: Run) -> None: ...

    def started(self, worker: str, case: str) -> None:
        self.began.append(case)

    def finished(self, result: Result) -> None:
        self.results.append(result)
        self.when(result)

    def end(self, ended: Ended) -> None: ...


def cases(folder: Path, count: int, instructions: int = 1000) -> tuple[Case, ...]:
    """So many guests that spin, each with a file of its own path and the same content."""
    for number in range(count):
        place = folder / f"c{number:02}"
        place.mkdir()
        shutil.copyfile(SPIN, place / f"{place.name}.elf")
        (place / "guest.toml").write_text(
            'summary = "spins"\nisa = "riscv64"\nmachine = "bare"\n'
            f'[expect]\nending = "budget"\nmax_instructions = {instructions}\n'
        )
    return collect([folder], None, folder)


def plan(chosen: tuple[Case, ...], bundles: Path | None = None) -> Plan:
    return Plan(Run("t", "t", "0", "h", 0.0, 0, len(chosen)), chosen, Orders(bundles=bundles))


def engine(cluster: Cluster, workers: int) -> DaskEngine:
    """Connected, when so many workers are there."""
    wait_for(lambda: linked_with(cluster, workers))
    return DaskEngine(linked(cluster.address))


def linked_with(cluster: Cluster, workers: int) -> bool:
    from distributed import Client  # noqa: PLC0415

    with Client(cluster.address, timeout=5, set_as_default=False) as client:
        return len(client.nthreads()) == workers


def test_results_are_those_of_here_and_a_file_is_sent_once_by_its_hash(
    cluster: Cluster, pair: list[subprocess.Popen[bytes]], tmp_path: Path
) -> None:
    (tmp_path / "suite").mkdir()
    spinning = cases(tmp_path / "suite", 6)
    failing = collect([ROOT / "guests/riscv64/disk-read"], None, ROOT)[0]
    expect = replace(failing.guest.expect, console=("never",))
    failing = replace(failing, guest=replace(failing.guest, expect=expect))
    unreadable = replace(
        spinning[0], name="gone", guest=replace(spinning[0].guest, elf=tmp_path / "gone.elf")
    )
    seen = Seen()
    ended = run(
        plan((*spinning, failing, unreadable), tmp_path / "bundles"), engine(cluster, len(pair)), [seen]
    )
    by_name = {each.case: each for each in ended.results}
    assert len(ended.results) == len(by_name) == 8
    assert {(by_name[each.name].verdict, by_name[each.name].reason) for each in spinning} == {
        (Verdict.PASS, "")
    }
    assert {each.worker for each in ended.results if each.worker} > {by_name["c00"].worker}
    assert by_name["gone"].verdict is Verdict.ERROR
    assert by_name["gone"].reason == f"cannot read {tmp_path / 'gone.elf'}: No such file or directory"
    missed = by_name[failing.name]
    assert missed.verdict is Verdict.FAIL and b"16 sectors" in missed.console
    assert (Path(missed.bundle) / "disk-disk.txt").is_file()
    sent = (cluster.folder / "sent").read_text().split()
    disk = failing.guest.disk
    assert disk is not None
    assert sorted(sent) == sorted({sha256(SPIN), sha256(failing.guest.elf), sha256(disk)})


def test_a_worker_that_is_killed_costs_nothing_and_its_case_is_marked(
    cluster: Cluster, pair: list[subprocess.Popen[bytes]], tmp_path: Path
) -> None:
    made = cases(tmp_path, 8, 25_000_000)
    killed = threading.Event()

    def kill(result: Result) -> None:
        if not killed.is_set():
            killed.set()
            os.kill(pair[0].pid, signal.SIGKILL)

    seen = Seen(kill)
    ended = run(plan(made), engine(cluster, len(pair)), [seen])
    assert sorted(each.case for each in ended.results) == [each.name for each in made]
    assert {(each.verdict, each.reason) for each in ended.results} == {(Verdict.PASS, "")}
    marked = [each for each in ended.results if each.attempt == 2]
    assert 1 <= len(marked) <= 2
    for each in marked:
        lost = each.details[-1].removeprefix("run again: its first worker, ").removesuffix(", was lost")
        assert lost.startswith("tcp://127.0.0.1:") and lost != each.worker


def test_a_run_that_is_closed_leaves_no_guest_running(
    cluster: Cluster, pair: list[subprocess.Popen[bytes]], tmp_path: Path
) -> None:
    made = cases(tmp_path, 2, 10**15)
    # one case ends at once, then the run is over while the other goes on
    quick = replace(made[0].guest, expect=replace(made[0].guest.expect, max_instructions=1000))
    stream = engine(cluster, len(pair)).results(plan((replace(made[0], guest=quick), made[1])), Seen())
    assert next(stream).result.case == "c00"
    wait_for(lambda: busy_children(pair) == 1, 30)
    begin = time.monotonic()
    stream.close()  # type: ignore[attr-defined]
    assert time.monotonic() - begin < 4
    wait_for(lambda: busy_children(pair) == 0, 6)


def busy_children(workers: list[subprocess.Popen[bytes]]) -> int:
    """What the workers have started, each in its own session, that uses a CPU now."""

    pids = {each.pid for each in workers}

    def ticks() -> dict[str, int]:
        found = {}
        for stat in Path("/proc").glob("[0-9]*/stat"):
            try:
                words = stat.read_text().rpartition(")")[2].split()
            except OSError:
                continue
            if int(words[3]) in pids and int(stat.parent.name) not in pids:
                found[stat.parent.name] = int(words[11])
        return found

    before = ticks()
    time.sleep(0.3)
    return sum(count - before.get(pid, count) >= 3 for pid, count in ticks().items())


def test_a_worker_of_another_version_is_refused_before_anything_runs(cluster: Cluster) -> None:
    other = cluster.worker(OTHER)
    try:
        with pytest.raises(UsageError, match=r"expected axemu .* got axemu 9\.9 at tcp://127\.0\.0\.1"):
            engine(cluster, 1)
    finally:
        with_children(other)


def test_a_scheduler_without_workers_is_refused(cluster: Cluster, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("axemu.suite.cluster.connection.PATIENCE", 1.0)
    wait_for(lambda: linked_with(cluster, 0))
    with pytest.raises(UsageError, match="expected Dask workers at"):
        linked(cluster.address)


def test_a_port_of_something_else_is_refused() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        answer = threading.Thread(target=lambda: server.accept()[0].sendall(b"SSH-2.0-x\r\n"))
        answer.start()
        with pytest.raises(UsageError, match="got something else that listens there"):
            linked(f"127.0.0.1:{port}")
        answer.join()


def test_no_scheduler_is_exit_code_2_and_one_sentence(tmp_path: Path) -> None:
    arguments = ("suite", "run", str(HELLO.parent), "--engine", "dask", "--scheduler", "127.0.0.1:1")
    done = subprocess.run(
        [sys.executable, "-m", "axemu", *arguments],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": os.pathsep.join((str(ROOT), str(ROOT / "tools")))},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 2
    assert " ".join(done.stderr.split()) == (
        "axemu: --scheduler: expected a Dask scheduler at tcp://127.0.0.1:1, got connection refused; "
        "start one with: dask scheduler"
    )


def test_an_address_without_protocol_or_port_has_dasks_own() -> None:
    assert complete("box") == "tcp://box:8786" and complete("tls://box:1") == "tls://box:1"
    with pytest.raises(UsageError, match="takes the address"):
        complete("tcp://:x")
