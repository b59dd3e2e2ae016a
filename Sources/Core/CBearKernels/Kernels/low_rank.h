// The products of LoRA; see CBearKernels.h. The factor w [rank, width] is far wider than tall, so
// that a block of its rows, cut into chunks of columns, is packed into the first cache level and
// meets all rows of the other factor there.

// Accumulators of a tile: 3 vectors by 8 ranks leave room in 32 registers. In 16, 3 by 4 would
// leave none for the bits, and a spilled accumulator halves the speed.
#define TILE_RANKS (LANES == 16 ? 8 : 4)
#define TILE_WIDE (LANES == 16 ? 3 : 2)

// Of a chunk of w, which takes 20 of the cache's 32 kilobytes.
#define CHUNK_RANKS 8
#define CHUNK_COLUMNS 640

/// A chunk of at most CHUNK_RANKS rows of w: vector v of rank j at [(v * ranks + j) * LANES], with
/// zeros after the last column.
typedef struct {
  _Alignas(64) float w[CHUNK_RANKS * CHUNK_COLUMNS];
} packed_chunk;

/// The columns of all chunks but the last: even parts, in whole bytes of bits and whole vectors.
INLINE size_t chunk_width(size_t width) {
  const size_t chunks = (width + CHUNK_COLUMNS - 1) / CHUNK_COLUMNS;
  return ((width + chunks - 1) / chunks + 15) / 16 * 16;
}

static void pack_chunk(size_t width, size_t ranks, const float *w, size_t w_stride,
                       packed_chunk *chunk) {
  float *next = chunk->w;
  for (size_t i = 0; i < width; i += LANES)
    for (size_t j = 0; j < ranks; j++, next += LANES)
      store(next, load_some(w + j * w_stride + i, width - i, 0));
}

/// The ranks of the next tile where `rest` are left: a power of two.
INLINE size_t whole_ranks(size_t rest) {
  size_t ranks = TILE_RANKS;
  while (ranks > rest) ranks /= 2;
  return ranks;
}

// ---- low = scale (m x) w' -----------------------------------------------------------------------

/// Twice `half` vectors to half as many: interleaved halves of two share one addition.
INLINE void fold(const size_t half, vf *v) {
  UNROLL for (size_t i = 0; i < half; i++)
    v[i] = LOW(v[i], v[i + half]) + HIGH(v[i], v[i + half]);
}

/// Lane j < count is the sum of the lanes of v[j], with the additions of `sum_lanes`; count is a
/// power of two.
INLINE vf sum_each(const size_t count, vf *v) {
  if (count > 4) fold(4, v);
  if (count > 2) fold(2, v);
  if (count > 1) fold(1, v);
  vf sum = v[0];
#if LANES >= 16
  sum = sum + ROTATE(sum, 8);
#endif
#if LANES >= 8
  if (count <= 4) sum = sum + ROTATE(sum, 4);
#endif
  if (count <= 2) sum = sum + ROTATE(sum, 2);
  if (count <= 1) sum = sum + ROTATE(sum, 1);
  return sum;
}

/// The left factor of dots and the right one of outer: rows of an operand from element `at`, and
/// the bits that keep its elements from bit `bit`.
typedef struct {
  const void *start;
  size_t at, stride;
  const uint8_t *bits;
  size_t bit, bits_stride;
} kept_rows;

/// `count` elements of row r from column i.
INLINE vf load_kept(const bear_element type, const int masked, const kept_rows *x, size_t r,
                    size_t i, size_t count) {
  vf v = load_operand(type, x->start, x->at + r * x->stride + i, count);
  return keep(masked, x->bits, x->bit + r * 8 * x->bits_stride + i, count, v);
}

