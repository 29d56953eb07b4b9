"""What is known by its place in the engine's CPU state; `layout` finds the places."""

from __future__ import annotations

from enum import IntEnum


class Slot(IntEnum):
    """Indices into the layout: byte offsets into the CPU state. -1: this version of the architecture lacks it."""

    G0 = 0
    WINDOW = 1  # host pointer to the current window: its outs, locals and ins lie there in this order
    PC = 2
    NPC = 3
    Y = 4
    CC_SRC = 5  # operands and result of the last instruction that set the condition codes,
    CC_SRC2 = 6
    CC_DST = 7
    CC_OP = 8  # and which it was: the codes are computed when they are asked for
    PSR = 9  # the icc bits of the PSR, only valid where CC_OP says so
    FSR = 10
    F0 = 11
    CWP = 12  # V9 counts windows the other way round: number of windows - 1 - CWP
    BASE = 13  # window 0; a window is 16 registers further on
    VERSION = 14
    NWINDOWS = 15
    NAME = 16  # host pointer to the model's name: no state of the guest's
    TBR = 17  # V9: tba
    PIL = 18
    WIM = 19  # V8
    S = 20
    PS = 21
    ET = 22
    EF = 23
    MMU = 24  # registers of the reference MMU, one a word
    XCC = 25  # V9
    ASI = 26
    PSTATE = 27
    TL = 28
    MAXTL = 29
    CANSAVE = 30
    CANRESTORE = 31
    OTHERWIN = 32
    WSTATE = 33
    CLEANWIN = 34
    FPRS = 35
    GSR = 36
    GL = 37
    SOFTINT = 38
    TRAP = 39  # tpc, tnpc, tstate, tt of TL 1
    TRAP_STEP = 40  # bytes from one TL to the next
    LSU = 41  # bits 2 and 3: the instruction and the data MMU are on
    HPSTATE = 42
    TICK_CMPR = 43
    STICK_CMPR = 44
    BANKS = 45  # globals that are not in use: alternate, normal, interrupt, MMU, 64 bytes each
    KEPT_NPC = 46  # no offsets: the npc, and the length of the next block, that an entry goes on with
    KEPT_STEP = 47
    KEPT_LIMIT = 48  # how many instructions of the next block come before one that must not run
    ITLB = 49  # V9: 64 entries of tag and data
    CONTEXT = 50  # V9: primary context
