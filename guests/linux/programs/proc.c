/* What the kernel says of itself and of its processes: /proc, /sys, uname, sysinfo, random numbers. */

#define _GNU_SOURCE
#include <dirent.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/sysinfo.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "tap.h"

static char text[1 << 16];

static const char *contents(const char *path)
{
    int file = open(path, O_RDONLY);
    ssize_t length = 0, got;
    need(file >= 0, path);
    while ((got = read(file, text + length, sizeof text - 1 - length)) > 0)
        length += got;
    text[length] = '\0';
    close(file);
    return text;
}

static long number_after(const char *path, const char *words)
{
    const char *found = strstr(contents(path), words);
    return found ? strtol(found + strlen(words), NULL, 10) : -1;
}

static void check_machine(void)
{
    struct utsname name;
    uname(&name);
    ok(strcmp(name.sysname, "Linux") == 0 && strcmp(name.machine, "riscv64") == 0, "uname says riscv64");
    int processors = 0;
    for (const char *at = contents("/proc/cpuinfo"); (at = strstr(at, "processor\t:")) != NULL; at++)
        processors++;
    is(processors, get_nprocs(), "/proc/cpuinfo has every processor that is online");
    ok(strstr(text, "rv64imafdc") != NULL, "with its instruction set");
    struct sysinfo info;
    sysinfo(&info);
    long total = number_after("/proc/meminfo", "MemTotal:");
    is(total, (long)(info.totalram * info.mem_unit / 1024), "/proc/meminfo and sysinfo agree");
    struct timespec time;
    clock_gettime(CLOCK_BOOTTIME, &time);
    double up = atof(contents("/proc/uptime"));
    ok(up >= time.tv_sec && up < time.tv_sec + 2.1, "/proc/uptime is the clock since boot");
    ok(strstr(contents("/proc/interrupts"), "RISC-V INTC") != NULL, "/proc/interrupts has the hart's own");
    ok(strstr(text, "riscv-timer") != NULL, "and its timer");
}

static void check_self(void)
{
    char line[400];
    snprintf(line, sizeof line, "%d (proc) R ", getpid());
    ok(strncmp(contents("/proc/self/stat"), line, strlen(line)) == 0, "/proc/self/stat is this process, running");
    void *memory = mmap(NULL, 12288, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    snprintf(line, sizeof line, "%lx-%lx r--p", (long)memory, (long)memory + 12288);
    ok(strstr(contents("/proc/self/maps"), line) != NULL, "/proc/self/maps has what was just mapped");
    munmap(memory, 12288);
    ok(strstr(contents("/proc/self/maps"), line) == NULL, "and not what was unmapped");
    ok(strstr(text, "[stack]") != NULL && strstr(text, "[vdso]") != NULL, "and the stack and the vdso");
    ok(readlink("/proc/self/exe", line, sizeof line) > 0 && strncmp(line, "/suite/proc", 11) == 0, "its own name");
    int files = 0;
    DIR *folder = opendir("/proc/self/fd");
    for (struct dirent *entry; (entry = readdir(folder)) != NULL;)
        files += entry->d_name[0] != '.';
    closedir(folder);
    is(files, 4, "its open files");
    volatile unsigned long secret = 0x1122334455667788;
    int mine = open("/proc/self/mem", O_RDWR);
    unsigned long seen = 0, fresh = 42;
    need(mine >= 0 && pread(mine, &seen, sizeof seen, (off_t)(uintptr_t)&secret) == sizeof seen, "read memory");
    ok(seen == 0x1122334455667788, "its memory as a file");
    need(pwrite(mine, &fresh, sizeof fresh, (off_t)(uintptr_t)&secret) == sizeof fresh, "write memory");
    is(secret, 42, "which can be written");
    close(mine);
}

static void check_children(void)
{
    char path[64];
    pid_t child = fork();
    if (child == 0)
        for (;;)
            pause();
    snprintf(path, sizeof path, "/proc/%d/status", child);
    is(number_after(path, "PPid:\t"), getpid(), "a child's status names its parent");
    kill(child, 9);
    waitpid(child, NULL, 0);
    ok(access(path, F_OK) < 0, "and is gone with it");
    long before = number_after("/proc/stat", "processes ");
    for (int i = 0; i < 10; i++)
        if (fork() == 0)
            _exit(0);
    while (wait(NULL) > 0)
        ;
    ok(number_after("/proc/stat", "processes ") >= before + 10, "/proc/stat counts processes");
    before = number_after("/proc/stat", "ctxt ");
    for (int i = 0; i < 10; i++) {
        struct timespec time = {.tv_nsec = 1000000};
        nanosleep(&time, NULL);
    }
    ok(number_after("/proc/stat", "ctxt ") >= before + 10, "and how often they took turns");
}

static void check_random(void)
{
    unsigned char first[64], second[64];
    need(getrandom(first, sizeof first, 0) == sizeof first, "getrandom");
    need(getrandom(second, sizeof second, 0) == sizeof second, "getrandom");
    ok(memcmp(first, second, sizeof first) != 0, "random bytes are not the same twice");
}

int main(void)
{
    plan(20);
    check_machine();
    check_self();
    check_children();
    check_random();
    return done();
}
