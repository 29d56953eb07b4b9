/* Bytes between processes: pipes, sockets, splice; whole, in order, with their ends told. */

#define _GNU_SOURCE
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tap.h"

enum { SIZE = 1 << 20, STAGES = 8, PASSED = 2000 };

/* Sends SIZE bytes in pieces of many sizes; the sum of all. */
static unsigned long send_all(int to, uint64_t seed)
{
    static unsigned char piece[9000];
    unsigned long sum = 0, sent = 0;
    while (sent < SIZE) {
        size_t length = 1 + chance(&seed) % sizeof piece;
        length = length < SIZE - sent ? length : SIZE - sent;
        for (size_t i = 0; i < length; i++)
            piece[i] = chance(&seed);
        for (size_t i = 0; i < length; i++)
            sum = sum * 31 + piece[i];
        for (size_t done_bytes = 0; done_bytes < length;) {
            ssize_t wrote = write(to, piece + done_bytes, length - done_bytes);
            need(wrote > 0, "write");
            done_bytes += wrote;
        }
        sent += length;
    }
    return sum;
}

static unsigned long receive_all(int from, unsigned long *length)
{
    static unsigned char piece[7000];
    unsigned long sum = 0;
    ssize_t got;
    *length = 0;
    while ((got = read(from, piece, sizeof piece)) > 0) {
        for (ssize_t i = 0; i < got; i++)
            sum = sum * 31 + piece[i];
        *length += got;
    }
    return sum;
}

static void check_stream(int from, int to, const char *what)
{
    pid_t child = fork();
    unsigned long length, sum;
    if (child == 0) {
        close(from);
        send_all(to, 5);
        _exit(0);
    }
    close(to);
    sum = receive_all(from, &length);
    close(from);
    waitpid(child, NULL, 0);
    int null = open("/dev/null", O_WRONLY);
    unsigned long wanted = send_all(null, 5);
    close(null);
    ok(length == SIZE && sum == wanted, "%s", what);
}

static void check_chain(void)
{
    int ends[STAGES + 1][2];
    for (int i = 0; i <= STAGES; i++)
        need(pipe(ends[i]) == 0, "pipe");
    for (int stage = 0; stage < STAGES; stage++)
        if (fork() == 0) {
            int value;
            for (int i = 0; i <= STAGES; i++) {
                if (i != stage)
                    close(ends[i][0]);
                if (i != stage + 1)
                    close(ends[i][1]);
            }
            while (read(ends[stage][0], &value, sizeof value) == sizeof value) {
                value += 1;
                need(write(ends[stage + 1][1], &value, sizeof value) == sizeof value, "write");
            }
            _exit(0);
        }
    for (int i = 0; i < STAGES; i++) {
        close(ends[i][0]);
        close(ends[i + 1][1]);
    }
    long wrong = 0;
    for (int i = 0; i < PASSED / STAGES; i++) {
        int value = i;
        need(write(ends[0][1], &value, sizeof value) == sizeof value, "write");
        need(read(ends[STAGES][0], &value, sizeof value) == sizeof value, "read");
        wrong += value != i + STAGES;
    }
    close(ends[0][1]);
    char byte;
    is(read(ends[STAGES][0], &byte, 1), 0, "a chain of processes ends one after the other");
    is(wrong, 0, "having passed on every value");
    close(ends[STAGES][0]);
    while (wait(NULL) > 0)
        ;
}

static volatile sig_atomic_t broken;

static void on_pipe(int number)
{
    (void)number;
    broken++;
}

