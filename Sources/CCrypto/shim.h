// OpenSSL's digests, which use the CPU's SHA instructions where it has them.
#include <openssl/evp.h>
