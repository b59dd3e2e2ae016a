"""Prints the SHA-256 of the windows of synthetic:items=100,users=300,seed=5, by the documented rule.

    python3 make_synthetic.py

A reference of its own: the Mersenne Twister by its paper, the data set by docs/data-sets.md. What
it prints stands in SyntheticTests.swift.
"""

import bisect
import collections
import csv
import hashlib
import io
import itertools

ITEMS, USERS, CLUSTERS, SHORTEST, LONGEST, FOLLOW, ZIPF, SEED = 100, 300, 20, 5, 20, 0.8, 1.0, 5
DAY = 86_400


def mersenne(seed):
    state = [seed]
    for place in range(1, 624):
        state.append((1812433253 * (state[-1] ^ state[-1] >> 30) + place) % 2**32)
    while True:
        for place in range(624):
            word = state[place] & 0x80000000 | state[(place + 1) % 624] & 0x7FFFFFFF
            state[place] = state[(place + 397) % 624] ^ word >> 1 ^ (0x9908B0DF if word & 1 else 0)
        for word in state:
            word ^= word >> 11
            word ^= word << 7 & 0x9D2C5680
            word ^= word << 15 & 0xEFC60000
            yield word ^ word >> 18


WORDS = mersenne(SEED)


def draw(bound):
    high, low = next(WORDS), next(WORDS)
    return ((high << 32 | low) * bound) >> 64


def histories():
    weights = [max(1, round(2**24 * rank**-ZIPF)) for rank in range(1, ITEMS // CLUSTERS + 1)]
    sums = list(itertools.accumulate(weights))
    for user in range(1, USERS + 1):
        count = SHORTEST + draw(LONGEST - SHORTEST + 1)
        time = 1_577_836_800 + draw(1000) * DAY
        cluster = draw(CLUSTERS)
        own = []
        for place in range(count):
            if place:
                follows = draw(2**32) < round(FOLLOW * 2**32)
                cluster = (cluster + 1) % CLUSTERS if follows else draw(CLUSTERS)
                time += (1 + draw(3)) * DAY
            rank = bisect.bisect_right(sums, draw(sums[-1]))
            own.append((rank * CLUSTERS + cluster + 1, time))
        yield user, own


def main():
    windows = []
    for user, own in histories():
        for target in range(min(10, len(own) - 1), len(own)):
            ids = [item for item, _ in own[max(0, target - 10) : target + 1]]
            windows.append((own[target][1], user, ids))
    windows.sort(key=lambda window: window[:2])
    cuts = [0, int(0.8 * len(windows)), int(0.9 * len(windows)), len(windows)]
    for name, first, last in zip(["train", "valid", "test"], cuts, cuts[1:]):
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow(["user_id", "item_ids", "timestamp"])
        writer.writerows([user, ids, time] for time, user, ids in windows[first:last])
        print(name, hashlib.sha256(text.getvalue().encode()).hexdigest())
    pairs = [(ids[-2], ids[-1]) for _, _, ids in windows[cuts[2] :]]
    print("expected HR@10", expected(collections.Counter(last for last, _ in pairs)))


def expected(lasts):
    """The mean probability of the ten most probable items, by trying all of them."""
    weights = [max(1, round(2**24 * rank**-ZIPF)) for rank in range(1, ITEMS // CLUSTERS + 1)]
    total = 0
    for last, count in lasts.items():
        after = (last - 1) % CLUSTERS + 1
        chances = sorted(
            ((FOLLOW * (item % CLUSTERS == after % CLUSTERS) + (1 - FOLLOW) / CLUSTERS)
             * weights[item // CLUSTERS] / sum(weights) for item in range(ITEMS)),
            reverse=True)
        total += count * sum(chances[:10])
    return total / lasts.total()


main()
