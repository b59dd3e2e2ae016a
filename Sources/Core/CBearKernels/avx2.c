// All kernels for AVX2 with FMA.

#include "Kernels/table.h"

#if defined(__x86_64__)

#include <math.h>
#include <string.h>

#define LANES 8
#define HAS_BF16 0
#define ISA_NAME "avx2"
#define ISA_TABLE bear_kernels_avx2

#pragma clang attribute push(__attribute__((target("avx2,fma"))), apply_to = function)
#include "Kernels/all.h"
#pragma clang attribute pop

#endif
