/* fork, exec and wait: exit codes, trees, orphans, copied memory, long arguments, chains of exec. */

#define _GNU_SOURCE
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tap.h"

enum { STORM = 200, AT_ONCE = 64, DEPTH = 6, CHAIN = 60, PAGES = 64, PAGE = 4096, LONG = 100000 };

static int status_of(pid_t child)
{
    int status = -1;
    return waitpid(child, &status, 0) == child ? status : -1;
}

static void check_storm(void)
{
    int wrong = 0;
    for (int i = 0; i < STORM; i++) {
        pid_t child = fork();
        if (child == 0)
            _exit(i & 0xff);
        int status = status_of(child);
        wrong += !WIFEXITED(status) || WEXITSTATUS(status) != (i & 0xff);
    }
    is(wrong, 0, "children one after the other give their exit codes");
}

static void check_many_at_once(void)
{
    pid_t children[AT_ONCE];
    int wrong = 0;
    long sum = 0;
    for (int i = 0; i < AT_ONCE; i++) {
        children[i] = fork();
        if (children[i] == 0) {
            for (int turn = 0; turn < i % 7; turn++)
                sched_yield();
            _exit(i);
        }
    }
    for (int i = 0; i < AT_ONCE; i++) {
        int status;
        pid_t child = wait(&status);
        int which = -1;
        for (int k = 0; k < AT_ONCE; k++)
            if (children[k] == child)
                which = k;
        wrong += which < 0 || !WIFEXITED(status) || WEXITSTATUS(status) != which;
        sum += which;
    }
    is(wrong, 0, "children at once are waited for in any order");
    is(sum, AT_ONCE * (AT_ONCE - 1) / 2, "each exactly once");
    is(wait(NULL), -1, "then there is none left");
    is(errno, ECHILD, "and errno says so");
}

/* Two children a level; the exit codes add up to the number of leaves. */
static int grow(int depth)
{
    if (depth == 0)
        return 1;
    pid_t pair[2];
    for (int i = 0; i < 2; i++) {
        pair[i] = fork();
        if (pair[i] == 0)
            _exit(grow(depth - 1));
    }
    return WEXITSTATUS(status_of(pair[0])) + WEXITSTATUS(status_of(pair[1]));
}

static volatile sig_atomic_t ended;

static void on_child(int number)
{
    (void)number;
    ended = 1;
}

static void check_signals_of_children(void)
{
    sigset_t block, before;
    sigemptyset(&block);
    sigaddset(&block, SIGCHLD);
    sigprocmask(SIG_BLOCK, &block, &before);
    signal(SIGCHLD, on_child);
    pid_t child = fork();
    if (child == 0)
        _exit(0);
    while (!ended)
        sigsuspend(&before);
    ok(ended, "SIGCHLD comes when a child ends");
    is(waitpid(child, NULL, WNOHANG), child, "which can be waited for then");
    signal(SIGCHLD, SIG_DFL);
    sigprocmask(SIG_SETMASK, &before, NULL);
    child = fork();
    if (child == 0)
        for (;;)
            pause();
    is(waitpid(child, NULL, WNOHANG), 0, "a living child is not waited for with WNOHANG");
    kill(child, SIGTERM);
    int status = status_of(child);
    ok(WIFSIGNALED(status) && WTERMSIG(status) == SIGTERM, "a killed child tells by which signal");
}

static void check_orphans(void)
{
    need(prctl(PR_SET_CHILD_SUBREAPER, 1) == 0, "become a subreaper");
    int ends[2];
    need(pipe(ends) == 0, "a pipe");
    pid_t self = getpid(), child = fork();
    if (child == 0) {
        pid_t orphan = fork();
        if (orphan == 0) {
            pid_t parent;
            while ((parent = getppid()) != self)
                sched_yield();
            need(write(ends[1], &parent, sizeof parent) == sizeof parent, "write");
            _exit(9);
        }
        _exit(0);
    }
    status_of(child);
    pid_t parent = 0;
    need(read(ends[0], &parent, sizeof parent) == sizeof parent, "read");
    is(parent, self, "an orphan goes to the reaper");
    int status;
    need(wait(&status) > 0, "wait");
    is(WEXITSTATUS(status), 9, "which gets its exit code");
    close(ends[0]);
    close(ends[1]);
}

