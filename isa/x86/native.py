"""x86's native abilities, for both widths."""

from __future__ import annotations

import unicorn.x86_const as uc

from isa.records import NativeAbilities
from isa.x86.layout import calibrate
from isa.x86.state import State, regime, wakes
from isa.x86.svm import PRIVATE


def _abilities(bits: int) -> NativeAbilities:
    return NativeAbilities(
        calibrate=calibrate(bits),
        view=State,
        callbacks="isa.x86.callbacks",
        flow="isa.x86.flow",
        wakes=wakes,
        regime=regime,
        instructions=(
            (uc.UC_X86_INS_IN, "on_in"),
            (uc.UC_X86_INS_OUT, "on_out"),
            (uc.UC_X86_INS_CPUID, "on_cpuid"),
            (uc.UC_X86_INS_RDTSC, "on_rdtsc"),
            (uc.UC_X86_INS_RDTSCP, "on_rdtscp"),
            (uc.UC_X86_INS_SYSCALL, "on_syscall"),
            (uc.UC_X86_INS_SYSENTER, "on_sysenter"),
        ),
        clocks=(("tsc", 1, 0),),
        reach=PRIVATE - 1,
    )


I386, X86_64 = _abilities(32), _abilities(64)
