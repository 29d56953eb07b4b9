/* Ways of x86 to access memory: see portable/arch.h. Each function holds one instruction that does, or a string one. */
#include "arch.h"

#define FORM(name) static ulong name(ulong address, __attribute__((unused)) ulong value)

/* result = f(memory): the instruction reads [%1] into %0. */
#define LOADS(name, text)                                                            \
    FORM(name) {                                                                     \
        ulong result = 0;                                                            \
        __asm__ volatile(text : "+a"(result) : "r"(address), "d"(value) : "memory"); \
        return result;                                                               \
    }
/* The instruction stores %edx, or parts of it, at [%1]. */
#define STORES(name, text)                                                           \
    FORM(name) {                                                                     \
        ulong result = 0;                                                            \
        __asm__ volatile(text : "+a"(result) : "r"(address), "d"(value) : "memory", "cc"); \
        return result;                                                               \
    }

LOADS(mov8, "movb (%1), %%al")
LOADS(mov16, "movw (%1), %%ax")
LOADS(mov32, "movl (%1), %%eax")
LOADS(mov_disp8, "movl -4(%1), %%eax") /* with address + 4 */
LOADS(movzx8, "movzbl (%1), %%eax")
LOADS(movzx16, "movzwl (%1), %%eax")
LOADS(movsx8, "movsbl (%1), %%eax")
LOADS(movsx16, "movswl (%1), %%eax")
LOADS(movsx8_16, "movsbw (%1), %%ax")
LOADS(add_r, "addl (%1), %%eax")
LOADS(adc_r, "clc\n\tadcl (%1), %%eax")
LOADS(sub_r, "subl (%1), %%eax\n\tnegl %%eax")
LOADS(or_r, "orl (%1), %%eax")
LOADS(xor_r, "xorl (%1), %%eax")
LOADS(and_r, "notl %%eax\n\tandl (%1), %%eax")
LOADS(imul_r, "imull $1, (%1), %%eax")
LOADS(bsf_r, "bsfl (%1), %%eax")
LOADS(test_m, "testb $1, (%1)\n\tsetne %%al")
LOADS(bt_m, "btl $31, (%1)\n\tsetc %%al")
LOADS(cmp_m, "cmpl $0x89abcdef, (%1)\n\tsete %%al")
LOADS(movd_load, "movd (%1), %%xmm0\n\tmovd %%xmm0, %%eax")
LOADS(movq_load, "movq (%1), %%xmm0\n\tmovd %%xmm0, %%eax")
LOADS(movups_load, "movups (%1), %%xmm0\n\tmovd %%xmm0, %%eax")
LOADS(mmx_load, "movq (%1), %%mm0\n\tmovd %%mm0, %%eax\n\temms")
STORES(mov8_s, "movb %%dl, (%1)")
STORES(mov16_s, "movw %%dx, (%1)")
STORES(mov32_s, "movl %%edx, (%1)")
STORES(movnti_s, "movntil %%edx, (%1)")
STORES(movd_s, "movd %%edx, %%xmm0\n\tmovd %%xmm0, (%1)")
STORES(movss_s, "movd %%edx, %%xmm0\n\tmovss %%xmm0, (%1)")
STORES(mov_imm, "movl $0x55, (%1)")
STORES(setcc_s, "cmpl %%edx, %%edx\n\tsete (%1)")
STORES(inc_m, "incl (%1)")
STORES(dec_m, "decl (%1)")
STORES(neg_m, "negl (%1)")
STORES(not_m, "notl (%1)")
STORES(add_m, "addl %%edx, (%1)")
STORES(lock_add_m, "lock addl %%edx, (%1)")
STORES(sub_m, "subl %%edx, (%1)")
STORES(or_m, "orl %%edx, (%1)")
STORES(and_m, "andl %%edx, (%1)")
STORES(xor_m, "xorl %%edx, (%1)")
STORES(shl_m, "shll $4, (%1)")
STORES(bts_m, "btsl $4, (%1)")
STORES(xchg_m, "xchgl %%edx, (%1)\n\tmovl %%edx, %%eax")
STORES(xadd_m, "lock xaddl %%edx, (%1)\n\tmovl %%edx, %%eax")
STORES(cmpxchg_same, "movl $0x89abcdef, %%eax\n\tlock cmpxchgl %%edx, (%1)\n\tsete %%al\n\tmovzbl %%al, %%eax")
STORES(cmpxchg_other, "movl $1, %%eax\n\tlock cmpxchgl %%edx, (%1)")

