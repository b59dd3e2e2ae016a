// Vectors of LANES numbers and the few operations on them that the kernels share. Included once by
// each instruction set's file, after LANES is defined and inside its target region.

#include <stdint.h>
#include <string.h>

#define INLINE static inline __attribute__((always_inline))
#define UNROLL _Pragma("clang loop unroll(full)")

typedef float vf __attribute__((vector_size(4 * LANES)));
typedef int32_t vi __attribute__((vector_size(4 * LANES)));
typedef uint32_t vu __attribute__((vector_size(4 * LANES)));
typedef uint16_t vh __attribute__((vector_size(2 * LANES)));
typedef double vd __attribute__((vector_size(8 * LANES)));
typedef uint64_t vl __attribute__((vector_size(8 * LANES)));

// ROTATE moves lane i + n to lane i; LOW and HIGH interleave the lower and the upper halves.
#if LANES == 16
#define ROTATE(v, n)                                                                               \
  __builtin_shufflevector(v, v, (n) % 16, (1 + n) % 16, (2 + n) % 16, (3 + n) % 16, (4 + n) % 16,  \
                          (5 + n) % 16, (6 + n) % 16, (7 + n) % 16, (8 + n) % 16, (9 + n) % 16,    \
                          (10 + n) % 16, (11 + n) % 16, (12 + n) % 16, (13 + n) % 16,              \
                          (14 + n) % 16, (15 + n) % 16)
#define LOW(a, b)                                                                                  \
  __builtin_shufflevector(a, b, 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23)
#define HIGH(a, b)                                                                                 \
  __builtin_shufflevector(a, b, 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31)
#elif LANES == 8
#define ROTATE(v, n)                                                                               \
  __builtin_shufflevector(v, v, (n) % 8, (1 + n) % 8, (2 + n) % 8, (3 + n) % 8, (4 + n) % 8,       \
                          (5 + n) % 8, (6 + n) % 8, (7 + n) % 8)
#define LOW(a, b) __builtin_shufflevector(a, b, 0, 8, 1, 9, 2, 10, 3, 11)
#define HIGH(a, b) __builtin_shufflevector(a, b, 4, 12, 5, 13, 6, 14, 7, 15)
#else
#define ROTATE(v, n)                                                                               \
  __builtin_shufflevector(v, v, (n) % 4, (1 + n) % 4, (2 + n) % 4, (3 + n) % 4)
#define LOW(a, b) __builtin_shufflevector(a, b, 0, 4, 1, 5)
#define HIGH(a, b) __builtin_shufflevector(a, b, 2, 6, 3, 7)
#endif

INLINE vf splat(float x) { return x - (vf){0}; }

INLINE vf load(const float *x) {
  vf v;
  memcpy(&v, x, sizeof v);
  return v;
}

INLINE void store(float *x, vf v) { memcpy(x, &v, sizeof v); }

INLINE size_t smaller(size_t a, size_t b) { return a < b ? a : b; }

/// The first `count` numbers, at most LANES; the other lanes are `rest`.
INLINE vf load_some(const float *x, size_t count, float rest) {
  if (count >= LANES) return load(x);
  vf v = splat(rest);
  for (size_t i = 0; i < count; i++) v[i] = x[i];
  return v;
}

INLINE void store_some(float *x, size_t count, vf v) {
  if (count >= LANES) {
    store(x, v);
    return;
  }
  for (size_t i = 0; i < count; i++) x[i] = v[i];
}

INLINE vf select(vi mask, vf yes, vf no) { return (vf)((mask & (vi)yes) | (~mask & (vi)no)); }

/// The larger; `b` where `a` is NaN.
INLINE vf larger(vf a, vf b) { return select(a > b, a, b); }

INLINE float sum_lanes(vf v) {
#if LANES >= 16
  v = v + ROTATE(v, 8);
#endif
#if LANES >= 8
  v = v + ROTATE(v, 4);
#endif
  v = v + ROTATE(v, 2);
  v = v + ROTATE(v, 1);
  return v[0];
}

INLINE float largest_lane(vf v) {
#if LANES >= 16
  v = larger(v, ROTATE(v, 8));
#endif
#if LANES >= 8
  v = larger(v, ROTATE(v, 4));
#endif
  v = larger(v, ROTATE(v, 2));
  v = larger(v, ROTATE(v, 1));
  return v[0];
}

// Two registers wide, so never passed by value: that would have no ABI.
#define WIDEN(v) __builtin_convertvector(v, vd)

INLINE double sum_wide(const vd *v) {
  double sum = 0;
  for (size_t i = 0; i < LANES; i++) sum += (*v)[i];
  return sum;
}

/// e^r for |r| <= ln 2 / 2: the Taylor series to r^7 / 7!, which leaves out less than 1e-8.
INLINE vf exponential_near_0(vf r) {
  vf p = splat(1.0f / 5040);
  p = p * r + 1.0f / 720;
  p = p * r + 1.0f / 120;
  p = p * r + 1.0f / 24;
  p = p * r + 1.0f / 6;
  p = p * r + 0.5f;
  p = p * r + 1.0f;
  return p * r + 1.0f;
}

/// e^x to about one unit in the last place, with the subnormals, 0 for -inf, NaN for NaN.
///
/// x = n ln 2 + r with |r| <= ln 2 / 2; ln 2 is split so that n times its upper part is exact.
INLINE vf exponential(vf x) {
#if LANES == 16
  // The second argument is what comes out where one is NaN.
  x = (vf)_mm512_min_ps((__m512)splat(89.0f), (__m512)x);
  x = (vf)_mm512_max_ps((__m512)splat(-104.0f), (__m512)x);
  vf n = (vf)_mm512_roundscale_ps((__m512)(x * 1.44269504088896341f), _MM_FROUND_TO_NEAREST_INT);
  vf r = x - n * 0.693359375f;
  r = r + n * 2.12194440054690583e-4f;
  return (vf)_mm512_scalef_ps((__m512)exponential_near_0(r), (__m512)n);
#else
  const float round = 12582912.0f;  // 1.5 * 2^23: adding it rounds to an integer
  x = select(x > splat(89.0f), splat(89.0f), x);
  x = select(x < splat(-104.0f), splat(-104.0f), x);
  vf shifted = x * 1.44269504088896341f + round;
  vf n = shifted - round;
  vf r = x - n * 0.693359375f;
  r = r + n * 2.12194440054690583e-4f;
  vf p = exponential_near_0(r);
  // 2^n as two factors, since n = 128 and n < -126 have no normal number of their own.
  vi power = (vi)shifted - (vi)splat(round);
  vi half = power >> 1;
  vf first = (vf)((vu)(half + 127) << 23);
  vf second = (vf)((vu)(power - half + 127) << 23);
  return p * first * second;
#endif
}
