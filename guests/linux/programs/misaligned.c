/* Loads and stores at any address: within a word, across words, across pages. */

#define _GNU_SOURCE
#include <sys/mman.h>

#include "tap.h"

enum { PAGE = 4096 };

#define LOAD(name, type)                                                              \
    static long name(const void *at)                                                  \
    {                                                                                 \
        long value;                                                                   \
        __asm__ volatile(#type " %0, 0(%1)" : "=r"(value) : "r"(at) : "memory");      \
        return value;                                                                 \
    }
#define STORE(name, type)                                                             \
    static void name(void *at, long value)                                            \
    {                                                                                 \
        __asm__ volatile(#type " %0, 0(%1)" : : "r"(value), "r"(at) : "memory");      \
    }
LOAD(load_h, lh) LOAD(load_hu, lhu) LOAD(load_w, lw) LOAD(load_wu, lwu) LOAD(load_d, ld)
STORE(store_h, sh) STORE(store_w, sw) STORE(store_d, sd)

static long load_fw(const void *at)
{
    long value;
    __asm__ volatile("flw ft0, 0(%1)\nfmv.x.w %0, ft0" : "=r"(value) : "r"(at) : "ft0", "memory");
    return value;
}

static long load_fd(const void *at)
{
    long value;
    __asm__ volatile("fld ft0, 0(%1)\nfmv.x.d %0, ft0" : "=r"(value) : "r"(at) : "ft0", "memory");
    return value;
}

static void store_fw(void *at, long value)
{
    __asm__ volatile("fmv.w.x ft0, %0\nfsw ft0, 0(%1)" : : "r"(value), "r"(at) : "ft0", "memory");
}

static void store_fd(void *at, long value)
{
    __asm__ volatile("fmv.d.x ft0, %0\nfsd ft0, 0(%1)" : : "r"(value), "r"(at) : "ft0", "memory");
}

static const struct {
    const char *name;
    long (*load)(const void *);
    int width;
    bool sign;
} loads[] = {{"lh", load_h, 2, true},   {"lhu", load_hu, 2, false}, {"lw", load_w, 4, true},   {"lwu", load_wu, 4, false},
             {"ld", load_d, 8, true},   {"flw", load_fw, 4, true},  {"fld", load_fd, 8, true}};

static const struct {
    const char *name;
    void (*store)(void *, long);
    int width;
} stores[] = {{"sh", store_h, 2}, {"sw", store_w, 4}, {"sd", store_d, 8}, {"fsw", store_fw, 4}, {"fsd", store_fd, 8}};

static long wanted(const unsigned char *at, int width, bool sign)
{
    unsigned long value = 0;
    for (int i = width; i-- > 0;)
        value = value << 8 | at[i];
    int unused = 64 - 8 * width;
    return sign ? (long)(value << unused) >> unused : (long)value;
}

int main(void)
{
    unsigned char *memory = mmap(NULL, 4 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    need(memory != MAP_FAILED, "mmap");
    plan(12);
    uint64_t state = 3;
    for (int i = 0; i < 4 * PAGE; i++)
        memory[i] = chance(&state);
    for (unsigned row = 0; row < sizeof loads / sizeof *loads; row++) {
        long wrong = 0;
        for (int round = 0; round < 20; round++)
            for (int i = PAGE - 16; i < PAGE + 16; i++)
                wrong += loads[row].load(memory + i) != wanted(memory + i, loads[row].width, loads[row].sign);
        ok(wrong == 0, "%s at every address around the end of a page", loads[row].name);
    }
    for (unsigned row = 0; row < sizeof stores / sizeof *stores; row++) {
        long wrong = 0;
        for (int i = PAGE - 16; i < PAGE + 16; i++) {
            unsigned char before[64];
            long value = (long)chance(&state);
            memcpy(before, memory + PAGE - 32, 64);
            memcpy(before + (i - PAGE + 32), &value, stores[row].width);
            stores[row].store(memory + i, value);
            wrong += memcmp(before, memory + PAGE - 32, 64) != 0;
        }
        ok(wrong == 0, "%s at every address around the end of a page", stores[row].name);
    }
    return done();
}
