"""The HTML page: what is in it, and what a browser makes of it."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from axemu.errors import InputUnreadable
from axemu.suite.reports import html
from axemu.suite.result import Ended, Result, Verdict

HURT = "</script><script>document.title='hurt'</script><b onclick=x>&lt;\x00\x1b[31m\ud800"


class Elements(HTMLParser):
    """The page as a browser's parser splits it."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.texts: dict[str, str] = {}
        self._inside = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self._inside = dict(attrs).get("id") or tag
        assert not any(name.startswith("on") or name == "style" for name, _ in attrs)

    def handle_data(self, data: str) -> None:
        self.texts[self._inside] = self.texts.get(self._inside, "") + data


def hurtful(result_of: Callable[..., Result]) -> Result:
    """A result with markup in every text that it has."""
    names = (
        "reason",
        "suite",
        "summary",
        "isa",
        "machine",
        "cpu",
        "ending",
        "state_hash",
        "bundle",
        "replay",
        "worker",
    )
    return result_of(
        Verdict.FAIL, HURT, **dict.fromkeys(names, HURT), details=(HURT,), tags=(HURT,), parameters={HURT: HURT},
        exits={HURT: 1}, console=HURT.encode(errors="surrogatepass"),
    )  # fmt: skip


def test_the_page_loads_nothing_and_names_its_only_script(run_of: Callable[..., Ended]) -> None:
    page = html.page(run_of(Result("a", Verdict.FAIL)))
    assert not re.search(r"(?:src|href)\s*=|@import|url\(|https?://", page)
    assert Elements(page).tags.count("script") == 3
    assert "default-src 'none'" in page and "unsafe" not in page


def test_no_placeholder_of_the_template_is_left(every_verdict: Ended) -> None:
    assert not re.search(r"@[A-Z_]+@", html.page(every_verdict))


def test_nothing_that_a_guest_wrote_becomes_markup(
    run_of: Callable[..., Ended], result_of: Callable[..., Result], every_verdict: Ended
) -> None:
    harmless = Elements(html.page(run_of(result_of(Verdict.FAIL))))
    elements = Elements(html.page(run_of(hurtful(result_of))))
    assert elements.tags == harmless.tags
    assert Elements(html.page(every_verdict)).tags.count("script") == 3


def test_the_data_are_json_of_every_case(every_verdict: Ended) -> None:
    texts = Elements(html.page(every_verdict)).texts
    rows, details = json.loads(texts["data"])["rows"], json.loads(texts["details"])
    assert [row[0] for row in rows] == [each.case for each in every_verdict.results]
    assert len(details) == len(rows) and texts["details"].strip("\n").count("\n") == len(rows) + 1
    failed = details[1]
    assert failed["missed"] == list(every_verdict.results[1].details)
    assert failed["registers"] == [["a0", "0xdeadbeef"], ["f", "0x" + "4" + "0" * 22]]
    assert failed["place"] == "pc 0x80000a1c handle_trap (trap.c:118), cpu1"
    assert failed["replay"] == "axemu suite -k all --seed 7"
    assert failed["cut"] == 1000


def test_consoles_are_bounded_and_say_what_was_cut(
    run_of: Callable[..., Ended], result_of: Callable[..., Result]
) -> None:
    console = b"line of a console\n" * 5000
    results = [result_of(each, each.value, console=console, console_bytes=len(console)) for each in Verdict]
    details = json.loads(Elements(html.page(run_of(*results))).texts["details"])
    for result, detail in zip(results, details, strict=True):
        limit = html.PASSED_CONSOLE if result.verdict.good else html.FAILED_CONSOLE
        assert limit - 100 < len(detail["console"]) <= limit
        assert detail["cut"] == len(console) - len(detail["console"])


