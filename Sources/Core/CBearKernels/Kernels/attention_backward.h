// The gradients of attention.h, from the same packed keys and values.

/// score <- p = exp(scale * score - lse) and d_score <- scale * p * (d_p - delta), 0 beyond the
/// `seen` keys.
static void differentiate_scores(size_t seen, size_t end, float scale, float lse, float delta,
                                 float *score, float *d_score) {
  for (size_t j = 0; j < seen; j += LANES) {
    vf p = exponential(load(score + j) * scale - lse);
    store(score + j, p);
    store(d_score + j, p * scale * (load(d_score + j) - delta));
  }
  memset(score + seen, 0, (end - seen) * sizeof(float));
  memset(d_score + seen, 0, (end - seen) * sizeof(float));
}

/// The sum over one head of d_out * out, which is also sum_k p[k] d_p[k].
INLINE float head_dot(size_t width, const void *x, const void *y, size_t at, const int half) {
  vf sum = {0};
  for (size_t i = 0; i < width; i += half ? 2 * LANES : LANES) {
    vf a = load_words(x, at, i, width, half), b = load_words(y, at, i, width, half);
    sum = half ? add_pair_products(sum, a, b) : a * b + sum;
  }
  return sum_lanes(sum);
}

/// Rounds the rows of two queries to pairs in their place, and each row to `rounded` if that is
/// asked for; without a second query to pairs with 0. The pairs may overwrite both rows.
static void round_pair(const attention_plan *plan, size_t end, const float *rows, int paired,
                       float *pairs, float *rounded) {
  const float *second = rows + plan->score_row;
  for (size_t j = 0; j < end; j += 2 * LANES) {
    const int more = j + LANES < end;
    vf a = round_to_pairs(load(rows + j), more ? load(rows + j + LANES) : (vf){0});
    vf b = {0}, mixed[2];
    if (paired) b = round_to_pairs(load(second + j), more ? load(second + j + LANES) : (vf){0});
    interleave(a, b, mixed);
    store(pairs + j, mixed[0]);
    if (more) store(pairs + j + LANES, mixed[1]);
    if (rounded == NULL) continue;
    store(rounded + j / 2, a);
    store(rounded + plan->score_row / 2 + j / 2, b);
  }
}

/// The scores' gradients of a tile, and of bfloat16 the pairs of both by query and of the gradients
/// by key.
INLINE void differentiate_tile(const attention_plan *plan, const bear_attention_shape *shape,
                               const tile *tile, size_t g, const void *out, const float *lse,
                               const void *d_out, const int half) {
  const size_t group = plan->group, width = shape->width, length = plan->score_row;
  for (size_t s = 0; s < tile->count; s++) {
    const segment *own = &tile->segments[s];
    const size_t queries = own->rows * group;
    const size_t end =
        plan->shared + (own->seen + own->rows - 1 + LANES - 1) / LANES * LANES;
    for (size_t i = 0; i < queries; i++) {
      const size_t r = own->row + i / group, h = g * group + i % group;
      const float delta = head_dot(width, d_out, out, r * shape->out_stride + h * width, half);
      const size_t at = (own->slot + i) * length;
      differentiate_scores(plan->shared + own->seen + i / group, end, shape->scale,
                           lse[r * shape->heads + h], delta, plan->score + at, plan->d_score + at);
    }
    for (size_t i = 0; i < queries; i += 2) {
      const size_t at = (own->slot + i) * length;
      if (!half && i + 1 == queries) {
        memset(plan->score + at + length, 0, plan->shared * sizeof(float));
        memset(plan->d_score + at + length, 0, plan->shared * sizeof(float));
      }
      if (!half) continue;
      round_pair(plan, end, plan->score + at, i + 1 < queries, plan->score + at / 2, NULL);
      round_pair(plan, end, plan->d_score + at, i + 1 < queries, plan->d_score + at / 2,
                 plan->rounded + at / 2);
    }
  }
}

/// d_rows[key] += sum over queries of score[query, key] * x[query].
INLINE void add_transposed(const attention_plan *plan, const tile *tile, const float *score,
                           const float *x, float *d_rows, const int half) {
  const size_t width = plan->width, length = plan->score_row;
  product(plan->shared, plan->vectors, tile->slots >> half, (matrix){score, 1, length},
          rows_of(x, width), d_rows, width, 1, half);
  for (size_t s = 0; s < tile->count; s++) {
    const segment *own = &tile->segments[s];
    const size_t queries = own->rows * plan->group, first = own->slot >> half;
    product(own->seen + own->rows - 1, plan->vectors, half ? (queries + 1) / 2 : queries,
            (matrix){score + first * length + plan->shared, 1, length},
            rows_of(x + first * width, width), d_rows + own->key * width, width, 1, half);
  }
}

