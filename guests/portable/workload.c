/* The common workload: a sort, a CRC-32, a small interpreter (switch), 64-bit arithmetic, and device accesses of every
 * width that depend on the results. Its one line of result is the same on every ISA, and so is every access to a device,
 * in order: nothing here depends on time, on the order of bytes, or on the width of a register.
 * ROUNDS: 4 take one to three million instructions; benchmarks take more. */
#include "arch.h"
#include "console.h"

#ifndef ROUNDS
#define ROUNDS 4
#endif
#define NUMBERS 1024
#define TEXT 4096
#define STEPS 4000
#define DIVISIONS 64

static u32 numbers[NUMBERS];
static u8 text[TEXT];
static u32 crc_table[256];
static u32 seed = 20261121;

static u32 next_random(void) { return seed = seed * 1664525u + 1013904223u; }

static void sort(u32 *array, int low, int high) {
    while (low < high) {
        u32 pivot = array[(low + high) / 2];
        int i = low, j = high;
        while (i <= j) {
            while (array[i] < pivot) i++;
            while (array[j] > pivot) j--;
            if (i <= j) {
                u32 kept = array[i];
                array[i++] = array[j];
                array[j--] = kept;
            }
        }
        if (j - low < high - i) {
            sort(array, low, j);
            low = i;
        } else {
            sort(array, i, high);
            high = j;
        }
    }
}

static u32 sorted(void) {
    u32 hash = 0;
    for (u32 i = 0; i < NUMBERS; i++) numbers[i] = next_random();
    sort(numbers, 0, NUMBERS - 1);
    for (u32 i = 0; i < NUMBERS; i++) hash = hash * 31 + numbers[i];
    for (u32 i = 1; i < NUMBERS; i++) hash += numbers[i - 1] > numbers[i];
    return hash;
}

static void fill_crc_table(void) {
    for (u32 byte = 0; byte < 256; byte++) {
        u32 c = byte;
        for (int bit = 0; bit < 8; bit++) c = c & 1 ? 0xedb88320u ^ (c >> 1) : c >> 1;
        crc_table[byte] = c;
    }
}

static u32 crc(void) {
    u32 c = ~0u;
    for (u32 i = 0; i < TEXT; i++) text[i] = (u8)(next_random() >> 24);
    for (u32 i = 0; i < TEXT; i++) c = crc_table[(c ^ text[i]) & 255] ^ (c >> 8);
    return ~c;
}

/* Each byte of the text is an instruction of a machine with two registers. */
static u32 interpret(void) {
    u32 a = 1, b = 2;
    for (u32 at = 0, step = 0; step < STEPS; step++) {
        u8 code = text[at];
        at = (at + 1) % TEXT;
        switch (code & 15) {
        case 0: a += b; break;
        case 1: a -= b; break;
        case 2: a ^= b << 3; break;
        case 3: a = a >> 5 | a << 27; break;
        case 4: b += code; break;
        case 5: b *= 0x9e3779b1u; break;
        case 6: b = a & 0xffff; break;
        case 7: a |= b >> 7; break;
        case 8: a *= b | 1; break;
        case 9: b = ~b; break;
        case 10: at = (at + (code >> 4)) % TEXT; break;
        case 11: b -= a >> 11; break;
        case 12: if (a & 1) b ^= a; break;
        case 13: a /= (code >> 4) + 3u; break;
        case 14: b %= a | 1; break;
        default: a += step;
        }
    }
    return a ^ b;
}

static u64 wide(u32 mixed) {
    u64 x = (u64)mixed << 32 | next_random(), sum = 0;
    for (u32 i = 0; i < DIVISIONS; i++) {
        u64 y = next_random();
        y = y << (next_random() % 32) | 1;
        long long z = (long long)(x ^ y << 17);
        x = x * 6364136223846793005ull + y;
        sum += x / y;
        sum ^= x % (y | 3) << (i % 64);
        sum += (u64)(z / (long long)(y >> 3 | 5)) - (u64)(z % ((long long)(y & 0xffffff) - 0x1000000));
        sum ^= (u64)(z >> (i * 7 % 64)) + (x >> (i * 5 % 64));
    }
    return sum;
}

/* Registers that keep what is written, and a timer that is cancelled long before it fires. */
static u32 devices(u32 value) {
    u32 hash = 0;
    write32(LATCH_EXTERNAL, value);
    hash = hash * 31 + read32(LATCH_EXTERNAL);
    hash = hash * 31 + read16(LATCH_EXTERNAL);
    hash = hash * 31 + read8(LATCH_EXTERNAL);
    write16(LATCH_EXTERNAL, (u16)(value >> 3));
    hash = hash * 31 + read32(LATCH_EXTERNAL);
    write8(LATCH_EXTERNAL, (u8)(value >> 11));
    hash = hash * 31 + read16(LATCH_EXTERNAL);
    write32(LATCH_EXTERNAL, 0);
    write32(LATCH_SOFTWARE, value >> 1);
    hash = hash * 31 + read8(LATCH_SOFTWARE);
    write8(LATCH_SOFTWARE, 0);
    hash = hash * 31 + read32(LATCH_SOFTWARE);
    write32(TIMER_DELAY, value | 1u << 31);
    write32(TIMER_DELAY, 0);
    hash = hash * 31 + read32(TIMER_DELAY);
    hash = hash * 31 + read32(TIMER_DELAY + 4);
    hash = hash * 31 + read8(TIMER_STATUS);
    write16(UART_CONTROL, (u16)value);
    hash = hash * 31 + read32(UART_CONTROL);
    write8(UART_CONTROL, 0);
    hash = hash * 31 + read16(UART_STATUS);
    hash = hash * 31 + read32(LATCH_LINES);
    return hash;
}

int main(void) {
    u32 sort_hash = 0, crc_hash = 0, switch_hash = 0, device_hash = 0;
    u64 wide_hash = 0;
    fill_crc_table();
    for (u32 round = 0; round < ROUNDS; round++) {
        sort_hash = sort_hash * 31 + sorted();
        crc_hash = crc_hash * 31 + crc();
        switch_hash = switch_hash * 31 + interpret();
        wide_hash = wide_hash * 31 + wide(switch_hash);
        device_hash = device_hash * 31 + devices(sort_hash ^ crc_hash ^ (u32)(wide_hash >> 16));
    }
    print("workload: sort %x, crc %x, switch %x, wide %x.%x, devices %x\n", sort_hash, crc_hash, switch_hash,
          (u32)(wide_hash >> 32), (u32)wide_hash, device_hash);
    return 0;
}
