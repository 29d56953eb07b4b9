"""`python tools/pictures`: make the pictures of the documentation again."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Annotated, Final

import typer

from axemu.examples.linux import initramfs
from axemu.initramfs import packed
from axemu.tracer import pictures as tracer
from pictures.table import PICTURES, Drawn, Page, Picture, Shot
from pictures.terminal import CommandFailed, drawn, printed

ROOT: Final = Path(__file__).resolve().parents[2]
TRACER: Final = "tracer"
BROWSERS: Final = ("chromium", "chromium-browser", "google-chrome")

app = typer.Typer(add_completion=False)


class NotMade(Exception):
    """What a picture needs is not there."""


@app.command()
def make(
    names: Annotated[list[str] | None, typer.Argument(help="Which ones; default: all.")] = None,
    folder: Annotated[Path, typer.Option(help="Where to.")] = ROOT / "docs" / "pictures",
) -> None:
    """Make the pictures of the documentation. Those of a Linux boot take a minute, and need Debian's packages."""
    known = [TRACER, *(each.name for each in PICTURES)]
    wrong = [each for each in names or () if each not in known]
    if wrong:
        print(f"There is no picture '{wrong[0]}'. There are: {', '.join(known)}.", file=sys.stderr)
        raise typer.Exit(2)
    folder.mkdir(parents=True, exist_ok=True)
    failed = False
    for picture in PICTURES:
        if not names or picture.name in names:
            failed |= not _made(picture, folder.resolve())
    if not names or TRACER in names:
        tracer.main(folder)
        print(f"{TRACER}: made")
    if failed:
        raise typer.Exit(1)


def _made(picture: Picture, folder: Path) -> bool:
    with tempfile.TemporaryDirectory() as name:
        place = Path(name)
        for each in ("guests", "docs"):
            shutil.copytree(ROOT / each, place / each)
        try:
            match picture:
                case Shot():
                    _shoot(picture, place, folder)
                case Drawn():
                    _draw(picture, place, folder)
                case Page():
                    _browse(picture, place, folder)
        except (NotMade, CommandFailed) as error:
            print(f"{picture.name}: not made: {error}", file=sys.stderr)
            return False
    print(f"{picture.name}: made")
    return True


def _shoot(picture: Shot, place: Path, folder: Path) -> None:
    for command in picture.before:
        printed(command, place, picture.width)
    codes = picture.codes or (0,) * len(picture.commands)
    parts = [
        (command, printed(command, place, picture.width, code))
        for command, code in zip(picture.commands, codes, strict=True)
    ]
    title = " ".join(picture.commands[0].split()[:3]) if len(parts) > 1 else picture.commands[0]
    (folder / f"{picture.name}.svg").write_text(
        drawn(title, picture.width, parts, picture.most), encoding="utf-8"
    )


def _draw(picture: Drawn, place: Path, folder: Path) -> None:
    if picture.linux:
        _put_linux(place)
    for command in picture.commands:
        printed(command, place, 160)
    shutil.copyfile(place / f"{picture.name}.svg", folder / f"{picture.name}.svg")


def _put_linux(place: Path) -> None:
    names = ("linux-riscv64", "busybox-riscv64")
    command = [sys.executable, str(ROOT / "tools" / "debian"), "fetch", *names, "--json"]
    run = subprocess.run(command, capture_output=True, text=True, check=False)
    if run.returncode:
        raise NotMade(run.stderr.strip())
    files = {name: each["files"] for name, each in json.loads(run.stdout).items()}
    (place / "vmlinux").symlink_to(files["linux-riscv64"]["vmlinux"])
    busybox = Path(files["busybox-riscv64"]["busybox"]).read_bytes()
    (place / "boot.gz").write_bytes(packed(initramfs(busybox)))


def _browse(picture: Page, place: Path, folder: Path) -> None:
    browser = next((found for each in BROWSERS if (found := shutil.which(each))), None)
    if browser is None:
        raise NotMade(f"it needs a browser: {', '.join(BROWSERS)}")
    printed(picture.command, place, 160)
    page = next(place.glob(picture.page))
    width, height = picture.size
    command = [
        browser, "--headless", "--no-sandbox", "--hide-scrollbars", f"--user-data-dir={place / 'browser'}",
        f"--window-size={width},{height}", f"--screenshot={folder / picture.name}.png", page.as_uri(),
    ]  # fmt: skip
    subprocess.run(command, capture_output=True, check=True, timeout=120)


def main() -> None:
    app()
