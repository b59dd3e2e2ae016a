"""Writes statistics.json: what SciPy says of paired differences. Needs numpy and scipy 1.17.

NaN and infinity are written as null; the tests say what stands in their place.
"""

import json
import math
import pathlib

import numpy as np
from scipy import stats

MASK = (1 << 64) - 1


class SplitMix64:
    def __init__(self, seed):
        self.state = seed

    def next(self):
        self.state = (self.state + 0x9E3779B97F4A7C15) & MASK
        word = self.state
        word = ((word ^ (word >> 30)) * 0xBF58476D1CE4E5B9) & MASK
        word = ((word ^ (word >> 27)) * 0x94D049BB133111EB) & MASK
        return word ^ (word >> 31)


def bootstrap(values, confidence, resamples, seed):
    """Percentile interval and two-sided p of the mean, of pairs drawn as the module draws them."""
    random = SplitMix64(seed)
    n = len(values)
    means = np.array(
        [np.mean([values[(random.next() * n) >> 64] for _ in range(n)]) for _ in range(resamples)]
    )
    # Rounding of sums must not decide on which side of 0 a mean is.
    means[np.abs(means) < 1e-15] = 0
    tail = (1 - confidence) / 2
    lower, upper = np.quantile(means, [tail, 1 - tail])
    side = min((means <= 0).sum(), (means >= 0).sum())
    return {
        "confidence": confidence, "resamples": resamples, "seed": seed, "lower": float(lower),
        "upper": float(upper), "p": float(min(1, 2 * (1 + side) / (resamples + 1))),
    }


def number(value):
    return float(value) if math.isfinite(value) else None


def holm(values):
    order = np.argsort(values, kind="stable")
    corrected, largest = [0.0] * len(values), 0.0
    for place, index in enumerate(order):
        largest = max(largest, min(1.0, (len(values) - place) * values[index]))
        corrected[index] = largest
    return corrected


def case(name, values, confidence=0.95, drawn=None):
    values = [float(value) for value in values]
    with np.errstate(all="ignore"):
        t = stats.ttest_rel(values, np.zeros(len(values)))
        interval = t.confidence_interval(confidence)
        wilcoxon = stats.wilcoxon(values)
    entry = {
        "name": name, "differences": values, "confidence": confidence,
        "t": number(t.statistic), "p_t": number(t.pvalue),
        "lower": number(interval.low), "upper": number(interval.high),
        "w": number(wilcoxon.statistic), "p_w": number(wilcoxon.pvalue),
    }
    if drawn:
        entry["bootstrap"] = bootstrap(values, confidence, *drawn)
    return entry


def gains(random, n, share):
    """Differences of NDCG@10 of rows most of which are hit by neither."""
    def one():
        ranks = random.integers(0, 10, n)
        return np.where(random.random(n) < share, 1 / np.log2(ranks + 2), 0)
    return one() - one()


def main():
    random = np.random.default_rng(7)
    normal = random.normal
    distinct = [0.3, -0.1, 0.7, 0.25, -0.45, 0.9, 0.05]
    cases = [
        case("one pair", [0.5]),
        case("two pairs", [0.5, -0.25], drawn=(200, 1)),
        case("zeros alone, few", [0.0] * 5),
        case("zeros alone, many", [0.0] * 60),
        case("seven distinct", distinct, drawn=(500, 2)),
        case("all positive", [1.0, 2, 3, 4, 5, 6, 7, 8]),
        case("ties among few", [1.0, 1, -1, 2, 2, 3]),
        case("ties and zeros among thirteen", [0.0, 0, 0.5, -0.5, 0.5, 1, 1, -2, 3, 0, 1, 2, 2],
             confidence=0.9, drawn=(300, 3)),
        case("ties among fourteen", [1.0, 1, -1, 2, 2, 3, -4, 5, 6, 7, 7, -8, 9, 10]),
        case("zero among fourteen", [0.0] + [float(i) for i in range(1, 14)]),
        case("fifty distinct", normal(0.2, 1, 50), confidence=0.99),
        case("fifty-one distinct", normal(0.2, 1, 51)),
        case("twenty-five distinct", normal(-0.5, 1, 25)),
        case("tiny p, few", normal(5, 0.01, 40)),
        case("tiny p, many", normal(1, 0.5, 400)),
        case("tinier p", normal(3, 1, 2000)),
        case("large", normal(0.01, 1, 3000)),
        case("nothing there", normal(0, 1, 500)),
        case("gains, few hits", gains(random, 300, 0.05)),
        case("gains, many hits", gains(random, 1000, 0.4)),
        case("hits", random.integers(-1, 2, 200)),
        case("drawn", normal(0.3, 1, 40), drawn=(1000, 42)),
    ]
    probabilities = [0.01, 0.04, 0.03, 0.005, 0.5, 0.04, 1e-12, 1.0]
    golden = {
        "cases": cases,
        "holm": [
            {"p": p, "corrected": holm(p)} for p in ([], [0.2], [0.6, 0.7, 0.8], probabilities)
        ],
    }
    path = pathlib.Path(__file__).with_name("statistics.json")
    path.write_text(json.dumps(golden, indent=1) + "\n")


main()
