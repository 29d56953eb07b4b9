"""Transcripts in files."""

from __future__ import annotations

from pathlib import Path

from axemu.errors import CommandError, InputUnreadable
from emu.transcript import BadTranscript, Transcript


def read(path: Path) -> Transcript:
    """Raises InputUnreadable, and CommandError for what is no transcript."""
    try:
        with path.open(encoding="utf-8") as file:
            return Transcript.parse(file, str(path))
    except OSError as error:
        raise InputUnreadable.of(path, error, "read the transcript") from error
    except UnicodeDecodeError:
        raise CommandError(
            "Expected a transcript, as `axemu transcript GUEST -o FILE` writes it.",
            f"'{path}' is not text.",
        ) from None
    except BadTranscript as error:
        raise CommandError(str(error), attempt="`axemu transcript GUEST -o FILE` writes one.") from error
