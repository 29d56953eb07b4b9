"""x86, native: exceptions into the guest's IDT, and what leaves through them.

The engine's own `x86_cpu_do_interrupt` takes an exception: gates, privilege change, TSS and IST stacks, error codes,
real mode, task gates, and the double and triple fault that come of it. It is called where the engine would: in its
exception hook, inside its loop, to which a fault of the delivery itself returns by a long jump, and then the hook is
called anew. An exception that is raised while the engine stands still waits in the CPU state (`PENDING`) for the next
entry's first block, or if it is a machine check, which may be about fetching code, for the entry itself.

The engine's own facts: the pc is that of the instruction for a fault, and after it for INT n, INT3 and INTO; an invalid
opcode comes to a hook of its own.
"""

from __future__ import annotations

import numpy as np
from numba import carray, cfunc, njit, types

from axvcpu.control import NEVER, Kind
from isa.native import (
    Record,
    Word,
    as_control,
    as_u8,
    as_u32,
    call_code,
    code_at,
    engine_record,
    get32,
    get64,
    give_back,
    instruction_place,
    note,
    put32,
    put64,
    repeats,
    uc_emu_stop,
)
from isa.records import LOG_TRAP
from isa.x86.causes import TRIPLE_FAULT, Cause
from isa.x86.msr import read_msr, write_msr
from isa.x86.svm import MSR_EXIT, SHUTDOWN_EXIT
from isa.x86.words import (
    ERROR_CODE,
    IDTR,
    LIMIT,
    OLD_EXCEPTION,
    PC,
    RAX,
    RDX,
    SOFTWARE,
    U,
    control_register,
    general,
    hflags,
    linear,
    put_general,
    segment32,
    size_at,
    x86_cpu_do_interrupt,
)

NONE, HYPERCALL, FAIL = int(Kind.NONE), int(Kind.HYPERCALL), int(Kind.FAIL)
KICK, DRAIN, EXCEPTION, TRAP_LOOP = int(Kind.KICK), int(Kind.DRAIN), int(Kind.EXCEPTION), int(Kind.TRAP_LOOP)
IO_READ, IO_WRITE = int(Kind.IO_READ), int(Kind.IO_WRITE)
SYSREG_READ, SYSREG_WRITE = int(Kind.SYSREG_READ), int(Kind.SYSREG_WRITE)
DEBUG, INVALID_OPCODE, GENERAL_PROTECTION, PAGE_FAULT, MACHINE_CHECK = (
    int(Cause.DEBUG),
    int(Cause.INVALID_OPCODE),
    int(Cause.GENERAL_PROTECTION),
    int(Cause.PAGE_FAULT),
    int(Cause.MACHINE_CHECK),
)
SVM = 0x100  # numbers of the exception hook from here on are exit codes of AMD's SVM


@njit
def start_of(engine: Record, control: Record, end: Word) -> Word:
    """Linear address of the instruction of the running block that ends at `end`; `end` where there is none."""
    size = np.int64(end - control.block_pc)
    if control.block_count == U(0) or size <= 0 or U(size) > control.block_size:
        return end
    at = code_at(engine, np.int64(control.block_pc), size)
    if at == 0:
        return end
    offset = last = 0
    while offset < size:
        last = offset
        offset += call_code(np.intp(engine.length), at + offset, np.intp(engine.address))
    return control.block_pc + U(last) if offset == size else end


@njit
def unhandled(control: Record, cause: Word, value: Word) -> Word:
    """Leave with an exception that the guest does not take. Only two say an address."""
    vector = U(cause) & U(TRIPLE_FAULT - 1)
    addressed = vector == U(PAGE_FAULT) or vector == U(MACHINE_CHECK)
    control.cause, control.fault_address = U(cause), U(value) if addressed else U(NEVER)
    return EXCEPTION


@njit
def value_of(engine: Record, cause: Word) -> Word:
    """What goes with an exception: the address of a page fault, else the error code."""
    return control_register(engine, 2) if cause == PAGE_FAULT else get32(engine, ERROR_CODE)


