#if canImport(Glibc)
internal import Glibc
#endif

extension Float {
  package var exponential: Float { expf(self) }
  package var naturalLogarithm: Float { logf(self) }

  /// 1 / (1 + e^-x), without overflow on either side.
  package var sigmoid: Float {
    if self >= 0 { return 1 / (1 + expf(-self)) }
    let power = expf(self)
    return power / (1 + power)
  }

  /// log(1 + e^x), without overflow or cancellation.
  package var softplus: Float { max(self, 0) + log1pf(expf(-abs(self))) }
}

extension Float {
  package var cosine: Float { cosf(self) }
  package var sine: Float { sinf(self) }
}
