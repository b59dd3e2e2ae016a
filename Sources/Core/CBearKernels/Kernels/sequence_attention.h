// Attention within short sequences of packed rows; see CBearKernels.h.

INLINE size_t whole_vectors(size_t count) { return (count + LANES - 1) / LANES; }

/// One head of one sequence: where its numbers begin, and the scratch that is left.
typedef struct {
  const bear_sequence *rows;
  size_t head, queries, keys;
  size_t row;       // of a matrix [*, keys] in scratch: whole vectors
  size_t wide;      // of a matrix [*, width] in scratch: whole vectors
  float *scratch;
} sequence_task;

INLINE float *take(sequence_task *task, size_t count) {
  float *start = task->scratch;
  task->scratch += count;
  return start;
}

INLINE sequence_task task_of(const bear_sequence_shape *shape, size_t index,
                             const bear_sequence *sequences, float *scratch) {
  const bear_sequence *rows = sequences + index / shape->heads;
  return (sequence_task){
      .rows = rows, .head = index % shape->heads, .queries = (size_t)rows->queries,
      .keys = (size_t)rows->keys, .row = whole_vectors((size_t)rows->keys) * LANES,
      .wide = whole_vectors(shape->width) * LANES, .scratch = scratch};
}

/// The transpose of the head's columns, `[width, keys]`, zeros after the last key.
INLINE matrix transposed(sequence_task *task, size_t width, const float *x, size_t stride) {
  float *start = take(task, width * task->row);
  for (size_t d = 0; d < width; d++) {
    float *row = start + d * task->row;
    for (size_t j = 0; j < task->keys; j++) row[j] = x[j * stride + d];
    for (size_t j = task->keys; j < task->row; j++) row[j] = 0;
  }
  return (matrix){start, task->row, LANES};
}

/// The head's columns as a right factor: where they are, or copied where a row ends amid a vector.
INLINE matrix whole_columns(sequence_task *task, size_t rows, size_t width, const float *x,
                            size_t stride) {
  if (task->wide == width) return (matrix){x, stride, LANES};
  float *start = take(task, rows * task->wide);
  for (size_t r = 0; r < rows; r++)
    for (size_t i = 0; i < task->wide; i += LANES)
      store(start + r * task->wide + i,
            i < width ? load_some(x + r * stride + i, width - i, 0) : (vf){0});
  return (matrix){start, task->wide, LANES};
}

/// y += a b, of which the columns of y end amid a vector where those of b were copied.
INLINE void add_product(sequence_task *task, size_t rows, size_t width, size_t depth, matrix a,
                        matrix b, float *y, size_t stride) {
  if (task->wide == width) {
    product(rows, width / LANES, depth, a, b, y, stride, 1, 0);
    return;
  }
  float *sum = task->scratch;
  product(rows, task->wide / LANES, depth, a, b, sum, task->wide, 0, 0);
  for (size_t r = 0; r < rows; r++)
    for (size_t i = 0; i < width; i += LANES)
      store_some(y + r * stride + i, width - i,
                 load(sum + r * task->wide + i) + load_some(y + r * stride + i, width - i, 0));
}

/// The keys that query i of a sequence sees, within it.
INLINE void visible_keys(const bear_sequence_shape *shape, const bear_sequence *rows, size_t i,
                         int32_t *from, int32_t *to) {
  int64_t end = rows->visible_end;
  const int64_t own = rows->keys - rows->queries + (int64_t)i + 1;
  if (shape->causal && own < end) end = own;
  *from = (int32_t)rows->visible_start;
  *to = (int32_t)end;
}

INLINE vi within(size_t j, int32_t from, int32_t to) {
  vi lane;
  UNROLL for (int32_t l = 0; l < LANES; l++) lane[l] = l;
  lane = lane + (int32_t)j;
  return (lane >= from) & (lane < to);
}

/// Turns a row of products into weights; returns the log-sum-exp, +inf where nothing is seen.
INLINE float soft_max(const bear_sequence_shape *shape, const sequence_task *task, size_t i,
                      float *p) {
  int32_t from, to;
  visible_keys(shape, task->rows, i, &from, &to);
  vf top = splat(-INFINITY);
  for (size_t j = 0; j < task->row; j += LANES) {
    vf s = select(within(j, from, to), load(p + j) * shape->scale, splat(-INFINITY));
    store(p + j, s);
    top = larger(s, top);
  }
  const float shift = shift_of(largest_lane(top));
  vf sum = {0};
  for (size_t j = 0; j < task->row; j += LANES) {
    vf e = exponential(load(p + j) - shift);
    store(p + j, e);
    sum += e;
  }
  const float total = sum_lanes(sum);
  const float factor = from < to ? 1.0f / total : 0;
  for (size_t j = 0; j < task->row; j += LANES) store(p + j, load(p + j) * factor);
  return from < to ? shift + logf(total) : INFINITY;
}

/// The weights of a row once more, from its log-sum-exp.
INLINE void soft_max_again(const bear_sequence_shape *shape, const sequence_task *task, size_t i,
                           float lse, float *p) {
  int32_t from, to;
  visible_keys(shape, task->rows, i, &from, &to);
  for (size_t j = 0; j < task->row; j += LANES) {
    vf s = select(within(j, from, to), load(p + j) * shape->scale - lse, splat(-INFINITY));
    store(p + j, exponential(s));
  }
}

