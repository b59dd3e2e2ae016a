// For RTLD_DEFAULT.
#define _GNU_SOURCE

#include <dlfcn.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <time.h>

#include "CBearKernels.h"

// A pool of threads that wait between jobs: briefly awake, then asleep. libgomp's threads stay
// awake for milliseconds; on a machine that does anything else they then keep each other off the
// cores, and a training step with some thousand jobs took four times as long (13.4 s for 3.0 s
// with a compiler running beside it).

// Pauses before sleeping, about 150 microseconds: more than threads with equal work differ by, as
// waking up takes half as long.
enum { SPINS = 8000 };

static struct {
  pthread_mutex_t use;     // held by the caller whose job runs
  pthread_mutex_t lock;    // guards sleeping and waking
  pthread_cond_t wake;     // a job was published
  pthread_cond_t finished; // all workers are through
  atomic_size_t job;       // counts the jobs; a worker runs each one once
  atomic_size_t running;   // workers that are not yet through
  atomic_size_t asleep;    // workers in pthread_cond_wait
  atomic_bool waiting;     // the caller is in pthread_cond_wait
  atomic_size_t started;   // workers that have noted the last job
  size_t workers;
  size_t threads;          // of the job, the caller's included
  void (*body)(size_t, void *);
  void *context;
} pool = {.use = PTHREAD_MUTEX_INITIALIZER,
          .lock = PTHREAD_MUTEX_INITIALIZER,
          .wake = PTHREAD_COND_INITIALIZER,
          .finished = PTHREAD_COND_INITIALIZER};

static void pause_briefly(void) {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#endif
}

/// Waits for a job after `last`, and returns its number.
static size_t next_job(size_t last) {
  for (int spin = 0; spin < SPINS; spin++) {
    size_t job = atomic_load(&pool.job);
    if (job != last) return job;
    pause_briefly();
  }
  pthread_mutex_lock(&pool.lock);
  atomic_fetch_add(&pool.asleep, 1);
  while (atomic_load(&pool.job) == last) pthread_cond_wait(&pool.wake, &pool.lock);
  atomic_fetch_sub(&pool.asleep, 1);
  pthread_mutex_unlock(&pool.lock);
  return atomic_load(&pool.job);
}

static void *work(void *argument) {
  const size_t index = (size_t)argument;
  size_t last = atomic_load(&pool.job);
  atomic_fetch_add(&pool.started, 1);
  for (;;) {
    last = next_job(last);
    // Every worker takes part in every job, if only to say so: none can then see the next one half
    // written.
    if (index < pool.threads) pool.body(index, pool.context);
    if (atomic_fetch_sub(&pool.running, 1) == 1 && atomic_load(&pool.waiting)) {
      pthread_mutex_lock(&pool.lock);
      pthread_cond_signal(&pool.finished);
      pthread_mutex_unlock(&pool.lock);
    }
  }
  return NULL;
}

static void wait_for_workers(void) {
  for (int spin = 0; spin < SPINS; spin++) {
    if (atomic_load(&pool.running) == 0) return;
    pause_briefly();
  }
  pthread_mutex_lock(&pool.lock);
  atomic_store(&pool.waiting, true);
  while (atomic_load(&pool.running) != 0) pthread_cond_wait(&pool.finished, &pool.lock);
  atomic_store(&pool.waiting, false);
  pthread_mutex_unlock(&pool.lock);
}

/// Starts threads until there are enough; called between jobs.
static void reserve_workers(size_t count) {
  while (pool.workers < count) {
    pthread_t thread;
    if (pthread_create(&thread, NULL, work, (void *)(pool.workers + 1)) != 0) return;
    pthread_detach(thread);
    pool.workers++;
    // A worker notes the last job when it starts, so no job may be published before that.
    while (atomic_load(&pool.started) < pool.workers) sched_yield();
  }
}

void bear_parallel(size_t threads, void (*body)(size_t index, void *context), void *context) {
  // A job inside a job, or beside one, runs on its caller's thread.
  if (threads <= 1 || pthread_mutex_trylock(&pool.use) != 0) {
    for (size_t index = 0; index < threads; index++) body(index, context);
    return;
  }
  reserve_workers(threads - 1);
  const size_t taken = pool.workers + 1 < threads ? pool.workers + 1 : threads;
  pool.threads = taken;
  pool.body = body;
  pool.context = context;
  atomic_store(&pool.running, pool.workers);
  atomic_fetch_add(&pool.job, 1);
  if (atomic_load(&pool.asleep) > 0) {
    pthread_mutex_lock(&pool.lock);
    pthread_cond_broadcast(&pool.wake);
    pthread_mutex_unlock(&pool.lock);
  }
  body(0, context);
  // What no thread could be made for.
  for (size_t index = taken; index < threads; index++) body(index, context);
  wait_for_workers();
  pthread_mutex_unlock(&pool.use);
}

void bear_use_one_openmp_thread(void) {
  // Looked up, as no header or library of OpenMP's is needed to build with it.
  void *set_threads = dlsym(RTLD_DEFAULT, "omp_set_num_threads");
  if (set_threads != NULL) ((void (*)(int))set_threads)(1);
}

uint64_t bear_nanoseconds(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}
