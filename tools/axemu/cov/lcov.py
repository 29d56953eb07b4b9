"""LCOV tracefiles (geninfo(1), FILES): written, and read to be merged."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from axemu.cov.coverage import Coverage, FileCoverage
from axemu.errors import InputUnreadable, UsageError


def written(coverage: Coverage, *, test: str = "") -> str:
    """`test`: the name of what was run, in which only letters and digits are kept."""
    name = re.sub(r"\W", "_", test, flags=re.ASCII)
    return "\n".join(line for path, each in coverage.ordered() for line in _record(path, each, name)) + "\n"


def _record(path: str, file: FileCoverage, test: str) -> Iterator[str]:
    yield f"TN:{test}"
    yield f"SF:{path}"
    names: dict[str, tuple[int, int]] = {}  # a tracefile tells functions apart by their names alone
    for (line, name), count in sorted(file.functions.items()):
        first, before = names.get(name, (line, 0))
        names[name] = first, before + count
    for name, (line, _) in names.items():
        yield f"FN:{line},{name}"
    for name, (_, count) in names.items():
        yield f"FNDA:{count},{name}"
    yield f"FNF:{len(names)}"
    yield f"FNH:{sum(1 for _, count in names.values() if count)}"
    for (line, number), (taken, passed) in sorted(file.branches.items()):
        for way, count in enumerate((taken, passed)):
            yield f"BRDA:{line},{number},{way},{count if taken or passed else '-'}"
    if file.branches:
        yield f"BRF:{file.ways}"
        yield f"BRH:{file.ways_hit}"
    for line, count in sorted(file.lines.items()):
        yield f"DA:{line},{count}"
    yield f"LF:{len(file.lines)}"
    yield f"LH:{file.lines_hit}"
    yield "end_of_record"


def read(path: Path) -> Coverage:
    """Raises InputUnreadable, UsageError for what is no tracefile. Versions and checksums are left out, and branches
    with other than two ways."""
    try:
        text = path.read_bytes().decode("utf-8")
    except OSError as error:
        raise InputUnreadable.of(path, error, "read the coverage") from error
    except UnicodeDecodeError:
        raise _no_tracefile(path, 1, "bytes that are no text") from None
    coverage, file = Coverage(), None
    places: dict[str, int] = {}
    for number, line in enumerate(text.splitlines(), 1):
        key, colon, value = line.partition(":")
        try:
            if key == "SF" and colon:
                file, places = coverage.file(value), {}
            elif line == "end_of_record":
                file = None
            elif key in ("FN", "FNDA", "DA", "BRDA"):
                if file is None:
                    raise ValueError("it is in no record")
                _take(file, places, key, value)
            elif line and not colon:
                raise ValueError("no field")
        except ValueError:
            raise _no_tracefile(path, number, line) from None
    if not coverage.files:
        raise _no_tracefile(path, 1, "no source file (SF:)")
    return coverage


def _take(file: FileCoverage, places: dict[str, int], key: str, value: str) -> None:
    """Raises ValueError."""
    first, comma, second = value.partition(",")
    if not comma:
        raise ValueError("one value")
    if key == "FN":
        name = second.partition(",")[2] if second.partition(",")[0].isdigit() and "," in second else second
        places[name] = int(first)
        file.functions.setdefault((int(first), name), 0)
    elif key == "BRDA":
        _take_branch(file, value)
    elif key == "FNDA":
        place = places.get(second, 0), second
        file.functions[place] = file.functions.get(place, 0) + int(first)
    else:
        line, count = int(first), int(second.partition(",")[0])
        file.lines[line] = file.lines.get(line, 0) + count


def _take_branch(file: FileCoverage, value: str) -> None:
    """Raises ValueError."""
    line, number, way, count = value.split(",")
    times = 0 if count == "-" else int(count)
    if int(way) in (0, 1):
        file.add_branch((int(line), int(number)), (times, 0) if int(way) == 0 else (0, times))


def _no_tracefile(path: Path, number: int, came: str) -> UsageError:
    return UsageError(
        "cov merge expects LCOV tracefiles.",
        f"Line {number} of '{path}' is: {came[:80]}",
        "`axemu cov GUEST --lcov FILE` writes one.",
    )
