"""rich's text, and our own writing of it."""

from __future__ import annotations

import io

import pytest
from rich.text import Text

from axemu.suite.reports.rendering import Rendering


def test_a_reader_that_has_gone_is_an_error_and_not_the_end_of_the_process() -> None:
    class Gone(io.StringIO):
        def write(self, text: str) -> int:
            raise BrokenPipeError(32, "Broken pipe")

    with pytest.raises(BrokenPipeError):
        Rendering(Gone()).print(Text("words"))


def test_a_stream_that_lacks_a_letter_gets_its_escape() -> None:
    raw = io.BytesIO()
    stream = io.TextIOWrapper(raw, encoding="latin-1")
    Rendering(stream).print(Text("ä ━"))
    assert raw.getvalue() == b"\xe4 \\u2501\n"


def test_lines_are_as_long_as_they_are() -> None:
    stream = io.StringIO()
    Rendering(stream).print(Text("x" * 5000), Text("[bold]"))
    assert stream.getvalue() == "x" * 5000 + "\n[bold]\n"