static void check_ends(void)
{
    int ends[2];
    char block[4096] = {0};
    signal(SIGPIPE, on_pipe);
    need(pipe2(ends, O_NONBLOCK) == 0, "pipe2");
    is(read(ends[0], block, 1), -1, "an empty pipe that must not block gives nothing");
    is(errno, EAGAIN, "with EAGAIN");
    long filled = 0;
    for (ssize_t wrote; (wrote = write(ends[1], block, sizeof block)) > 0;)
        filled += wrote;
    is(filled, 65536, "a pipe takes 64 KiB");
    struct pollfd both[2] = {{ends[0], POLLIN, 0}, {ends[1], POLLOUT, 0}};
    is(poll(both, 2, 0), 1, "then it can be read, not written");
    is(fcntl(ends[1], F_SETPIPE_SZ, 1 << 18), 1 << 18, "it can be made larger");
    ok(write(ends[1], block, sizeof block) == sizeof block, "and takes more then");
    close(ends[0]);
    is(write(ends[1], block, 1), -1, "nobody reads it: EPIPE");
    ok(errno == EPIPE && broken == 1, "and SIGPIPE");
    close(ends[1]);
    signal(SIGPIPE, SIG_DFL);
}

static void check_messages(void)
{
    int pair[2];
    need(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, pair) == 0, "socketpair");
    long wrong = 0;
    for (int i = 1; i <= 100; i++) {
        unsigned char message[101], got[200];
        memset(message, i, i);
        need(send(pair[0], message, i, 0) == i, "send");
        wrong += recv(pair[1], got, sizeof got, 0) != i || memcmp(got, message, i) != 0;
    }
    is(wrong, 0, "messages keep their bounds");
    int ends[2];
    need(pipe(ends) == 0, "pipe");
    union {
        struct cmsghdr header;
        char room[CMSG_SPACE(sizeof(int))];
    } control = {.header = {.cmsg_len = CMSG_LEN(sizeof(int)), .cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS}};
    memcpy(CMSG_DATA(&control.header), &ends[1], sizeof(int));
    struct iovec data = {.iov_base = "f", .iov_len = 1};
    struct msghdr message = {.msg_iov = &data, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control};
    pid_t child = fork();
    if (child == 0) {
        char byte;
        struct iovec into = {.iov_base = &byte, .iov_len = 1};
        struct msghdr got = {.msg_iov = &into, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control};
        close(ends[1]);
        need(recvmsg(pair[1], &got, 0) == 1, "recvmsg");
        int file;
        memcpy(&file, CMSG_DATA(CMSG_FIRSTHDR(&got)), sizeof file);
        need(write(file, "through", 7) == 7, "write");
        _exit(0);
    }
    need(sendmsg(pair[0], &message, 0) == 1, "sendmsg");
    char text[8] = {0};
    need(read(ends[0], text, 7) == 7, "read");
    waitpid(child, NULL, 0);
    ok(strcmp(text, "through") == 0, "an open file goes through a socket");
    close(pair[0]);
    close(pair[1]);
    close(ends[0]);
    close(ends[1]);
}

static void check_splice(void)
{
    int first[2], second[2];
    char text[6] = {0};
    need(pipe(first) == 0 && pipe(second) == 0, "pipe");
    int file = open("/tmp/spliced", O_CREAT | O_RDWR | O_TRUNC, 0600);
    need(file >= 0 && write(file, "hello", 5) == 5 && lseek(file, 0, SEEK_SET) == 0, "a file");
    is(splice(file, NULL, first[1], NULL, 5, 0), 5, "bytes move from a file to a pipe");
    is(tee(first[0], second[1], 5, 0), 5, "are doubled into another");
    need(read(second[0], text, 5) == 5, "read");
    ok(strcmp(text, "hello") == 0, "and are the same");
    unlink("/tmp/spliced");
}

int main(void)
{
    int pair[2];
    plan(17);
    need(pipe(pair) == 0, "pipe");
    check_stream(pair[0], pair[1], "a mebibyte goes through a pipe");
    need(socketpair(AF_UNIX, SOCK_STREAM, 0, pair) == 0, "socketpair");
    check_stream(pair[0], pair[1], "and through a socket");
    check_chain();
    check_ends();
    check_messages();
    check_splice();
    return done();
}
