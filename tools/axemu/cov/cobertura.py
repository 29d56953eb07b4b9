"""Cobertura's XML (coverage-04.dtd), as continuous integration reads it."""

from __future__ import annotations

from collections.abc import Sequence
from posixpath import basename, dirname
from xml.etree.ElementTree import Element, SubElement, indent, tostring

from axemu.cov.coverage import Coverage, FileCoverage


def written(coverage: Coverage, *, seconds: int) -> bytes:
    """`seconds`: when it was made, since 1970."""
    files = coverage.ordered()
    root = Element("coverage", _rates([each for _, each in files]))
    root.set("lines-covered", str(sum(each.lines_hit for _, each in files)))
    root.set("lines-valid", str(sum(len(each.lines) for _, each in files)))
    for name, value in (
        ("branches-covered", str(sum(each.ways_hit for _, each in files))),
        ("branches-valid", str(sum(each.ways for _, each in files))),
        ("complexity", "0"),
        ("version", "axemu"),
        ("timestamp", str(seconds * 1000)),
    ):
        root.set(name, value)
    sources = SubElement(root, "sources")
    for folder in sorted({"/" if path.startswith("/") else "." for path, _ in files}):
        SubElement(sources, "source").text = folder
    packages = SubElement(root, "packages")
    for folder in sorted({dirname(path) for path, _ in files}):
        held = [(path, each) for path, each in files if dirname(path) == folder]
        package = SubElement(packages, "package", {"name": folder.strip("/").replace("/", ".")})
        package.attrib |= {**_rates([each for _, each in held]), "complexity": "0"}
        classes = SubElement(package, "classes")
        for path, each in held:
            _add_class(classes, path, each)
    indent(root)
    text: str = tostring(root, encoding="unicode")
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{text}\n'.encode()


def _add_class(classes: Element, path: str, file: FileCoverage) -> None:
    names = {"name": basename(path), "filename": path.lstrip("/"), "complexity": "0"}
    made = SubElement(classes, "class", {**names, **_rates([file])})
    methods = SubElement(made, "methods")
    for (line, name), count in sorted(file.functions.items()):
        rate = "1" if count else "0"
        method = SubElement(
            methods, "method", {"name": name, "signature": "", "line-rate": rate, "branch-rate": "0"}
        )
        method.set("complexity", "0")
        _add_line(SubElement(method, "lines"), line, count)
    lines = SubElement(made, "lines")
    branches = file.by_line()
    for line, count in sorted(file.lines.items()):
        _add_line(lines, line, count, branches.get(line, []))


def _add_line(
    lines: Element, line: int, count: int, branches: Sequence[tuple[int, tuple[int, int]]] = ()
) -> None:
    has = "true" if branches else "false"
    made = SubElement(lines, "line", {"number": str(line), "hits": str(count), "branch": has})
    if not branches:
        return
    hits = [sum(1 for way in counts if way) for _, counts in branches]
    made.set("condition-coverage", f"{50 * sum(hits) // len(hits)}% ({sum(hits)}/{2 * len(hits)})")
    conditions = SubElement(made, "conditions")
    for (number, _), hit in zip(branches, hits, strict=True):
        SubElement(
            conditions, "condition", {"number": str(number), "type": "jump", "coverage": f"{50 * hit}%"}
        )


def _rates(files: list[FileCoverage]) -> dict[str, str]:
    total = sum(len(each.lines) for each in files)
    hit = sum(each.lines_hit for each in files)
    ways = sum(each.ways for each in files)
    taken = sum(each.ways_hit for each in files)
    return {
        "line-rate": f"{hit / total if total else 0:.4f}",
        "branch-rate": f"{taken / ways:.4f}" if ways else "0",
    }
