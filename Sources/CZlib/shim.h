// zlib, which reads gzip files and plain ones by the same calls.
#include <zlib.h>