INLINE void write_query_gradients(const attention_plan *plan, const bear_attention_shape *shape,
                                  const tile *tile, size_t g, float *d_q, const int half) {
  const size_t group = plan->group, width = shape->width, length = plan->score_row >> half;
  product(tile->slots, plan->vectors, plan->shared >> half, (matrix){plan->rounded, length, 1},
          rows_of(plan->key_rows, plan->width), plan->result, plan->width, 0, half);
  for (size_t s = 0; s < tile->count; s++) {
    const segment *own = &tile->segments[s];
    const size_t last = own->seen + own->rows - 1;
    float *result = plan->result + own->slot * plan->width;
    product(own->rows * group, plan->vectors, half ? (last + 1) / 2 : last,
            (matrix){plan->rounded + own->slot * length + (plan->shared >> half), length, 1},
            rows_of(plan->key_rows + (own->key >> half) * plan->width, plan->width), result,
            plan->width, 1, half);
    for (size_t i = 0; i < own->rows * group; i++) {
      const size_t row = own->row + i / group, head = g * group + i % group;
      unpack_output(width, result + i * plan->width, 1, d_q, row * shape->q_stride + head * width,
                    0);
    }
  }
}

INLINE void attention_backward_tile(const attention_plan *plan, const bear_attention_shape *shape,
                                    const tile *tile, size_t g, const void *q, const void *out,
                                    const float *lse, const void *d_out, float *d_q,
                                    const int half) {
  const size_t width = shape->width;
  pack_queries(plan, tile, g, width, shape->q_stride, q, plan->query, half);
  pack_queries(plan, tile, g, width, shape->out_stride, d_out, plan->d_out, half);
  for (size_t i = 0; half && i < tile->slots; i += 2) {
    const size_t at = i * plan->words, to = i / 2 * plan->width;
    interleave_rows(plan, plan->query + at, plan->query + at + plan->words, plan->query_pairs + to);
    interleave_rows(plan, plan->d_out + at, plan->d_out + at + plan->words, plan->d_out_pairs + to);
  }
  score_tile(plan, tile, plan->query, plan->keys_across, plan->score, half);
  score_tile(plan, tile, plan->d_out, plan->values_across, plan->d_score, half);
  differentiate_tile(plan, shape, tile, g, out, lse, d_out, half);
  write_query_gradients(plan, shape, tile, g, d_q, half);
  add_transposed(plan, tile, plan->d_score, plan->query_pairs, plan->d_key_rows, half);
  add_transposed(plan, tile, plan->score, plan->d_out_pairs, plan->d_value_rows, half);
}

INLINE void attention_backward_any(const bear_attention_shape *shape,
                                   const bear_attention_task *task,
                                   const bear_attention_chain *chains, const bear_rows *ranges,
                                   const void *q, const void *k, const void *v, const void *out,
                                   const float *lse, const void *d_out, float *d_q, float *d_k,
                                   float *d_v, float *scratch, const int half) {
  const attention_plan plan = plan_attention(shape, task, chains, ranges, scratch, half);
  const size_t width = shape->width, stride = shape->kv_stride;
  const size_t packed = plan.keys * plan.width * sizeof(float);
  for (size_t g = 0; g < shape->kv_heads; g++) {
    const size_t column = g * width;
    const packed_walk first = first_packed(&plan, task, chains, ranges);
    for (packed_walk walk = first; walk.keys > 0; walk = next_packed(&plan, ranges, walk)) {
      const size_t across = walk.key * plan.words;
      pack_across(&plan, walk.rows, walk.keys, width, stride, k, column, plan.keys_across + across,
                  half);
      pack_across(&plan, walk.rows, walk.keys, width, stride, v, column,
                  plan.values_across + across, half);
      pack_rows(&plan, walk.rows, walk.keys, width, stride, k, column,
                plan.key_rows + (walk.key >> half) * plan.width, half);
    }
    memset(plan.d_key_rows, 0, packed);
    memset(plan.d_value_rows, 0, packed);
    tile_walk tiles = first_tile(&plan, task, chains);
    for (tile tile = next_tile(&plan, ranges, &tiles); tile.count > 0;
         tile = next_tile(&plan, ranges, &tiles))
      attention_backward_tile(&plan, shape, &tile, g, q, out, lse, d_out, d_q, half);
    for (packed_walk walk = first; walk.keys > 0; walk = next_packed(&plan, ranges, walk)) {
      const size_t at = walk.key * plan.width;
      add_unpacked_rows(&plan, walk.rows, walk.keys, width, stride, plan.d_key_rows + at,
                        d_k + column);
      add_unpacked_rows(&plan, walk.rows, walk.keys, width, stride, plan.d_value_rows + at,
                        d_v + column);
    }
  }
}

static void attention_backward(const bear_attention_shape *shape, const bear_attention_task *task,
                               const bear_attention_chain *chains, const bear_rows *ranges,
                               const float *restrict q, const float *restrict k,
                               const float *restrict v, const float *restrict out,
                               const float *restrict lse, const float *restrict d_out,
                               float *restrict d_q, float *restrict d_k, float *restrict d_v,
                               float *restrict scratch) {
  attention_backward_any(shape, task, chains, ranges, q, k, v, out, lse, d_out, d_q, d_k, d_v,
                         scratch, 0);
}

static void attention_backward_bf16(const bear_attention_shape *shape,
                                    const bear_attention_task *task,
                                    const bear_attention_chain *chains, const bear_rows *ranges,
                                    const uint16_t *restrict q, const uint16_t *restrict k,
                                    const uint16_t *restrict v, const uint16_t *restrict out,
                                    const float *restrict lse, const uint16_t *restrict d_out,
                                    float *restrict d_q, float *restrict d_k, float *restrict d_v,
                                    float *restrict scratch) {
  attention_backward_any(shape, task, chains, ranges, q, k, v, out, lse, d_out, d_q, d_k, d_v,
                         scratch, 1);
}
