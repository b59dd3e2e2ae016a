#include "CBearLabABI.h"
