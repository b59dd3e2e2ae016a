// The bodies of all kernels and their table, for the instruction set that the including file has
// chosen by LANES, HAS_BF16, ISA_NAME, ISA_TABLE and a target region around this inclusion.

#include "vector.h"

#include "operand.h"

#include "norm.h"

#include "elementwise.h"

#include "dropout.h"

#include "low_rank.h"

#include "ragged.h"

#include "pairs.h"

#include "product.h"

#include "network.h"

#include "sequence_attention.h"

#include "attention_plan.h"

#include "attention.h"

#include "attention_backward.h"

const bear_kernel_table ISA_TABLE = {
    .name = ISA_NAME,
    .has_bf16 = HAS_BF16,
    .rms_norm = rms_norm,
    .rms_norm_backward = rms_norm_backward,
    .head_norm = head_norm,
    .head_norm_backward = head_norm_backward,
    .rotary = rotary,
    .swiglu = swiglu,
    .swiglu_backward = swiglu_backward,
    .attention = attention,
    .attention_backward = attention_backward,
    .attention_bf16 = attention_bf16,
    .attention_backward_bf16 = attention_backward_bf16,
    .gather_dot = gather_dot,
    .gather_dot_backward = gather_dot_backward,
    .row_log_sum_exp = row_log_sum_exp,
    .row_subtract = row_subtract,
    .row_log_softmax_backward = row_log_softmax_backward,
    .row_log_sum_exp_backward = row_log_sum_exp_backward,
    .row_softmax_minus_target = row_softmax_minus_target,
    .dropout_bits = dropout_bits,
    .low_rank_dots = low_rank_dots,
    .low_rank_expand = low_rank_expand,
    .low_rank_outer = low_rank_outer,
    .layer_norm = layer_norm,
    .layer_norm_backward = layer_norm_backward,
    .activate = activate,
    .activate_backward = activate_backward,
    .add_dropped = add_dropped,
    .gru_cell = gru_cell,
    .gru_cell_backward = gru_cell_backward,
    .sequence_attention = sequence_attention,
    .sequence_attention_backward = sequence_attention_backward,
    .adamw = adamw,
    .axpy = axpy,
    .sum_of_squares = sum_of_squares,
    .round_rows = round_rows,
    .widen_rows = widen_rows,
    .f16_to_f32 = f16_to_f32,
};
