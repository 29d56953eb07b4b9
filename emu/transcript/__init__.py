"""Transcripts of device accesses: what a guest and its devices said to each other, as text that people read and diff."""

from emu.transcript.compare import Difference, differences
from emu.transcript.entry import BadTranscript, Entry, Kind, Transcript
from emu.transcript.recording import Recording
from emu.transcript.replaying import REPLAYABLE, Mismatch, Replay

__all__ = [
    "REPLAYABLE",
    "BadTranscript",
    "Difference",
    "Entry",
    "Kind",
    "Mismatch",
    "Recording",
    "Replay",
    "Transcript",
    "differences",
]
