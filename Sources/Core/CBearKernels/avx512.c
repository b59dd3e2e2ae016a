// All kernels for AVX-512.

#include "Kernels/table.h"

#if defined(__x86_64__)

#include <immintrin.h>
#include <math.h>
#include <string.h>

#define LANES 16
#define HAS_BF16 0
#define ISA_NAME "avx512"
#define ISA_TABLE bear_kernels_avx512

#pragma clang attribute push(__attribute__((target("avx512f,avx512bw,avx512dq,avx512vl"))), apply_to = function)
#include "Kernels/all.h"
#pragma clang attribute pop

#endif
