// The head at chosen columns, and soft-max over rows of unequal length; see CBearKernels.h.

/// Table rows read side by side: as many streams as hide the memory's latency.
#define STREAMS 8

/// Fetches a line of each of the next table rows, while the present ones are at the same place.
INLINE void prefetch_rows(const float *table, const int32_t *columns, size_t count, size_t width,
                          size_t i) {
  if (i % 16 != 0) return;
  for (size_t s = 0; s < count; s++)
    __builtin_prefetch(table + (size_t)columns[s] * width + i);
}

/// `count` dot products, in the same order of additions whatever the count.
INLINE void gather_dots(size_t count, size_t width, const int32_t *columns, size_t ahead,
                        const float *x, const float *table, float *y) {
  const float *row[STREAMS];
  vf sum[STREAMS];
  UNROLL for (size_t s = 0; s < count; s++) {
    row[s] = table + (size_t)columns[s] * width;
    sum[s] = (vf){0};
  }
  size_t i = 0;
  for (; i + LANES <= width; i += LANES) {
    if (ahead == STREAMS) prefetch_rows(table, columns + count, STREAMS, width, i);
    vf v = load(x + i);
    UNROLL for (size_t s = 0; s < count; s++) sum[s] = v * load(row[s] + i) + sum[s];
  }
  if (i < width) {
    vf v = load_some(x + i, width - i, 0);
    UNROLL for (size_t s = 0; s < count; s++)
      sum[s] = v * load_some(row[s] + i, width - i, 0) + sum[s];
  }
  UNROLL for (size_t s = 0; s < count; s++) y[s] = sum_lanes(sum[s]);
}

static void gather_dot(size_t rows, size_t width, const int64_t *restrict offsets,
                       const int32_t *restrict columns, const float *restrict x,
                       const float *restrict table, float *restrict y) {
  const int64_t all = offsets[rows];
  for (size_t r = 0; r < rows; r++, x += width) {
    int64_t j = offsets[r];
    const int64_t end = offsets[r + 1];
    for (; j + STREAMS <= end; j += STREAMS) {
      size_t ahead = smaller((size_t)(all - j - STREAMS), STREAMS);
      gather_dots(STREAMS, width, columns + j, ahead, x, table, y + j);
    }
    for (; j < end; j++) gather_dots(1, width, columns + j, 0, x, table, y + j);
  }
}

INLINE void add_gathered(size_t count, size_t width, const int32_t *columns, size_t ahead,
                         const float *dy, const float *table, float *dx) {
  const float *row[STREAMS];
  UNROLL for (size_t s = 0; s < count; s++) row[s] = table + (size_t)columns[s] * width;
  size_t i = 0;
  for (; i + LANES <= width; i += LANES) {
    if (ahead == STREAMS) prefetch_rows(table, columns + count, STREAMS, width, i);
    vf sum = load(dx + i);
    UNROLL for (size_t s = 0; s < count; s++) sum = load(row[s] + i) * dy[s] + sum;
    store(dx + i, sum);
  }
  for (; i < width; i++)
    for (size_t s = 0; s < count; s++) dx[i] += row[s][i] * dy[s];
}

static void gather_dot_backward(size_t rows, size_t width, const int64_t *restrict offsets,
                                const int32_t *restrict columns, const float *restrict dy,
                                const float *restrict table, float *restrict dx) {
  const int64_t all = offsets[rows];
  for (size_t r = 0; r < rows; r++, dx += width) {
    int64_t j = offsets[r];
    const int64_t end = offsets[r + 1];
    for (; j + STREAMS <= end; j += STREAMS) {
      size_t ahead = smaller((size_t)(all - j - STREAMS), STREAMS);
      add_gathered(STREAMS, width, columns + j, ahead, dy + j, table, dx);
    }
    for (; j < end; j++) add_gathered(1, width, columns + j, 0, dy + j, table, dx);
  }
}

