/* The two widths of x86 under the same names, for assembly. */
#ifndef WIDTH_H
#define WIDTH_H

#ifdef __x86_64__
#define WORD 8
#define AX rax
#define BX rbx
#define CX rcx
#define DX rdx
#define SI rsi
#define DI rdi
#define BP rbp
#define SP rsp
#define IRET iretq
#define PUSH_FLAGS pushfq
#define POP_FLAGS popfq
#define GATE 16
#define WORD_DATA .quad
#else
#define WORD 4
#define AX eax
#define BX ebx
#define CX ecx
#define DX edx
#define SI esi
#define DI edi
#define BP ebp
#define SP esp
#define IRET iretd
#define PUSH_FLAGS pushfd
#define POP_FLAGS popfd
#define GATE 8
#define WORD_DATA .long
#endif

/* Selectors. For SYSRET and SYSEXIT level 3 has its segments in this order. */
#define CODE 0x08
#define DATA 0x10
#ifdef __x86_64__
#define USER_DATA 0x1b
#define USER_CODE 0x23 /* and again at 0x28, 0x30 */
#else
#define USER_CODE 0x1b
#define USER_DATA 0x23
#endif
#define ABSENT 0x38
#define CODE_16 0x40
#define DATA_16 0x48
#define CODE_32 0x50
#define TASK 0x58
#define VECTORS 0x30

#endif
