/* main -> outer -> middle -> recurse(3) ... recurse(0) -> leaf -> bottom, which returns to nobody else. */
#define KEEP __attribute__((noinline))

volatile int sink, turns = 3;
int table[16];

KEEP int bottom(int x) {
    sink = x;
    return x + 1;
}

KEEP int leaf(int x) {
    int local[8];
    for (int i = 0; i < 8; i++) local[i] = x + i + table[i];
    sink = bottom(local[x & 7]);
    return sink + local[(x + 1) & 7];
}

KEEP int recurse(int depth, int value) {
    if (depth == 0) return leaf(value) + 1;
    int below = recurse(depth - 1, value + depth);
    return below * 3 + depth;
}

KEEP int middle(int a, int b, int c) {
    char space[3000];
    for (int i = 0; i < 3000; i += 100) ((volatile char *)space)[i] = (char)(a + i);
    if (a > 1000) return b;
    int first = recurse(turns, a + b);
    return first + ((volatile char *)space)[c & 1023] + b * c;
}

KEEP int outer(int a) {
    int one = middle(a, a + 1, a + 2);
    return one ^ a;
}

int main(void) {
    sink = outer(7);
    return 0;
}
