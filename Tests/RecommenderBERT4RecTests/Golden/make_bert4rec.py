"""Writes bert4rec.json: BERT4Rec in double precision, one left-padded row at a time.

Weights are drawn here, and go into the file with scores, a loss and gradients (by central
differences). Run it beside the file: python3 make_bert4rec.py
"""

import json
from math import erf

import numpy as np

ITEMS, WIDTH, LENGTH, BLOCKS, HEADS = 6, 4, 5, 2, 2
MASK = ITEMS + 1
HISTORIES = [[1, 2, 3, 4, 6], [5], [2, 2, 6], [3, 1, 4]]
# Sequences with places hidden, and what was there.
SEQUENCES = [[1, MASK, 3, MASK, 2, 6], [MASK, 5], [2, 2, MASK], [3, 1, 4, MASK]]
PLACES = [[1, 3], [0], [2], [3]]
ANSWERS = [[2, 4], [1], [6], [5]]


def norm(w, name, x):
    mean = x.mean(-1, keepdims=True)
    variance = ((x - mean) ** 2).mean(-1, keepdims=True)
    return (x - mean) / np.sqrt(variance + 1e-12) * w[name + "/weight"] + w[name + "/bias"]


def linear(w, name, x):
    return x @ w[name + "/weight"].T + w[name + "/bias"]


def gelu(x):
    return x * (1 + np.vectorize(erf)(x / np.sqrt(2))) / 2


def outputs(w, sequence):
    """Outputs of all positions of a row that is padded on the left to LENGTH + 1."""
    padding = LENGTH + 1 - len(sequence)
    row = [0] * padding + sequence
    table = np.vstack([np.ones(WIDTH), w["items/weight"], w["mask/weight"]])
    h = norm(w, "norm", table[row] + w["positions/weight"])
    for block in range(BLOCKS):
        name = f"blocks/{block}"
        q, k, v = (linear(w, f"{name}/attention/{part}", h) for part in ["query", "key", "value"])
        size = WIDTH // HEADS
        mixed = np.zeros_like(q)
        for head in range(HEADS):
            columns = slice(head * size, (head + 1) * size)
            scores = q[:, columns] @ k[:, columns].T / np.sqrt(size)
            scores[:, :padding] = -1e30
            e = np.exp(scores - scores.max(-1, keepdims=True))
            mixed[:, columns] = e / e.sum(-1, keepdims=True) @ v[:, columns]
        h = norm(w, name + "/attention-norm", h + linear(w, name + "/attention/output", mixed))
        inner = gelu(linear(w, name + "/inner", h))
        h = norm(w, name + "/output-norm", h + linear(w, name + "/outer", inner))
    return norm(w, "transform-norm", gelu(linear(w, "transform", h)))[padding:]


def scores(w, rows):
    return rows @ w["items/weight"].T + w["item-bias"]


def loss(w):
    total, count = 0.0, 0
    for sequence, places, answers in zip(SEQUENCES, PLACES, ANSWERS):
        rows = scores(w, outputs(w, sequence)[places])
        for row, answer in zip(rows, answers):
            total += np.log(np.exp(row - row.max()).sum()) + row.max() - row[answer - 1]
            count += 1
    return float(total / (count + 1e-5))


def shapes():
    result = {"items/weight": (ITEMS, WIDTH), "mask/weight": (1, WIDTH),
              "positions/weight": (LENGTH + 1, WIDTH), "item-bias": (ITEMS,)}

    def add(name, shape):
        result[name + "/weight"] = shape
        result[name + "/bias"] = shape[:1]

    for name in ["norm", "transform-norm"]:
        add(name, (WIDTH,))
    add("transform", (WIDTH, WIDTH))
    for block in range(BLOCKS):
        for part in ["query", "key", "value", "output"]:
            add(f"blocks/{block}/attention/{part}", (WIDTH, WIDTH))
        add(f"blocks/{block}/inner", (4 * WIDTH, WIDTH))
        add(f"blocks/{block}/outer", (WIDTH, 4 * WIDTH))
        for part in ["attention-norm", "output-norm"]:
            add(f"blocks/{block}/{part}", (WIDTH,))
    return result


def gradient(w, name, step=1e-5):
    values = w[name]
    slope = np.zeros_like(values)
    for index in np.ndindex(values.shape):
        kept = values[index]
        values[index] = kept + step
        upper = loss(w)
        values[index] = kept - step
        lower = loss(w)
        values[index] = kept
        slope[index] = (upper - lower) / (2 * step)
    return slope


def main():
    random = np.random.default_rng(11)
    # Exact in single precision, so that both sides start from the same numbers.
    w = {name: random.normal(0, 0.6, shape).astype(np.float32).astype(np.float64)
         for name, shape in shapes().items()}
    file = {
        "items": ITEMS, "width": WIDTH, "length": LENGTH, "histories": HISTORIES,
        "sequences": SEQUENCES, "places": PLACES, "answers": ANSWERS,
        "tensors": {name: {"shape": list(x.shape), "values": [float(f"{v:.9g}") for v in x.ravel()]}
                    for name, x in w.items()},
        "scores": [[float(f"{v:.9g}") for v in scores(w, outputs(w, h + [MASK])[-1:])[0]]
                   for h in HISTORIES],
        "loss": loss(w),
        "gradients": {name: [float(f"{v:.7g}") for v in gradient(w, name).ravel()] for name in w},
    }
    with open("bert4rec.json", "w") as out:
        json.dump(file, out)
        out.write("\n")


main()
