// Attention over ancestors; see CBearKernels.h. The visible rows of one key head are packed side
// by side into the scratch; then a tile of query rows, times the query heads that share the key
// head, is a handful of small matrix products: one with the keys that all chains of the task see,
// and one for each chain with its own.

INLINE matrix rows_of(const float *start, size_t row) { return (matrix){start, row, LANES}; }

/// One head's part of a query row.
INLINE void pack_query(size_t width, const void *x, size_t at, float *packed, const int half) {
  const size_t step = half ? 2 * LANES : LANES;
  for (size_t i = 0; i < width; i += step, packed += LANES)
    store(packed, load_words(x, at, i, width, half));
}

/// The queries of a tile, zeros in the slots between chains.
INLINE void pack_queries(const attention_plan *plan, const tile *tile, size_t g, size_t width,
                         size_t stride, const void *x, float *packed, const int half) {
  const size_t group = plan->group;
  for (size_t s = 0; s < tile->count; s++) {
    const segment *own = &tile->segments[s];
    float *to = packed + own->slot * plan->words;
    for (size_t r = 0; r < own->rows; r++)
      for (size_t h = 0; h < group; h++, to += plan->words)
        pack_query(width, x, (own->row + r) * stride + (g * group + h) * width, to, half);
    if (own->rows * group % 2 != 0) memset(to, 0, plan->words * sizeof(float));
  }
}

/// scores[query, key] = query . key, for the keys that a tile's queries see and the rest of their
/// last vectors.
INLINE void score_tile(const attention_plan *plan, const tile *tile, const float *query,
                       const float *across, float *score, const int half) {
  const size_t block = plan->words * LANES;
  product(tile->slots, plan->shared / LANES, plan->depth, (matrix){query, plan->words, 1},
          (matrix){across, LANES, block}, score, plan->score_row, 0, half);
  for (size_t s = 0; s < tile->count; s++) {
    const segment *own = &tile->segments[s];
    product(own->rows * plan->group, (own->seen + own->rows - 1 + LANES - 1) / LANES, plan->depth,
            (matrix){query + own->slot * plan->words, plan->words, 1},
            (matrix){across + own->key * plan->words, LANES, block},
            score + own->slot * plan->score_row + plan->shared, plan->score_row, 0, half);
  }
}

// ---- Forward ------------------------------------------------------------------------------------

typedef struct {
  float sum, lse;
} normaliser;

/// Scales `seen` scores and exponentiates them in place, shifted by the largest; with `half` as
/// pairs of bfloat16.
INLINE normaliser exponentiate(size_t seen, float scale, float *score, const int half) {
  vf largest = splat(-INFINITY);
  for (size_t j = seen; j % (2 * LANES) != 0; j++) score[j] = -INFINITY;
  for (size_t j = 0; j < seen; j += LANES) largest = larger(load(score + j), largest);
  const float shift = shift_of(scale * largest_lane(largest));
  vf sum = {0};
  for (size_t j = 0; j < seen; j += 2 * LANES) {
    vf p = exponential(load(score + j) * scale - shift);
    vf next = exponential(load(score + j + LANES) * scale - shift);
    sum += p;
    sum += next;
    if (half) {
      store(score + j / 2, round_to_pairs(p, next));
    } else {
      store(score + j, p);
      store(score + j + LANES, next);
    }
  }
  const float total = sum_lanes(sum);
  return (normaliser){total, (float)(shift + log(total))};
}

/// Adds the values of a chain's own keys. Later rows of the tile go on alone, over what the first
/// does not see.
INLINE void add_own_values(const attention_plan *plan, const segment *own, const int half) {
  const size_t group = plan->group, width = plan->width;
  const float *score = plan->score + own->slot * plan->score_row + (plan->shared >> half);
  const float *values = plan->value_rows + (own->key >> half) * width;
  float *result = plan->result + own->slot * width;
  const size_t common = own->seen >> half;
  product(own->rows * group, plan->vectors, common, (matrix){score, plan->score_row, 1},
          rows_of(values, width), result, width, 1, half);
  for (size_t r = 0; r < own->rows; r++) {
    const size_t seen = own->seen + r, whole = seen >> half;
    if (whole > common)
      product(group, plan->vectors, whole - common, (matrix){score + common, plan->score_row, 1},
              rows_of(values + common * width, width), result, width, 1, half);
    if (half && seen % 2 != 0) {
      // The pair's second key may be a later row's, whatever it holds.
      for (size_t i = 0; i < width; i += LANES)
        store(plan->last + i, (vf)((vu)load(values + whole * width + i) & 0xFFFF));
      product(group, plan->vectors, 1, (matrix){score + whole, plan->score_row, 1},
              rows_of(plan->last, width), result, width, 1, half);
    }
    score += group * plan->score_row, result += group * width;
  }
}

