// The choice of instruction set, and the public names, which call through the table.

#include "Kernels/attention_sizes.h"
#include "Kernels/table.h"

#include <string.h>

/// The versions in use; portable until `bear_select_isa` is called.
static const bear_kernel_table *kernels = &bear_kernels_portable;

// ---- Choice -------------------------------------------------------------------------------------

/// The compiler's check covers the operating system's support for the wider registers too.
static int has_avx2(void) {
#if defined(__x86_64__)
  return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
#else
  return 0;
#endif
}

static int has_avx512(void) {
#if defined(__x86_64__)
  return has_avx2() && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
         __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl");
#else
  return 0;
#endif
}

static int has_avx512_bf16(void) {
#if defined(__x86_64__)
  return has_avx512() && __builtin_cpu_supports("avx512bf16");
#else
  return 0;
#endif
}

static int has_portable(void) { return 1; }

/// Every instruction set, the best last.
static const struct {
  const bear_kernel_table *kernels;
  int (*is_there)(void);
} sets[] = {
    {&bear_kernels_portable, has_portable},
#if defined(__x86_64__)
    {&bear_kernels_avx2, has_avx2},
    {&bear_kernels_avx512, has_avx512},
    {&bear_kernels_avx512_bf16, has_avx512_bf16},
#endif
};
enum { SETS = sizeof sets / sizeof *sets };

const char *bear_best_isa(void) {
  size_t best = SETS - 1;
  while (!sets[best].is_there()) best--;
  return sets[best].kernels->name;
}

const char *bear_isa(void) { return kernels->name; }

int bear_has_bf16(void) { return kernels->has_bf16; }

int bear_select_isa(const char *name) {
  if (name == NULL) name = bear_best_isa();
  for (size_t i = 0; i < SETS; i++) {
    if (strcmp(name, sets[i].kernels->name) != 0) continue;
    if (!sets[i].is_there()) return -2;
    kernels = sets[i].kernels;
    return 0;
  }
  return -1;
}

// ---- Public names -------------------------------------------------------------------------------

void bear_rms_norm(bear_element type, size_t rows, size_t width, float eps, const float *x,
                   const float *w, void *y, float *rstd) {
  kernels->rms_norm(type, rows, width, eps, x, w, y, rstd);
}

void bear_rms_norm_backward_f32(size_t rows, size_t width, const float *x, const float *w,
                                const float *rstd, const float *dy, float *dx) {
  kernels->rms_norm_backward(rows, width, x, w, rstd, dy, dx);
}

void bear_head_norm_f32(size_t rows, size_t heads, size_t width, size_t stride, float eps,
                        const float *w, float *x) {
  kernels->head_norm(rows, heads, width, stride, eps, w, x);
}

void bear_head_norm_backward_f32(size_t rows, size_t heads, size_t width, float eps,
                                 const float *x, size_t x_stride, const float *w, float *dy,
                                 size_t dy_stride) {
  kernels->head_norm_backward(rows, heads, width, eps, x, x_stride, w, dy, dy_stride);
}

void bear_rotary_f32(size_t rows, size_t heads, size_t width, size_t stride,
                     const int32_t *positions, const float *cosine, const float *sine,
                     int direction, float *x) {
  kernels->rotary(rows, heads, width, stride, positions, cosine, sine, direction, x);
}

void bear_swiglu(bear_element type, size_t rows, size_t width, const void *gate, const void *up,
                 size_t stride, void *y, size_t y_stride) {
  kernels->swiglu(type, rows, width, gate, up, stride, y, y_stride);
}

void bear_swiglu_backward(bear_element type, size_t rows, size_t width, const void *gate,
                          const void *up, size_t stride, const float *dy, size_t dy_stride,
                          void *d_gate, void *d_up, size_t d_stride, void *y, size_t y_stride) {
  kernels->swiglu_backward(type, rows, width, gate, up, stride, dy, dy_stride, d_gate, d_up,
                           d_stride, y, y_stride);
}

size_t bear_attention_scratch(const bear_attention_shape *shape, const bear_attention_task *task,
                              const bear_attention_chain *chains, const bear_rows *ranges) {
  const attention_sizes sizes = attention_sizes_of(shape, task, chains, ranges);
  const size_t lanes = 16;  // the widest version's
  const size_t width = (shape->width + lanes - 1) / lanes * lanes;
  return 2 * lanes + width + 6 * sizes.keys * width +
         sizes.slots * (5 * sizes.score_row / 2 + 4 * width + 1);
}

