/* A check that fails: the suite must see it, so the manifest expects success and says xfail. */
#include "check.h"

static u32 sum(const char *text) {
    u32 total = 0;
    while (*text) total = total * 31 + (u8)*text++;
    return total;
}

int main(void) {
    check("a sum that is right", sum("axemu"), 93257014);
    check("a sum that is wrong", sum("axemu"), 1);
    return 0;
}
