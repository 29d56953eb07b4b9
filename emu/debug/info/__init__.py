"""What programs say of themselves: DWARF 2 to 5, read in place, question by question."""

from emu.debug.info.debuginfo import DebugInfo
from emu.debug.info.debuginfos import DebugInfos
from emu.debug.info.functions import Function, InlinedCall
from emu.debug.info.operations import Frame, Implicit, InMemory, InRegister, Piece, Pieces, Place, Unavailable
from emu.debug.info.source import Source, SourceText
from emu.debug.info.types import VOID, Kind, Member, Parameter, Type
from emu.debug.info.variables import Variable, VariableKind
from emu.symbols import SourceLine

__all__ = [
    "VOID",
    "DebugInfo",
    "DebugInfos",
    "Frame",
    "Function",
    "Implicit",
    "InMemory",
    "InRegister",
    "InlinedCall",
    "Kind",
    "Member",
    "Parameter",
    "Piece",
    "Pieces",
    "Place",
    "Source",
    "SourceLine",
    "SourceText",
    "Type",
    "Unavailable",
    "Variable",
    "VariableKind",
]
