#ifndef BEAR_KERNELS_H
#define BEAR_KERNELS_H

#include <stddef.h>
#include <stdint.h>

// Kernels, each in four versions: portable C, AVX2 with FMA, AVX-512, AVX-512 with products of
// bfloat16. The last two give the same bits in single precision. The table of versions is set once,
// by `bear_select_isa`, and portable before. No kernel allocates, locks or keeps state, so a caller
// may split rows or tasks over threads. Matrices are row-major; no two buffers overlap unless a
// kernel says "in place".

// ---- Instruction sets ---------------------------------------------------------------------------

/// Picks the versions of all kernels: "portable", "avx2", "avx512", "avx512_bf16", or NULL for the
/// best that this CPU has. Returns 0, or -1 when the name is unknown, or -2 when the CPU lacks it;
/// the table then stays as it was. Not to be called while kernels run.
int bear_select_isa(const char *name);

/// The name of the instruction set in use.
const char *bear_isa(void);

/// Whether the instruction set in use multiplies bfloat16 numbers.
int bear_has_bf16(void);

/// The best instruction set that this CPU has.
const char *bear_best_isa(void);

// ---- Operands -----------------------------------------------------------------------------------

/// How the elements of an operand of a matrix product are stored; arithmetic is in f32 all the
/// same. Strides are in elements.
typedef enum { BEAR_F32, BEAR_BF16 } bear_element;

// ---- Threads ------------------------------------------------------------------------------------

/// Runs body(i, context) for i = 0..threads-1, one thread each, and waits. The threads are kept in
/// a pool; index 0 runs on the caller's. A call within a call runs on its caller's thread alone.
void bear_parallel(size_t threads, void (*body)(size_t index, void *context), void *context);

/// Makes OpenMP's loops on the calling thread run on that thread alone: oneDNN is built with OpenMP,
/// and would otherwise start threads of its own beside ours. Nothing where OpenMP is not loaded.
void bear_use_one_openmp_thread(void);

/// A clock that only runs forward, in nanoseconds from some start.
uint64_t bear_nanoseconds(void);

/// Lets the allocator keep what is freed: a training step frees and takes hundreds of megabytes,
/// which would otherwise be new pages each time.
void bear_keep_freed_memory(void);

// ---- Norm, rotary, SwiGLU -----------------------------------------------------------------------

/// Root-mean-square normalisation of each row (Zhang & Sennrich, 2019).
///
///     y[r,i] = w[i] * x[r,i] * rstd[r],   rstd[r] = 1 / sqrt(mean_i x[r,i]^2 + eps)
///
/// Shapes: x, y [rows, width], y of `type`; w [width]; rstd [rows], kept for backward, or NULL.
/// Needs:  width > 0; eps > 0.
void bear_rms_norm(bear_element type, size_t rows, size_t width, float eps, const float *x,
                   const float *w, void *y, float *rstd);

/// Adds the gradient of `bear_rms_norm` with respect to x:
///
///     dx[r,i] += rstd[r] * (w[i] dy[r,i] - x[r,i] rstd[r]^2 / width * sum_j w[j] dy[r,j] x[r,j])
void bear_rms_norm_backward_f32(size_t rows, size_t width, const float *x, const float *w,
                                const float *rstd, const float *dy, float *dx);

/// `bear_rms_norm` of each head of Q or K in place (Qwen3).
///
///     x[r,h,i]  <-  w[i] * x[r,h,i] / sqrt(mean_j x[r,h,j]^2 + eps)
///
/// Shapes: x row r starts at x + r * stride and holds heads * width floats; w [width].
/// Needs:  width > 0; eps > 0.
void bear_head_norm_f32(size_t rows, size_t heads, size_t width, size_t stride, float eps,
                        const float *w, float *x);

/// Turns dy, the gradient of the result of `bear_head_norm_f32`, into that of its input x, in place.
void bear_head_norm_backward_f32(size_t rows, size_t heads, size_t width, float eps,
                                 const float *x, size_t x_stride, const float *w, float *dy,
                                 size_t dy_stride);

