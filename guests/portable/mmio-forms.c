/* Every way of the ISA to load from and store to a device: each must leave the right value, and do its access once.
 * Registers used: one that keeps a word; and the serial port's, whose every read takes a byte of the input, and whose
 * every write is seen. */
#include "arch.h"
#include "check.h"
#include "console.h"

#define WORD DEVICE(BOARD_WORD)
#define DATA DEVICE(UART_DATA)

static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"; /* the input, too */

static void check_values(const struct arch_form *form) {
    write32(BOARD_WORD, PATTERN);
    ulong result = form->code(WORD, form->value);
    u32 after = read32(BOARD_WORD);
    if (form->result != ANY && result != form->result) {
        print("FAIL %s: expected 0x%lx, got 0x%lx\n", form->name, form->result, result);
        exit(1);
    }
    if (after != form->after) {
        print("FAIL %s: expected 0x%x in the register, got 0x%x\n", form->name, form->after, after);
        exit(1);
    }
    print("ok %s\n", form->name);
}

static void check_reads_once(void) {
    u32 taken = 0;
    for (u32 turn = 0; turn < 2; turn++)
        for (u32 i = 0; i < arch_form_count && taken < sizeof letters - 1; i++) {
            const struct arch_form *form = &arch_forms[i];
            if (form->kind != FORM_LOAD) continue;
            while (!board_has_byte()) {
            }
            check(form->name, form->code(DATA, form->value) & 0xff, (u8)letters[taken++]);
        }
    console_puts("ok every load reads once\n");
}

static void show_stores_once(void) {
    u32 sent = 0;
    console_puts("stores: ");
    for (u32 i = 0; i < arch_form_count; i++) {
        const struct arch_form *form = &arch_forms[i];
        if (form->kind == FORM_STORE) form->code(DATA, (ulong)letters[sent++ % (sizeof letters - 1)]);
    }
    print("\n%u stores\n", sent);
}

int main(void) {
    for (u32 i = 0; i < arch_form_count; i++) check_values(&arch_forms[i]);
    check_reads_once();
    show_stores_once();
    write32(BOARD_WORD, 0);
    for (u32 i = 0; i < 1000; i++) write32(BOARD_WORD, read32(BOARD_WORD) + 1);
    check("a thousand additions", read32(BOARD_WORD), 1000);
    write32(BOARD_WORD, 0);
    console_puts("ok mmio-forms\n");
    return 0;
}