FORM(mov_offset) { return mov_disp8(address + 4, value); }

#ifdef __x86_64__
LOADS(mov64, "movq (%1), %%rax")
LOADS(movsxd, "movslq (%1), %%rax")
LOADS(pop_m, "xchgq %%rsp, %1\n\tpopq %%rax\n\tmovq %1, %%rsp")
STORES(mov64_s, "movq %%rdx, (%1)")
#endif

/* String instructions: from or to a word in memory, one element. */
static volatile u32 there;

FORM(movs_load) {
    ulong to = (ulong)&there;
    __asm__ volatile("movsl" : "+S"(address), "+D"(to)::"memory");
    return there;
}

FORM(movs_store) {
    ulong from = (ulong)&there;
    there = (u32)value;
    __asm__ volatile("movsl" : "+S"(from), "+D"(address)::"memory");
    return 0;
}

FORM(rep_movs_load) {
    ulong to = (ulong)&there, count = 1;
    __asm__ volatile("rep movsl" : "+S"(address), "+D"(to), "+c"(count)::"memory");
    return there;
}

FORM(lods) {
    ulong result = 0;
    __asm__ volatile("lodsl" : "+a"(result), "+S"(address)::"memory");
    return result;
}

FORM(stos) {
    __asm__ volatile("stosl" : "+D"(address) : "a"(value) : "memory");
    return 0;
}

FORM(rep_stos) {
    ulong count = 1;
    __asm__ volatile("rep stosl" : "+D"(address), "+c"(count) : "a"(value) : "memory");
    return 0;
}

FORM(cmps) {
    ulong to = (ulong)&there;
    u8 same;
    there = PATTERN;
    __asm__ volatile("cmpsl\n\tsete %0" : "=q"(same), "+S"(address), "+D"(to)::"memory", "cc");
    return same;
}

FORM(scas) {
    u8 same;
    __asm__ volatile("scasl\n\tsete %0" : "=q"(same), "+D"(address) : "a"((u32)PATTERN) : "memory", "cc");
    return same;
}

FORM(push_m) {
    ulong result;
#ifdef __x86_64__
    __asm__ volatile("pushq (%1)\n\tpopq %0" : "=r"(result) : "r"(address) : "memory");
#else
    __asm__ volatile("pushl (%1)\n\tpopl %0" : "=r"(result) : "r"(address) : "memory");
#endif
    return result;
}

FORM(fild) {
    u32 result;
    __asm__ volatile("fildl (%1)\n\tfistpl %0" : "=m"(result) : "r"(address) : "memory");
    return result;
}

FORM(fist) {
    there = (u32)value;
    __asm__ volatile("fildl %0\n\tfistpl (%1)" ::"m"(there), "r"(address) : "memory");
    return 0;
}

#define LOAD(name, code, result) {name, code, FORM_LOAD, 0, result, PATTERN}
#define STORE(name, code, value, after) {name, code, FORM_STORE, value, ANY, after}
#define OTHER(name, code, value, result, after) {name, code, FORM_OTHER, value, result, after}

