/* For debuggers: calls three deep, structures in memory and in a frame, an array, a global that changes at known places.
 * Its manifest asks for all the debug information that there is. */
#include "check.h"
#include "console.h"

struct point {
    int x, y;
};

struct shape {
    const char *name;
    struct point corners[3];
    u32 colour;
};

volatile u32 total; /* 12, 60, 168 */
struct shape triangle = {"triangle", {{0, 0}, {3, 0}, {0, 4}}, 0xff8000};

__attribute__((noinline)) static int cross(const struct point *first, const struct point *second) {
    return first->x * second->y - second->x * first->y;
}

__attribute__((noinline)) static int doubled_area(const struct shape *shape) {
    int sum = 0;
    for (int i = 0; i < 3; i++)
        sum += cross(&shape->corners[i], &shape->corners[(i + 1) % 3]);
    return sum;
}

__attribute__((noinline)) static int scaled(const struct shape *shape, int factor) {
    struct shape larger = *shape;
    for (int i = 0; i < 3; i++) {
        larger.corners[i].x *= factor;
        larger.corners[i].y *= factor;
    }
    int area = doubled_area(&larger);
    return area;
}

int main(void) {
    for (int factor = 1; factor <= 3; factor++)
        total += (u32)scaled(&triangle, factor);
    print("%s: total %u\n", triangle.name, total);
    check("total", total, 168);
    return 0;
}
