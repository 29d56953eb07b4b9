"""What a case executed in the last run that measured it: a JSON file a case."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from hashlib import sha256
from pathlib import Path
from typing import Final

from axemu.suite.case import Case
from axemu.suite.coverage.measurement import Touched, digest

SCHEMA: Final = "axemu-executed-1"
_LONGEST: Final = 100  # characters of a file's name


@dataclass(frozen=True, slots=True)
class Record:
    """manifest: sha256 of what describes the case, "" where nothing does."""

    case: str
    manifest: str
    touched: tuple[Touched, ...]

    def written(self) -> bytes:
        values = {
            "schema": SCHEMA,
            "case": self.case,
            "manifest": self.manifest,
            "programs": [asdict(each) for each in self.touched],
        }
        return json.dumps(values, indent=1).encode() + b"\n"


def stem(case: str) -> str:
    """The name of a case's files, without ending: what is readable of its name, and what keeps it apart."""
    readable = re.sub(r"[^\w.=,-]+", "_", case).strip("_.")
    return f"{readable[-_LONGEST:]}-{sha256(case.encode()).hexdigest()[:8]}"


def manifest_digest(case: Case) -> str:
    """A program without a manifest describes itself, and has a digest of its own."""
    try:
        return digest(case.manifest) if case.manifest.suffix == ".toml" else ""
    except OSError:
        return ""


def read(folder: Path, case: Case) -> Record | None:
    """The record of a case, None where there is none that can be read."""
    try:
        values = json.loads((folder / f"{stem(case.name)}.json").read_text(encoding="utf-8"))
        if values["schema"] != SCHEMA or values["case"] != case.name:
            return None
        return Record(str(values["case"]), str(values["manifest"]), tuple(map(_touched, values["programs"])))
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _touched(values: Mapping[str, object]) -> Touched:
    functions = values["functions"]
    if not isinstance(functions, list):
        raise TypeError(functions)
    return Touched(
        str(values["path"]), str(values["digest"]), tuple(map(str, functions)), bool(values["nameless"])
    )
