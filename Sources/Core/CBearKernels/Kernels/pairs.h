// Pairs of bfloat16: two in a lane of 32 bits, the first in the lower half. Instruction sets that
// have no arithmetic on them widen to single precision.

#if HAS_BF16

/// sum + the first numbers' product + the second numbers', lane by lane.
INLINE vf add_pair_products(vf sum, vf a, vf b) {
  return (vf)_mm512_dpbf16_ps((__m512)sum, (__m512bh)a, (__m512bh)b);
}

/// Rounds to nearest even: the 2 * LANES numbers of `a`, then `b`, in order.
INLINE vf round_to_pairs(vf a, vf b) {
  return (vf)_mm512_cvtne2ps_pbh((__m512)b, (__m512)a);
}

#else

INLINE vf add_pair_products(vf sum, vf a, vf b) {
  const vu upper = (vu){0} + 0xFFFF0000u;
  sum = (vf)((vu)a & upper) * (vf)((vu)b & upper) + sum;
  return (vf)((vu)a << 16) * (vf)((vu)b << 16) + sum;
}

INLINE vf round_to_pairs(vf a, vf b) {
  const vh halves[2] = {rounded(a), rounded(b)};
  vf pairs;
  memcpy(&pairs, halves, sizeof pairs);
  return pairs;
}

#endif

/// The pairs (a[i], b[i]) of the 2 * LANES numbers of each, in order.
INLINE void interleave(vf a, vf b, vf pairs[2]) {
  vf even = (vf)(((vu)a & 0xFFFF) | (vu)b << 16);
  vf odd = (vf)((vu)a >> 16 | ((vu)b & 0xFFFF0000u));
  pairs[0] = LOW(even, odd);
  pairs[1] = HIGH(even, odd);
}

/// The first `count` bfloat16 numbers, at most 2 * LANES, and zeros.
INLINE vf load_pairs(const uint16_t *x, size_t count) {
  vf v = {0};
  if (count >= 2 * LANES) memcpy(&v, x, sizeof v);
  else memcpy(&v, x, count * sizeof *x);
  return v;
}

INLINE void store_pairs(uint16_t *x, size_t count, vf v) {
  memcpy(x, &v, smaller(count, 2 * LANES) * sizeof *x);
}
