"""What a run of a suite came to, for people and for other programs. Each report is a Watcher over pure functions of
`Ended`, so that a stored run gives the same report as a live one.

    live.py      progress in place, on a terminal     plain.py    progress as lines, for pipes and CI
    summary.py   how both end                         foot.py     lines at a terminal's foot, redrawn in place
    jsonl.py     the stored run, and its reader       stored.py   the types in it
    junit.py     JUnit XML                            tap.py      TAP version 14
    html.py      one page for a browser (page.html, page.css, page.js)
    compare.py   two runs                             comparison.py  what differs, on a screen and as JSON
    verdicts.py  order, colours, counts               consoles.py guest bytes as text that cannot hurt
    at_end.py    what the files that are made at the end share
    files.py     files written whole or not at all    together.py several watchers as one
"""