const struct arch_form arch_forms[] = {
    LOAD("mov r8", mov8, 0xef),
    LOAD("mov r16", mov16, 0xcdef),
    LOAD("mov r32", mov32, PATTERN),
    LOAD("mov with an offset", mov_offset, PATTERN),
    LOAD("movzx of 8", movzx8, 0xef),
    LOAD("movzx of 16", movzx16, 0xcdef),
    LOAD("movsx of 8", movsx8, 0xffffffefu),
    LOAD("movsx of 16", movsx16, 0xffffcdefu),
    LOAD("movsx of 8 to 16", movsx8_16, 0xffef),
    LOAD("add", add_r, PATTERN),
    LOAD("adc", adc_r, PATTERN),
    LOAD("sub", sub_r, PATTERN),
    LOAD("or", or_r, PATTERN),
    LOAD("xor", xor_r, PATTERN),
    LOAD("and", and_r, PATTERN),
    LOAD("imul", imul_r, PATTERN),
    LOAD("push", push_m, PATTERN),
    LOAD("movd", movd_load, PATTERN),
    LOAD("movq", movq_load, PATTERN),
    LOAD("movups", movups_load, PATTERN),
    LOAD("movq of MMX", mmx_load, PATTERN),
    LOAD("movs from it", movs_load, PATTERN),
    LOAD("rep movs from it", rep_movs_load, PATTERN),
    LOAD("lods", lods, PATTERN),
    LOAD("fild", fild, PATTERN),
#ifdef __x86_64__
    LOAD("mov r64", mov64, PATTERN),
    LOAD("movsxd", movsxd, SIGNED(PATTERN)),
    LOAD("pop", pop_m, PATTERN),
    STORE("mov of 64", mov64_s, 0x41, 0x41),
#endif
    OTHER("bsf", bsf_r, 0, 0, PATTERN),
    OTHER("test", test_m, 0, 1, PATTERN),
    OTHER("bt", bt_m, 0, 1, PATTERN),
    OTHER("cmp", cmp_m, 0, 1, PATTERN),
    OTHER("cmps", cmps, 0, 1, PATTERN),
    OTHER("scas", scas, 0, 1, PATTERN),
    STORE("mov of 8", mov8_s, 0x41, 0x41),
    STORE("mov of 16", mov16_s, 0x41, 0x41),
    STORE("mov of 32", mov32_s, 0x41, 0x41),
    STORE("movnti", movnti_s, 0x41, 0x41),
    STORE("movd to it", movd_s, 0x41, 0x41),
    STORE("movss to it", movss_s, 0x41, 0x41),
    STORE("movs to it", movs_store, 0x41, 0x41),
    STORE("stos", stos, 0x41, 0x41),
    STORE("rep stos", rep_stos, 0x41, 0x41),
    STORE("fistp", fist, 0x41, 0x41),
    OTHER("mov of a constant", mov_imm, 0, ANY, 0x55),
    OTHER("sete", setcc_s, 0, ANY, 1),
    OTHER("inc", inc_m, 0, ANY, PATTERN + 1),
    OTHER("dec", dec_m, 0, ANY, PATTERN - 1),
    OTHER("neg", neg_m, 0, ANY, 0 - PATTERN),
    OTHER("not", not_m, 0, ANY, ~PATTERN),
    OTHER("add to it", add_m, 5, ANY, PATTERN + 5),
    OTHER("lock add", lock_add_m, 5, ANY, PATTERN + 5),
    OTHER("sub from it", sub_m, 5, ANY, PATTERN - 5),
    OTHER("or to it", or_m, 0xf0000000, ANY, 0xf9abcdefu),
    OTHER("and to it", and_m, 0xffff, ANY, 0xcdef),
    OTHER("xor to it", xor_m, 0xffff, ANY, 0x89ab3210u),
    OTHER("shl", shl_m, 0, ANY, 0x9abcdef0u),
    OTHER("bts", bts_m, 0, ANY, 0x89abcdffu),
    OTHER("xchg", xchg_m, 5, PATTERN, 5),
    OTHER("xadd", xadd_m, 5, PATTERN, PATTERN + 5),
    OTHER("cmpxchg that swaps", cmpxchg_same, 5, 1, 5),
    OTHER("cmpxchg that does not", cmpxchg_other, 5, PATTERN, PATTERN),
};
const u32 arch_form_count = COUNT(arch_forms);