/// Rotary position embedding in place, the "rotate half" form of Hugging Face.
///
///     x[r,h,i], x[r,h,i+w/2]  <-  x1 c - s x2, x2 c + s x1   with c, s = table[positions[r], i]
///
/// Shapes: x row r starts at x + r * stride and holds heads * width floats; cosine, sine
///         [positions, width / 2]. direction is 1, or -1 for the backward pass (the inverse).
void bear_rotary_f32(size_t rows, size_t heads, size_t width, size_t stride,
                     const int32_t *positions, const float *cosine, const float *sine,
                     int direction, float *x);

/// y[r,i] = silu(gate[r,i]) * up[r,i], where silu(x) = x / (1 + e^-x).
///
/// Shapes: all [rows, width] of `type`; rows of gate and up are `stride` apart, so that the two may
///         be columns of one matrix.
void bear_swiglu(bear_element type, size_t rows, size_t width, const void *gate, const void *up,
                 size_t stride, void *y, size_t y_stride);

/// Gradient of `bear_swiglu`: writes d_gate and d_up, of `type`, whose rows are d_stride apart, and
/// once more y, with the same bits, unless it is NULL.
void bear_swiglu_backward(bear_element type, size_t rows, size_t width, const void *gate,
                          const void *up, size_t stride, const float *dy, size_t dy_stride,
                          void *d_gate, void *d_up, size_t d_stride, void *y, size_t y_stride);

// ---- Low-rank adaptation ------------------------------------------------------------------------
// The products of LoRA (Hu et al., 2022) and their gradients. m[r,i] is bit i % 8 of byte i / 8 of
// row r of `bits`, as `bear_dropout_bits` writes them, or 1 throughout where bits is NULL; rows of
// bits are bits_stride bytes apart. w and g are [rank, width], low is [rows, rank], all f32; x of
// `type` and y are [rows, width]. Needs: rank, width > 0. A row's result has the same bits
// whatever the other rows of the call.

/// low[r,j] = scale * sum_i m[r,i] x[r,i] w[j,i].
void bear_low_rank_dots(bear_element type, size_t rows, size_t width, size_t rank, const void *x,
                        size_t x_stride, const uint8_t *bits, size_t bits_stride, const float *w,
                        size_t w_stride, float scale, float *low, size_t low_stride);

/// y[r,i] += scale * m[r,i] * sum_j low[r,j] w[j,i].
void bear_low_rank_expand(size_t rows, size_t width, size_t rank, const float *low,
                          size_t low_stride, const float *w, size_t w_stride, const uint8_t *bits,
                          size_t bits_stride, float scale, float *y, size_t y_stride);

/// g[j,i] += scale * sum_r low[r,j] m[r,i] x[r,i].
void bear_low_rank_outer(bear_element type, size_t rows, size_t width, size_t rank,
                         const float *low, size_t low_stride, const void *x, size_t x_stride,
                         const uint8_t *bits, size_t bits_stride, float scale, float *g,
                         size_t g_stride);

// ---- Attention over ancestors -------------------------------------------------------------------

/// Sizes of one attention layer. Query head h uses key head h / (heads / kv_heads).
typedef struct {
  size_t heads, kv_heads, width;    // width of one head
  size_t q_stride, kv_stride;       // floats between rows of q and d_q, and of k, v, d_k and d_v
  size_t out_stride;                // floats between rows of out and d_out
  float scale;                      // of q . k, 1 / sqrt(width)
} bear_attention_shape;

/// Consecutive rows of k and v.
typedef struct {
  int64_t start, count;
} bear_rows;

/// Consecutive query rows of one chain of nodes, at least one, and the rows of k and v that they
/// may see: all of `ranges[0..range_count-2]`, and of the last range, query i sees the first
/// count - rows + 1 + i rows: the last range ends with the chain's own nodes.
typedef struct {
  int64_t first_row, rows;
  int64_t first_range, range_count;
} bear_attention_chain;

