/* Arithmetic that compilers of 32-bit ISAs do not write in place but call by name: no compiler's library is linked.
 * Everything here is by 32-bit halves, or these functions would call themselves. */
#include "types.h"

#if __SIZEOF_LONG__ == 4

typedef long long s64;

union halves {
    u64 whole;
    struct {
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
        u32 high, low;
#else
        u32 low, high;
#endif
    };
};

u64 __ashldi3(u64 value, int by);
u64 __lshrdi3(u64 value, int by);
s64 __ashrdi3(s64 value, int by);
u64 __muldi3(u64 left, u64 right);
u64 __udivmoddi4(u64 numerator, u64 denominator, u64 *remainder);
s64 __divmoddi4(s64 numerator, s64 denominator, s64 *remainder);
u64 __udivdi3(u64 numerator, u64 denominator);
u64 __umoddi3(u64 numerator, u64 denominator);
s64 __divdi3(s64 numerator, s64 denominator);
s64 __moddi3(s64 numerator, s64 denominator);
int __ucmpdi2(u64 left, u64 right);
int __cmpdi2(s64 left, s64 right);

u64 __ashldi3(u64 value, int by) {
    union halves v = {.whole = value};
    if (by >= 32) {
        v.high = v.low << (by - 32);
        v.low = 0;
    } else if (by) {
        v.high = v.high << by | v.low >> (32 - by);
        v.low <<= by;
    }
    return v.whole;
}

u64 __lshrdi3(u64 value, int by) {
    union halves v = {.whole = value};
    if (by >= 32) {
        v.low = v.high >> (by - 32);
        v.high = 0;
    } else if (by) {
        v.low = v.low >> by | v.high << (32 - by);
        v.high >>= by;
    }
    return v.whole;
}

s64 __ashrdi3(s64 value, int by) {
    union halves v = {.whole = (u64)value};
    u32 sign = (u32)((int)v.high >> 31);
    if (by >= 32) {
        v.low = (u32)((int)v.high >> (by - 32));
        v.high = sign;
    } else if (by) {
        v.low = v.low >> by | v.high << (32 - by);
        v.high = (u32)((int)v.high >> by);
    }
    return (s64)v.whole;
}

/* 16 bits by 16 bits at a time: 32 by 32 into 64 is a call on some ISAs. */
u64 __muldi3(u64 left, u64 right) {
    union halves a = {.whole = left}, b = {.whole = right}, product;
    u32 a0 = a.low & 0xffff, a1 = a.low >> 16, b0 = b.low & 0xffff, b1 = b.low >> 16;
    u32 low = a0 * b0, middle = a1 * b0 + (low >> 16), other = a0 * b1 + (middle & 0xffff);
    product.low = other << 16 | (low & 0xffff);
    product.high = a1 * b1 + (middle >> 16) + (other >> 16) + a.low * b.high + a.high * b.low;
    return product.whole;
}

static int below(union halves left, union halves right) {
    return left.high != right.high ? left.high < right.high : left.low < right.low;
}

/* Bit by bit, each without a branch. Division by zero gives all ones, and the numerator is left. */
u64 __udivmoddi4(u64 numerator, u64 denominator, u64 *remainder) {
    union halves n = {.whole = numerator}, d = {.whole = denominator}, r = {.whole = 0};
    for (int bit = 0; bit < 64; bit++) {
        u32 carry = r.high >> 31, high = r.high << 1 | r.low >> 31, low = r.low << 1 | n.high >> 31;
        u32 borrow = low < d.low, rest = high - d.high;
        u32 fits = carry | ((u32)(high >= d.high) & ((rest != 0) | (borrow ^ 1))), mask = 0u - fits;
        r.low = low - (d.low & mask);
        r.high = high - ((d.high + borrow) & mask);
        n.high = n.high << 1 | n.low >> 31;
        n.low = n.low << 1 | fits;
    }
    if (remainder) *remainder = r.whole;
    return n.whole;
}

static u64 negated(u64 value) {
    union halves v = {.whole = value};
    v.low = ~v.low + 1;
    v.high = ~v.high + (v.low == 0);
    return v.whole;
}

static int is_negative(s64 value) {
    union halves v = {.whole = (u64)value};
    return (int)v.high < 0;
}

s64 __divmoddi4(s64 numerator, s64 denominator, s64 *remainder) {
    int minus = is_negative(numerator), other = is_negative(denominator);
    u64 left, quotient = __udivmoddi4(minus ? negated((u64)numerator) : (u64)numerator,
                                      other ? negated((u64)denominator) : (u64)denominator, &left);
    if (remainder) *remainder = (s64)(minus ? negated(left) : left);
    return (s64)(minus != other ? negated(quotient) : quotient);
}