static void check_copied_memory(void)
{
    unsigned char *memory =
        mmap(NULL, PAGES * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    unsigned char *shared =
        mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    need(memory != MAP_FAILED && shared != MAP_FAILED, "memory");
    for (int page = 0; page < PAGES; page++)
        memory[page * PAGE] = page;
    int wrong = 0;
    for (int child = 1; child <= 8; child++) {
        pid_t pid = fork();
        if (pid == 0) {
            int bad = 0;
            for (int page = 0; page < PAGES; page++)
                bad += memory[page * PAGE] != page;
            for (int page = 0; page < PAGES; page += child)
                memory[page * PAGE] = page ^ child;
            pid_t grandchild = fork();
            if (grandchild == 0) {
                for (int page = 0; page < PAGES; page++)
                    bad += memory[page * PAGE] != (page % child ? page : page ^ child);
                memset(memory, 0xee, PAGES * PAGE);
                shared[child]++;
                _exit(bad);
            }
            bad += WEXITSTATUS(status_of(grandchild));
            for (int page = 0; page < PAGES; page++)
                bad += memory[page * PAGE] != (page % child ? page : page ^ child);
            shared[child]++;
            _exit(bad);
        }
        wrong += WEXITSTATUS(status_of(pid));
    }
    is(wrong, 0, "children and grandchildren see the memory as it was, and their own stores");
    for (int page = 0; page < PAGES; page++)
        wrong += memory[page * PAGE] != page;
    is(wrong, 0, "the parent sees none of their stores");
    for (int child = 1; child <= 8; child++)
        wrong += shared[child] != 2;
    is(wrong, 0, "shared memory sees all");
    munmap(memory, PAGES * PAGE);
    munmap(shared, PAGE);
}

static void check_exec(void)
{
    char number[16];
    snprintf(number, sizeof number, "%d", CHAIN);
    pid_t child = fork();
    if (child == 0) {
        execl("/proc/self/exe", "processes", "chain", number, NULL);
        _exit(99);
    }
    is(WEXITSTATUS(status_of(child)), 42, "a chain of exec ends with the last one's exit code");
    char *text = malloc(LONG + 1);
    memset(text, 'x', LONG);
    text[LONG] = '\0';
    child = vfork();
    if (child == 0) {
        execl("/proc/self/exe", "processes", "long", text, NULL);
        _exit(99);
    }
    is(WEXITSTATUS(status_of(child)), 43, "an argument of 100,000 bytes arrives whole, through vfork");
    free(text);
    int file = open("/tmp/nonsense", O_CREAT | O_WRONLY | O_TRUNC, 0755);
    need(file >= 0 && write(file, "\177ELFnonsense", 12) == 12, "write a file");
    close(file);
    child = fork();
    if (child == 0) {
        execl("/tmp/nonsense", "nonsense", NULL);
        _exit(errno == ENOEXEC ? 44 : 99);
    }
    is(WEXITSTATUS(status_of(child)), 44, "what is no program is refused with ENOEXEC");
    unlink("/tmp/nonsense");
}

static void check_limits(void)
{
    pid_t child = fork();
    if (child == 0) {
        struct rlimit limit = {1, 2};
        setrlimit(RLIMIT_CPU, &limit);
        for (volatile unsigned long i = 0;; i++)
            ;
    }
    int status = status_of(child);
    ok(WIFSIGNALED(status) && WTERMSIG(status) == SIGXCPU, "a second of CPU time is counted and ends a process");
    struct rusage usage;
    getrusage(RUSAGE_CHILDREN, &usage);
    ok(usage.ru_utime.tv_sec >= 1, "and its parent is told of it");
}

static int as_exec(int count, char **words)
{
    if (count == 3 && strcmp(words[1], "chain") == 0) {
        int left = atoi(words[2]);
        char number[16];
        if (left == 0)
            return 42;
        snprintf(number, sizeof number, "%d", left - 1);
        execl("/proc/self/exe", "processes", "chain", number, NULL);
        return 98;
    }
    if (count == 3 && strcmp(words[1], "long") == 0)
        return strlen(words[2]) == LONG && strspn(words[2], "x") == LONG ? 43 : 98;
    return -1;
}

int main(int count, char **words)
{
    int code = as_exec(count, words);
    if (code >= 0)
        return code;
    plan(20);
    check_storm();
    check_many_at_once();
    is(grow(DEPTH), 1 << DEPTH, "a tree of forks has all its leaves");
    check_signals_of_children();
    check_orphans();
    check_copied_memory();
    check_exec();
    check_limits();
    return done();
}
