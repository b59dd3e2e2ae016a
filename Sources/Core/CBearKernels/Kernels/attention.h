// Attention over ancestors; see CBearKernels.h. The visible rows of one key head are packed side
// by side into the scratch, padded with zeros to whole vectors; then a tile of query rows, times
// the query heads that share the key head, is a handful of small matrix products.

/// The parts of the scratch, for one key head and one tile of queries.
typedef struct {
  size_t group;        // query heads of one key head
  size_t tile_rows;    // query rows of one tile
  size_t keys;         // visible to the last query row
  size_t padded_keys;  // a multiple of LANES
  size_t vectors;      // of one head's width
  size_t width;        // padded: vectors * LANES
  size_t score_row;    // floats between the score rows of two queries
  float *keys_across;  // [blocks of LANES keys, width, LANES]
  float *values_across;
  float *key_rows, *value_rows, *d_key_rows, *d_value_rows;  // [padded_keys, width]
  float *query, *d_out, *result;                             // [tile queries, width]
  float *score, *d_score;                                    // [tile queries, score_row]
} attention_plan;

/// Divides a task's scratch. Forward needs the first two packed matrices, one of
/// scores and two of queries; `bear_attention_scratch` counts them all.
static attention_plan plan_attention(const bear_attention_shape *shape,
                                     const bear_attention_task *task, const bear_rows *ranges,
                                     float *scratch) {
  attention_plan plan;
  plan.group = shape->heads / shape->kv_heads;
  plan.tile_rows = attention_tile_queries(plan.group) / plan.group;
  plan.keys = 0;
  for (int64_t i = 0; i < task->range_count; i++)
    plan.keys += (size_t)ranges[task->first_range + i].count;
  plan.padded_keys = (plan.keys + LANES - 1) / LANES * LANES;
  plan.vectors = (shape->width + LANES - 1) / LANES;
  plan.width = plan.vectors * LANES;
  // The extra line keeps equal keys of different queries out of the same cache set.
  plan.score_row = plan.padded_keys + 16;
  const size_t packed = plan.padded_keys * plan.width;
  const size_t queries = plan.tile_rows * plan.group;
  // Whole vectors then never straddle two cache lines.
  float *next = (float *)(((uintptr_t)scratch + 63) / 64 * 64);
  plan.score = next, next += queries * plan.score_row;
  plan.d_score = next, next += queries * plan.score_row;
  plan.query = next, next += queries * plan.width;
  plan.d_out = next, next += queries * plan.width;
  plan.result = next, next += queries * plan.width;
  plan.keys_across = next, next += packed;
  plan.value_rows = plan.values_across = next, next += packed;
  plan.key_rows = next, next += packed;
  plan.d_key_rows = next, next += packed;
  plan.d_value_rows = next;
  return plan;
}

// ---- Packing ------------------------------------------------------------------------------------

/// Walks the rows of a task's ranges in order.
typedef struct {
  const bear_rows *range;
  int64_t next;
} row_walk;

INLINE size_t next_row(row_walk *walk) {
  while (walk->next == walk->range->count) walk->range++, walk->next = 0;
  return (size_t)(walk->range->start + walk->next++);
}

INLINE void transpose(vf block[LANES]) {
  UNROLL for (size_t stage = 1; stage < LANES; stage *= 2) {
    vf mixed[LANES];
    UNROLL for (size_t i = 0; i < LANES / 2; i++) {
      mixed[2 * i] = LOW(block[i], block[i + LANES / 2]);
      mixed[2 * i + 1] = HIGH(block[i], block[i + LANES / 2]);
    }
    UNROLL for (size_t i = 0; i < LANES; i++) block[i] = mixed[i];
  }
}

/// Packs rows so that the lanes of a vector are LANES keys at one column.
static void pack_across(const attention_plan *plan, const bear_rows *ranges, size_t width,
                        size_t stride, const float *x, float *packed) {
  row_walk walk = {ranges, 0};
  for (size_t j = 0; j < plan->keys; j += LANES) {
    const size_t count = smaller(plan->keys - j, LANES);
    const float *row[LANES];
    for (size_t l = 0; l < LANES; l++) row[l] = l < count ? x + next_row(&walk) * stride : NULL;
    for (size_t i = 0; i < width; i += LANES, packed += LANES * LANES) {
      vf block[LANES];
      if (count == LANES && width - i >= LANES) {
        UNROLL for (size_t l = 0; l < LANES; l++) block[l] = load(row[l] + i);
      } else {
        for (size_t l = 0; l < LANES; l++)
          block[l] = l < count ? load_some(row[l] + i, width - i, 0) : (vf){0};
      }
      transpose(block);
      UNROLL for (size_t l = 0; l < LANES; l++) store(packed + l * LANES, block[l]);
    }
  }
}

static void pack_rows(const attention_plan *plan, const bear_rows *ranges, size_t width,
                      size_t stride, const float *x, float *packed) {
  row_walk walk = {ranges, 0};
  for (size_t j = 0; j < plan->keys; j++, packed += plan->width) {
    const float *row = x + next_row(&walk) * stride;
    for (size_t i = 0; i < width; i += LANES)
      store(packed + i, load_some(row + i, width - i, 0));
  }
  memset(packed, 0, (plan->padded_keys - plan->keys) * plan->width * sizeof(float));
}

