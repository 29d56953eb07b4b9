/* Stores to the boot ROM of `virt`: the ROM keeps its contents, and a store access fault says so (a board may also
 * ignore the store silently, as QEMU does). */
#include "check.h"
#include "console.h"
#include "csr.h"
#include "trap.h"

#define ROM 0x1000ul

static ulong store(ulong address) {
    write32(address, 0xdeadbeef);
    return 0;
}

int main(void) {
    u32 before = read32(ROM);
    probe(store, ROM);
    check("the ROM is unchanged", read32(ROM), before);
    if (caught.count == 0) {
        console_puts("the store was ignored\n");
        return 0;
    }
    check("the cause is a store access fault", caught.cause, STORE_ACCESS);
    check("tval is the address", caught.tval, ROM);
    console_puts("the store was refused\n");
    return 0;
}
