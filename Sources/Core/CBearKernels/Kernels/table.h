#ifndef BEAR_KERNEL_TABLE_H
#define BEAR_KERNEL_TABLE_H

#include "CBearKernels.h"

/// One version of every kernel.
typedef struct {
  const char *name;
  int has_bf16;
  __typeof__(&bear_rms_norm_f32) rms_norm;
  __typeof__(&bear_rms_norm_backward_f32) rms_norm_backward;
  __typeof__(&bear_rotary_f32) rotary;
  __typeof__(&bear_swiglu_f32) swiglu;
  __typeof__(&bear_swiglu_backward_f32) swiglu_backward;
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
  __typeof__(&bear_dropout_f32) dropout;
  __typeof__(&bear_adamw_f32) adamw;
  __typeof__(&bear_axpy_f32) axpy;
  __typeof__(&bear_sum_of_squares_f32) sum_of_squares;
  __typeof__(&bear_bf16_to_f32) bf16_to_f32;
  __typeof__(&bear_f16_to_f32) f16_to_f32;
} bear_kernel_table;

extern const bear_kernel_table bear_kernels_portable, bear_kernels_avx2, bear_kernels_avx512,
    bear_kernels_avx512_bf16;

#endif
