/* The compute benchmark: ROUNDS times a sort, a 32x32 matrix product, a CRC-32 and a walk along a linked list, in plain
 * RAM with the MMU off: 345 million instructions on riscv64 for 300 rounds. Prints a checksum. */
#include "console.h"
#include "types.h"

#ifndef ROUNDS
#define ROUNDS 300
#endif
#define NUMBERS 4096
#define SIDE 32
#define TEXT 8192
#define NODES 2048
#define STEPS 20000

struct node {
    struct node *next;
    u32 value;
};

static u32 numbers[NUMBERS];
static u32 left[SIDE * SIDE], right[SIDE * SIDE], product[SIDE * SIDE];
static u8 text[TEXT];
static u32 crc_table[256];
static struct node nodes[NODES];
static u32 seed = 12345;

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

static void multiply(void) {
    for (int row = 0; row < SIDE; row++)
        for (int column = 0; column < SIDE; column++) {
            u32 sum = 0;
            for (int k = 0; k < SIDE; k++) sum += left[row * SIDE + k] * right[k * SIDE + column];
            product[row * SIDE + column] = sum;
        }
}

static void fill_crc_table(void) {
    for (u32 byte = 0; byte < 256; byte++) {
        u32 c = byte;
        for (int bit = 0; bit < 8; bit++) c = c & 1 ? 0xedb88320u ^ (c >> 1) : c >> 1;
        crc_table[byte] = c;
    }
}

static u32 crc(const u8 *bytes, u32 count) {
    u32 c = ~0u;
    while (count--) c = crc_table[(c ^ *bytes++) & 255] ^ (c >> 8);
    return ~c;
}

int main(void) {
    u32 hash = 0;
    fill_crc_table();
    for (int round = 0; round < ROUNDS; round++) {
        for (int i = 0; i < NUMBERS; i++) numbers[i] = next_random();
        sort(numbers, 0, NUMBERS - 1);
        hash ^= numbers[17] + numbers[4000];
        for (int i = 0; i < SIDE * SIDE; i++) {
            left[i] = next_random() >> 20;
            right[i] = next_random() >> 20;
        }
        multiply();
        hash += product[100];
        for (int i = 0; i < TEXT; i++) text[i] = (u8)(next_random() >> 24);
        hash ^= crc(text, TEXT);
        for (int i = 0; i < NODES; i++) {
            nodes[i].value = (u32)i;
            nodes[i].next = &nodes[(i * 77 + 1) % NODES];
        }
        struct node *node = nodes;
        for (int i = 0; i < STEPS; i++) {
            hash += node->value;
            node = node->next;
        }
    }
    print("%x\n", hash);
    return 0;
}