/// One tile over one chunk: `rows` rows by `ranks` ranks, added to `low` from the second chunk on.
INLINE void dots_tile(const bear_element type, const int masked, const size_t rows,
                      const size_t ranks, size_t width, const kept_rows *x, size_t first,
                      const float *w, float scale, float *low, size_t low_stride, int add) {
  vf sum[TILE_WIDE][TILE_RANKS];
  UNROLL for (size_t r = 0; r < rows; r++)
    UNROLL for (size_t j = 0; j < ranks; j++) sum[r][j] = (vf){0};
  size_t i = 0;
  for (; i + LANES <= width; i += LANES, w += ranks * LANES) {
    vf v[TILE_WIDE];
    UNROLL for (size_t r = 0; r < rows; r++) v[r] = load_kept(type, masked, x, first + r, i, LANES);
    UNROLL for (size_t j = 0; j < ranks; j++) {
      vf u = load(w + j * LANES);
      UNROLL for (size_t r = 0; r < rows; r++) sum[r][j] = v[r] * u + sum[r][j];
    }
  }
  if (i < width) {
    UNROLL for (size_t r = 0; r < rows; r++) {
      vf v = load_kept(type, masked, x, first + r, i, width - i);
      UNROLL for (size_t j = 0; j < ranks; j++) sum[r][j] = v * load(w + j * LANES) + sum[r][j];
    }
  }
  UNROLL for (size_t r = 0; r < rows; r++, low += low_stride) {
    vf total = sum_each(ranks, sum[r]) * scale;
    if (add) total = total + load_some(low, ranks, 0);
    store_some(low, ranks, total);
  }
}

/// All rows of one chunk.
INLINE void dots_chunk(const bear_element type, const int masked, const size_t ranks, size_t rows,
                       size_t width, const kept_rows *x, const float *w, float scale, float *low,
                       size_t low_stride, int add) {
  size_t r = 0;
  for (; r + TILE_WIDE <= rows; r += TILE_WIDE)
    dots_tile(type, masked, TILE_WIDE, ranks, width, x, r, w, scale, low + r * low_stride,
              low_stride, add);
  for (; r < rows; r++)
    dots_tile(type, masked, 1, ranks, width, x, r, w, scale, low + r * low_stride, low_stride, add);
}

INLINE void dots_body(const bear_element type, const int masked, size_t rows, size_t width,
                      size_t rank, kept_rows x, const float *w, size_t w_stride, float scale,
                      float *low, size_t low_stride) {
  packed_chunk chunk;
  const size_t step = chunk_width(width);
  for (size_t j = 0, ranks; j < rank; j += ranks) {
    ranks = whole_ranks(rank - j);
    for (size_t i = 0; i < width; i += step) {
      const size_t n = smaller(step, width - i);
      x.at = x.bit = i;
      pack_chunk(n, ranks, w + j * w_stride + i, w_stride, &chunk);
#define DOTS(ranks)                                                                                \
  dots_chunk(type, masked, ranks, rows, n, &x, chunk.w, scale, low + j, low_stride, i > 0)
      switch (ranks) {
        case TILE_RANKS: DOTS(TILE_RANKS); break;
        case TILE_RANKS / 2: DOTS(TILE_RANKS / 2); break;
#if LANES == 16
        case 2: DOTS(2); break;
#endif
        default: DOTS(1); break;
      }
#undef DOTS
    }
  }
}

/// Calls `body` with the type of an operand and whether there are bits as constants.
#define SPECIALISE(body, ...)                                                                      \
  do {                                                                                             \
    if (type == BEAR_BF16 && bits != NULL) body(BEAR_BF16, 1, __VA_ARGS__);                        \
    else if (type == BEAR_BF16) body(BEAR_BF16, 0, __VA_ARGS__);                                   \
    else if (bits != NULL) body(BEAR_F32, 1, __VA_ARGS__);                                         \
    else body(BEAR_F32, 0, __VA_ARGS__);                                                           \
  } while (0)

static void low_rank_dots(bear_element type, size_t rows, size_t width, size_t rank,
                          const void *restrict x, size_t x_stride, const uint8_t *restrict bits,
                          size_t bits_stride, const float *restrict w, size_t w_stride,
                          float scale, float *restrict low, size_t low_stride) {
  const kept_rows kept = {x, 0, x_stride, bits, 0, bits_stride};
  SPECIALISE(dots_body, rows, width, rank, kept, w, w_stride, scale, low, low_stride);
}

// ---- y += scale m (low w) -----------------------------------------------------------------------