static void add_unpacked_rows(const attention_plan *plan, const bear_rows *ranges, size_t width,
                              size_t stride, const float *packed, float *x) {
  row_walk walk = {ranges, 0};
  for (size_t j = 0; j < plan->keys; j++, packed += plan->width) {
    float *row = x + next_row(&walk) * stride;
    for (size_t i = 0; i < width; i += LANES)
      store_some(row + i, width - i, load_some(row + i, width - i, 0) + load(packed + i));
  }
}

/// One head's part of a query row, times a factor.
INLINE void pack_query(size_t width, const float *x, float factor, float *packed) {
  for (size_t i = 0; i < width; i += LANES)
    store(packed + i, load_some(x + i, width - i, 0) * factor);
}

INLINE void unpack_query(size_t width, const float *packed, float factor, float *x) {
  for (size_t i = 0; i < width; i += LANES)
    store_some(x + i, width - i, load(packed + i) * factor);
}

/// scores[query, key] = query . key, for the first `seen` keys and the rest of their last block.
static void score_tile(const attention_plan *plan, size_t queries, size_t seen, size_t width,
                       const float *query, const float *across, float *score) {
  product(queries, (seen + LANES - 1) / LANES, width, (matrix){query, plan->width, 1},
          (matrix){across, LANES, plan->width * LANES}, score, plan->score_row, 0);
}

// ---- Forward ------------------------------------------------------------------------------------

typedef struct {
  float sum, lse;
} normaliser;

/// Exponentiates `seen` scores in place, shifted by the largest.
static normaliser exponentiate(size_t seen, float *score) {
  vf largest = splat(-INFINITY);
  for (size_t j = seen; j % LANES != 0; j++) score[j] = -INFINITY;
  for (size_t j = 0; j < seen; j += LANES) largest = larger(load(score + j), largest);
  const float shift = shift_of(largest_lane(largest));
  vf sum = {0};
  for (size_t j = 0; j < seen; j += LANES) {
    vf p = exponential(load(score + j) - shift);
    sum += p;
    store(score + j, p);
  }
  const float total = sum_lanes(sum);
  return (normaliser){total, (float)(shift + log(total))};
}

/// Rows `first..first + rows - 1` of a task, with the query heads of key head `g`.
static void attention_tile(const attention_plan *plan, const bear_attention_shape *shape,
                           const bear_attention_task *task, size_t g, size_t first, size_t rows,
                           const float *q, float *out, float *lse) {
  const size_t group = plan->group, queries = rows * group, width = shape->width;
  const size_t seen = plan->keys - (size_t)task->rows + 1 + first;  // by the tile's first row
  const size_t row = (size_t)task->first_row + first;
  for (size_t i = 0; i < queries; i++) {
    const float *x = q + (row + i / group) * shape->q_stride + (g * group + i % group) * width;
    pack_query(width, x, shape->scale, plan->query + i * plan->width);
  }
  score_tile(plan, queries, seen + rows - 1, width, plan->query, plan->keys_across, plan->score);
  for (size_t i = 0; i < queries; i++) {
    normaliser n = exponentiate(seen + i / group, plan->score + i * plan->score_row);
    lse[(row + i / group) * shape->heads + g * group + i % group] = n.lse;
    plan->d_score[i] = n.sum == 0 ? 0 : 1 / n.sum;
  }
  const matrix values = {plan->value_rows, plan->width, LANES};
  product(queries, plan->vectors, seen, (matrix){plan->score, plan->score_row, 1}, values,
          plan->result, plan->width, 0);
  // Later rows of the tile go on alone, over the tile's own rows that they see.
  for (size_t r = 1; r < rows; r++) {
    const float *score = plan->score + r * group * plan->score_row + seen;
    const matrix own = {plan->value_rows + seen * plan->width, plan->width, LANES};
    product(group, plan->vectors, r, (matrix){score, plan->score_row, 1}, own,
            plan->result + r * group * plan->width, plan->width, 1);
  }
  for (size_t i = 0; i < queries; i++) {
    float *y = out + (row + i / group) * shape->out_stride + (g * group + i % group) * width;
    unpack_query(width, plan->result + i * plan->width, plan->d_score[i], y);
  }
}

static void attention(const bear_attention_shape *shape, const bear_attention_task *task,
                      const bear_rows *ranges, const float *restrict q, const float *restrict k,
                      const float *restrict v, float *restrict out, float *restrict lse,
                      float *restrict scratch) {
  const attention_plan plan = plan_attention(shape, task, ranges, scratch);
  const bear_rows *seen = ranges + task->first_range;
  const size_t width = shape->width, rows = (size_t)task->rows;
  for (size_t g = 0; g < shape->kv_heads; g++) {
    pack_across(&plan, seen, width, shape->kv_stride, k + g * width, plan.keys_across);
    pack_rows(&plan, seen, width, shape->kv_stride, v + g * width, plan.value_rows);
    for (size_t r = 0; r < rows; r += plan.tile_rows)
      attention_tile(&plan, shape, task, g, r, smaller(plan.tile_rows, rows - r), q, out, lse);
  }
}

