/* What the compiler calls where the CPU has no 32-bit multiplication or division: MC68000, ColdFire without a divider. */
#include "types.h"

u32 __mulsi3(u32 first, u32 second);
u32 __udivsi3(u32 dividend, u32 divisor);
u32 __umodsi3(u32 dividend, u32 divisor);
int __divsi3(int dividend, int divisor);
int __modsi3(int dividend, int divisor);

static u32 divide(u32 dividend, u32 divisor, u32 *rest) {
    u32 quotient = 0, remainder = 0;
    for (int bit = 31; bit >= 0; bit--) {
        remainder = remainder << 1 | (dividend >> bit & 1);
        if (remainder < divisor) continue;
        remainder -= divisor;
        quotient |= 1u << bit;
    }
    *rest = remainder;
    return quotient;
}

u32 __mulsi3(u32 first, u32 second) {
    u32 product = 0;
    for (; second; second >>= 1, first <<= 1)
        if (second & 1) product += first;
    return product;
}

u32 __udivsi3(u32 dividend, u32 divisor) {
    u32 rest;
    return divide(dividend, divisor, &rest);
}

u32 __umodsi3(u32 dividend, u32 divisor) {
    u32 rest;
    divide(dividend, divisor, &rest);
    return rest;
}

int __divsi3(int dividend, int divisor) {
    u32 rest, quotient = divide(dividend < 0 ? -(u32)dividend : (u32)dividend, divisor < 0 ? -(u32)divisor : (u32)divisor, &rest);
    return (int)((dividend < 0) != (divisor < 0) ? -quotient : quotient);
}

int __modsi3(int dividend, int divisor) {
    u32 rest;
    divide(dividend < 0 ? -(u32)dividend : (u32)dividend, divisor < 0 ? -(u32)divisor : (u32)divisor, &rest);
    return (int)(dividend < 0 ? -rest : rest);
}
