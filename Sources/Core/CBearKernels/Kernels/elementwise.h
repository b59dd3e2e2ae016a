// Kernels that treat each number by itself, and the sum of squares; see CBearKernels.h.

INLINE void swiglu_body(const bear_element type, size_t rows, size_t width, const void *gate,
                        const void *up, size_t stride, void *y, size_t y_stride) {
  for (size_t r = 0; r < rows; r++) {
    for (size_t i = 0; i < width; i += LANES) {
      size_t n = width - i;
      vf g = load_operand(type, gate, r * stride + i, n);
      vf u = load_operand(type, up, r * stride + i, n);
      vf s = 1.0f / (exponential(-g) + 1.0f);
      store_operand(type, y, r * y_stride + i, n, g * s * u);
    }
  }
}

static void swiglu(bear_element type, size_t rows, size_t width, const void *restrict gate,
                   const void *restrict up, size_t stride, void *restrict y, size_t y_stride) {
  if (type == BEAR_BF16) swiglu_body(BEAR_BF16, rows, width, gate, up, stride, y, y_stride);
  else swiglu_body(BEAR_F32, rows, width, gate, up, stride, y, y_stride);
}

/// With s = sigmoid(g): du = dy g s and dg = dy u s (1 + g (1 - s)).
INLINE void swiglu_backward_body(const bear_element type, size_t rows, size_t width,
                                 const void *gate, const void *up, size_t stride, const float *dy,
                                 size_t dy_stride, void *d_gate, void *d_up, size_t d_stride,
                                 void *y, size_t y_stride) {
  for (size_t r = 0; r < rows; r++) {
    for (size_t i = 0; i < width; i += LANES) {
      size_t n = width - i;
      vf g = load_operand(type, gate, r * stride + i, n);
      vf u = load_operand(type, up, r * stride + i, n);
      vf s = 1.0f / (exponential(-g) + 1.0f);
      vf d = load_some(dy + r * dy_stride + i, n, 0) * s;
      store_operand(type, d_gate, r * d_stride + i, n, d * u * (g * (1.0f - s) + 1.0f));
      store_operand(type, d_up, r * d_stride + i, n, d * g);
      if (y != NULL) store_operand(type, y, r * y_stride + i, n, g * s * u);
    }
  }
}

static void swiglu_backward(bear_element type, size_t rows, size_t width,
                            const void *restrict gate, const void *restrict up, size_t stride,
                            const float *restrict dy, size_t dy_stride, void *restrict d_gate,
                            void *restrict d_up, size_t d_stride, void *restrict y,
                            size_t y_stride) {
  if (type == BEAR_BF16)
    swiglu_backward_body(BEAR_BF16, rows, width, gate, up, stride, dy, dy_stride, d_gate, d_up,
                         d_stride, y, y_stride);
  else
    swiglu_backward_body(BEAR_F32, rows, width, gate, up, stride, dy, dy_stride, d_gate, d_up,
                         d_stride, y, y_stride);
}

static void adamw(size_t count, float learning_rate, float beta1, float beta2, float epsilon,
                  float weight_decay, float l2, float g_scale, int64_t step,
                  const float *restrict gradient, float *restrict parameter,
                  float *restrict first_moment, float *restrict second_moment) {
  const double correction1 = 1 - pow(beta1, (double)step);
  const double correction2 = 1 - pow(beta2, (double)step);
  const float rate = (float)(learning_rate / correction1);
  const float root = (float)(1 / sqrt(correction2));
  const float decay = learning_rate * weight_decay;
  const float rest1 = (float)(1 - (double)beta1), rest2 = (float)(1 - (double)beta2);
  for (size_t i = 0; i < count; i += LANES) {
    size_t n = count - i;
    vf p = load_some(parameter + i, n, 0);
    vf g = load_some(gradient + i, n, 0) * g_scale + p * l2;
    vf m = load_some(first_moment + i, n, 0) * beta1;
    vf v = load_some(second_moment + i, n, 0) * beta2;
    m = g * rest1 + m;
    v = g * g * rest2 + v;
    p = p - p * decay;
    p = p - rate * m / (__builtin_elementwise_sqrt(v) * root + epsilon);
    store_some(parameter + i, n, p);
    store_some(first_moment + i, n, m);
    store_some(second_moment + i, n, v);
  }
}

static void axpy(size_t count, float a, const float *restrict x, float *restrict y) {
  for (size_t i = 0; i < count; i += LANES) {
    size_t n = count - i;
    store_some(y + i, n, load_some(x + i, n, 0) * a + load_some(y + i, n, 0));
  }
}

static double sum_of_squares(size_t count, const float *restrict x) {
  vd sum = {0};
  for (size_t i = 0; i < count; i += LANES) {
    vd wide = WIDEN(load_some(x + i, count - i, 0));
    sum = wide * wide + sum;
  }
  return sum_wide(&sum);
}

static void round_rows(size_t rows, size_t width, const float *restrict x, size_t x_stride,
                       uint16_t *restrict y, size_t y_stride) {
  for (size_t r = 0; r < rows; r++, x += x_stride, y += y_stride)
    for (size_t i = 0; i < width; i += LANES)
      store_halves(y + i, width - i, rounded(load_some(x + i, width - i, 0)));
}

static void widen_rows(size_t rows, size_t width, const uint16_t *restrict x, size_t x_stride,
                       float *restrict y, size_t y_stride) {
  for (size_t r = 0; r < rows; r++, x += x_stride, y += y_stride)
    for (size_t i = 0; i < width; i += LANES)
      store_some(y + i, width - i, load_operand(BEAR_BF16, x, i, width - i));
}

/// Moves exponent and fraction to their place in 32 bits; a factor of 2^112 then mends the bias of
/// the exponent, for subnormals too. Infinities and NaN take the largest exponent instead.
static void f16_to_f32(size_t count, const uint16_t *restrict x, float *restrict y) {
  for (size_t i = 0; i < count; i += LANES) {
    vu half = load_halves(x + i, count - i);
    vu sign = (half & 0x8000) << 16;
    vu magnitude = (half & 0x7FFF) << 13;
    vf number = (vf)magnitude * 0x1p112f;
    vf special = (vf)(magnitude | 0x7F800000);
    vf value = select((vi)((half & 0x7C00) == 0x7C00), special, number);
    store_some(y + i, count - i, (vf)((vu)value | sign));
  }
}