// ---- Backward -----------------------------------------------------------------------------------

/// score <- p = exp(score - lse) and d_score <- p * (d_p - delta), 0 beyond the `seen` keys.
static void differentiate_scores(size_t seen, size_t end, float lse, float delta, float *score,
                                 float *d_score) {
  for (size_t j = 0; j < seen; j += LANES) {
    vf p = exponential(load(score + j) - lse);
    store(score + j, p);
    store(d_score + j, p * (load(d_score + j) - delta));
  }
  memset(score + seen, 0, (end - seen) * sizeof(float));
  memset(d_score + seen, 0, (end - seen) * sizeof(float));
}

/// The sum over one head of d_out * out, which is also sum_k p[k] d_p[k].
INLINE float head_dot(size_t width, const float *x, const float *y) {
  vf sum = {0};
  for (size_t i = 0; i < width; i += LANES)
    sum = load_some(x + i, width - i, 0) * load_some(y + i, width - i, 0) + sum;
  return sum_lanes(sum);
}

static void attention_backward_tile(const attention_plan *plan, const bear_attention_shape *shape,
                                    const bear_attention_task *task, size_t g, size_t first,
                                    size_t rows, const float *q, const float *out,
                                    const float *lse, const float *d_out, float *d_q) {
  const size_t group = plan->group, queries = rows * group, width = shape->width;
  const size_t seen = plan->keys - (size_t)task->rows + 1 + first;  // by the tile's first row
  const size_t end = (seen + rows - 1 + LANES - 1) / LANES * LANES;
  const size_t row = (size_t)task->first_row + first;
  for (size_t i = 0; i < queries; i++) {
    const size_t r = row + i / group, head = (g * group + i % group) * width;
    const size_t at = i * plan->width;
    pack_query(width, q + r * shape->q_stride + head, shape->scale, plan->query + at);
    pack_query(width, d_out + r * shape->out_stride + head, 1, plan->d_out + at);
  }
  score_tile(plan, queries, end, width, plan->query, plan->keys_across, plan->score);
  score_tile(plan, queries, end, width, plan->d_out, plan->values_across, plan->d_score);
  for (size_t i = 0; i < queries; i++) {
    const size_t r = row + i / group, h = g * group + i % group;
    const size_t at = r * shape->out_stride + h * width;
    differentiate_scores(seen + i / group, end, lse[r * shape->heads + h],
                         head_dot(width, d_out + at, out + at), plan->score + i * plan->score_row,
                         plan->d_score + i * plan->score_row);
  }
  product(queries, plan->vectors, seen + rows - 1, (matrix){plan->d_score, plan->score_row, 1},
          (matrix){plan->key_rows, plan->width, LANES}, plan->result, plan->width, 0);
  product(seen + rows - 1, plan->vectors, queries, (matrix){plan->d_score, 1, plan->score_row},
          (matrix){plan->query, plan->width, LANES}, plan->d_key_rows, plan->width, 1);
  product(seen + rows - 1, plan->vectors, queries, (matrix){plan->score, 1, plan->score_row},
          (matrix){plan->d_out, plan->width, LANES}, plan->d_value_rows, plan->width, 1);
  for (size_t i = 0; i < queries; i++) {
    float *y = d_q + (row + i / group) * shape->q_stride + (g * group + i % group) * width;
    unpack_query(width, plan->result + i * plan->width, shape->scale, y);
  }
}

static void attention_backward(const bear_attention_shape *shape, const bear_attention_task *task,
                               const bear_rows *ranges, const float *restrict q,
                               const float *restrict k, const float *restrict v,
                               const float *restrict out, const float *restrict lse,
                               const float *restrict d_out, float *restrict d_q,
                               float *restrict d_k, float *restrict d_v, float *restrict scratch) {
  const attention_plan plan = plan_attention(shape, task, ranges, scratch);
  const bear_rows *seen = ranges + task->first_range;
  const size_t width = shape->width, stride = shape->kv_stride, rows = (size_t)task->rows;
  const size_t packed = plan.padded_keys * plan.width * sizeof(float);
  for (size_t g = 0; g < shape->kv_heads; g++) {
    pack_across(&plan, seen, width, stride, k + g * width, plan.keys_across);
    pack_across(&plan, seen, width, stride, v + g * width, plan.values_across);
    pack_rows(&plan, seen, width, stride, k + g * width, plan.key_rows);
    memset(plan.d_key_rows, 0, packed);
    memset(plan.d_value_rows, 0, packed);
    for (size_t r = 0; r < rows; r += plan.tile_rows)
      attention_backward_tile(&plan, shape, task, g, r, smaller(plan.tile_rows, rows - r), q, out,
                              lse, d_out, d_q);
    add_unpacked_rows(&plan, seen, width, stride, plan.d_key_rows, d_k + g * width);
    add_unpacked_rows(&plan, seen, width, stride, plan.d_value_rows, d_v + g * width);
  }
}
