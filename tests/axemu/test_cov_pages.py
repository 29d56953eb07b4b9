"""`axemu cov --html`: what the pages say, and where they may not be written."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from pathlib import Path

import pytest

from axemu import cli
from axemu.cov import lcov, pages
from axemu.cov.coverage import Coverage, FileCoverage
from axemu.errors import InputUnreadable, UsageError


class Links(HTMLParser):
    """Every address that a page names, and its elements that were not closed."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: list[str] = []
        self.open: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found += [value or "" for name, value in attrs if name in ("href", "src")]
        if tag not in ("meta", "br"):
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


@pytest.fixture
def coverage(tmp_path: Path) -> Coverage:
    source = tmp_path / "<a>.c"
    source.write_text("int f(void) {\n    return a < b && c;\n}\n\nint g;\n")
    found = Coverage()
    found.files[str(source)] = FileCoverage(
        {1: 3, 2: 3, 5: 0}, {(1, "f"): 3}, {(2, 0): (2, 1), (2, 1): (2, 0)}
    )
    found.files["/nowhere/b.c"] = FileCoverage({7: 1}, {}, {})
    return found


def test_every_line_and_branch_is_on_its_page(coverage: Coverage, tmp_path: Path) -> None:
    made = pages.written(coverage)
    text = made[pages.page_name(str(tmp_path / "<a>.c"))]
    rows = dict(re.findall(r'<tr id="L(\d+)"(.*?)</tr>', text))
    assert set(rows) == {"1", "2", "3", "4", "5"}
    assert 'class="run"' in rows["1"]
    assert "return a &lt; b &amp;&amp; c;" in rows["2"]
    assert 'class="some"' in rows["2"]
    assert ">2:1<" in rows["2"]
    assert 'class="half" title="branch 1: taken 2 times, not taken 0 times"' in rows["2"]
    assert 'class="missed"' in rows["5"]
    assert "class" not in rows["4"].split("><")[0]
    assert "The file is not here" in made[pages.page_name("/nowhere/b.c")]
    assert "3/4" in made["index.html"]
    assert "3/4</td><td" in made["index.html"]


def test_pages_are_whole_and_need_nothing_else(coverage: Coverage) -> None:
    made = pages.written(coverage)
    for text in made.values():
        page = Links(text)
        assert page.open == []
        for each in page.found:
            assert each in made or each.startswith("#L")
        assert "url(" not in text
        assert "@import" not in text
    assert pages.written(coverage) == made


def test_a_report_replaces_an_earlier_one_and_nothing_else(coverage: Coverage, tmp_path: Path) -> None:
    folder = tmp_path / "report"
    pages.check(folder)
    pages.write(coverage, folder)
    pages.check(folder)
    pages.write(Coverage({"/nowhere/c.c": FileCoverage({1: 1})}), folder)
    assert {each.name for each in folder.iterdir()} == {"index.html", pages.page_name("/nowhere/c.c")}
    mine = tmp_path / "mine"
    mine.mkdir()
    (mine / "index.html").write_text("my own")
    with pytest.raises(UsageError, match="new, empty"):
        pages.check(mine)
    with pytest.raises(InputUnreadable):
        pages.check(mine / "index.html")


def test_of_tracefiles(coverage: Coverage, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "a.info").write_text(lcov.written(coverage))
    words = ["cov", "merge", str(tmp_path / "a.info"), "-o", str(tmp_path / "b.info")]
    assert cli.dispatch([*words, "--html", str(tmp_path / "report")]) == 0
    assert (tmp_path / "report" / "index.html").read_text() == pages.written(coverage)["index.html"]
    capfd.readouterr()
    assert cli.dispatch([*words, "--html", str(tmp_path)]) == 2
    assert "Name another folder" in capfd.readouterr().err
