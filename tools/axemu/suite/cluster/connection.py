"""From an address to a connected client whose workers fit, or to one sentence that says what is wrong with it."""

from __future__ import annotations

import importlib.util
import logging
import socket
import time
import warnings
from typing import Any, Final
from urllib.parse import urlsplit

from axemu.errors import UsageError
from axemu.suite.cluster import remote
from axemu.suite.cluster.link import Link, unfit

PATIENCE: Final = (
    4.0  # seconds for each of: the host to answer, the scheduler to answer, a worker to be there
)
PORT: Final = 8786  # Dask's own default
LONGEST: Final = 1 << 20  # bytes of a greeting
NOISY: Final = ("distributed", "tornado", "asyncio", "bokeh")


def linked(address: str) -> Link:
    """Raises UsageError: no distributed, no scheduler, no worker, workers of another version."""
    if importlib.util.find_spec("distributed") is None:
        raise UsageError(
            "--engine dask needs the package distributed, which is not installed.",
            attempt="Install it with: pip install 'axemu[dask]'",
        )
    address = complete(address)
    knock(address)
    quieten()
    import dask  # noqa: PLC0415
    from distributed import Client  # noqa: PLC0415

    dask.config.set({"distributed.comm.timeouts.connect": f"{PATIENCE:.0f}s"})
    try:
        client = Client(address, timeout=PATIENCE, set_as_default=False, name="axemu")
    except Exception as error:
        raise no_scheduler(address, f"something else ({brief(error)})") from error
    try:
        check_workers(client, address)
    except BaseException:
        client.close(timeout=2)
        raise
    return Link(client, address)


def complete(address: str) -> str:
    """With protocol and port. Raises UsageError for what is no address."""
    full = address if "://" in address else f"tcp://{address}"
    try:
        parts = urlsplit(full)
        host, port = parts.hostname, parts.port
    except ValueError:
        host, port = None, None
    if not host:
        raise UsageError(
            "--scheduler takes the address of a Dask scheduler, such as tcp://10.0.0.1:8786.",
            f"Got {address!r}.",
        )
    return full if port is not None else f"{full.rstrip('/:')}:{PORT}"


def knock(address: str) -> None:
    """Raises UsageError where nobody listens, or no scheduler: Dask itself would try for a long time, or for ever.

    A Dask server speaks first: the length of its greeting, 8 bytes, little endian (distributed/comm/tcp.py).
    """
    parts = urlsplit(address)
    if parts.scheme not in ("tcp", "tls") or parts.hostname is None:
        return
    try:
        with socket.create_connection((parts.hostname, parts.port or PORT), PATIENCE) as connection:
            greeting = connection.recv(8) if parts.scheme == "tcp" else b""
        if parts.scheme == "tcp" and not 0 < int.from_bytes(greeting, "little") < LONGEST:
            raise no_scheduler(address, "something else that listens there")
    except TimeoutError as error:
        raise no_scheduler(address, f"no answer within {PATIENCE:.0f} s") from error
    except ConnectionRefusedError as error:
        raise no_scheduler(address, "connection refused") from error
    except OSError as error:
        raise no_scheduler(address, (error.strerror or str(error)).lower()) from error


def no_scheduler(address: str, came: str) -> UsageError:
    return UsageError(
        f"--scheduler: expected a Dask scheduler at {address}, got {came};",
        attempt="start one with: dask scheduler",
    )


def check_workers(client: Any, address: str) -> None:  # noqa: ANN401 - distributed has no types
    """Raises UsageError."""
    deadline = time.monotonic() + PATIENCE
    while not client.nthreads():
        if time.monotonic() > deadline:
            raise UsageError(
                f"--scheduler: expected Dask workers at {address}, got a scheduler that has none;",
                attempt=f"start one with: dask worker {address}",
            )
        time.sleep(0.1)
    differing = unfit(client.run(remote.describe, on_error="return"))
    if differing:
        here = remote.versions()
        wanted = ", ".join(f"{key} {value}" for key, value in here.items())
        shown = [*differing[:5], *([f"and {len(differing) - 5} more"] if len(differing) > 5 else [])]
        raise UsageError(
            f"--engine dask: expected {wanted} on every worker, as here, got {'; '.join(shown)}.",
            attempt=f"Install the same there: pip install 'axemu[dask]=={here['axemu']}'",
        )


def brief(error: BaseException) -> str:
    """The first line of an error."""
    return (str(error).strip() or type(error).__name__).splitlines()[0][:200]


def quieten() -> None:
    """Dask writes its troubles to standard error; what matters of them is reported as results."""
    warnings.filterwarnings("ignore", module=r"(distributed|dask|tornado)\b")
    import distributed  # noqa: PLC0415
    from distributed.versions import VersionMismatchWarning  # noqa: PLC0415

    assert distributed
    warnings.filterwarnings("ignore", category=VersionMismatchWarning)
    for name in (*NOISY, *logging.root.manager.loggerDict):
        if name.split(".", 1)[0] in NOISY:
            logging.getLogger(name).setLevel(logging.CRITICAL + 1)
