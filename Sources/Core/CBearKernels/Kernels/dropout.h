// The bits of dropout; see CBearKernels.h.

/// The finaliser of SplitMix64, in place, of one number or of a vector.
#define MIX(z)                                                                                     \
  do {                                                                                             \
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;                                                     \
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;                                                     \
    z = z ^ (z >> 31);                                                                             \
  } while (0)

/// 16 bits for each of four columns come from word k = mix(mix(key) + (k + 1) * golden), the lowest
/// for the first. The inner mix keeps apart rows whose keys differ by a multiple of the golden
/// ratio, as a SplitMix64 sequence's do.
static void dropout_bits(size_t rows, size_t width, float rate, const uint64_t *restrict keys,
                         uint8_t *restrict bits, size_t bits_stride) {
  // As many words as fill a register when they have become columns.
  typedef uint16_t columns __attribute__((vector_size(8 * LANES)));
  typedef _Bool flags __attribute__((ext_vector_type(4 * LANES)));
  const uint64_t golden = 0x9E3779B97F4A7C15u;
  const columns threshold = (uint16_t)dropout_threshold(rate) - (columns){0};
  vl lane;
  for (size_t l = 0; l < LANES; l++) lane[l] = (l + 1) * golden;
  for (size_t r = 0; r < rows; r++, bits += bits_stride) {
    uint64_t start = keys[r];
    MIX(start);
    vl counter = lane + start;
    for (size_t i = 0; i < width; i += 4 * LANES, counter += LANES * golden) {
      vl word = counter;
      MIX(word);
      flags kept = __builtin_convertvector((columns)word >= threshold, flags);
      uint64_t row = 0;
      memcpy(&row, &kept, sizeof kept);
      const size_t rest = width - i;
      if (rest < 64) row &= ((uint64_t)1 << rest) - 1;
      memcpy(bits + i / 8, &row, rest >= 4 * LANES ? 4 * LANES / 8 : (rest + 7) / 8);
    }
  }
}
