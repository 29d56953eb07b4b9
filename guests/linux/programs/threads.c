/* Threads: mutexes, condition variables, barriers, reader-writer locks, their own variables, cancellation. */

#define _GNU_SOURCE
#include <pthread.h>
#include <sched.h>
#include <semaphore.h>
#include <unistd.h>

#include "tap.h"

enum { THREADS = 8, ROUNDS = 4000, PINGS = 1500, STORM = 200, STAGES = 50 };

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
static long counter;
static _Thread_local long own;

static void run(void *(*work)(void *), long results[THREADS])
{
    pthread_t threads[THREADS];
    for (long i = 0; i < THREADS; i++)
        need(pthread_create(&threads[i], NULL, work, (void *)i) == 0, "pthread_create");
    for (int i = 0; i < THREADS; i++) {
        void *result;
        pthread_join(threads[i], &result);
        results[i] = (long)result;
    }
}

static void *count(void *argument)
{
    for (int i = 0; i < ROUNDS; i++) {
        pthread_mutex_lock(&mutex);
        long seen = counter;
        if (i % 97 == 0)
            sched_yield();
        counter = seen + 1;
        pthread_mutex_unlock(&mutex);
        own++;
    }
    return (void *)(own + (long)argument);
}

static volatile int turn;

static void *ping(void *argument)
{
    int me = (long)argument & 1;
    for (int i = 0; i < PINGS; i++) {
        pthread_mutex_lock(&mutex);
        while (turn != me)
            pthread_cond_wait(&changed, &mutex);
        turn = !me;
        counter++;
        pthread_cond_broadcast(&changed);
        pthread_mutex_unlock(&mutex);
    }
    return NULL;
}

static pthread_barrier_t barrier;
static int stages[THREADS];

static void *march(void *argument)
{
    long me = (long)argument, wrong = 0, serial = 0;
    for (int stage = 0; stage < STAGES; stage++) {
        stages[me] = stage;
        serial += pthread_barrier_wait(&barrier) == PTHREAD_BARRIER_SERIAL_THREAD;
        for (int i = 0; i < THREADS; i++)
            wrong += stages[i] != stage;
        serial += pthread_barrier_wait(&barrier) == PTHREAD_BARRIER_SERIAL_THREAD;
    }
    return (void *)(wrong * 1000 + serial);
}

static pthread_rwlock_t lock = PTHREAD_RWLOCK_INITIALIZER;
static long pair[2];

static void *share(void *argument)
{
    long me = (long)argument, wrong = 0;
    for (int i = 0; i < ROUNDS / 4; i++) {
        if (me < 2) {
            pthread_rwlock_wrlock(&lock);
            pair[0]++;
            if (i % 31 == 0)
                sched_yield();
            pair[1]++;
            pthread_rwlock_unlock(&lock);
        } else {
            pthread_rwlock_rdlock(&lock);
            wrong += pair[0] != pair[1];
            pthread_rwlock_unlock(&lock);
        }
    }
    return (void *)wrong;
}

static sem_t items, room;
static long box[16];

static void *produce(void *argument)
{
    (void)argument;
    for (long i = 1; i <= ROUNDS; i++) {
        sem_wait(&room);
        box[i % 16] = i;
        sem_post(&items);
    }
    return NULL;
}

static void *nothing(void *argument)
{
    return (void *)((long)argument * 3);
}

static int cleaned;

static void clean(void *argument)
{
    cleaned = (long)argument;
}

static void *wait_for_ever(void *argument)
{
    pthread_cleanup_push(clean, argument);
    for (;;)
        pause();
    pthread_cleanup_pop(0);
    return NULL;
}

static pthread_once_t once = PTHREAD_ONCE_INIT;
static int initialised;

static void initialise(void)
{
    sched_yield();
    initialised++;
}

static void *start_once(void *argument)
{
    (void)argument;
    pthread_once(&once, initialise);
    return (void *)(long)initialised;
}

int main(void)
{
    long results[THREADS], wrong = 0, serial = 0;
    plan(11);
    run(count, results);
    is(counter, (long)THREADS * ROUNDS, "a counter under a mutex loses no step");
    for (int i = 0; i < THREADS; i++)
        wrong += results[i] != ROUNDS + i;
    is(wrong, 0, "each thread has its own variables");
    counter = 0;
    run(ping, results);
    is(counter, (long)THREADS * PINGS, "threads take turns by a condition variable, and none is lost");
    pthread_barrier_init(&barrier, NULL, THREADS);
    run(march, results);
    for (int i = 0; i < THREADS; i++) {
        wrong += results[i] / 1000;
        serial += results[i] % 1000;
    }
    is(wrong, 0, "nobody passes a barrier early");
    is(serial, 2 * STAGES, "one at each is told to be the last");
    run(share, results);
    for (int i = 0; i < THREADS; i++)
        wrong += results[i];
    is(wrong, 0, "readers never see a writer in the middle");
    is(pair[0], 2 * (ROUNDS / 4), "and writers lose no step");
    sem_init(&items, 0, 0);
    sem_init(&room, 0, 16);
    pthread_t thread;
    pthread_create(&thread, NULL, produce, NULL);
    for (long i = 1; i <= ROUNDS; i++) {
        sem_wait(&items);
        wrong += box[i % 16] != i;
        sem_post(&room);
    }
    pthread_join(thread, NULL);
    is(wrong, 0, "semaphores pass every item on, in order");
    for (long i = 0; i < STORM; i++) {
        void *result;
        need(pthread_create(&thread, NULL, nothing, (void *)i) == 0, "pthread_create");
        pthread_join(thread, &result);
        wrong += (long)result != 3 * i;
    }
    is(wrong, 0, "a storm of short threads gives all its results");
    pthread_create(&thread, NULL, wait_for_ever, (void *)7L);
    pthread_cancel(thread);
    void *result;
    pthread_join(thread, &result);
    ok(result == PTHREAD_CANCELED && (cleaned == 7 || cleaned == 0), "a cancelled thread ends");
    run(start_once, results);
    for (int i = 0; i < THREADS; i++)
        wrong += results[i] != 1;
    is(wrong, 0, "pthread_once starts once");
    return done();
}
