"""The guest's console in a terminal that the client opens: a socket on this side, relay.py on the other."""

from __future__ import annotations

import os
import shutil
import socket
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

PATIENCE: Final = 15.0  # seconds for the terminal to come
FULL: Final = 1 << 16  # bytes that it has not taken
CHUNK: Final = 1 << 12
OPTION: Final = "--console-at"


class Window:
    """`type_` gets what is typed, on a thread of its own."""

    def __init__(self, type_: Callable[[bytes], object]) -> None:
        self._type = type_
        self._folder: Final = Path(tempfile.mkdtemp(prefix="axemu-dap-"))
        self._place: Final = str(self._folder / "console")
        self._listener: Final = socket.socket(socket.AF_UNIX)
        self._listener.bind(self._place)
        self._listener.listen(1)
        self._listener.settimeout(PATIENCE)
        self._until = time.monotonic() + PATIENCE
        self._link: socket.socket | None = None
        self._unread = bytearray()
        self._closed = False
        self._lock: Final = threading.Lock()
        self._thread: Final = threading.Thread(target=self._listen, name="axemu-dap-window", daemon=True)
        self._thread.start()

    def request(self, kind: str, title: str) -> dict[str, Any]:
        """The arguments of runInTerminal."""
        environment = {name: os.environ[name] for name in ("PYTHONPATH",) if name in os.environ}
        return {
            "kind": kind,
            "title": title,
            "cwd": os.getcwd(),
            "args": [sys.executable, "-m", "axemu", "dap", OPTION, self._place],
            "env": environment,
        }

    @property
    def waiting(self) -> bool:
        """Whether the terminal may still come."""
        return self._link is None and not self._closed and time.monotonic() < self._until

    @property
    def open(self) -> bool:
        return self._link is not None and not self._closed

    @property
    def full(self) -> bool:
        return len(self._unread) > FULL

    def write(self, data: bytes = b"") -> None:
        """As much as the terminal takes now; the rest waits for the next call."""
        with self._lock:
            self._unread += data
            try:
                while self._unread and self._link is not None and not self._closed:
                    sent = self._link.send(self._unread, socket.MSG_DONTWAIT)
                    del self._unread[:sent]
            except BlockingIOError:
                pass
            except OSError:
                self._closed = True

    def close(self) -> None:
        if self._link is not None and not self._closed and self._unread:
            with suppress(OSError):
                self._link.settimeout(1.0)
                self._link.sendall(self._unread)
        self._closed = True
        with suppress(OSError):
            if self._link is not None:
                self._link.shutdown(socket.SHUT_RDWR)
            else:
                with socket.socket(socket.AF_UNIX) as nobody:  # who still waits for the terminal is woken
                    nobody.connect(self._place)
        self._thread.join()
        shutil.rmtree(self._folder, ignore_errors=True)

    def _listen(self) -> None:
        with suppress(OSError), self._listener:
            link, _ = self._listener.accept()
            with link:
                link.settimeout(None)
                self._link = link
                while typed := link.recv(CHUNK):
                    self._type(typed)
        self._closed = True
