#include "console.h"

#include "board.h"

void console_put(char byte) {
    while (!board_can_send()) {
    }
    board_send((u8)byte);
}

void console_puts(const char *text) {
    while (*text) console_put(*text++);
}

char console_take(void) {
    while (!board_has_byte()) {
    }
    return (char)board_take();
}

static void put_number(ulong number, ulong base) {
    char digits[24];
    int count = 0;
    do {
        digits[count++] = "0123456789abcdef"[number % base];
        number /= base;
    } while (number);
    while (count) console_put(digits[--count]);
}

void print(const char *format, ...) {
    __builtin_va_list arguments;
    __builtin_va_start(arguments, format);
    for (; *format; format++) {
        if (*format != '%') {
            console_put(*format);
            continue;
        }
        int wide = *++format == 'l';
        if (wide) format++;
        switch (*format) {
        case 'c':
            console_put((char)__builtin_va_arg(arguments, int));
            break;
        case 's':
            console_puts(__builtin_va_arg(arguments, const char *));
            break;
        case 'd': {
            long number = wide ? __builtin_va_arg(arguments, long) : __builtin_va_arg(arguments, int);
            if (number < 0) console_put('-');
            put_number(number < 0 ? -(ulong)number : (ulong)number, 10);
            break;
        }
        case 'u':
        case 'x':
            put_number(wide ? __builtin_va_arg(arguments, ulong) : __builtin_va_arg(arguments, u32),
                       *format == 'u' ? 10 : 16);
            break;
        default:
            console_put(*format);
        }
    }
    __builtin_va_end(arguments);
}