@njit
def exception(engine: Record, control: Record, cause: Word) -> Word:
    """Take exception or software interrupt `cause` as the CPU state describes it; 0, or a Kind to leave with.

    `control.cause` is 1 + the exception that began, while its delivery goes on: a delivery that faults comes here anew.
    """
    software = get32(engine, SOFTWARE) != U(0)
    put32(engine, SOFTWARE, 0)
    control.latch_count = U(0)
    end = linear(engine)
    start = start_of(engine, control, end) if software else end
    pc = get64(engine, PC) - (end - start)
    value = value_of(engine, cause)
    give_back(engine, control, end)
    if control.cause == U(0):
        again = repeats(control, cause, pc)
        absent = segment32(engine, IDTR, LIMIT) == U(0)
        if again or absent:
            if software:
                control.retired -= U(1)
            put64(engine, PC, pc)
            put32(engine, OLD_EXCEPTION, 0xFFFFFFFF)
            left = unhandled(control, cause, value)
            return TRAP_LOOP if again else left
        control.cause = U(cause) + U(1)
        if engine.log_on != U(0):
            note(engine, control, LOG_TRAP, pc, cause, value, hflags(engine) & U(3))
    put64(engine, PC, pc)
    if software:
        put32(engine, SOFTWARE, 1)
    x86_cpu_do_interrupt(np.intp(engine.cpu))
    put32(engine, SOFTWARE, 0)
    control.cause = U(0)
    return NONE


@njit
def go_past(engine: Record, control: Record) -> None:
    """The instruction at the pc has been carried out here, in the middle of its block: it counts, what follows does
    not yet."""
    size = size_at(engine, linear(engine))
    put64(engine, PC, get64(engine, PC) + U(size))
    give_back(engine, control, linear(engine))


@njit
def intercepted(engine: Record, control: Record, code: Word) -> Word:
    """What the engine's SVM checks caught: an MSR, or the shutdown that a triple fault is."""
    if code == SHUTDOWN_EXIT:
        first = control.cause - U(1)
        return unhandled(control, U(TRIPLE_FAULT) + first, value_of(engine, np.int64(first)))
    if code != MSR_EXIT:
        return FAIL
    wanted = get32(engine, ERROR_CODE)
    number = general(engine, 1) & U(0xFFFFFFFF)
    value = (general(engine, RDX) << U(32)) | (general(engine, RAX) & U(0xFFFFFFFF))
    if wanted == U(0):
        found, value = read_msr(engine, control, number)
        if found:
            put_general(engine, RAX, value & U(0xFFFFFFFF))
            put_general(engine, RDX, value >> U(32))
            go_past(engine, control)
            return NONE
    elif write_msr(engine, control, number, value):
        go_past(engine, control)
        return NONE
    control.address, control.data, control.cause, control.width = number, value, U(0), U(8)
    return SYSREG_READ if wanted == U(0) else SYSREG_WRITE


@cfunc(types.void(types.intp, types.uint32, types.CPointer(engine_record)))
def on_exception(uc: Word, number: Word, user: Record) -> None:
    """UC_HOOK_INTR."""
    engine = carray(user, 1)[0]
    control = carray(as_control(np.intp(engine.control)), 1)[0]
    cause = np.int64(number)
    left = intercepted(engine, control, cause - SVM) if cause >= SVM else exception(engine, control, cause)
    if left == NONE:
        if engine.log_on != U(0) and engine.log_head + U(8) >= engine.log_size:
            left = DRAIN
        elif control.kick != U(0):
            left = KICK
    if left != NONE:
        control.kind = U(left)
        uc_emu_stop(uc)


@cfunc(types.boolean(types.intp, types.CPointer(engine_record)))
def on_invalid(uc: Word, user: Record) -> Word:
    """UC_HOOK_INSN_INVALID: a hypercall (vmcall [Intel SDM 3C 30.3], vmmcall [AMD manual 3]), or an invalid opcode."""
    engine = carray(user, 1)[0]
    control = carray(as_control(np.intp(engine.control)), 1)[0]
    at = instruction_place(engine, linear(engine))
    if at != 0 and control.hypercalls & U(1) != U(0):
        code = carray(as_u8(at), 3)
        if code[0] == 0x0F and code[1] == 0x01 and (code[2] == 0xC1 or code[2] == 0xD9):
            give_back(engine, control, linear(engine))
            control.latch_count = U(0)
            control.kind = U(HYPERCALL)
            return False
    cause = INVALID_OPCODE
    if (
        at != 0 and carray(as_u8(at), 1)[0] == 0xF1
    ):  # INT1, which the engine lacks: a trap without a check of the gate
        cause = DEBUG
        carray(as_u32(np.intp(engine.exception)), 1)[0] = np.uint32(DEBUG)
        put64(engine, PC, get64(engine, PC) + U(1))
    left = exception(engine, control, cause)
    if left != NONE:
        control.kind = U(left)
        return False
    if control.kick != U(0):
        control.kind = U(KICK)
        uc_emu_stop(uc)
    return True
