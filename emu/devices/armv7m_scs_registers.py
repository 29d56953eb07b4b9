"""The registers of a Cortex-M's System Control Space by name, those of the CPU too.
Source: ARMv7-M Architecture Reference Manual (DDI 0403E), tables B3-3, B3-4, B3-7 and B3-8, and their sections."""

from __future__ import annotations

from typing import Final

from emu.devices.armv7m_scs import AIRCR, CALIB, CSR, CVR, RVR
from emu.registers import DeviceRegister, Direction, Meaning, Table, bits
from isa.register import Field

_READ, _WRITE, _BOTH = Direction.READ, Direction.WRITE, Direction.BOTH
_ICSR: Final = (
    *(
        Field("VECTACTIVE", 0, 9),
        Field("RETTOBASE", 11),
        Field("VECTPENDING", 12, 9),
        Field("ISRPENDING", 22),
    ),
    *(Field("PENDSTCLR", 25), Field("PENDSTSET", 26), Field("PENDSVCLR", 27), Field("PENDSVSET", 28)),
    Field("NMIPENDSET", 31),
)
_AIRCR: Final = (Field("SYSRESETREQ", 2), Field("PRIGROUP", 8, 3), Field("VECTKEY", 16, 16))
_SHCSR: Final = (
    *(Field("MEMFAULTACT", 0), Field("BUSFAULTACT", 1), Field("USGFAULTACT", 3), Field("SVCALLACT", 7)),
    *(Field("MONITORACT", 8), Field("PENDSVACT", 10), Field("SYSTICKACT", 11), Field("USGFAULTPENDED", 12)),
    *(Field("MEMFAULTPENDED", 13), Field("BUSFAULTPENDED", 14), Field("SVCALLPENDED", 15)),
    *(Field("MEMFAULTENA", 16), Field("BUSFAULTENA", 17), Field("USGFAULTENA", 18)),
)
_CFSR: Final = (
    *(Field("IACCVIOL", 0), Field("DACCVIOL", 1), Field("MUNSTKERR", 3), Field("MSTKERR", 4)),
    *(Field("MMARVALID", 7), Field("IBUSERR", 8), Field("PRECISERR", 9), Field("IMPRECISERR", 10)),
    *(Field("UNSTKERR", 11), Field("STKERR", 12), Field("BFARVALID", 15), Field("UNDEFINSTR", 16)),
    *(
        Field("INVSTATE", 17),
        Field("INVPC", 18),
        Field("NOCP", 19),
        Field("UNALIGNED", 24),
        Field("DIVBYZERO", 25),
    ),
)
_CCR: Final = (
    *(Field("NONBASETHRDENA", 0), Field("USERSETMPEND", 1), Field("UNALIGN_TRP", 3), Field("DIV_0_TRP", 4)),
    *(Field("BFHFNMIGN", 8), Field("STKALIGN", 9)),
)


def _of_cpu(
    name: str, offset: int, fields: tuple[Field, ...] = (), access: Direction = _BOTH, text: str = ""
) -> DeviceRegister:
    return DeviceRegister(name, offset, 4, fields, access, text, cpu=name.lower())


REGISTERS: Final[Table] = (
    DeviceRegister(
        "SYST_CSR", CSR, 4, (*bits("ENABLE", "TICKINT", "CLKSOURCE"), Field("COUNTFLAG", 16)),
        description="SysTick; a read clears COUNTFLAG [B3.3.3]",
    ),
    DeviceRegister("SYST_RVR", RVR, description="what it counts down from [B3.3.4]", meaning=Meaning.COUNT),
    DeviceRegister("SYST_CVR", CVR, description="the count; a write clears it [B3.3.5]", meaning=Meaning.COUNT),
    DeviceRegister(
        "SYST_CALIB", CALIB, 4, (Field("TENMS", 0, 24), Field("SKEW", 30), Field("NOREF", 31)), _READ, "[B3.3.6]"
    ),
    _of_cpu("NVIC_ISER0", 0x100, text="interrupts enabled; ones enable [B3.4.4]"),
    _of_cpu("NVIC_ICER0", 0x180, text="interrupts enabled; ones disable [B3.4.5]"),
    _of_cpu("NVIC_ISPR0", 0x200, text="interrupts pending; ones pend [B3.4.6]"),
    _of_cpu("NVIC_ICPR0", 0x280, text="interrupts pending; ones clear [B3.4.7]"),
    _of_cpu("NVIC_IABR0", 0x300, (), _READ, "interrupts active [B3.4.8]"),
    *(_of_cpu(f"NVIC_IPR{n}", 0x400 + 4 * n, text="priorities of four interrupts [B3.4.9]") for n in range(8)),
    _of_cpu("CPUID", 0xD00, (), _READ, "[B3.2.3]"),
    _of_cpu("ICSR", 0xD04, _ICSR, text="what is pending and active [B3.2.4]"),
    _of_cpu("VTOR", 0xD08, text="the vector table [B3.2.5]"),
    _of_cpu("AIRCR", AIRCR, _AIRCR, text="priority grouping, reset request [B3.2.6]"),
    _of_cpu("SCR", 0xD10, (Field("SLEEPONEXIT", 1), Field("SLEEPDEEP", 2), Field("SEVONPEND", 4)), text="[B3.2.7]"),
    _of_cpu("CCR", 0xD14, _CCR, text="what traps [B3.2.8]"),
    *(_of_cpu(f"SHPR{n}", 0xD14 + 4 * n, text="priorities of system exceptions [B3.2.10]") for n in (1, 2, 3)),
    _of_cpu("SHCSR", 0xD24, _SHCSR, text="system exceptions [B3.2.13]"),
    _of_cpu("CFSR", 0xD28, _CFSR, text="why a fault came; ones clear [B3.2.15]"),
    _of_cpu(
        "HFSR", 0xD2C, (Field("VECTTBL", 1), Field("FORCED", 30), Field("DEBUGEVT", 31)), text="ones clear [B3.2.16]"
    ),
    _of_cpu("DFSR", 0xD30, bits("HALTED", "BKPT", "DWTTRAP", "VCATCH", "EXTERNAL"), text="[C1.6.1]"),
    _of_cpu("MMFAR", 0xD34, text="address of a MemManage fault [B3.2.17]"),
    _of_cpu("BFAR", 0xD38, text="address of a BusFault [B3.2.18]"),
    _of_cpu("CPACR", 0xD88, (Field("CP10", 20, 2), Field("CP11", 22, 2)), text="[B3.2.20]"),
    _of_cpu("DEMCR", 0xDFC, text="[C1.6.5]"),
    DeviceRegister(
        "STIR", 0xF00, 4, (Field("INTID", 0, 9),), _WRITE, "makes an interrupt pending [B3.2.26]", cpu="stir"
    ),
    _of_cpu("FPCCR", 0xF34, (Field("LSPACT", 0), Field("LSPEN", 30), Field("ASPEN", 31)), text="[B3.2.21]"),
    _of_cpu("FPCAR", 0xF38, text="[B3.2.22]"),
    _of_cpu("FPDSCR", 0xF3C, text="[B3.2.23]"),
    *(_of_cpu(f"MVFR{n}", 0xF40 + 4 * n, (), _READ) for n in range(3)),
)  # fmt: skip
