// Root-mean-square norm and rotary position embedding; see CBearKernels.h.

INLINE void rms_norm_body(const bear_element type, size_t rows, size_t width, float eps,
                          const float *x, const float *w, void *y, float *rstd) {
  for (size_t r = 0; r < rows; r++, x += width) {
    vf squares[2] = {{0}, {0}};
    size_t i = 0;
    for (; i + 2 * LANES <= width; i += 2 * LANES) {
      vf a = load(x + i), b = load(x + i + LANES);
      squares[0] = a * a + squares[0];
      squares[1] = b * b + squares[1];
    }
    for (; i < width; i += LANES) {
      vf a = load_some(x + i, width - i, 0);
      squares[0] = a * a + squares[0];
    }
    float mean = sum_lanes(squares[0] + squares[1]) / (float)width;
    float factor = 1.0f / sqrtf(mean + eps);
    if (rstd != NULL) rstd[r] = factor;
    for (i = 0; i < width; i += LANES) {
      size_t n = width - i;
      vf product = load_some(x + i, n, 0) * factor * load_some(w + i, n, 0);
      store_operand(type, y, r * width + i, n, product);
    }
  }
}

static void rms_norm(bear_element type, size_t rows, size_t width, float eps,
                     const float *restrict x, const float *restrict w, void *restrict y,
                     float *restrict rstd) {
  if (type == BEAR_BF16) rms_norm_body(BEAR_BF16, rows, width, eps, x, w, y, rstd);
  else rms_norm_body(BEAR_F32, rows, width, eps, x, w, y, rstd);
}

static void rms_norm_backward(size_t rows, size_t width, const float *restrict x,
                              const float *restrict w, const float *restrict rstd,
                              const float *restrict dy, float *restrict dx) {
  for (size_t r = 0; r < rows; r++, x += width, dy += width, dx += width) {
    vf dots[2] = {{0}, {0}};
    size_t i = 0;
    for (; i + 2 * LANES <= width; i += 2 * LANES) {
      dots[0] = load(w + i) * load(dy + i) * load(x + i) + dots[0];
      dots[1] = load(w + i + LANES) * load(dy + i + LANES) * load(x + i + LANES) + dots[1];
    }
    for (; i < width; i += LANES) {
      size_t n = width - i;
      dots[0] = load_some(w + i, n, 0) * load_some(dy + i, n, 0) * load_some(x + i, n, 0) + dots[0];
    }
    float factor = rstd[r];
    float pull = sum_lanes(dots[0] + dots[1]) * factor * factor / (float)width;
    for (i = 0; i < width; i += LANES) {
      size_t n = width - i;
      vf inner = load_some(w + i, n, 0) * load_some(dy + i, n, 0) - load_some(x + i, n, 0) * pull;
      store_some(dx + i, n, inner * factor + load_some(dx + i, n, 0));
    }
  }
}

/// 1 / rms of one head.
INLINE float head_factor(size_t width, float eps, const float *x) {
  vf squares = {0};
  for (size_t i = 0; i < width; i += LANES) {
    vf a = load_some(x + i, width - i, 0);
    squares = a * a + squares;
  }
  return 1.0f / sqrtf(sum_lanes(squares) / (float)width + eps);
}

static void head_norm(size_t rows, size_t heads, size_t width, size_t stride, float eps,
                      const float *restrict w, float *restrict x) {
  for (size_t r = 0; r < rows; r++) {
    for (size_t h = 0; h < heads; h++) {
      float *head = x + r * stride + h * width;
      const float factor = head_factor(width, eps, head);
      for (size_t i = 0; i < width; i += LANES) {
        size_t n = width - i;
        store_some(head + i, n, load_some(head + i, n, 0) * factor * load_some(w + i, n, 0));
      }
    }
  }
}

static void head_norm_backward(size_t rows, size_t heads, size_t width, float eps,
                               const float *restrict x, size_t x_stride, const float *restrict w,
                               float *restrict dy, size_t dy_stride) {
  for (size_t r = 0; r < rows; r++) {
    for (size_t h = 0; h < heads; h++) {
      const float *head = x + r * x_stride + h * width;
      float *d = dy + r * dy_stride + h * width;
      const float factor = head_factor(width, eps, head);
      vf dots = {0};
      for (size_t i = 0; i < width; i += LANES) {
        size_t n = width - i;
        dots = load_some(w + i, n, 0) * load_some(d + i, n, 0) * load_some(head + i, n, 0) + dots;
      }
      const float pull = sum_lanes(dots) * factor * factor / (float)width;
      for (size_t i = 0; i < width; i += LANES) {
        size_t n = width - i;
        vf inner = load_some(w + i, n, 0) * load_some(d + i, n, 0) - load_some(head + i, n, 0) * pull;
        store_some(d + i, n, inner * factor);
      }
    }
  }
}

static void rotary(size_t rows, size_t heads, size_t width, size_t stride,
                   const int32_t *restrict positions, const float *restrict cosine,
                   const float *restrict sine, int direction, float *restrict x) {
  const size_t half = width / 2;
  const float sign = direction < 0 ? -1.0f : 1.0f;
  for (size_t r = 0; r < rows; r++) {
    const float *c_row = cosine + (size_t)positions[r] * half;
    const float *s_row = sine + (size_t)positions[r] * half;
    for (size_t h = 0; h < heads; h++) {
      float *lower = x + r * stride + h * width, *upper = lower + half;
      for (size_t i = 0; i < half; i += LANES) {
        size_t n = half - i;
        vf c = load_some(c_row + i, n, 0), s = load_some(s_row + i, n, 0) * sign;
        vf x1 = load_some(lower + i, n, 0), x2 = load_some(upper + i, n, 0);
        store_some(lower + i, n, x1 * c - x2 * s);
        store_some(upper + i, n, x2 * c + x1 * s);
      }
    }
  }
}
