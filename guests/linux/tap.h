/* What every program prints: the Test Anything Protocol, a plan and a line a check. */

#pragma once

#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int tap_planned, tap_number, tap_failed;

/* The program makes `checks` checks. Lines leave whole, so that a fork copies none that is half written. */
static inline void plan(int checks)
{
    setvbuf(stdout, NULL, _IOLBF, BUFSIZ);
    tap_planned = checks;
    printf("1..%d\n", checks);
}

__attribute__((format(printf, 2, 3))) static inline bool ok(bool passed, const char *format, ...)
{
    va_list arguments;
    printf("%s %d - ", passed ? "ok" : "not ok", ++tap_number);
    va_start(arguments, format);
    vprintf(format, arguments);
    va_end(arguments);
    printf("\n");
    tap_failed += !passed;
    return passed;
}

/* A check of a number, which says what came where it fails. */
static inline bool is(long actual, long expected, const char *what)
{
    if (!ok(actual == expected, "%s", what)) {
        printf("# expected %ld (%#lx), got %ld (%#lx)\n", expected, expected, actual, actual);
        return false;
    }
    return true;
}

/* What the program cannot do without; its absence ends it. */
static inline void need(bool given, const char *what)
{
    if (given)
        return;
    printf("Bail out! %s: %s\n", what, strerror(errno));
    exit(2);
}

/* The exit code: 0 where all planned checks were made and passed. */
static inline int done(void)
{
    if (tap_number != tap_planned)
        printf("# planned %d checks, made %d\n", tap_planned, tap_number);
    return tap_failed || tap_number != tap_planned;
}

/* True where guest time is a count of instructions: then times are exact, whatever the host does. */
static inline bool exact_time(void)
{
    return getenv("exact") != NULL;
}

/* xorshift64*: the same numbers in every run. `state` is not 0. */
static inline uint64_t chance(uint64_t *state)
{
    *state ^= *state >> 12;
    *state ^= *state << 25;
    *state ^= *state >> 27;
    return *state * 0x2545F4914F6CDD1D;
}
