/* What compilers call by themselves to copy and fill memory. Linked where one does. */
#include "types.h"

void *memcpy(void *to, const void *from, ulong size);
void *memmove(void *to, const void *from, ulong size);
void *memset(void *to, int byte, ulong size);
int memcmp(const void *left, const void *right, ulong size);

void *memcpy(void *to, const void *from, ulong size) {
    u8 *out = to;
    const u8 *in = from;
    while (size--) *out++ = *in++;
    return to;
}

void *memmove(void *to, const void *from, ulong size) {
    u8 *out = to;
    const u8 *in = from;
    if (out < in) return memcpy(to, from, size);
    while (size--) out[size] = in[size];
    return to;
}

void *memset(void *to, int byte, ulong size) {
    u8 *out = to;
    while (size--) *out++ = (u8)byte;
    return to;
}

int memcmp(const void *left, const void *right, ulong size) {
    const u8 *a = left, *b = right;
    for (; size--; a++, b++)
        if (*a != *b) return *a - *b;
    return 0;
}

#ifdef __arm__
void __aeabi_memcpy(void *to, const void *from, ulong size);
void __aeabi_memcpy4(void *to, const void *from, ulong size);
void __aeabi_memcpy8(void *to, const void *from, ulong size);
void __aeabi_memset(void *to, ulong size, int byte);
void __aeabi_memclr(void *to, ulong size);
void __aeabi_memclr4(void *to, ulong size);
void __aeabi_memclr8(void *to, ulong size);

void __aeabi_memcpy(void *to, const void *from, ulong size) { memcpy(to, from, size); }
void __aeabi_memcpy4(void *to, const void *from, ulong size) { memcpy(to, from, size); }
void __aeabi_memcpy8(void *to, const void *from, ulong size) { memcpy(to, from, size); }
void __aeabi_memset(void *to, ulong size, int byte) { memset(to, byte, size); }
void __aeabi_memclr(void *to, ulong size) { memset(to, 0, size); }
void __aeabi_memclr4(void *to, ulong size) { memset(to, 0, size); }
void __aeabi_memclr8(void *to, ulong size) { memset(to, 0, size); }
#endif