/// y = the kept numbers of x, scaled: dropout of the weights of query i.
INLINE void drop_row(const bear_sequence_shape *shape, const sequence_task *task, size_t i,
                     uint8_t *bits, const float *x, float *y) {
  const uint64_t row = ((uint64_t)task->rows->first_query + i) * shape->heads + task->head;
  const uint64_t key = shape->dropout_key + row * 0x9E3779B97F4A7C15u;
  const float scale = bear_dropout_scale(shape->dropout);
  dropout_bits(1, task->row, shape->dropout, &key, bits, (task->row + 7) / 8);
  for (size_t j = 0; j < task->row; j += LANES)
    store(y + j, keep(1, bits, j, LANES, load(x + j)) * scale);
}

static void sequence_attention(const bear_sequence_shape *shape, size_t first, size_t count,
                               const bear_sequence *sequences, const float *q, const float *k,
                               const float *v, float *out, float *lse, float *scratch) {
  const size_t width = shape->width, stride = shape->heads * width;
  for (size_t index = first; index < first + count; index++) {
    sequence_task task = task_of(shape, index, sequences, scratch);
    const size_t query = (size_t)task.rows->first_query, key = (size_t)task.rows->first_key;
    const size_t column = task.head * width;
    matrix keys = transposed(&task, width, k + key * stride + column, stride);
    matrix values = whole_columns(&task, task.keys, width, v + key * stride + column, stride);
    float *p = take(&task, task.queries * task.row);
    uint8_t *bits = (uint8_t *)take(&task, task.row);
    matrix left = {q + query * stride + column, stride, 1};
    product(task.queries, task.row / LANES, width, left, keys, p, task.row, 0, 0);
    for (size_t i = 0; i < task.queries; i++) {
      float *row = p + i * task.row;
      lse[(query + i) * shape->heads + task.head] = soft_max(shape, &task, i, row);
      if (shape->dropout > 0) drop_row(shape, &task, i, bits, row, row);
    }
    matrix weights = {p, task.row, 1};
    add_product(&task, task.queries, width, task.keys, weights, values,
                out + query * stride + column, stride);
  }
}

/// d_p becomes the gradient of the scaled products, and p the weights after dropout.
INLINE void soft_max_backward(const bear_sequence_shape *shape, const sequence_task *task, size_t i,
                              uint8_t *bits, float *p, float *d_p) {
  if (shape->dropout > 0) drop_row(shape, task, i, bits, d_p, d_p);
  vf dots = {0};
  for (size_t j = 0; j < task->row; j += LANES) dots = load(p + j) * load(d_p + j) + dots;
  const float pull = sum_lanes(dots);
  for (size_t j = 0; j < task->row; j += LANES)
    store(d_p + j, load(p + j) * (load(d_p + j) - pull) * shape->scale);
  if (shape->dropout > 0) drop_row(shape, task, i, bits, p, p);
}

static void sequence_attention_backward(const bear_sequence_shape *shape, size_t first,
                                        size_t count, const bear_sequence *sequences,
                                        const float *q, const float *k, const float *v,
                                        const float *lse, const float *d_out, float *d_q,
                                        float *d_k, float *d_v, float *scratch) {
  const size_t width = shape->width, stride = shape->heads * width;
  for (size_t index = first; index < first + count; index++) {
    sequence_task task = task_of(shape, index, sequences, scratch);
    const size_t query = (size_t)task.rows->first_query, key = (size_t)task.rows->first_key;
    const size_t column = task.head * width;
    const size_t q_start = query * stride + column, k_start = key * stride + column;
    matrix keys = transposed(&task, width, k + k_start, stride);
    matrix values = transposed(&task, width, v + k_start, stride);
    matrix key_columns = whole_columns(&task, task.keys, width, k + k_start, stride);
    matrix query_columns = whole_columns(&task, task.queries, width, q + q_start, stride);
    matrix upper_columns = whole_columns(&task, task.queries, width, d_out + q_start, stride);
    float *p = take(&task, task.queries * task.row), *d_p = take(&task, task.queries * task.row);
    uint8_t *bits = (uint8_t *)take(&task, task.row);
    matrix left = {q + q_start, stride, 1}, upper = {d_out + q_start, stride, 1};
    product(task.queries, task.row / LANES, width, left, keys, p, task.row, 0, 0);
    product(task.queries, task.row / LANES, width, upper, values, d_p, task.row, 0, 0);
    for (size_t i = 0; i < task.queries; i++) {
      float *row = p + i * task.row;
      soft_max_again(shape, &task, i, lse[(query + i) * shape->heads + task.head], row);
      soft_max_backward(shape, &task, i, bits, row, d_p + i * task.row);
    }
    matrix slopes = {d_p, task.row, 1}, slopes_t = {d_p, 1, task.row}, weights_t = {p, 1, task.row};
    add_product(&task, task.queries, width, task.keys, slopes, key_columns, d_q + q_start, stride);
    add_product(&task, task.keys, width, task.queries, slopes_t, query_columns, d_k + k_start,
                stride);
    add_product(&task, task.keys, width, task.queries, weights_t, upper_columns, d_v + k_start,
                stride);
  }
}
