// All kernels in portable C: what every CPU of the target has.

#include "Kernels/table.h"

#include <math.h>
#include <string.h>

#define LANES 4
#define HAS_BF16 0
#define ISA_NAME "portable"
#define ISA_TABLE bear_kernels_portable

#include "Kernels/all.h"
