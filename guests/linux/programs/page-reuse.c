/* Programs that are made, run once and thrown away while memory is short: their pages come back as data and as
 * other code. Each program is an ELF file of one page that exits with a code of its own. */

#define _GNU_SOURCE
#include <elf.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/sysinfo.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tap.h"

enum { PAGE = 4096, ROUNDS = 120, BASE = 0x10000, AT = 120, WORK = 40, LARGE = 24 };

/* A program: WORK times a0 = a0 * 3 + n, then exit(a0 & 0xff). */
static int make(const char *path, unsigned seed, int pages)
{
    static unsigned char image[LARGE * PAGE];
    uint32_t code[4 + 3 * WORK + 4], *next = code;
    unsigned value = seed & 0x7ff;
    *next++ = 0x00000513 | value << 20; /* li a0, value */
    *next++ = 0x00300293;               /* li t0, 3 */
    for (int i = 0; i < WORK; i++) {
        unsigned step = (seed >> (i % 5)) & 0x3ff;
        *next++ = 0x02550533;              /* mul a0, a0, t0 */
        *next++ = 0x00050513 | step << 20; /* addi a0, a0, step */
        value = value * 3 + step;
    }
    *next++ = 0x0ff57513; /* andi a0, a0, 255 */
    *next++ = 0x05d00893; /* li a7, 93: exit */
    *next++ = 0x00000073; /* ecall */
    Elf64_Ehdr header = {.e_ident = {0x7f, 'E', 'L', 'F', 2, 1, 1},
                         .e_type = ET_EXEC, .e_machine = EM_RISCV, .e_version = 1,
                         .e_entry = BASE + AT + (pages - 1) * PAGE, .e_phoff = sizeof header,
                         .e_ehsize = sizeof header, .e_phentsize = sizeof(Elf64_Phdr), .e_phnum = 1};
    Elf64_Phdr segment = {.p_type = PT_LOAD, .p_flags = PF_R | PF_X, .p_vaddr = BASE, .p_paddr = BASE,
                          .p_filesz = pages * PAGE, .p_memsz = pages * PAGE, .p_align = PAGE};
    for (int i = 0; i < pages * PAGE; i += 4)
        memcpy(image + i, &(uint32_t){0x00000013 | (seed & 0x7ff) << 20}, 4); /* addi zero, zero, seed */
    memcpy(image, &header, sizeof header);
    memcpy(image + sizeof header, &segment, sizeof segment);
    memcpy(image + AT + (pages - 1) * PAGE, code, (char *)next - (char *)code);
    int file = open(path, O_CREAT | O_WRONLY | O_TRUNC | O_CLOEXEC, 0755);
    need(file >= 0 && write(file, image, pages * PAGE) == pages * PAGE, "write a program");
    close(file);
    return value & 0xff;
}

static int run(const char *path)
{
    int status = -1;
    pid_t child = fork();
    if (child == 0) {
        execl(path, path, NULL);
        _exit(250);
    }
    waitpid(child, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 1000 + WTERMSIG(status);
}

static void check_fresh_programs(void)
{
    long wrong = 0;
    for (unsigned i = 0; i < ROUNDS; i++) {
        int expected = make("/tmp/program", i * 7919 + 1, 1);
        int code = run("/tmp/program");
        if (code != expected && !wrong)
            printf("# program %u: expected %d, got %d\n", i, expected, code);
        wrong += code != expected;
        unlink("/tmp/program");
    }
    is(wrong, 0, "a new program each time, in pages of the one before");
}

static void check_overwritten_program(void)
{
    long wrong = 0;
    for (unsigned i = 0; i < ROUNDS; i++) {
        int expected = make("/tmp/program", i * 104729 + 3, 1 + i % 3); /* the same file and its pages */
        wrong += run("/tmp/program") != expected;
        wrong += run("/tmp/program") != expected;
    }
    unlink("/tmp/program");
    is(wrong, 0, "a program that is written over runs as it is now");
}

/* Takes most of free memory, fills it, checks it, gives it back. */
static long squeeze(uint64_t seed, int percent)
{
    struct sysinfo info;
    sysinfo(&info);
    size_t size = info.freeram * info.mem_unit / 100 * percent / PAGE * PAGE;
    uint64_t *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    need(memory != MAP_FAILED, "memory");
    long wrong = 0;
    for (size_t i = 0; i < size / 8; i += PAGE / 8) {
        wrong += memory[i] != 0 || memory[i + 511] != 0;
        memory[i] = seed + i;
        memory[i + 511] = ~(seed + i);
    }
    for (size_t i = 0; i < size / 8; i += PAGE / 8)
        wrong += memory[i] != seed + i || memory[i + 511] != ~(seed + i);
    munmap(memory, size);
    return wrong;
}

static void check_pressure(void)
{
    long wrong_data = 0, wrong_code = 0;
    for (unsigned round = 0; round < 2; round++) {
        int expected[LARGE];
        char path[32];
        for (unsigned i = 0; i < LARGE; i++) {
            snprintf(path, sizeof path, "/tmp/program%u", i);
            expected[i] = make(path, round * 1000 + i * 37 + 5, 1 + i);
            wrong_code += run(path) != expected[i];
        }
        wrong_data += squeeze(round * 0x1234567, 80);
        for (unsigned i = 0; i < LARGE; i++) {
            snprintf(path, sizeof path, "/tmp/program%u", i);
            wrong_code += run(path) != expected[i];
            unlink(path);
        }
        wrong_data += squeeze(round * 0x7654321 + 1, 85);
    }
    is(wrong_data, 0, "pages that held code hold data, zeros first");
    is(wrong_code, 0, "programs run right while memory is short");
}

/* A page of anonymous memory goes from code to data to code, through the kernel's list of free pages. */
static void check_anonymous(void)
{
    long wrong = 0;
    for (int i = 0; i < ROUNDS * 4; i++) {
        uint32_t *page = mmap(NULL, 4 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        need(page != MAP_FAILED, "mmap");
        if (i % 2) {
            for (int k = 0; k < 4 * PAGE / 4; k += 256) {
                wrong += page[k] != 0;
                page[k] = i * k;
            }
            for (int k = 0; k < 4 * PAGE / 4; k += 256)
                wrong += page[k] != (uint32_t)(i * k);
        } else {
            for (int k = 0; k < 4; k++) {
                page[k * 1024] = 0x00000513 | (uint32_t)(i + k) << 20;
                page[k * 1024 + 1] = 0x00008067;
            }
            mprotect(page, 4 * PAGE, PROT_READ | PROT_EXEC);
            syscall(259, page, page + 4096, 0UL);
            for (int k = 0; k < 4; k++)
                wrong += ((int (*)(void))(page + k * 1024))() != i + k;
        }
        munmap(page, 4 * PAGE);
    }
    is(wrong, 0, "pages turn from code to data and back");
}

int main(void)
{
    plan(5);
    check_fresh_programs();
    check_overwritten_program();
    check_pressure();
    check_anonymous();
    return done();
}
