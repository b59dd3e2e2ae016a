"""MovieLens-100K cut into the rows that bear-lab uses, and lists judged as bear-lab judges them.

Written from the method specification, apart from the Swift sources, so that the two check each other.
"""

import os
import statistics
from collections import Counter, defaultdict
from pathlib import Path
from typing import NamedTuple

import numpy as np

CORE = 5  # fewest interactions of a user and of an item
HISTORY = 10  # longest history, in items
EVALUATION_ROWS = 5000
SEED = 42  # of every sample


class Rows(NamedTuple):
    """Windows: `histories` [rows, 10], padded with 0 on the right; `lengths`, `targets` [rows]."""

    histories: np.ndarray
    lengths: np.ndarray
    targets: np.ndarray


class Data(NamedTuple):
    train: Rows
    validation: Rows
    test: Rows
    titles: np.ndarray  # [items]: the title of item i + 1, as a number in byte order of the titles
    counts: dict  # users, items, interactions, windows, titles


def default_folder() -> Path:
    """Where `scripts/fetch ml-100k` puts the data set."""
    home = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(os.environ.get("BEAR_LAB_CACHE") or Path(home) / "bear-lab") / "datasets/ml-100k"


def load(folder: Path) -> Data:
    titles_by_id = _titles(_table(folder / "ml-100k.item"))
    ratings = [
        (int(row["user_id"]), int(row["item_id"]), int(row["timestamp"]))
        for row in _table(folder / "ml-100k.inter")
    ]
    ratings.sort(key=lambda rating: rating[2])  # stable: ties stay in the order of the file
    ratings = _five_core(ratings)
    ids = {item: index for index, item in enumerate(sorted({r[1] for r in ratings}), start=1)}
    windows = _windows([(user, ids[item], time) for user, item, time in ratings])
    first, second = int(0.8 * len(windows)), int(0.9 * len(windows))
    names = [titles_by_id[item].encode() for item in sorted(ids)]
    order = {name: number for number, name in enumerate(sorted(set(names)))}
    return Data(
        train=_rows(windows[:first]),
        validation=_rows(_sample(windows[first:second])),
        test=_rows(_sample(windows[second:])),
        titles=np.array([order[name] for name in names]),
        counts={
            "users": len({r[0] for r in ratings}), "items": len(ids),
            "interactions": len(ratings), "windows": len(windows), "titles": len(order),
        },
    )


def ranks(scores: np.ndarray, targets: np.ndarray, titles: np.ndarray) -> np.ndarray:
    """The place of each row's right title, from 0.

    A title's score is that of its best item; of equal ones the title first in byte order wins.

    scores: [rows, items], item i + 1 in column i; targets: [rows], ids from 1; titles: as in Data.
    """
    by_title = np.full((len(scores), titles.max() + 1), -np.inf, dtype=scores.dtype)
    for item, title in enumerate(titles):
        np.maximum(by_title[:, title], scores[:, item], out=by_title[:, title])
    right = titles[targets - 1]
    own = np.take_along_axis(by_title, right[:, None], axis=1)
    before = np.arange(by_title.shape[1])[None] < right[:, None]
    return ((by_title > own) | ((by_title == own) & before)).sum(axis=1)


def figures(ranks: np.ndarray) -> dict:
    """NDCG@10 and HR@10, means over all rows."""
    hit = ranks < 10
    return {
        "ndcg@10": float(np.where(hit, 1 / np.log2(ranks + 2), 0).mean()),
        "hr@10": float(hit.mean()),
    }


def spread(values: list) -> str:
    """The mean and the sample standard deviation."""
    deviation = statistics.stdev(values) if len(values) > 1 else 0.0
    return f"{statistics.mean(values):.4f} ± {deviation:.4f}"


def _table(path: Path) -> list:
    with open(path, encoding="utf-8", newline="") as file:
        header, *lines = file.read().removesuffix("\n").split("\n")
    names = [name.split(":")[0] for name in header.split("\t")]
    return [dict(zip(names, line.split("\t"), strict=True)) for line in lines]


def _titles(table: list) -> dict:
    def title(row):
        year = row["release_year"]
        has_year = len(year) == 4 and year.isascii() and year.isdigit()
        return f"{row['movie_title']} ({year})" if has_year else row["movie_title"]

    return {int(row["item_id"]): title(row) for row in table}


def _five_core(ratings: list) -> list:
    while True:
        users = Counter(user for user, _, _ in ratings)
        items = Counter(item for _, item, _ in ratings)
        kept = [r for r in ratings if users[r[0]] >= CORE and items[r[1]] >= CORE]
        if len(kept) == len(ratings):
            return kept
        ratings = kept


def _windows(ratings: list) -> list:
    """(time, user, history, target), in the order of time and then user."""
    own = defaultdict(list)
    for user, item, time in ratings:
        own[user].append((item, time))
    windows = []
    for user, pairs in sorted(own.items()):
        items = [item for item, _ in pairs]
        for target in range(min(HISTORY, len(pairs) - 1), len(pairs)):
            history = items[max(0, target - HISTORY):target]
            windows.append((pairs[target][1], user, history, items[target]))
    return sorted(windows, key=lambda window: window[:2])


def _sample(windows: list) -> list:
    order = np.random.RandomState(SEED).permutation(len(windows))[:EVALUATION_ROWS]
    return [windows[index] for index in order]


def _rows(windows: list) -> Rows:
    histories = np.zeros((len(windows), HISTORY), dtype=np.int64)
    for row, (_, _, history, _) in enumerate(windows):
        histories[row, :len(history)] = history
    return Rows(
        histories=histories,
        lengths=np.array([len(history) for _, _, history, _ in windows]),
        targets=np.array([target for _, _, _, target in windows]),
    )
