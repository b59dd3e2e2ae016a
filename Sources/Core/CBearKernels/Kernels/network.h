// Layers of small trained networks: layer norm, activations, dropout; see CBearKernels.h.

/// Mean, and 1 / the deviation, of one row.
INLINE void row_moments(size_t width, float eps, const float *x, float *mean, float *rstd) {
  vf sum = {0};
  for (size_t i = 0; i < width; i += LANES) sum += load_some(x + i, width - i, 0);
  *mean = sum_lanes(sum) / (float)width;
  vf squares = {0};
  for (size_t i = 0; i < width; i += LANES) {
    vf d = load_some(x + i, width - i, *mean) - *mean;
    squares = d * d + squares;
  }
  *rstd = 1.0f / sqrtf(sum_lanes(squares) / (float)width + eps);
}

static void layer_norm(size_t rows, size_t width, float eps, const float *restrict x,
                       const float *restrict w, const float *restrict b, float *restrict y,
                       float *restrict moments) {
  for (size_t r = 0; r < rows; r++, x += width, y += width) {
    float mean, rstd;
    row_moments(width, eps, x, &mean, &rstd);
    moments[2 * r] = mean;
    moments[2 * r + 1] = rstd;
    for (size_t i = 0; i < width; i += LANES) {
      size_t n = width - i;
      vf normal = (load_some(x + i, n, 0) - mean) * rstd;
      store_some(y + i, n, normal * load_some(w + i, n, 0) + load_some(b + i, n, 0));
    }
  }
}

static void layer_norm_backward(size_t rows, size_t width, const float *restrict x,
                                const float *restrict w, const float *restrict moments,
                                const float *restrict dy, float *restrict dx, float *restrict dw,
                                float *restrict db) {
  for (size_t r = 0; r < rows; r++, x += width, dy += width) {
    const float mean = moments[2 * r], rstd = moments[2 * r + 1];
    vf sum = {0}, dots = {0};
    for (size_t i = 0; i < width; i += LANES) {
      size_t n = width - i;
      vf d = load_some(dy + i, n, 0), normal = (load_some(x + i, n, mean) - mean) * rstd;
      store_some(dw + i, n, d * normal + load_some(dw + i, n, 0));
      store_some(db + i, n, d + load_some(db + i, n, 0));
      vf g = d * load_some(w + i, n, 0);
      sum += g;
      dots = g * normal + dots;
    }
    if (dx == NULL) continue;
    const float shift = sum_lanes(sum) / (float)width, pull = sum_lanes(dots) / (float)width;
    for (size_t i = 0; i < width; i += LANES) {
      size_t n = width - i;
      vf g = load_some(dy + i, n, 0) * load_some(w + i, n, 0);
      vf normal = (load_some(x + i, n, mean) - mean) * rstd;
      vf d = (g - shift - normal * pull) * rstd;
      store_some(dx + r * width + i, n, d + load_some(dx + r * width + i, n, 0));
    }
  }
}

// ---- Activations --------------------------------------------------------------------------------

INLINE vf magnitude(vf x) { return (vf)((vu)x & 0x7FFFFFFF); }

INLINE vf with_sign_of(vf size, vf x) { return (vf)((vu)size | ((vu)x & 0x80000000)); }

/// erf(x) to 2e-7 of its value.
///
/// Near 0, x times a polynomial in x^2; from 1 on, 1 - e^(-x^2) times a polynomial in
/// 1 / (1 + x / 2). Both interpolate in Chebyshev's points, in [0, 1] and [0.95, 4.3]; beyond,
/// e^(-x^2) is below 1e-8.
INLINE vf error_function(vf x) {
  vf z = magnitude(x), u = z * z;
  vf near = splat(7.875875112e-5f);
  near = near * u - 8.016864302e-4f;
  near = near * u + 5.189087425e-3f;
  near = near * u - 2.685421201e-2f;
  near = near * u + 1.128359472e-1f;
  near = near * u - 3.761262667e-1f;
  near = near * u + 1.128379166f;
  vf t = 1.0f / (z * 0.5f + 1.0f);
  vf far = splat(1.197971405e-1f);
  far = far * t - 4.726838775e-1f;
  far = far * t + 5.653240059e-1f;
  far = far * t - 1.051493422e-1f;
  far = far * t + 3.484698594e-1f;
  far = far * t + 2.595213747e-1f;
  far = far * t + 2.849342610e-1f;
  far = far * t - 1.553012658e-4f;
  return with_sign_of(select(z < splat(1.0f), near * z, 1.0f - exponential(-u) * far), x);
}

/// tanh(x) to about 2e-7 of its value: its series near 0, where the quotient cancels.
INLINE vf hyperbolic_tangent(vf x) {
  vf z = magnitude(x), u = z * z;
  vf near = splat(62.0f / 2835);
  near = near * u - 17.0f / 315;
  near = near * u + 2.0f / 15;
  near = near * u - 1.0f / 3;
  near = near * u + 1.0f;
  vf far = 1.0f - 2.0f / (exponential(z * 2.0f) + 1.0f);
  return with_sign_of(select(z < splat(0.25f), near * z, far), x);
}

INLINE vf logistic(vf x) { return 1.0f / (exponential(-x) + 1.0f); }

INLINE vf activated(const bear_activation kind, float slope, vf x) {
  switch (kind) {
    case BEAR_LEAKY_RELU: return select(x > splat(0.0f), x, x * slope);
    case BEAR_GELU: return x * 0.5f * (error_function(x * 0.70710678118654752f) + 1.0f);
    case BEAR_TANH: return hyperbolic_tangent(x);
  }
}

