// Operands, which are f32 or bf16 in memory and f32 in registers, and the bits that keep or drop
// their elements; see CBearKernels.h. `type`, `masked` and whole counts are constants once these
// are inlined, so that the loops around them have no branches.

// The compiler turns a vector of bits, widened and used by `&`, into a masked load or a compare.
typedef _Bool vb __attribute__((ext_vector_type(LANES)));

INLINE vu load_halves(const uint16_t *x, size_t count) {
  vh v = {0};
  if (count >= LANES) memcpy(&v, x, sizeof v);
  else for (size_t i = 0; i < count; i++) v[i] = x[i];
  return __builtin_convertvector(v, vu);
}

INLINE void store_halves(uint16_t *y, size_t count, vh v) {
  if (count >= LANES) memcpy(y, &v, sizeof v);
  else for (size_t i = 0; i < count; i++) y[i] = v[i];
}

/// To bf16, to nearest with ties to even; a NaN becomes a quiet one, since rounding could carry its
/// fraction over into an infinity. The CPU's own instruction takes subnormals for 0.
INLINE vh rounded(vf v) {
#if HAS_BF16
  return (vh)_mm512_cvtneps_pbh((__m512)v);
#else
  vu bits = (vu)v;
  vu nearest = bits + 0x7FFF + ((bits >> 16) & 1);
  vu quiet = bits | 0x400000;
  vu wide = (vu)select(v == v, (vf)nearest, (vf)quiet);
  return __builtin_convertvector(wide >> 16, vh);
#endif
}

/// The first `count` elements from x[at], at most LANES; the other lanes are 0.
INLINE vf load_operand(const bear_element type, const void *x, size_t at, size_t count) {
  if (type == BEAR_F32) return load_some((const float *)x + at, count, 0);
  return (vf)(load_halves((const uint16_t *)x + at, count) << 16);
}

INLINE void store_operand(const bear_element type, void *y, size_t at, size_t count, vf v) {
  if (type == BEAR_F32) store_some((float *)y + at, count, v);
  else store_halves((uint16_t *)y + at, count, rounded(v));
}

/// `v` where the `count` bits from bit `at`, a multiple of LANES, are 1; else 0.
INLINE vf keep(const int masked, const uint8_t *bits, size_t at, size_t count, vf v) {
  if (!masked) return v;
  uint16_t word = (uint16_t)(bits[at / 8] >> at % 8);
  if (LANES == 16 && count > 8) memcpy(&word, bits + at / 8, sizeof word);
  vb mask;
  memcpy(&mask, &word, sizeof mask);
  return (vf)((vi)v & -__builtin_convertvector(mask, vi));
}