/// Rows of the result: with 4 vectors 24 accumulators of 32 registers, with 2 vectors 12 of 16.
#define EXPAND_ROWS 6
#define EXPAND_VECTORS (LANES == 16 ? 4 : 2)

/// One tile; `count` is LANES, or the columns of a last vector that is alone in its tile.
INLINE void expand_tile(const int masked, const size_t rows, const size_t vectors, size_t count,
                        size_t ranks, const float *low, size_t low_stride, const float *w,
                        const uint8_t *bits, size_t bit, size_t bits_stride, float scale, float *y,
                        size_t y_stride) {
  vf sum[EXPAND_ROWS][4];
  UNROLL for (size_t r = 0; r < rows; r++)
    UNROLL for (size_t i = 0; i < vectors; i++) sum[r][i] = (vf){0};
  for (size_t j = 0; j < ranks; j++) {
    vf u[4];
    UNROLL for (size_t i = 0; i < vectors; i++) u[i] = load(w + (i * ranks + j) * LANES);
    UNROLL for (size_t r = 0; r < rows; r++) {
      vf v = splat(low[r * low_stride + j]);
      UNROLL for (size_t i = 0; i < vectors; i++) sum[r][i] = v * u[i] + sum[r][i];
    }
  }
  UNROLL for (size_t r = 0; r < rows; r++, y += y_stride, bit += 8 * bits_stride) {
    UNROLL for (size_t i = 0; i < vectors; i++) {
      vf kept = keep(masked, bits, bit + i * LANES, count, sum[r][i]);
      store_some(y + i * LANES, count, kept * scale + load_some(y + i * LANES, count, 0));
    }
  }
}

/// `rows` rows of one chunk.
INLINE void expand_rows(const int masked, const size_t rows, size_t width, size_t ranks,
                        const float *low, size_t low_stride, const float *w, const uint8_t *bits,
                        size_t bit, size_t bits_stride, float scale, float *y, size_t y_stride) {
  size_t i = 0;
  for (; i + EXPAND_VECTORS * LANES <= width; i += EXPAND_VECTORS * LANES)
    expand_tile(masked, rows, EXPAND_VECTORS, LANES, ranks, low, low_stride, w + i * ranks, bits,
                bit + i, bits_stride, scale, y + i, y_stride);
  for (; i + LANES <= width; i += LANES)
    expand_tile(masked, rows, 1, LANES, ranks, low, low_stride, w + i * ranks, bits, bit + i,
                bits_stride, scale, y + i, y_stride);
  if (i < width)
    expand_tile(masked, rows, 1, width - i, ranks, low, low_stride, w + i * ranks, bits, bit + i,
                bits_stride, scale, y + i, y_stride);
}

INLINE void expand_body(const int masked, size_t rows, size_t width, size_t rank, const float *low,
                        size_t low_stride, const float *w, size_t w_stride, const uint8_t *bits,
                        size_t bits_stride, float scale, float *y, size_t y_stride) {
  packed_chunk chunk;
  const size_t step = chunk_width(width);
  for (size_t j = 0; j < rank; j += CHUNK_RANKS) {
    const size_t ranks = smaller(CHUNK_RANKS, rank - j);
    for (size_t i = 0; i < width; i += step) {
      const size_t n = smaller(step, width - i);
      pack_chunk(n, ranks, w + j * w_stride + i, w_stride, &chunk);
      size_t r = 0;
      for (; r + EXPAND_ROWS <= rows; r += EXPAND_ROWS)
        expand_rows(masked, EXPAND_ROWS, n, ranks, low + r * low_stride + j, low_stride, chunk.w,
                    bits, i + r * 8 * bits_stride, bits_stride, scale, y + r * y_stride + i,
                    y_stride);
      for (; r < rows; r++)
        expand_rows(masked, 1, n, ranks, low + r * low_stride + j, low_stride, chunk.w, bits,
                    i + r * 8 * bits_stride, bits_stride, scale, y + r * y_stride + i, y_stride);
    }
  }
}