/// Consecutive chains, at least one, that are computed together. The first `shared_keys` keys of
/// all are the same and above every query row; they are packed once. 0 is always allowed.
typedef struct {
  int64_t first_chain, chain_count;
  int64_t shared_keys;
} bear_attention_task;

/// Floats of scratch that a task needs; the same for forward and backward, numbers and bfloat16.
size_t bear_attention_scratch(const bear_attention_shape *shape, const bear_attention_task *task,
                              const bear_attention_chain *chains, const bear_rows *ranges);

/// Attention of one task.
///
///     out[r,h] = sum_k p[k] v[k,h'],  p = softmax_k(scale * q[r,h] . k[k,h'])
///
/// Shapes: q, out indexed by query row; k, v by row of a range; lse [query rows, heads], the
///         log-sum-exp of the scaled scores, kept for backward.
/// A query's result depends on its own ancestors in their order, and not on how chains are cut
/// into tasks, nor on the other chains of a task.
void bear_attention_f32(const bear_attention_shape *shape, const bear_attention_task *task,
                        const bear_attention_chain *chains, const bear_rows *ranges,
                        const float *q, const float *k, const float *v, float *out, float *lse,
                        float *scratch);

/// Gradients of one task: writes d_q of its rows, adds to d_k and d_v of the rows it sees.
/// Threads: tasks of different threads need d_k and d_v of their own.
void bear_attention_backward_f32(const bear_attention_shape *shape,
                                 const bear_attention_task *task,
                                 const bear_attention_chain *chains, const bear_rows *ranges,
                                 const float *q, const float *k, const float *v, const float *out,
                                 const float *lse, const float *d_out, float *d_q, float *d_k,
                                 float *d_v, float *scratch);

/// `bear_attention_f32` of bfloat16 numbers. Sums and soft-max are in single precision; p is
/// rounded as a factor of v, and out. Strides count numbers. Fast where `bear_has_bf16`, and right
/// everywhere, but the instruction sets without it differ in the last bits of a sum.
void bear_attention_bf16(const bear_attention_shape *shape, const bear_attention_task *task,
                         const bear_attention_chain *chains, const bear_rows *ranges,
                         const uint16_t *q, const uint16_t *k, const uint16_t *v, uint16_t *out,
                         float *lse, float *scratch);

/// Gradients of `bear_attention_bf16`, in single precision, with the strides of q and of k and v.
void bear_attention_backward_bf16(const bear_attention_shape *shape,
                                  const bear_attention_task *task,
                                  const bear_attention_chain *chains, const bear_rows *ranges,
                                  const uint16_t *q, const uint16_t *k, const uint16_t *v,
                                  const uint16_t *out, const float *lse, const uint16_t *d_out,
                                  float *d_q, float *d_k, float *d_v, float *scratch);

// ---- Head and soft-max over rows of unequal length ----------------------------------------------
// Row r of a ragged matrix is values[offsets[r] .. offsets[r+1]-1].

/// y[offsets[r]+j] = x[r] . table[columns[offsets[r]+j]]: the head at chosen columns only.
/// Shapes: x [rows, width]; table [*, width]; columns, y [offsets[rows]].
void bear_gather_dot_f32(size_t rows, size_t width, const int64_t *offsets, const int32_t *columns,
                         const float *x, const float *table, float *y);

/// Adds the gradient with respect to x: dx[r] += sum_j dy[offsets[r]+j] * table[columns[...]].
void bear_gather_dot_backward_f32(size_t rows, size_t width, const int64_t *offsets,
                                  const int32_t *columns, const float *dy, const float *table,
                                  float *dx);

/// lse[r] = log sum_j exp(x[offsets[r]+j]), shifted by the maximum; -inf for an empty row.
void bear_row_log_sum_exp_f32(size_t rows, const int64_t *offsets, const float *x, float *lse);

/// y[j] = x[j] - lse[r] for every j of row r.
void bear_row_subtract_f32(size_t rows, const int64_t *offsets, const float *x, const float *lse,
                           float *y);

/// Gradient of the log soft-max: adds dy[j] - exp(y[j]) * sum_row(dy) to dx[j].
void bear_row_log_softmax_backward_f32(size_t rows, const int64_t *offsets, const float *y,
                                       const float *dy, float *dx);

