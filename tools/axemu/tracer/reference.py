"""Help, and docs/tracer-reference.md, from the tables of keys, panes and commands."""

from __future__ import annotations

from typing import TYPE_CHECKING

from axemu.tracer.keys import KEYS
from axemu.tracer.panes import PANES

if TYPE_CHECKING:
    from axemu.tracer.commands import CommandTable


def help_lines(commands: CommandTable) -> list[str]:
    lines = []
    group = ""
    for key in KEYS:
        if key.group != group:
            group = key.group
            lines += ["", group.upper()]
        lines.append(f"  {key.shown:<12} {key.help}" + (f"  (:{key.gdb})" if key.gdb else ""))
    lines += ["", "PANES"]
    lines += [
        f"  {(number + 1) % 10 if number < 10 else ' '}  {kind.title:<12} {kind.help}"
        for number, kind in enumerate(PANES.values())
    ]
    lines += ["", "COMMAND LINE"]
    lines += [f"  {command.usage:<34} {command.help}" for command in commands.all]
    return lines[1:]


def reference(commands: CommandTable) -> str:
    """The page in Markdown."""
    parts = [
        "# The tracer: keys, panes, commands\n",
        "Made from the tables that the tracer itself uses (`python -m axemu.tracer.reference`).\n",
    ]
    group = ""
    for key in KEYS:
        if key.group != group:
            group = key.group
            parts.append(f"\n## {group}\n\n| key | what it does | gdb's word |\n| --- | --- | --- |")
        word = f"`{key.gdb}`" if key.gdb else ""
        parts.append(f"| `{key.shown}` | {key.help} | {word} |")
    parts.append("\n## Panes\n\n| key | pane | what it shows |\n| --- | --- | --- |")
    parts += [
        f"| {f'`{(n + 1) % 10}`' if n < 10 else ''} | {kind.title} | {kind.help} |"
        for n, kind in enumerate(PANES.values())
    ]
    parts.append("\n## Command line\n\n| command | what it does |\n| --- | --- |")
    parts += [f"| `{each.usage.replace('|', chr(92) + '|')}` | {each.help} |" for each in commands.all]
    return "\n".join(parts) + "\n"


if __name__ == "__main__":
    from axemu.tracer.commands import CommandTable

    print(reference(CommandTable()), end="")
