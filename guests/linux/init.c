/* The first process: runs every program of /suite, prints one TAP document (version 14, a subtest a program),
 * and powers off. A program that takes longer than LIMIT seconds of guest time is killed. */

#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { LIMIT = 60, MOST = 64 };

static char *names[MOST];
static int count;

static int by_name(const void *left, const void *right)
{
    return strcmp(*(char *const *)left, *(char *const *)right);
}

static void mount_all(void)
{
    static const char *const table[][2] = {
        {"proc", "/proc"}, {"sysfs", "/sys"}, {"devtmpfs", "/dev"}, {"tmpfs", "/tmp"}};
    for (unsigned i = 0; i < sizeof table / sizeof *table; i++) {
        mkdir(table[i][1], 0755);
        if (mount(table[i][0], table[i][1], table[i][0], 0, NULL) < 0)
            printf("# cannot mount %s: %s\n", table[i][1], strerror(errno));
    }
}

/* The programs to run: those that the kernel's command line names (only=a,b), else all of the folder. */
static void find_programs(void)
{
    const char *only = getenv("only");
    DIR *folder = opendir("/suite");
    for (struct dirent *entry; folder != NULL && (entry = readdir(folder)) != NULL;) {
        if (entry->d_name[0] == '.' || count == MOST)
            continue;
        if (only != NULL) {
            const char *found = strstr(only, entry->d_name);
            size_t length = strlen(entry->d_name);
            if (found == NULL || (found != only && found[-1] != ',') || (found[length] && found[length] != ','))
                continue;
        }
        names[count++] = strdup(entry->d_name);
    }
    qsort(names, count, sizeof *names, by_name);
}

static double now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return time.tv_sec + time.tv_nsec / 1e9;
}

/* One line of a file of /proc, as a remark. */
static void remark(const char *process, const char *file)
{
    char path[64], line[200];
    snprintf(path, sizeof path, "/proc/%.16s/%s", process, file);
    FILE *from = fopen(path, "r");
    while (from != NULL && fgets(line, sizeof line, from) != NULL)
        printf("    # %s %s: %.*s\n", process, file, (int)strcspn(line, "\n"), line);
    if (from != NULL)
        fclose(from);
}

/* What every process is and waits for: said of a program that does not end. */
static void tell_processes(void)
{
    static const char *const files[] = {"stat", "wchan", "syscall", "stack"};
    DIR *folder = opendir("/proc");
    for (struct dirent *entry; folder != NULL && (entry = readdir(folder)) != NULL;) {
        char path[64], command[2];
        snprintf(path, sizeof path, "/proc/%.16s/cmdline", entry->d_name);
        FILE *from = entry->d_name[0] >= '1' && entry->d_name[0] <= '9' ? fopen(path, "r") : NULL;
        bool program = from != NULL && fread(command, 1, 1, from) == 1; /* the kernel's own have no command line */
        if (from != NULL)
            fclose(from);
        for (unsigned i = 0; program && i < sizeof files / sizeof *files; i++)
            remark(entry->d_name, files[i]);
    }
    if (folder != NULL)
        closedir(folder);
}

/* Pass a program's lines on, indented; the last piece where they end in none. True where none is "not ok". */
static bool copy_lines(int from, pid_t child, double end)
{
    char line[512];
    size_t length = 0;
    bool good = true;
    for (;;) {
        struct pollfd ready = {.fd = from, .events = POLLIN};
        int left = (int)((end - now()) * 1000);
        if (left <= 0 || poll(&ready, 1, left) == 0) {
            printf("    # no end within %d s: killed\n", LIMIT);
            tell_processes();
            kill(child, SIGKILL);
            return false;
        }
        char byte;
        if (read(from, &byte, 1) != 1)
            break;
        if (byte != '\n' && length < sizeof line - 1) {
            line[length++] = byte;
            continue;
        }
        line[length] = '\0';
        printf("    %s\n", line);
        good = good && strncmp(line, "not ok", 6) != 0;
        length = 0;
    }
    if (length)
        printf("    %.*s\n", (int)length, line);
    return good;
}

static bool run(const char *name)
{
    char path[300];
    int ends[2], status;
    snprintf(path, sizeof path, "/suite/%s", name);
    if (pipe2(ends, O_CLOEXEC) < 0)
        return false;
    pid_t child = fork();
    if (child == 0) {
        dup2(ends[1], 1);
        dup2(ends[1], 2);
        setsid();
        execl(path, name, NULL);
        _exit(127);
    }
    close(ends[1]);
    printf("# Subtest: %s\n", name);
    bool good = child > 0 && copy_lines(ends[0], child, now() + LIMIT);
    close(ends[0]);
    if (waitpid(child, &status, 0) != child)
        return false;
    if (WIFSIGNALED(status))
        printf("    # died of signal %d\n", WTERMSIG(status));
    else if (WEXITSTATUS(status))
        printf("    # exit code %d\n", WEXITSTATUS(status));
    while (waitpid(-1, NULL, WNOHANG) > 0)
        ;
    return good && WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

int main(void)
{
    int failed = 0;
    setvbuf(stdout, NULL, _IOLBF, BUFSIZ);
    mount_all();
    find_programs();
    printf("TAP version 14\n1..%d\n", count);
    for (int i = 0; i < count; i++) {
        bool good = run(names[i]);
        failed += !good;
        printf("%s %d - %s\n", good ? "ok" : "not ok", i + 1, names[i]);
    }
    printf("# %d of %d programs passed\n", count - failed, count);
    sync();
    reboot(RB_POWER_OFF);
    return 0;
}