/// The derivative at x.
INLINE vf activation_slope(const bear_activation kind, float slope, vf x) {
  switch (kind) {
    case BEAR_LEAKY_RELU: return select(x > splat(0.0f), splat(1.0f), splat(slope));
    case BEAR_GELU: {
      vf share = 0.5f * (error_function(x * 0.70710678118654752f) + 1.0f);
      return x * 0.39894228040143268f * exponential(x * x * -0.5f) + share;
    }
    case BEAR_TANH: {
      vf y = hyperbolic_tangent(x);
      return 1.0f - y * y;
    }
  }
}

INLINE void activate_body(const bear_activation kind, size_t count, float slope, const float *x,
                          float *y) {
  for (size_t i = 0; i < count; i += LANES)
    store_some(y + i, count - i, activated(kind, slope, load_some(x + i, count - i, 0)));
}

static void activate(bear_activation kind, size_t count, float slope, const float *restrict x,
                     float *restrict y) {
  switch (kind) {
    case BEAR_LEAKY_RELU: activate_body(BEAR_LEAKY_RELU, count, slope, x, y); break;
    case BEAR_GELU: activate_body(BEAR_GELU, count, slope, x, y); break;
    case BEAR_TANH: activate_body(BEAR_TANH, count, slope, x, y); break;
  }
}

INLINE void activate_backward_body(const bear_activation kind, size_t count, float slope,
                                   const float *x, const float *dy, float *dx) {
  for (size_t i = 0; i < count; i += LANES) {
    size_t n = count - i;
    vf d = load_some(dy + i, n, 0) * activation_slope(kind, slope, load_some(x + i, n, 0));
    store_some(dx + i, n, d + load_some(dx + i, n, 0));
  }
}

static void activate_backward(bear_activation kind, size_t count, float slope,
                              const float *restrict x, const float *restrict dy,
                              float *restrict dx) {
  switch (kind) {
    case BEAR_LEAKY_RELU: activate_backward_body(BEAR_LEAKY_RELU, count, slope, x, dy, dx); break;
    case BEAR_GELU: activate_backward_body(BEAR_GELU, count, slope, x, dy, dx); break;
    case BEAR_TANH: activate_backward_body(BEAR_TANH, count, slope, x, dy, dx); break;
  }
}

// ---- Dropout ------------------------------------------------------------------------------------

static void add_dropped(size_t count, float rate, uint64_t key, size_t first, const float *restrict x,
                        float *restrict y) {
  const float scale = bear_dropout_scale(rate);
  uint8_t bits[BEAR_DROPOUT_BLOCK / 8];
  for (size_t start = 0; start < count; start += BEAR_DROPOUT_BLOCK) {
    const size_t width = smaller(count - start, BEAR_DROPOUT_BLOCK);
    const uint64_t block = (first + start) / BEAR_DROPOUT_BLOCK;
    const uint64_t row_key = key + block * 0x9E3779B97F4A7C15u;
    dropout_bits(1, width, rate, &row_key, bits, sizeof bits);
    for (size_t i = 0; i < width; i += LANES) {
      size_t n = width - i;
      vf kept = keep(1, bits, i, n, load_some(x + start + i, n, 0)) * scale;
      store_some(y + start + i, n, kept + load_some(y + start + i, n, 0));
    }
  }
}

// ---- Gated recurrent unit -----------------------------------------------------------------------

static void gru_cell(size_t rows, size_t width, const float *restrict input,
                     const float *restrict recurrent, const float *restrict hidden,
                     float *restrict y) {
  for (size_t r = 0; r < rows; r++, input += 3 * width, recurrent += 3 * width) {
    for (size_t i = 0; i < width; i += LANES) {
      size_t n = width - i;
      vf reset = logistic(load_some(input + i, n, 0) + load_some(recurrent + i, n, 0));
      vf update = logistic(load_some(input + width + i, n, 0) +
                           load_some(recurrent + width + i, n, 0));
      vf fresh = hyperbolic_tangent(load_some(input + 2 * width + i, n, 0) +
                                    reset * load_some(recurrent + 2 * width + i, n, 0));
      vf before = load_some(hidden + r * width + i, n, 0);
      store_some(y + r * width + i, n, fresh + update * (before - fresh));
    }
  }
}

static void gru_cell_backward(size_t rows, size_t width, const float *restrict input,
                              const float *restrict recurrent, const float *restrict hidden,
                              const float *restrict dy, float *restrict d_input,
                              float *restrict d_recurrent, float *restrict d_hidden) {
  for (size_t r = 0; r < rows; r++, input += 3 * width, recurrent += 3 * width) {
    float *d_in = d_input + 3 * r * width, *d_re = d_recurrent + 3 * r * width;
    for (size_t i = 0; i < width; i += LANES) {
      size_t n = width - i;
      vf term = load_some(recurrent + 2 * width + i, n, 0);
      vf reset = logistic(load_some(input + i, n, 0) + load_some(recurrent + i, n, 0));
      vf update = logistic(load_some(input + width + i, n, 0) +
                           load_some(recurrent + width + i, n, 0));
      vf fresh = hyperbolic_tangent(load_some(input + 2 * width + i, n, 0) + reset * term);
      vf before = load_some(hidden + r * width + i, n, 0), d = load_some(dy + r * width + i, n, 0);
      vf d_fresh = d * (1.0f - update) * (1.0f - fresh * fresh);
      vf d_reset = d_fresh * term * reset * (1.0f - reset);
      vf d_update = d * (before - fresh) * update * (1.0f - update);
      store_some(d_in + i, n, d_reset);
      store_some(d_in + width + i, n, d_update);
      store_some(d_in + 2 * width + i, n, d_fresh);
      store_some(d_re + i, n, d_reset);
      store_some(d_re + width + i, n, d_update);
      store_some(d_re + 2 * width + i, n, d_fresh * reset);
      store_some(d_hidden + r * width + i, n, d * update);
    }
  }
}
