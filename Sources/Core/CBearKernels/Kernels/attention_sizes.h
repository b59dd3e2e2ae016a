#ifndef BEAR_ATTENTION_SIZES_H
#define BEAR_ATTENTION_SIZES_H

#include "CBearKernels.h"

// The sizes of a task of attention that are the same for all instruction sets.

enum {
  KEY_BLOCK = 16,       // keys are packed in blocks of the widest vector's lanes
  TILE_QUERIES = 24,    // about: whole query rows, times the heads that share a key head
  MOST_TILE_ROWS = 24,
};

typedef struct {
  size_t group, tile_rows, slots, shared, keys, score_row;
} attention_sizes;

static inline size_t padded_keys(size_t keys) {
  return (keys + KEY_BLOCK - 1) / KEY_BLOCK * KEY_BLOCK;
}

/// All keys that a chain's last row sees.
static inline size_t chain_keys(const bear_attention_chain *chain, const bear_rows *ranges) {
  size_t keys = 0;
  for (int64_t i = 0; i < chain->range_count; i++)
    keys += (size_t)ranges[chain->first_range + i].count;
  return keys;
}

static inline attention_sizes attention_sizes_of(const bear_attention_shape *shape,
                                                 const bear_attention_task *task,
                                                 const bear_attention_chain *chains,
                                                 const bear_rows *ranges) {
  attention_sizes sizes;
  sizes.group = shape->heads / shape->kv_heads;
  sizes.tile_rows = sizes.group >= TILE_QUERIES ? 1 : TILE_QUERIES / sizes.group;
  sizes.slots = sizes.tile_rows * (sizes.group + sizes.group % 2);
  // What is left of the shared keys fills the first block of each chain.
  sizes.shared = (size_t)task->shared_keys / KEY_BLOCK * KEY_BLOCK;
  sizes.keys = sizes.shared;
  size_t longest = 0;
  for (int64_t i = 0; i < task->chain_count; i++) {
    const bear_attention_chain *chain = chains + task->first_chain + i;
    const size_t own = padded_keys(chain_keys(chain, ranges) - sizes.shared);
    sizes.keys += own;
    if (own > longest) longest = own;
  }
  // The extra line keeps equal keys of different queries out of the same cache set.
  // Room for soft-max to go on to a pair of whole vectors.
  sizes.score_row = sizes.shared + longest + 2 * KEY_BLOCK;
  return sizes;
}

#endif
