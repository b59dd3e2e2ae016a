// The one matrix product that attention's forward and backward pass are made of, of numbers or of
// pairs of bfloat16.

// Accumulators of a tile: 6 rows of 4 vectors leave room in 32 registers, 6 of 2 in 16.
#define TILE_ROWS 6
#define TILE_VECTORS (LANES == 16 ? 4 : 2)

/// A matrix of numbers, or of pairs of bfloat16, somewhere in memory: element (i, j) at
/// start + i * row + j * column, where for the right factor and the result a column is a whole
/// vector.
typedef struct {
  const float *start;
  size_t row, column;
} matrix;

/// One tile, held in registers. Every element is one chain of multiply-adds in the order of
/// `depth`, so that it has the same bits in a tile of any size.
INLINE void product_tile(const size_t rows, const size_t vectors, size_t depth, matrix a, matrix b,
                         float *c, size_t c_row, size_t c_column, int add, const int half) {
  vf sum[TILE_ROWS][4];
  UNROLL for (size_t i = 0; i < rows; i++)
    UNROLL for (size_t j = 0; j < vectors; j++)
      sum[i][j] = add ? load(c + i * c_row + j * c_column) : (vf){0};
  for (size_t k = 0; k < depth; k++) {
    vf right[4];
    UNROLL for (size_t j = 0; j < vectors; j++)
      right[j] = load(b.start + k * b.row + j * b.column);
    UNROLL for (size_t i = 0; i < rows; i++) {
      vf left = splat(a.start[i * a.row + k * a.column]);
      UNROLL for (size_t j = 0; j < vectors; j++)
        sum[i][j] = half ? add_pair_products(sum[i][j], left, right[j])
                         : left * right[j] + sum[i][j];
    }
  }
  UNROLL for (size_t i = 0; i < rows; i++)
    UNROLL for (size_t j = 0; j < vectors; j++) store(c + i * c_row + j * c_column, sum[i][j]);
}

/// All rows of a strip of `vectors` columns.
INLINE void product_strip(size_t rows, const size_t vectors, size_t depth, matrix a, matrix b,
                          float *c, size_t c_row, size_t c_column, int add, const int half) {
  for (; rows >= TILE_ROWS; rows -= TILE_ROWS) {
    product_tile(TILE_ROWS, vectors, depth, a, b, c, c_row, c_column, add, half);
    a.start += TILE_ROWS * a.row;
    c += TILE_ROWS * c_row;
  }
  switch (rows) {
    case 5: product_tile(5, vectors, depth, a, b, c, c_row, c_column, add, half); break;
    case 4: product_tile(4, vectors, depth, a, b, c, c_row, c_column, add, half); break;
    case 3: product_tile(3, vectors, depth, a, b, c, c_row, c_column, add, half); break;
    case 2: product_tile(2, vectors, depth, a, b, c, c_row, c_column, add, half); break;
    case 1: product_tile(1, vectors, depth, a, b, c, c_row, c_column, add, half); break;
    default: break;
  }
}

INLINE void product_any(size_t rows, size_t vectors, size_t depth, matrix a, matrix b, float *c,
                        size_t c_row, int add, const int half) {
  for (; vectors >= TILE_VECTORS; vectors -= TILE_VECTORS) {
    product_strip(rows, TILE_VECTORS, depth, a, b, c, c_row, LANES, add, half);
    b.start += TILE_VECTORS * b.column;
    c += TILE_VECTORS * LANES;
  }
  for (; vectors > 0; vectors--) {
    product_strip(rows, 1, depth, a, b, c, c_row, LANES, add, half);
    b.start += b.column;
    c += LANES;
  }
}

static void product_f32(size_t rows, size_t vectors, size_t depth, matrix a, matrix b, float *c,
                        size_t c_row, int add) {
  product_any(rows, vectors, depth, a, b, c, c_row, add, 0);
}

static void product_bf16(size_t rows, size_t vectors, size_t depth, matrix a, matrix b, float *c,
                         size_t c_row, int add) {
  product_any(rows, vectors, depth, a, b, c, c_row, add, 1);
}

/// c[i, j] = sum_k a[i, k] b[k, j], added to c[i, j] where `add` is set. With `half`, an element of
/// a or b is a pair of bfloat16 and a product is the sum of two.
///
/// Shapes: a [rows, depth]; b [depth, vectors of LANES]; c [rows, vectors of LANES], its rows
///         `c_row` floats apart and its vectors side by side.
INLINE void product(size_t rows, size_t vectors, size_t depth, matrix a, matrix b, float *c,
                    size_t c_row, int add, const int half) {
  (half ? product_bf16 : product_f32)(rows, vectors, depth, a, b, c, c_row, add);
}