static void low_rank_expand(size_t rows, size_t width, size_t rank, const float *restrict low,
                            size_t low_stride, const float *restrict w, size_t w_stride,
                            const uint8_t *restrict bits, size_t bits_stride, float scale,
                            float *restrict y, size_t y_stride) {
  if (bits != NULL)
    expand_body(1, rows, width, rank, low, low_stride, w, w_stride, bits, bits_stride, scale, y,
                y_stride);
  else
    expand_body(0, rows, width, rank, low, low_stride, w, w_stride, bits, bits_stride, scale, y,
                y_stride);
}

// ---- g += scale low' (m x) ----------------------------------------------------------------------

/// One tile; `count` is LANES, or the columns of a last vector that is alone in its tile.
INLINE void outer_tile(const bear_element type, const int masked, const size_t ranks,
                       const size_t vectors, size_t count, size_t rows, const float *low,
                       size_t low_stride, const kept_rows *x, size_t column, float scale, float *g,
                       size_t g_stride) {
  vf sum[TILE_RANKS][TILE_WIDE];
  UNROLL for (size_t j = 0; j < ranks; j++)
    UNROLL for (size_t i = 0; i < vectors; i++) sum[j][i] = (vf){0};
  for (size_t r = 0; r < rows; r++, low += low_stride) {
    vf v[TILE_WIDE];
    UNROLL for (size_t i = 0; i < vectors; i++)
      v[i] = load_kept(type, masked, x, r, column + i * LANES, count);
    UNROLL for (size_t j = 0; j < ranks; j++) {
      vf u = splat(low[j]);
      UNROLL for (size_t i = 0; i < vectors; i++) sum[j][i] = u * v[i] + sum[j][i];
    }
  }
  UNROLL for (size_t j = 0; j < ranks; j++, g += g_stride)
    UNROLL for (size_t i = 0; i < vectors; i++)
      store_some(g + i * LANES, count,
                 sum[j][i] * scale + load_some(g + i * LANES, count, 0));
}

/// All columns of some ranks.
INLINE void outer_ranks(const bear_element type, const int masked, const size_t ranks, size_t rows,
                        size_t width, const float *low, size_t low_stride, const kept_rows *x,
                        float scale, float *g, size_t g_stride) {
  size_t i = 0;
  for (; i + TILE_WIDE * LANES <= width; i += TILE_WIDE * LANES)
    outer_tile(type, masked, ranks, TILE_WIDE, LANES, rows, low, low_stride, x, i, scale, g + i,
               g_stride);
  for (; i + LANES <= width; i += LANES)
    outer_tile(type, masked, ranks, 1, LANES, rows, low, low_stride, x, i, scale, g + i, g_stride);
  if (i < width)
    outer_tile(type, masked, ranks, 1, width - i, rows, low, low_stride, x, i, scale, g + i,
               g_stride);
}

INLINE void outer_body(const bear_element type, const int masked, size_t rows, size_t width,
                       size_t rank, const float *low, size_t low_stride, const kept_rows *x,
                       float scale, float *g, size_t g_stride) {
  for (size_t j = 0, ranks; j < rank; j += ranks) {
    ranks = whole_ranks(rank - j);
#define OUTER(ranks)                                                                               \
  outer_ranks(type, masked, ranks, rows, width, low + j, low_stride, x, scale, g + j * g_stride,   \
              g_stride)
    switch (ranks) {
      case TILE_RANKS: OUTER(TILE_RANKS); break;
      case TILE_RANKS / 2: OUTER(TILE_RANKS / 2); break;
#if LANES == 16
      case 2: OUTER(2); break;
#endif
      default: OUTER(1); break;
    }
#undef OUTER
  }
}

static void low_rank_outer(bear_element type, size_t rows, size_t width, size_t rank,
                           const float *restrict low, size_t low_stride, const void *restrict x,
                           size_t x_stride, const uint8_t *restrict bits, size_t bits_stride,
                           float scale, float *restrict g, size_t g_stride) {
  const kept_rows kept = {x, 0, x_stride, bits, 0, bits_stride};
  SPECIALISE(outer_body, rows, width, rank, low, low_stride, &kept, scale, g, g_stride);
}
