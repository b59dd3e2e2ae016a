#include "CBearKernels.h"

// libgomp's entry points, declared by hand: its header and -fopenmp are the compiler's business.
void GOMP_parallel(void (*body)(void *), void *data, unsigned threads, unsigned flags);
int omp_get_thread_num(void);
int omp_get_num_threads(void);

typedef struct {
  size_t threads;
  void (*body)(size_t index, void *context);
  void *context;
} parallel_call;

/// libgomp may give fewer threads than asked for; each then takes several indices.
static void run_share(void *data) {
  const parallel_call *call = data;
  for (size_t i = (size_t)omp_get_thread_num(); i < call->threads;
       i += (size_t)omp_get_num_threads())
    call->body(i, call->context);
}

void bear_parallel(size_t threads, void (*body)(size_t index, void *context), void *context) {
  if (threads == 0) return;
  if (threads == 1) {
    body(0, context);
    return;
  }
  parallel_call call = {threads, body, context};
  GOMP_parallel(run_share, &call, (unsigned)threads, 0);
}
