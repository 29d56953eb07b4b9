"""`python -m axvcpu`: print the state diagram. `python -m axvcpu docs/axvcpu.md`: write it into that page."""

from __future__ import annotations

import sys
from pathlib import Path

from axvcpu.states import diagram, in_page


def main(arguments: list[str]) -> None:
    for name in arguments:
        page = Path(name)
        page.write_text(in_page(page.read_text(encoding="utf-8")), encoding="utf-8")
    if not arguments:
        print(diagram(), end="")


if __name__ == "__main__":
    main(sys.argv[1:])
