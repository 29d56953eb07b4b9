#include "check.h"

#include "board.h"
#include "console.h"

void exit(int code) { board_power_off((u32)code); }

void fail(const char *what) {
    print("FAIL %s\n", what);
    exit(1);
}

void check(const char *what, ulong actual, ulong expected) {
    if (actual == expected) {
        print("ok %s\n", what);
        return;
    }
    print("FAIL %s: expected 0x%lx, got 0x%lx\n", what, expected, actual);
    exit(1);
}
