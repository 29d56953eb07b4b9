"""x86, native: CPUID, the time-stamp counter, and what of the CPU model is not offered.

CPUID is the engine's table of the model (none of it is the host's), with these differences: the initial APIC id is the
vCPU's number; there is a hypervisor, whose leaves name it "axemu" and give the counter's frequency; no local APIC, no
MTRRs, no machine-check banks, no monitor: machines have none. RDRAND and RDSEED would give the host's entropy: they are
taken from the model, and are invalid opcodes.
"""

from __future__ import annotations

import numpy as np
from numba import carray, cfunc, njit, types

from isa.native import Record, Word, as_control, as_i64, as_u32, as_u64, engine_record, get64
from isa.x86.layout import Slot
from isa.x86.msr import time_here
from isa.x86.words import (
    LONG_MODE,
    RAX,
    RBX,
    RCX,
    RDX,
    TSC_OFFSET,
    U,
    cpu_x86_cpuid,
    general,
    number,
    put_general,
)

SIZE, MODEL_SEEN, TSC_AUX = int(Slot.SIZE), int(Slot.MODEL_SEEN), int(Slot.TSC_AUX)
HYPERVISOR_LEAF, FREQUENCY_LEAF = 0x4000_0000, 0x4000_0010
SIGNATURE = tuple(int.from_bytes(b"axemu".ljust(12, b"\0")[at : at + 4], "little") for at in (0, 4, 8))
FREQUENCY = 1_000_000  # kHz: the counter counts ns of guest time
HYPERVISOR = 1 << 31
NO_ECX = 1 << 3 | 1 << 21 | 1 << 24 | 1 << 30  # MONITOR, x2APIC, TSC-deadline timer, RDRAND
NO_EDX = 1 << 9 | 1 << 12 | 1 << 14 | 1 << 28  # APIC, MTRR, MCA, HTT
NO_7_EBX = 1 << 18  # RDSEED
LONG = 1 << 29
AMD_APIC = 1 << 9
WORDS_BEFORE = 12  # of the model: levels and limits, then vendor (3), version, and the features (u64 each)
FEATURES_1_ECX, FEATURES_7_EBX = 1, 2


@njit
def look_at_model(engine: Record) -> None:
    """Take from the engine's CPU model what it must not have. Where its words are not as expected, nothing is taken."""
    layout = carray(as_i64(np.intp(engine.layout)), 1 << 10)
    layout[MODEL_SEEN] = 1
    state, scratch = np.intp(engine.state), np.intp(engine.scratch)
    out = carray(as_u32(scratch), 4)
    cpu_x86_cpuid(state, 0, 0, scratch, scratch + 4, scratch + 8, scratch + 12)
    words = carray(as_u32(state + layout[SIZE]), 16)
    if (
        words[WORDS_BEFORE] == out[1]
        and words[WORDS_BEFORE + 1] == out[3]
        and words[WORDS_BEFORE + 2] == out[2]
    ):
        features = carray(as_u64(state + layout[SIZE] + 64), 4)
        features[FEATURES_1_ECX] &= ~U(1 << 30)
        features[FEATURES_7_EBX] &= ~U(NO_7_EBX)


@cfunc(types.int32(types.intp, types.CPointer(engine_record)))
def on_cpuid(uc: Word, user: Record) -> Word:
    """UC_HOOK_INSN of CPUID: answered here."""
    engine = carray(user, 1)[0]
    control = carray(as_control(np.intp(engine.control)), 1)[0]
    leaf = general(engine, RAX) & U(0xFFFFFFFF)
    at = np.intp(engine.scratch)
    out = carray(as_u32(at), 4)
    if leaf >= U(HYPERVISOR_LEAF) and leaf <= U(FREQUENCY_LEAF):
        out[0] = out[1] = out[2] = out[3] = 0
        if leaf == U(HYPERVISOR_LEAF):
            out[0] = FREQUENCY_LEAF
            out[1], out[2], out[3] = SIGNATURE
        elif leaf == U(FREQUENCY_LEAF):
            out[0] = FREQUENCY
    else:
        index, count = np.uint32(leaf), np.uint32(general(engine, RCX) & U(0xFFFFFFFF))
        cpu_x86_cpuid(np.intp(engine.state), index, count, at, at + 4, at + 8, at + 12)
    if leaf == U(1):
        out[1] = np.uint32((U(out[1]) & U(0x00FFFFFF)) | (control.vcpu_id & U(0xFF)) << U(24))
        out[2] = np.uint32((U(out[2]) & ~U(NO_ECX)) | U(HYPERVISOR))
        out[3] = np.uint32(U(out[3]) & ~U(NO_EDX))
    elif leaf == U(7):
        out[1] = np.uint32(U(out[1]) & ~U(NO_7_EBX))
    elif leaf == U(0x8000_0001):
        out[3] = np.uint32(U(out[3]) & ~U(AMD_APIC | (0 if number(engine, LONG_MODE) != 0 else LONG)))
    put_general(engine, RAX, U(out[0]))
    put_general(engine, RBX, U(out[1]))
    put_general(engine, RCX, U(out[2]))
    put_general(engine, RDX, U(out[3]))
    return 1


@njit
def put_time(engine: Record) -> None:
    control = carray(as_control(np.intp(engine.control)), 1)[0]
    time = time_here(engine, control) + get64(engine, TSC_OFFSET)
    put_general(engine, RAX, time & U(0xFFFFFFFF))
    put_general(engine, RDX, time >> U(32))


@cfunc(types.int32(types.intp, types.CPointer(engine_record)))
def on_rdtsc(uc: Word, user: Record) -> Word:
    """UC_HOOK_INSN of RDTSC: guest time."""
    put_time(carray(user, 1)[0])
    return 1


@cfunc(types.int32(types.intp, types.CPointer(engine_record)))
def on_rdtscp(uc: Word, user: Record) -> Word:
    engine = carray(user, 1)[0]
    put_time(engine)
    put_general(engine, RCX, get64(engine, TSC_AUX) & U(0xFFFFFFFF))
    return 1