def test_where_everything_fails_the_page_stays_small(
    run_of: Callable[..., Ended], result_of: Callable[..., Result], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(html, "ALL_CONSOLES", 20 << 10)
    results = [result_of(Verdict.FAIL, str(each), console=b"0123456789abcde\n" * 4096) for each in range(10)]
    page = html.page(run_of(*results))
    assert all(len(each["console"]) <= 2 << 10 for each in json.loads(Elements(page).texts["details"]))
    assert "their last 2 KiB" in page


def test_without_script_the_failures_are_there(every_verdict: Ended) -> None:
    page = html.page(every_verdict)
    listed = page[page.index("<noscript>") : page.index("</noscript>")]
    for result in every_verdict.results:
        assert (f"<b>{result.verdict.value}</b> {result.case}" in listed) == (not result.verdict.good)


def test_a_run_without_cases_and_an_interrupted_one_are_pages(run_of: Callable[..., Ended]) -> None:
    page = html.page(run_of(interrupted=True))
    assert "interrupted" in page and json.loads(Elements(page).texts["details"]) == []


def test_a_full_disk_is_told_at_the_end(every_verdict: Ended, tmp_path: Path) -> None:
    watcher = html.Html(tmp_path / "none" / "r.html")
    watcher.begin(every_verdict.run)
    with pytest.raises(InputUnreadable, match="Cannot write the HTML report"):
        watcher.end(every_verdict)


# In a browser

ROWS = "[...document.querySelectorAll('tr.case')]"


@pytest.fixture
def opened(browser: Any, tmp_path: Path) -> Callable[..., Any]:
    def open_(ended: Ended, **options: Any) -> Any:
        path = tmp_path / "run.html"
        html.Html(path).end(ended)
        browser.open(path, **options)
        return browser

    return open_


def names(browser: Any) -> list[str]:
    return browser.run(ROWS + ".map((row) => row.querySelector('button').textContent)")


def click(browser: Any, selector: str) -> None:
    browser.run(f"document.querySelector({json.dumps(selector)}).click()")


def typed(browser: Any, text: str) -> None:
    script = (
        "const box = document.getElementById('filter'); box.value = %s; box.dispatchEvent(new Event('input'))"
    )
    browser.run("{" + script % json.dumps(text) + "}")


def test_the_worst_cases_stand_first(opened: Callable[..., Any], every_verdict: Ended) -> None:
    assert names(opened(every_verdict)) == [
        f"riscv64/{each}"
        for each in (
            "fail",
            "error",
            "timeout",
            "nondeterministic",
            "xpass",
            "xfail",
            "quarantined",
            "skip",
            "pass",
        )
    ]


def test_a_console_full_of_markup_is_shown_as_text_and_runs_nothing(
    opened: Callable[..., Any], run_of: Callable[..., Ended], result_of: Callable[..., Result], nasty: bytes
) -> None:
    browser = opened(run_of(hurtful(result_of), result_of(Verdict.FAIL, "console")))
    browser.run(ROWS + ".forEach((row) => row.click())")
    assert browser.run("document.querySelectorAll('script').length") == 3
    assert browser.run("document.querySelectorAll('img, main b').length") == 0
    assert browser.run("document.title") == "FAILED: guests"
    text = browser.run("[...document.querySelectorAll('.detail pre')].at(-1).textContent")
    assert text.startswith(
        "</script><script>document.title='hurt'</script><img src=x onerror=alert(1)> ]]> <!-- &amp;\n"
    )
    assert "\0" not in text and "\x1b" not in text and "title\x07" not in text
    assert browser.complaints() == []


def test_colours_of_a_console_are_colours(
    opened: Callable[..., Any], run_of: Callable[..., Ended], result_of: Callable[..., Result]
) -> None:
    console = b"a\x1b[1;31mred\x1b[0m \x1b[38;5;196mcube\x1b[39m \x1b[48;2;1;2;3mground\x1b[m"
    console += b" \x1b[7mturned\x1b[38;5mz\x1b[99999m"
    browser = opened(run_of(result_of(Verdict.FAIL, console=console)))
    browser.run(ROWS + "[0].click()")
    spans = "[...document.querySelectorAll('.detail pre span')]"
    assert browser.run(spans + ".map((each) => [each.textContent, each.className, each.style.color, "
                       "each.style.backgroundColor])")[:3] == [
        ["red", "bold", "var(--c1)", ""], ["cube", "", "rgb(255, 0, 0)", ""], ["ground", "", "", "rgb(1, 2, 3)"],
    ]  # fmt: skip
    assert browser.complaints() == []


def test_words_and_verdicts_and_choices_filter(
    opened: Callable[..., Any], run_of: Callable[..., Ended]
) -> None:
    browser = opened(
        run_of(
            Result("arm/timer", Verdict.FAIL, "lost a tick", isa="arm", tags=("irq",)),
            Result("arm/hello", Verdict.PASS, isa="arm"),
            Result("mips/timer", Verdict.PASS, isa="mips", tags=("irq", "slow")),
        )
    )
    typed(browser, "TIMER")
    assert names(browser) == ["arm/timer", "mips/timer"]
    assert browser.run("document.getElementById('status').textContent") == "2 of 3 cases"
    typed(browser, "tick lost")
    assert names(browser) == ["arm/timer"]
    typed(browser, "")
    click(browser, "#chips .v-pass")
    assert names(browser) == ["arm/hello", "mips/timer"]
    browser.run(
        "{const tag = document.getElementById('tag'); tag.value = 'slow'; tag.dispatchEvent(new Event('change'))}"
    )
    assert names(browser) == ["mips/timer"]
    browser.run(
        "{const isa = document.getElementById('isa'); isa.value = 'arm'; isa.dispatchEvent(new Event('change'))}"
    )
    assert names(browser) == []


def test_headings_sort_both_ways(opened: Callable[..., Any], run_of: Callable[..., Ended]) -> None:
    browser = opened(
        run_of(*(Result(name, Verdict.PASS, instructions=n) for name, n in (("b", 9), ("a", 10), ("c", 1))))
    )
    click(browser, "#head th:nth-child(6) button")
    assert names(browser) == ["a", "b", "c"]
    assert browser.run("document.querySelector('#head th:nth-child(6)').ariaSort") == "descending"
    click(browser, "#head th:nth-child(6) button")
    assert names(browser) == ["c", "b", "a"]
    click(browser, "#head th:nth-child(2) button")
    assert names(browser) == ["a", "b", "c"]


def test_keys_are_enough(opened: Callable[..., Any], every_verdict: Ended) -> None:
    browser = opened(every_verdict)
    for key in ("j", "j", "k", "j"):
        browser.key(key)
    assert browser.run("document.activeElement.textContent") == "riscv64/error"
    browser.key("Enter")
    assert browser.run("document.querySelectorAll('.detail').length") == 1
    assert "handle_trap" in browser.run("document.querySelector('.detail').textContent")
    browser.key("/")
    assert browser.run("document.activeElement.id") == "filter"
    typed(browser, "zzz")
    browser.key("Escape")
    assert len(names(browser)) == len(Verdict)


def test_an_address_opens_its_case_in_a_narrow_window_too(
    opened: Callable[..., Any], every_verdict: Ended
) -> None:
    browser = opened(every_verdict, fragment="#riscv64%2Fxpass", width=480)
    assert browser.run("document.querySelector('tr.open button').textContent") == "riscv64/xpass"
    assert browser.run("document.documentElement.scrollWidth") <= 480


def test_ten_thousand_cases_open_at_once_and_all_can_be_seen(
    opened: Callable[..., Any], run_of: Callable[..., Ended], result_of: Callable[..., Result]
) -> None:
    verdicts = list(Verdict)
    browser = opened(run_of(*(result_of(verdicts[each % 9], f"case-{each}") for each in range(10_000))))
    assert browser.run("Number(document.documentElement.dataset.ready)") < 10_000  # 1,000 on an idle machine
    assert browser.run(ROWS + ".length") < 1000
    typed(browser, "case-99")
    assert len(names(browser)) == 111
    typed(browser, "")
    click(browser, "#all")
    assert len(set(names(browser))) == 10_000
    browser.run(ROWS + ".at(-1).click()")
    assert browser.run("document.querySelectorAll('.detail').length") == 1
    assert browser.complaints() == []


def test_what_is_printed_is_every_case_without_the_tools(
    opened: Callable[..., Any], run_of: Callable[..., Ended]
) -> None:
    browser = opened(run_of(*(Result(f"case-{each}", Verdict.PASS) for each in range(1500))))
    assert len(names(browser)) < 1500
    browser.page("Page.printToPDF")
    assert len(names(browser)) == 1500
    browser.page("Emulation.setEmulatedMedia", media="print")
    assert browser.run("getComputedStyle(document.querySelector('.tools')).display") == "none"
    browser.page("Emulation.setEmulatedMedia", media="")