void bear_attention_f32(const bear_attention_shape *shape, const bear_attention_task *task,
                        const bear_attention_chain *chains, const bear_rows *ranges,
                        const float *q, const float *k, const float *v, float *out, float *lse,
                        float *scratch) {
  kernels->attention(shape, task, chains, ranges, q, k, v, out, lse, scratch);
}

void bear_attention_backward_f32(const bear_attention_shape *shape,
                                 const bear_attention_task *task,
                                 const bear_attention_chain *chains, const bear_rows *ranges,
                                 const float *q, const float *k, const float *v, const float *out,
                                 const float *lse, const float *d_out, float *d_q, float *d_k,
                                 float *d_v, float *scratch) {
  kernels->attention_backward(shape, task, chains, ranges, q, k, v, out, lse, d_out, d_q, d_k,
                              d_v, scratch);
}

void bear_attention_bf16(const bear_attention_shape *shape, const bear_attention_task *task,
                         const bear_attention_chain *chains, const bear_rows *ranges,
                         const uint16_t *q, const uint16_t *k, const uint16_t *v, uint16_t *out,
                         float *lse, float *scratch) {
  kernels->attention_bf16(shape, task, chains, ranges, q, k, v, out, lse, scratch);
}

void bear_attention_backward_bf16(const bear_attention_shape *shape,
                                  const bear_attention_task *task,
                                  const bear_attention_chain *chains, const bear_rows *ranges,
                                  const uint16_t *q, const uint16_t *k, const uint16_t *v,
                                  const uint16_t *out, const float *lse, const uint16_t *d_out,
                                  float *d_q, float *d_k, float *d_v, float *scratch) {
  kernels->attention_backward_bf16(shape, task, chains, ranges, q, k, v, out, lse, d_out, d_q, d_k,
                                   d_v, scratch);
}

void bear_gather_dot_f32(size_t rows, size_t width, const int64_t *offsets, const int32_t *columns,
                         const float *x, const float *table, float *y) {
  kernels->gather_dot(rows, width, offsets, columns, x, table, y);
}

void bear_gather_dot_backward_f32(size_t rows, size_t width, const int64_t *offsets,
                                  const int32_t *columns, const float *dy, const float *table,
                                  float *dx) {
  kernels->gather_dot_backward(rows, width, offsets, columns, dy, table, dx);
}

void bear_row_log_sum_exp_f32(size_t rows, const int64_t *offsets, const float *x, float *lse) {
  kernels->row_log_sum_exp(rows, offsets, x, lse);
}

void bear_row_subtract_f32(size_t rows, const int64_t *offsets, const float *x, const float *lse,
                           float *y) {
  kernels->row_subtract(rows, offsets, x, lse, y);
}

void bear_row_log_softmax_backward_f32(size_t rows, const int64_t *offsets, const float *y,
                                       const float *dy, float *dx) {
  kernels->row_log_softmax_backward(rows, offsets, y, dy, dx);
}

void bear_row_log_sum_exp_backward_f32(size_t rows, const int64_t *offsets, const float *x,
                                       const float *lse, const float *d_lse, float *dx) {
  kernels->row_log_sum_exp_backward(rows, offsets, x, lse, d_lse, dx);
}

void bear_row_softmax_minus_target(bear_element type, size_t rows, size_t width, const float *x,
                                   const float *lse, const int32_t *targets, void *y) {
  kernels->row_softmax_minus_target(type, rows, width, x, lse, targets, y);
}

void bear_dropout_bits(size_t rows, size_t width, float rate, const uint64_t *keys, uint8_t *bits,
                       size_t bits_stride) {
  kernels->dropout_bits(rows, width, rate, keys, bits, bits_stride);
}

float bear_dropout_scale(float rate) {
  return 65536.0f / (float)(65536 - dropout_threshold(rate));
}

void bear_low_rank_dots(bear_element type, size_t rows, size_t width, size_t rank, const void *x,
                        size_t x_stride, const uint8_t *bits, size_t bits_stride, const float *w,
                        size_t w_stride, float scale, float *low, size_t low_stride) {
  kernels->low_rank_dots(type, rows, width, rank, x, x_stride, bits, bits_stride, w, w_stride,
                         scale, low, low_stride);
}

void bear_low_rank_expand(size_t rows, size_t width, size_t rank, const float *low,
                          size_t low_stride, const float *w, size_t w_stride, const uint8_t *bits,
                          size_t bits_stride, float scale, float *y, size_t y_stride) {
  kernels->low_rank_expand(rows, width, rank, low, low_stride, w, w_stride, bits, bits_stride,
                           scale, y, y_stride);
}