/// One head's part of an output row.
INLINE void unpack_output(size_t width, const float *packed, float factor, void *x, size_t at,
                          const int half) {
  for (size_t i = 0; i < width; i += half ? 2 * LANES : LANES) {
    vf y = load(packed + i) * factor;
    if (half) {
      vf second = i + LANES < width ? load(packed + i + LANES) * factor : (vf){0};
      store_pairs((uint16_t *)x + at + i, width - i, round_to_pairs(y, second));
    } else {
      store_some((float *)x + at + i, width - i, y);
    }
  }
}

INLINE void attention_tile(const attention_plan *plan, const bear_attention_shape *shape,
                           const tile *tile, size_t g, const void *q, void *out, float *lse,
                           const int half) {
  const size_t group = plan->group, width = shape->width;
  pack_queries(plan, tile, g, width, shape->q_stride, q, plan->query, half);
  score_tile(plan, tile, plan->query, plan->keys_across, plan->score, half);
  for (size_t s = 0; s < tile->count; s++) {
    const segment *own = &tile->segments[s];
    for (size_t i = 0; i < own->rows * group; i++) {
      const size_t seen = plan->shared + own->seen + i / group, slot = own->slot + i;
      float *score = plan->score + slot * plan->score_row;
      normaliser n = exponentiate(seen, shape->scale, score, half);
      lse[(own->row + i / group) * shape->heads + g * group + i % group] = n.lse;
      plan->factor[slot] = n.sum == 0 ? 0 : 1 / n.sum;
    }
  }
  product(tile->slots, plan->vectors, plan->shared >> half,
          (matrix){plan->score, plan->score_row, 1}, rows_of(plan->value_rows, plan->width),
          plan->result, plan->width, 0, half);
  for (size_t s = 0; s < tile->count; s++) {
    const segment *own = &tile->segments[s];
    add_own_values(plan, own, half);
    for (size_t i = 0; i < own->rows * group; i++)
      unpack_output(width, plan->result + (own->slot + i) * plan->width,
                    plan->factor[own->slot + i], out,
                    (own->row + i / group) * shape->out_stride + (g * group + i % group) * width,
                    half);
  }
}

INLINE void attention_any(const bear_attention_shape *shape, const bear_attention_task *task,
                          const bear_attention_chain *chains, const bear_rows *ranges,
                          const void *q, const void *k, const void *v, void *out, float *lse,
                          float *scratch, const int half) {
  const attention_plan plan = plan_attention(shape, task, chains, ranges, scratch, half);
  const size_t width = shape->width, stride = shape->kv_stride;
  for (size_t g = 0; g < shape->kv_heads; g++) {
    for (packed_walk walk = first_packed(&plan, task, chains, ranges); walk.keys > 0;
         walk = next_packed(&plan, ranges, walk)) {
      pack_across(&plan, walk.rows, walk.keys, width, stride, k, g * width,
                  plan.keys_across + walk.key * plan.words, half);
      pack_rows(&plan, walk.rows, walk.keys, width, stride, v, g * width,
                plan.value_rows + (walk.key >> half) * plan.width, half);
    }
    tile_walk walk = first_tile(&plan, task, chains);
    for (tile tile = next_tile(&plan, ranges, &walk); tile.count > 0;
         tile = next_tile(&plan, ranges, &walk))
      attention_tile(&plan, shape, &tile, g, q, out, lse, half);
  }
}

static void attention(const bear_attention_shape *shape, const bear_attention_task *task,
                      const bear_attention_chain *chains, const bear_rows *ranges,
                      const float *restrict q, const float *restrict k, const float *restrict v,
                      float *restrict out, float *restrict lse, float *restrict scratch) {
  attention_any(shape, task, chains, ranges, q, k, v, out, lse, scratch, 0);
}

static void attention_bf16(const bear_attention_shape *shape, const bear_attention_task *task,
                           const bear_attention_chain *chains, const bear_rows *ranges,
                           const uint16_t *restrict q, const uint16_t *restrict k,
                           const uint16_t *restrict v, uint16_t *restrict out, float *restrict lse,
                           float *restrict scratch) {
  attention_any(shape, task, chains, ranges, q, k, v, out, lse, scratch, 1);
}
