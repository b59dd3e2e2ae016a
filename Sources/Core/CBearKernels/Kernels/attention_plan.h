// How a task of attention divides its scratch, and the packing of keys and values into it; see
// attention.h. An operand of a product is made of words of 32 bits: numbers, or pairs of bfloat16
// (`half`).

#include "attention_sizes.h"

/// The parts of the scratch, for one key head and one tile of queries.
typedef struct {
  size_t group;      // query heads of one key head
  size_t tile_rows;  // query rows of one tile
  size_t slots;      // queries of one tile, and what keeps chains apart
  size_t shared;     // keys that all chains see first, packed once; a multiple of KEY_BLOCK
  size_t keys;       // packed: the shared ones, then each chain's others, in whole blocks
  size_t vectors;    // of one head's numbers
  size_t width;      // padded: vectors * LANES
  size_t depth;      // words of one head's operand
  size_t words;      // padded to whole vectors
  size_t score_row;  // floats between the score rows of two queries
  float *keys_across, *values_across;  // [blocks of LANES keys, words, LANES]
  float *key_rows, *value_rows;        // [keys or pairs of keys, width]
  float *d_key_rows, *d_value_rows;    // [keys, width]
  float *query, *d_out;                // [slots, words]
  float *query_pairs, *d_out_pairs;    // [pairs of slots, width], of bfloat16 only
  float *result;                       // [slots, width]
  float *score, *d_score;              // [slots, score_row]
  float *rounded;                      // [slots, score_row / 2], of bfloat16 only
  float *last;                         // [width], of bfloat16 only
  float *factor;                       // [slots]
} attention_plan;

/// Divides a task's scratch; `half` tells what the words are.
INLINE attention_plan plan_attention(const bear_attention_shape *shape,
                                     const bear_attention_task *task,
                                     const bear_attention_chain *chains, const bear_rows *ranges,
                                     float *scratch, const int half) {
  const attention_sizes sizes = attention_sizes_of(shape, task, chains, ranges);
  attention_plan plan = {.group = sizes.group, .tile_rows = sizes.tile_rows, .slots = sizes.slots};
  plan.shared = sizes.shared;
  plan.keys = sizes.keys;
  plan.score_row = sizes.score_row;
  plan.vectors = (shape->width + LANES - 1) / LANES;
  plan.width = plan.vectors * LANES;
  plan.depth = half ? (shape->width + 1) / 2 : shape->width;
  plan.words = (plan.depth + LANES - 1) / LANES * LANES;
  const size_t packed = plan.keys * plan.width, across = plan.keys * plan.words;
  // Whole vectors then never straddle two cache lines.
  float *next = (float *)(((uintptr_t)scratch + 63) / 64 * 64);
#define TAKE(count) (next += (count), next - (count))
  plan.score = TAKE(plan.slots * plan.score_row);
  plan.query = TAKE(plan.slots * plan.words);
  plan.result = TAKE(plan.slots * plan.width);
  plan.last = TAKE(plan.width);
  plan.keys_across = TAKE(across);
  plan.value_rows = TAKE(packed);
  // The rest is the backward pass's, which needs no rows of values.
  plan.values_across = half ? TAKE(across) : plan.value_rows;
  plan.d_score = TAKE(plan.slots * plan.score_row);
  plan.d_out = TAKE(plan.slots * plan.words);
  plan.key_rows = TAKE(packed);
  plan.d_key_rows = TAKE(packed);
  plan.d_value_rows = TAKE(packed);
  plan.query_pairs = half ? TAKE(plan.slots / 2 * plan.width) : plan.query;
  plan.d_out_pairs = half ? TAKE(plan.slots / 2 * plan.width) : plan.d_out;
  plan.rounded = half ? TAKE(plan.slots * plan.score_row / 2) : plan.d_score;
  plan.factor = TAKE(plan.slots);
#undef TAKE
  return plan;
}

// ---- Packing ------------------------------------------------------------------------------------

/// Walks the rows of a chain's ranges in order.
typedef struct {
  const bear_rows *range;
  int64_t next;
} row_walk;

INLINE size_t next_row(row_walk *walk) {
  while (walk->next == walk->range->count) walk->range++, walk->next = 0;
  return (size_t)(walk->range->start + walk->next++);
}

