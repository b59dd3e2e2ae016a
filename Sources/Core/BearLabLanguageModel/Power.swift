#if canImport(Glibc)
internal import Glibc
#endif

/// base^exponent in single precision, as PyTorch computes the rotary frequencies.
func power(_ base: Float, _ exponent: Float) -> Double { Double(powf(base, exponent)) }