/// What to subtract before exponentiating; 0 in place of an infinity, whose difference with itself
/// is NaN.
INLINE float shift_of(float largest) { return isfinite(largest) ? largest : 0; }

static void row_log_sum_exp(size_t rows, const int64_t *restrict offsets, const float *restrict x,
                            float *restrict lse) {
  for (size_t r = 0; r < rows; r++) {
    const float *row = x + offsets[r];
    const size_t count = (size_t)(offsets[r + 1] - offsets[r]);
    vf largest = splat(-INFINITY);
    for (size_t j = 0; j < count; j += LANES)
      largest = larger(load_some(row + j, count - j, -INFINITY), largest);
    const float shift = shift_of(largest_lane(largest));
    // A row may be a whole vocabulary, too long for sums in single precision.
    vd sum = {0};
    for (size_t j = 0; j < count; j += LANES)
      sum += WIDEN(exponential(load_some(row + j, count - j, -INFINITY) - shift));
    lse[r] = (float)(shift + log(sum_wide(&sum)));
  }
}

static void row_log_sum_exp_backward(size_t rows, const int64_t *restrict offsets,
                                     const float *restrict x, const float *restrict lse,
                                     const float *restrict d_lse, float *restrict dx) {
  for (size_t r = 0; r < rows; r++) {
    for (int64_t j = offsets[r]; j < offsets[r + 1]; j += LANES) {
      size_t n = (size_t)(offsets[r + 1] - j);
      vf p = exponential(load_some(x + j, n, 0) - lse[r]);
      store_some(dx + j, n, p * d_lse[r] + load_some(dx + j, n, 0));
    }
  }
}

static void row_subtract(size_t rows, const int64_t *restrict offsets, const float *restrict x,
                         const float *restrict lse, float *restrict y) {
  for (size_t r = 0; r < rows; r++) {
    for (int64_t j = offsets[r]; j < offsets[r + 1]; j += LANES) {
      size_t n = (size_t)(offsets[r + 1] - j);
      store_some(y + j, n, load_some(x + j, n, 0) - lse[r]);
    }
  }
}

static void row_log_softmax_backward(size_t rows, const int64_t *restrict offsets,
                                     const float *restrict y, const float *restrict dy,
                                     float *restrict dx) {
  for (size_t r = 0; r < rows; r++) {
    vd wide = {0};
    for (int64_t j = offsets[r]; j < offsets[r + 1]; j += LANES)
      wide += WIDEN(load_some(dy + j, (size_t)(offsets[r + 1] - j), 0));
    const float sum = (float)sum_wide(&wide);
    for (int64_t j = offsets[r]; j < offsets[r + 1]; j += LANES) {
      size_t n = (size_t)(offsets[r + 1] - j);
      vf d = load_some(dy + j, n, 0) - exponential(load_some(y + j, n, 0)) * sum;
      store_some(dx + j, n, load_some(dx + j, n, 0) + d);
    }
  }
}

INLINE void softmax_minus_target(const bear_element type, size_t width, const float *x, float lse,
                                 size_t target, void *y, size_t first) {
  for (size_t j = 0; j < width; j += LANES)
    store_operand(type, y, first + j, width - j,
                  exponential(load_some(x + j, width - j, 0) - lse));
  // In single precision before it is rounded: the difference of numbers near 1.
  const size_t start = target / LANES * LANES;
  vf p = exponential(load_some(x + start, width - start, 0) - lse);
  p[target - start] -= 1;
  store_operand(type, y, first + start, width - start, p);
}

static void row_softmax_minus_target(bear_element type, size_t rows, size_t width,
                                     const float *restrict x, const float *restrict lse,
                                     const int32_t *restrict targets, void *restrict y) {
  for (size_t r = 0; r < rows; r++) {
    if (type == BEAR_F32)
      softmax_minus_target(BEAR_F32, width, x + r * width, lse[r], (size_t)targets[r], y,
                           r * width);
    else
      softmax_minus_target(BEAR_BF16, width, x + r * width, lse[r], (size_t)targets[r], y,
                           r * width);
  }
}