/// The walk from a chain's key number `skipped` on.
INLINE row_walk walk_from(const bear_attention_chain *chain, const bear_rows *ranges,
                          size_t skipped) {
  row_walk walk = {ranges + chain->first_range, (int64_t)skipped};
  while (walk.next > walk.range->count) walk.next -= walk.range->count, walk.range++;
  return walk;
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

/// The words from number `i` on of one head's part of a row, which starts at `x[at]`.
INLINE vf load_words(const void *x, size_t at, size_t i, size_t width, const int half) {
  return half ? load_pairs((const uint16_t *)x + at + i, width - i)
              : load_some((const float *)x + at + i, width - i, 0);
}

/// Packs rows so that the lanes of a vector are LANES keys at one word.
INLINE void pack_across(const attention_plan *plan, row_walk walk, size_t keys, size_t width,
                        size_t stride, const void *x, size_t column, float *packed,
                        const int half) {
  const size_t step = half ? 2 * LANES : LANES;
  for (size_t j = 0; j < keys; j += LANES, packed += LANES * plan->words) {
    const size_t count = smaller(keys - j, LANES);
    size_t row[LANES];
    for (size_t l = 0; l < count; l++) row[l] = next_row(&walk) * stride + column;
    float *to = packed;
    for (size_t i = 0; i < width; i += step, to += LANES * LANES) {
      vf block[LANES];
      if (count == LANES && width - i >= step) {
        UNROLL for (size_t l = 0; l < LANES; l++) block[l] = load_words(x, row[l], i, i + step, half);
      } else {
        for (size_t l = 0; l < LANES; l++)
          block[l] = l < count ? load_words(x, row[l], i, width, half) : (vf){0};
      }
      transpose(block);
      UNROLL for (size_t l = 0; l < LANES; l++) store(to + l * LANES, block[l]);
    }
  }
}

/// The pairs of two rows of words, number by number.
INLINE void interleave_rows(const attention_plan *plan, const float *a, const float *b,
                            float *pairs) {
  for (size_t i = 0; i < plan->width; i += 2 * LANES) {
    vf mixed[2];
    interleave(load(a + i / 2), load(b + i / 2), mixed);
    store(pairs + i, mixed[0]);
    if (i + LANES < plan->width) store(pairs + i + LANES, mixed[1]);
  }
}

/// Packs rows as they are, or the pairs of every two rows, a last odd one with zeros.
INLINE void pack_rows(const attention_plan *plan, row_walk walk, size_t keys, size_t width,
                      size_t stride, const void *x, size_t column, float *packed, const int half) {
  for (size_t j = 0; j < keys; j += half ? 2 : 1, packed += plan->width) {
    const size_t row = next_row(&walk) * stride + column;
    if (!half) {
      for (size_t i = 0; i < width; i += LANES)
        store(packed + i, load_words(x, row, i, width, 0));
      continue;
    }
    const int paired = j + 1 < keys;
    const size_t next = paired ? next_row(&walk) * stride + column : row;
    for (size_t i = 0; i < width; i += 2 * LANES) {
      vf mixed[2];
      vf second = paired ? load_words(x, next, i, width, 1) : (vf){0};
      interleave(load_words(x, row, i, width, 1), second, mixed);
      store(packed + i, mixed[0]);
      if (i + LANES < plan->width) store(packed + i + LANES, mixed[1]);
    }
  }
}

static void add_unpacked_rows(const attention_plan *plan, row_walk walk, size_t keys, size_t width,
                              size_t stride, const float *packed, float *x) {
  for (size_t j = 0; j < keys; j++, packed += plan->width) {
    float *row = x + next_row(&walk) * stride;
    for (size_t i = 0; i < width; i += LANES)
      store_some(row + i, width - i, load_some(row + i, width - i, 0) + load(packed + i));
  }
}

/// The parts of the packed keys: the shared ones, then each chain's own.
typedef struct {
  row_walk rows;
  size_t keys;  // of the part; 0 after the last
  size_t key;   // where they are packed
  const bear_attention_chain *chain, *end;  // whose keys come next
} packed_walk;

static packed_walk next_packed(const attention_plan *plan, const bear_rows *ranges,
                               packed_walk walk) {
  walk.key += padded_keys(walk.keys);
  walk.keys = 0;
  if (walk.chain == walk.end) return walk;
  walk.keys = chain_keys(walk.chain, ranges) - plan->shared;
  walk.rows = walk_from(walk.chain, ranges, plan->shared);
  walk.chain++;
  return walk;
}

static packed_walk first_packed(const attention_plan *plan, const bear_attention_task *task,
                                const bear_attention_chain *chains, const bear_rows *ranges) {
  const bear_attention_chain *first = chains + task->first_chain;
  packed_walk walk = {walk_from(first, ranges, 0), plan->shared, 0, first,
                      first + task->chain_count};
  return plan->shared > 0 ? walk : next_packed(plan, ranges, walk);
}

// ---- Tiles --------------------------------------------------------------------------------------

/// Consecutive rows of one chain in a tile.
typedef struct {
  size_t slot;       // of the first query
  size_t row, rows;  // among the query rows
  size_t key;        // where the chain's own keys are packed
  size_t seen;       // of them by the first row
} segment;

/// Query rows that go through the products together.
typedef struct {
  size_t count, slots;
  segment segments[MOST_TILE_ROWS];
} tile;

/// A place among the rows of a task.
typedef struct {
  const bear_attention_chain *chain, *end;
  size_t row;  // of the chain
  size_t key;  // where its own keys are packed
} tile_walk;

INLINE tile_walk first_tile(const attention_plan *plan, const bear_attention_task *task,
                            const bear_attention_chain *chains) {
  const bear_attention_chain *first = chains + task->first_chain;
  return (tile_walk){first, first + task->chain_count, 0, plan->shared};
}

/// Takes the next rows. Each chain's queries start at an even slot, so that pairs of queries are
/// one chain's.
static tile next_tile(const attention_plan *plan, const bear_rows *ranges, tile_walk *walk) {
  tile result = {0};
  size_t taken = 0;
  while (taken < plan->tile_rows && walk->chain < walk->end) {
    const size_t all = (size_t)walk->chain->rows;
    const size_t own = chain_keys(walk->chain, ranges) - plan->shared;
    const size_t rows = smaller(all - walk->row, plan->tile_rows - taken);
    if (rows > 0)
      result.segments[result.count++] =
          (segment){result.slots, (size_t)walk->chain->first_row + walk->row, rows, walk->key,
                    own - all + 1 + walk->row};
    result.slots += (rows * plan->group + 1) / 2 * 2;
    taken += rows, walk->row += rows;
    if (walk->row < all) break;
    walk->chain++, walk->row = 0, walk->key += padded_keys(own);
  }
  return result;
}
