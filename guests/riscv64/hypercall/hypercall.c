/* Calls to the virtual machine monitor, and what is none. Numbers: guests/README.md.
 * Boards other than `bare` have no hypercalls in M mode: there the call is a trap of the guest's own. */
#include "board.h"
#include "check.h"
#include "console.h"
#include "csr.h"
#include "trap.h"

#define EXTENSION 0x485643
#define VERSION 0
#define ECHO 1
#define NOT_SUPPORTED ((ulong)-2)

struct call {
    ulong extension, number, arguments[6];
};

/* a0-a7 go back into the call, so that a test sees what came of them. */
static ulong hypercall(ulong address) {
    struct call *call = (struct call *)address;
    register ulong a0 __asm__("a0") = call->arguments[0];
    register ulong a1 __asm__("a1") = call->arguments[1];
    register ulong a2 __asm__("a2") = call->arguments[2];
    register ulong a3 __asm__("a3") = call->arguments[3];
    register ulong a4 __asm__("a4") = call->arguments[4];
    register ulong a5 __asm__("a5") = call->arguments[5];
    register ulong a6 __asm__("a6") = call->number;
    register ulong a7 __asm__("a7") = call->extension;
    __asm__ volatile("ecall"
                     : "+r"(a0), "+r"(a1), "+r"(a2), "+r"(a3), "+r"(a4), "+r"(a5), "+r"(a6), "+r"(a7)
                     :
                     : "memory");
    *call = (struct call){a7, a6, {a0, a1, a2, a3, a4, a5}};
    return a0;
}

#ifdef BOARD_BARE
static void check_calls(void) {
    struct call call = {EXTENSION, VERSION, {0}};
    check("version", probe(hypercall, (ulong)&call), 0x10000);
    call = (struct call){EXTENSION, ECHO, {0x12345678, 0x0f0f0f0f, 3, 4, 5, 6}};
    check("echo", probe(hypercall, (ulong)&call), 0x12345678 ^ 0x0f0f0f0f);
    check("no trap", caught.count, 0);
    check("a1 is kept", call.arguments[1], 0x0f0f0f0f);
    check("a2 to a5 are kept", call.arguments[2] << 12 | call.arguments[3] << 8 | call.arguments[4] << 4 |
                                   call.arguments[5], 0x3456);
    check("a6 is kept", call.number, ECHO);
    check("a7 is kept", call.extension, EXTENSION);
    call = (struct call){EXTENSION, ECHO, {-1ul, 1}};
    check("echo of a whole register", probe(hypercall, (ulong)&call), -2ul);
    call = (struct call){EXTENSION, 0x7fff, {1, 2, 3, 4, 5, 6}};
    check("an unknown number is not supported", probe(hypercall, (ulong)&call), NOT_SUPPORTED);
    check("and no trap", caught.count, 0);
    ulong sum = 0;
    for (ulong i = 0; i < 1000; i++) {
        call = (struct call){EXTENSION, ECHO, {i, 1}};
        sum += hypercall((ulong)&call);
    }
    check("a thousand calls", sum, 999 * 1000 / 2);
}
#else
static void check_calls(void) {
    struct call call = {EXTENSION, VERSION, {7}};
    probe(hypercall, (ulong)&call);
    check("no hypercalls on this board: a trap", caught.cause, ECALL_M);
}
#endif

int main(void) {
    check_calls();
    struct call call = {0x1234, 0, {7}};
    probe(hypercall, (ulong)&call);
    check("ecall with another a7 is a trap of our own", caught.count, 1);
    check("with its cause", caught.cause, ECALL_M);
    check("registers are as they were", call.arguments[0], 7);
    call = (struct call){EXTENSION, VERSION, {7}};
    probe_in(USER, hypercall, (ulong)&call);
    check("so is ecall from U mode", caught.count, 1);
    check("with its cause", caught.cause, ECALL_U);
    call = (struct call){EXTENSION, VERSION, {7}};
    probe_in(SUPERVISOR, hypercall, (ulong)&call);
    check("and from S mode", caught.cause, ECALL_S);
    return 0;
}