void bear_low_rank_outer(bear_element type, size_t rows, size_t width, size_t rank,
                         const float *low, size_t low_stride, const void *x, size_t x_stride,
                         const uint8_t *bits, size_t bits_stride, float scale, float *g,
                         size_t g_stride) {
  kernels->low_rank_outer(type, rows, width, rank, low, low_stride, x, x_stride, bits, bits_stride,
                          scale, g, g_stride);
}

void bear_layer_norm_f32(size_t rows, size_t width, float eps, const float *x, const float *w,
                         const float *b, float *y, float *moments) {
  kernels->layer_norm(rows, width, eps, x, w, b, y, moments);
}

void bear_layer_norm_backward_f32(size_t rows, size_t width, const float *x, const float *w,
                                  const float *moments, const float *dy, float *dx, float *dw,
                                  float *db) {
  kernels->layer_norm_backward(rows, width, x, w, moments, dy, dx, dw, db);
}

void bear_activate_f32(bear_activation kind, size_t count, float slope, const float *x, float *y) {
  kernels->activate(kind, count, slope, x, y);
}

void bear_activate_backward_f32(bear_activation kind, size_t count, float slope, const float *x,
                                const float *dy, float *dx) {
  kernels->activate_backward(kind, count, slope, x, dy, dx);
}

void bear_add_dropped_f32(size_t count, float rate, uint64_t key, size_t first, const float *x,
                          float *y) {
  kernels->add_dropped(count, rate, key, first, x, y);
}

void bear_gru_cell_f32(size_t rows, size_t width, const float *input, const float *recurrent,
                       const float *hidden, float *y) {
  kernels->gru_cell(rows, width, input, recurrent, hidden, y);
}

void bear_gru_cell_backward_f32(size_t rows, size_t width, const float *input,
                                const float *recurrent, const float *hidden, const float *dy,
                                float *d_input, float *d_recurrent, float *d_hidden) {
  kernels->gru_cell_backward(rows, width, input, recurrent, hidden, dy, d_input, d_recurrent,
                             d_hidden);
}

size_t bear_sequence_attention_scratch(const bear_sequence_shape *shape, size_t queries,
                                       size_t keys) {
  const size_t lanes = 16;  // the widest version's
  const size_t row = (keys + lanes - 1) / lanes * lanes;
  const size_t wide = (shape->width + lanes - 1) / lanes * lanes;
  const size_t most = queries > keys ? queries : keys;
  return 2 * wide * row + (keys + 2 * queries + most) * wide + 2 * queries * row + row;
}

void bear_sequence_attention_f32(const bear_sequence_shape *shape, size_t first_task, size_t tasks,
                                 const bear_sequence *sequences, const float *q, const float *k,
                                 const float *v, float *out, float *lse, float *scratch) {
  kernels->sequence_attention(shape, first_task, tasks, sequences, q, k, v, out, lse, scratch);
}

void bear_sequence_attention_backward_f32(const bear_sequence_shape *shape, size_t first_task,
                                          size_t tasks, const bear_sequence *sequences,
                                          const float *q, const float *k, const float *v,
                                          const float *lse, const float *d_out, float *d_q,
                                          float *d_k, float *d_v, float *scratch) {
  kernels->sequence_attention_backward(shape, first_task, tasks, sequences, q, k, v, lse, d_out,
                                       d_q, d_k, d_v, scratch);
}

void bear_adamw_f32(size_t count, float learning_rate, float beta1, float beta2, float epsilon,
                    float weight_decay, float l2, float g_scale, int64_t step,
                    const float *gradient, float *parameter, float *first_moment,
                    float *second_moment) {
  kernels->adamw(count, learning_rate, beta1, beta2, epsilon, weight_decay, l2, g_scale, step,
                 gradient, parameter, first_moment, second_moment);
}

void bear_axpy_f32(size_t count, float a, const float *x, float *y) {
  kernels->axpy(count, a, x, y);
}

double bear_sum_of_squares_f32(size_t count, const float *x) {
  return kernels->sum_of_squares(count, x);
}

void bear_round_rows(size_t rows, size_t width, const float *x, size_t x_stride, uint16_t *y,
                     size_t y_stride) {
  kernels->round_rows(rows, width, x, x_stride, y, y_stride);
}

void bear_widen_rows(size_t rows, size_t width, const uint16_t *x, size_t x_stride, float *y,
                     size_t y_stride) {
  kernels->widen_rows(rows, width, x, x_stride, y, y_stride);
}

void bear_f16_to_f32(size_t count, const uint16_t *x, float *y) {
  kernels->f16_to_f32(count, x, y);
}
