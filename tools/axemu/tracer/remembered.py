"""What outlives the tracer: per guest its points and layout, per user the history of the command line."""

from __future__ import annotations

import hashlib
import json
import os
from contextlib import suppress
from pathlib import Path
from typing import Any

from axvcpu.exits import AccessFlags
from emu.debug.debugger import Debugger
from emu.debug.points import Breakpoint, Catchpoint, Watchpoint
from emu.errors import EmuError
from isa.errors import IsaError

HISTORY = 500


def base() -> Path:
    """XDG Base Directory Specification: state."""
    return Path(os.environ.get("XDG_STATE_HOME") or "~/.local/state").expanduser() / "axemu"


def key_of(files: tuple[Path, ...]) -> str:
    """By the paths of the guest's files and what is in them."""
    digest = hashlib.blake2b(digest_size=12)
    for path in files:
        digest.update(str(path.resolve()).encode())
        with suppress(OSError):
            digest.update(path.read_bytes())
    return digest.hexdigest()


class Remembered:
    """One guest's; `key` None remembers nothing. A file that cannot be read or written is as none."""

    def __init__(self, key: str | None) -> None:
        self._key = key
        self.theme = "dark"
        self.layouts: dict[str, Any] = {}
        self.history: list[str] = []
        self._points: list[dict[str, Any]] = []
        if key is not None:
            user, guest = self._load("tracer.json"), self._load(f"guests/{key}.json")
            self.theme = str(user.get("theme", "dark"))
            self.history = [each for each in user.get("history", []) if isinstance(each, str)][-HISTORY:]
            layouts = guest.get("layouts", {})
            self.layouts = {name: each for name, each in layouts.items() if isinstance(each, dict)}
            self._points = [each for each in guest.get("points", []) if isinstance(each, dict)]

    def restore_points(self, debugger: Debugger) -> list[str]:
        """Set the points of the last time; what there is to say of it."""
        set_, lost = 0, 0
        for each in self._points:
            try:
                match each.get("is"):
                    case "break":
                        point: Any = debugger.break_at(each["what"], each["if"])
                    case "watch":
                        point = debugger.watch(
                            each["what"], each["size"], AccessFlags(each["access"]), each["if"]
                        )
                    case "catch":
                        point = debugger.catch(
                            each["what"], each["if"], device=each["device"], cause=each["cause"]
                        )
                    case _:
                        continue
                point.enabled = bool(each.get("enabled", True))
                set_ += 1
            except (EmuError, IsaError, KeyError, ValueError, TypeError):
                lost += 1
        if not set_ and not lost:
            return []
        return [
            f"Points of the last time that are set again: {set_}"
            + (f"; without a place now: {lost}" if lost else "")
        ]

    def note_points(self, debugger: Debugger) -> None:
        found = []
        for point in debugger.points:
            row: dict[str, Any] = {"what": point.what, "if": point.condition, "enabled": point.enabled}
            match point:
                case Breakpoint() if not point.temporary:
                    found.append({"is": "break", **row})
                case Watchpoint():
                    found.append({"is": "watch", **row, "size": point.size, "access": int(point.access)})
                case Catchpoint():
                    found.append(
                        {
                            "is": "catch",
                            **row,
                            "what": point.kind,
                            "device": point.device,
                            "cause": point.cause,
                        }
                    )
        self._points = found

    def save(self) -> None:
        if self._key is not None:
            self._store("tracer.json", {"theme": self.theme, "history": self.history[-HISTORY:]})
            self._store(f"guests/{self._key}.json", {"layouts": self.layouts, "points": self._points})

    def _load(self, name: str) -> dict[str, Any]:
        try:
            found = json.loads((base() / name).read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return {}
        return found if isinstance(found, dict) else {}

    def _store(self, name: str, content: dict[str, Any]) -> None:
        path = base() / name
        with suppress(OSError):
            path.parent.mkdir(parents=True, exist_ok=True)
            scratch = path.with_suffix(f".{os.getpid()}")
            scratch.write_text(json.dumps(content), encoding="utf-8")
            scratch.replace(path)