u64 __udivdi3(u64 numerator, u64 denominator) { return __udivmoddi4(numerator, denominator, 0); }

u64 __umoddi3(u64 numerator, u64 denominator) {
    u64 remainder;
    __udivmoddi4(numerator, denominator, &remainder);
    return remainder;
}

s64 __divdi3(s64 numerator, s64 denominator) { return __divmoddi4(numerator, denominator, 0); }

s64 __moddi3(s64 numerator, s64 denominator) {
    s64 remainder;
    __divmoddi4(numerator, denominator, &remainder);
    return remainder;
}

/* 0, 1, 2: less, equal, more */
int __ucmpdi2(u64 left, u64 right) {
    union halves a = {.whole = left}, b = {.whole = right};
    return below(a, b) ? 0 : below(b, a) ? 2 : 1;
}

int __cmpdi2(s64 left, s64 right) {
    union halves a = {.whole = (u64)left}, b = {.whole = (u64)right};
    a.high ^= 1u << 31;
    b.high ^= 1u << 31;
    return below(a, b) ? 0 : below(b, a) ? 2 : 1;
}

#ifdef __arm__
#ifdef __thumb__
#define CODE ".thumb_func\n"
#else
#define CODE ""
#endif
/* Quotient in r0 and r1, remainder in r2 and r3. */
#define DIVISION(name, function) \
    __asm__(".section .text." name ",\"ax\",%progbits\n.balign 4\n.globl " name "\n.type " name ", %function\n" CODE \
            name ":\npush {r4, lr}\nsub sp, #16\nadd r4, sp, #8\nstr r4, [sp]\nbl " function "\n" \
            "ldr r2, [sp, #8]\nldr r3, [sp, #12]\nadd sp, #16\npop {r4, pc}\n.size " name ", . - " name "\n.text")

DIVISION("__aeabi_uldivmod", "__udivmoddi4");
DIVISION("__aeabi_ldivmod", "__divmoddi4");

u64 __aeabi_llsl(u64 value, int by);
u64 __aeabi_llsr(u64 value, int by);
s64 __aeabi_lasr(s64 value, int by);
u64 __aeabi_lmul(u64 left, u64 right);

u64 __aeabi_llsl(u64 value, int by) { return __ashldi3(value, by); }
u64 __aeabi_llsr(u64 value, int by) { return __lshrdi3(value, by); }
s64 __aeabi_lasr(s64 value, int by) { return __ashrdi3(value, by); }
u64 __aeabi_lmul(u64 left, u64 right) { return __muldi3(left, right); }
#endif

#endif

/* 32 bits, for ISAs without the instruction. */
#if defined(__arm__) && !defined(__ARM_FEATURE_IDIV)
u32 __aeabi_uidiv(u32 numerator, u32 denominator);
int __aeabi_idiv(int numerator, int denominator);
u64 __aeabi_uidivmod(u32 numerator, u32 denominator);
u64 __aeabi_idivmod(int numerator, int denominator);

static u32 divided(u32 numerator, u32 denominator) {
    u32 rest = 0;
    for (int bit = 0; bit < 32; bit++) {
        u32 carry = rest >> 31;
        rest = rest << 1 | numerator >> 31;
        numerator <<= 1;
        if (carry || rest >= denominator) {
            rest -= denominator;
            numerator |= 1;
        }
    }
    return numerator;
}

u32 __aeabi_uidiv(u32 numerator, u32 denominator) { return divided(numerator, denominator); }

int __aeabi_idiv(int numerator, int denominator) {
    u32 quotient = divided(numerator < 0 ? -(u32)numerator : (u32)numerator,
                           denominator < 0 ? -(u32)denominator : (u32)denominator);
    return (int)((numerator < 0) != (denominator < 0) ? -quotient : quotient);
}

/* Quotient in r0, remainder in r1. */
u64 __aeabi_uidivmod(u32 numerator, u32 denominator) {
    union halves both = {.low = divided(numerator, denominator)};
    both.high = numerator - both.low * denominator;
    return both.whole;
}

u64 __aeabi_idivmod(int numerator, int denominator) {
    union halves both = {.low = (u32)__aeabi_idiv(numerator, denominator)};
    both.high = (u32)numerator - both.low * (u32)denominator;
    return both.whole;
}
#endif