/// Gradient of lse: adds exp(x[j] - lse[r]) * d_lse[r] to dx[j].
void bear_row_log_sum_exp_backward_f32(size_t rows, const int64_t *offsets, const float *x,
                                       const float *lse, const float *d_lse, float *dx);

/// The gradient of lse less that of the target's own logit, as an operand of products:
///
///     y[r,j] = exp(x[r,j] - lse[r]) - [j == targets[r]]
///
/// Shapes: x, y [rows, width], y in `type`; lse, targets [rows].
void bear_row_softmax_minus_target(bear_element type, size_t rows, size_t width, const float *x,
                                   const float *lse, const int32_t *targets, void *y);

// ---- Layers of small networks -------------------------------------------------------------------

/// Normalisation of each row to mean 0 and variance 1 (Ba et al., 2016).
///
///     y[r,i] = w[i] * (x[r,i] - mean[r]) * rstd[r] + b[i],   rstd[r] = 1 / sqrt(var_i x[r,i] + eps)
///
/// Shapes: x, y [rows, width]; w, b [width]; moments [rows, 2], mean and rstd, kept for backward.
/// Needs:  width > 0; eps > 0.
void bear_layer_norm_f32(size_t rows, size_t width, float eps, const float *x, const float *w,
                         const float *b, float *y, float *moments);

/// Adds the gradients of `bear_layer_norm_f32` to dx, unless it is NULL, and to dw and db.
/// Threads: those of different rows need dw and db of their own.
void bear_layer_norm_backward_f32(size_t rows, size_t width, const float *x, const float *w,
                                  const float *moments, const float *dy, float *dx, float *dw,
                                  float *db);

/// x where positive, or else slope x; x times the normal distribution function, through erf; tanh.
typedef enum { BEAR_LEAKY_RELU, BEAR_GELU, BEAR_TANH } bear_activation;

/// y[i] = f(x[i]); slope is the leaky ReLU's, 0 for the plain one.
void bear_activate_f32(bear_activation kind, size_t count, float slope, const float *x, float *y);

/// Adds dy[i] f'(x[i]) to dx[i].
void bear_activate_backward_f32(bear_activation kind, size_t count, float slope, const float *x,
                                const float *dy, float *dx);

/// Numbers whose dropout is drawn together.
#define BEAR_DROPOUT_BLOCK 1024

/// Adds m[first + i] x[i] / (1 - rate) to y[i], where m is 0 or 1, a pure function of key and place:
/// the bits of `bear_dropout_bits` for rows of BEAR_DROPOUT_BLOCK numbers.
/// Needs: first a multiple of BEAR_DROPOUT_BLOCK; 0 <= rate < 1.
void bear_add_dropped_f32(size_t count, float rate, uint64_t key, size_t first, const float *x,
                          float *y);

/// A step of gated recurrent units (Cho et al., 2014), as PyTorch computes it:
///
///     r = sigmoid(a_r + c_r);  z = sigmoid(a_z + c_z);  n = tanh(a_n + r c_n);  y = (1-z) n + z h
///
/// Shapes: input a and recurrent c [rows, 3 width], the parts r, z, n side by side; hidden h and y
///         [rows, width].
void bear_gru_cell_f32(size_t rows, size_t width, const float *input, const float *recurrent,
                       const float *hidden, float *y);

/// Writes the gradients of `bear_gru_cell_f32`.
void bear_gru_cell_backward_f32(size_t rows, size_t width, const float *input,
                                const float *recurrent, const float *hidden, const float *dy,
                                float *d_input, float *d_recurrent, float *d_hidden);

/// What all sequences of a call have in common.
typedef struct {
  size_t heads, width;   // width of one head; rows hold heads * width numbers
  float scale;           // of q . k
  int causal;            // whether the last query sees no key after its own, and so back
  float dropout;         // the share of the weights that is dropped
  uint64_t dropout_key;
} bear_sequence_shape;

