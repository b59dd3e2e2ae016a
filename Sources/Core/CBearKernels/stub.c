#include "CBearKernels.h"
