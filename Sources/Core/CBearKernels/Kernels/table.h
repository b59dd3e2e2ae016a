#ifndef BEAR_KERNEL_TABLE_H
#define BEAR_KERNEL_TABLE_H

#include "CBearKernels.h"

/// One version of every kernel.
typedef struct {
  const char *name;
  int has_bf16;
  __typeof__(&bear_rms_norm) rms_norm;
  __typeof__(&bear_rms_norm_backward_f32) rms_norm_backward;
  __typeof__(&bear_head_norm_f32) head_norm;
  __typeof__(&bear_head_norm_backward_f32) head_norm_backward;
  __typeof__(&bear_rotary_f32) rotary;
  __typeof__(&bear_swiglu) swiglu;
  __typeof__(&bear_swiglu_backward) swiglu_backward;
  __typeof__(&bear_attention_f32) attention;
  __typeof__(&bear_attention_backward_f32) attention_backward;
  __typeof__(&bear_attention_bf16) attention_bf16;
  __typeof__(&bear_attention_backward_bf16) attention_backward_bf16;
  __typeof__(&bear_gather_dot_f32) gather_dot;
  __typeof__(&bear_gather_dot_backward_f32) gather_dot_backward;
  __typeof__(&bear_row_log_sum_exp_f32) row_log_sum_exp;
  __typeof__(&bear_row_subtract_f32) row_subtract;
  __typeof__(&bear_row_log_softmax_backward_f32) row_log_softmax_backward;
  __typeof__(&bear_row_log_sum_exp_backward_f32) row_log_sum_exp_backward;
  __typeof__(&bear_row_softmax_minus_target) row_softmax_minus_target;
  __typeof__(&bear_dropout_bits) dropout_bits;
  __typeof__(&bear_low_rank_dots) low_rank_dots;
  __typeof__(&bear_low_rank_expand) low_rank_expand;
  __typeof__(&bear_low_rank_outer) low_rank_outer;
  __typeof__(&bear_layer_norm_f32) layer_norm;
  __typeof__(&bear_layer_norm_backward_f32) layer_norm_backward;
  __typeof__(&bear_activate_f32) activate;
  __typeof__(&bear_activate_backward_f32) activate_backward;
  __typeof__(&bear_add_dropped_f32) add_dropped;
  __typeof__(&bear_gru_cell_f32) gru_cell;
  __typeof__(&bear_gru_cell_backward_f32) gru_cell_backward;
  __typeof__(&bear_sequence_attention_f32) sequence_attention;
  __typeof__(&bear_sequence_attention_backward_f32) sequence_attention_backward;
  __typeof__(&bear_adamw_f32) adamw;
  __typeof__(&bear_axpy_f32) axpy;
  __typeof__(&bear_sum_of_squares_f32) sum_of_squares;
  __typeof__(&bear_round_rows) round_rows;
  __typeof__(&bear_widen_rows) widen_rows;
  __typeof__(&bear_f16_to_f32) f16_to_f32;
} bear_kernel_table;

extern const bear_kernel_table bear_kernels_portable, bear_kernels_avx2, bear_kernels_avx512,
    bear_kernels_avx512_bf16;

/// Of 16 uniform bits, how many values drop a column.
static inline uint32_t dropout_threshold(float rate) {
  const uint32_t threshold = (uint32_t)((double)rate * 65536 + 0.5);
  return threshold > 65535 ? 65535 : threshold;
}

#endif