/// Consecutive rows of queries and of keys, and which of the keys may be seen. In a causal sequence
/// query i sees the first keys - queries + i + 1 keys at most.
typedef struct {
  int64_t first_query, queries;
  int64_t first_key, keys;
  int64_t visible_start, visible_end;  // within the sequence's keys
} bear_sequence;

/// Floats of scratch for sequences of at most so many queries and keys, forward and backward.
size_t bear_sequence_attention_scratch(const bear_sequence_shape *shape, size_t queries,
                                       size_t keys);

/// Attention of some tasks: task t is head t % heads of sequence t / heads.
///
///     out[i] += sum_j m[i,j] p[i,j] v[j],   p[i] = softmax_j(scale * q[i] . k[j])  over visible j
///
/// Shapes: q, out [query rows, heads * width]; k, v [key rows, heads * width]; lse [query rows,
///         heads], kept for backward. out is 0 before; a row that sees no key stays so.
/// m is a pure function of the key of dropout, the query's row, head and j.
void bear_sequence_attention_f32(const bear_sequence_shape *shape, size_t first_task, size_t tasks,
                                 const bear_sequence *sequences, const float *q, const float *k,
                                 const float *v, float *out, float *lse, float *scratch);

/// Adds the gradients of `bear_sequence_attention_f32`; tasks touch no number in common.
void bear_sequence_attention_backward_f32(const bear_sequence_shape *shape, size_t first_task,
                                          size_t tasks, const bear_sequence *sequences,
                                          const float *q, const float *k, const float *v,
                                          const float *lse, const float *d_out, float *d_q,
                                          float *d_k, float *d_v, float *scratch);

// ---- Dropout, optimiser, sums -------------------------------------------------------------------

/// The bits of an inverted dropout mask, a pure function of a key for each row and the column:
/// bit i % 8 of byte i / 8 of row r is 1 where column i is kept, and 0 beyond `width`.
///
/// Each column has 16 random bits of its own, four columns one number of a counter-based generator
/// (SplitMix64's finaliser of keys[r] and i / 4). The same in all versions.
/// Shapes: keys [rows]; rows of bits are bits_stride >= (width + 7) / 8 bytes apart, of which the
///         rest is left alone. Needs: 0 <= rate < 1.
void bear_dropout_bits(size_t rows, size_t width, float rate, const uint64_t *keys, uint8_t *bits,
                       size_t bits_stride);

/// What to multiply kept elements by: 1 over the exact probability that `bear_dropout_bits` keeps
/// one, a multiple of 1 / 65536.
float bear_dropout_scale(float rate);

/// One step of AdamW (Loshchilov & Hutter, 2019), as PyTorch computes it, or of Adam with an L2
/// penalty of l2 / 2 in the loss:
///
///     g += l2 p
///     p -= lr wd p;  m = b1 m + (1-b1) g;  v = b2 v + (1-b2) g^2
///     p -= lr / (1-b1^t) * m / (sqrt(v / (1-b2^t)) + eps)
///
/// Shapes: all [count]. step is t, from 1. Gradients are multiplied by g_scale first.
void bear_adamw_f32(size_t count, float learning_rate, float beta1, float beta2, float epsilon,
                    float weight_decay, float l2, float g_scale, int64_t step,
                    const float *gradient, float *parameter, float *first_moment, float *second_moment);

/// y[i] += a * x[i].
void bear_axpy_f32(size_t count, float a, const float *x, float *y);

/// The sum of squares, accumulated in double in a fixed order.
double bear_sum_of_squares_f32(size_t count, const float *x);

/// Rounds to bfloat16, to nearest with ties to even; a NaN stays one. Some CPUs take subnormal
/// numbers for 0.
void bear_round_rows(size_t rows, size_t width, const float *x, size_t x_stride, uint16_t *y,
                     size_t y_stride);

/// Widens bfloat16 and IEEE half-precision numbers; exact.
void bear_widen_rows(size_t rows, size_t width, const uint16_t *x, size_t x_stride, float *y,
                     size_t y_stride);
void bear_f16_to_f32(size_t count, const uint16_t *x, float *y);

#endif
