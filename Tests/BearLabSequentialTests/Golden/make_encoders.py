"""Writes encoders.json: GRU4Rec's and Caser's networks in double precision, one history at a time.

Weights are drawn here, and go into the file with the scores of all items, the mean cross-entropy of
the targets and its gradients (by central differences). Run it beside the file:
python3 make_encoders.py
"""

import json

import numpy as np

ITEMS, WIDTH, LENGTH = 6, 3, 5
HISTORIES = [[1, 2, 3, 4, 6], [5], [2, 2, 6], [3, 1, 4]]
TARGETS = [5, 1, 4, 2]


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def gru(w, history):
    hidden = w["recurrent/weight"].shape[1]
    h = np.zeros(hidden)
    for item in history:
        a = w["input/weight"] @ w["items/weight"][item - 1] + w.get("input/bias", 0)
        c = w["recurrent/weight"] @ h + w.get("recurrent/bias", 0)
        r, z = sigmoid(a[:hidden] + c[:hidden]), sigmoid(
            a[hidden:2 * hidden] + c[hidden:2 * hidden])
        n = np.tanh(a[2 * hidden:] + r * c[2 * hidden:])
        h = (1 - z) * n + z * h
    if "dense/weight" in w:
        h = w["dense/weight"] @ h + w["dense/bias"]
        return w["items/weight"] @ h
    return w["head/weight"] @ h + w["head/bias"]


def caser(w, history):
    image = np.zeros((LENGTH, WIDTH))
    for place, item in enumerate(history):
        image[place] = w["items/weight"][item - 1]
    features = []
    for height in [2, 3, 4]:
        filters = w[f"horizontal/{height}/weight"].reshape(-1, height, WIDTH)
        responses = np.array([[(f * image[t:t + height]).sum() for f in filters]
                              for t in range(LENGTH - height + 1)])
        features.append(np.maximum(responses + w[f"horizontal/{height}/bias"], 0).max(0))
    features.append(np.maximum(w["vertical/weight"] @ image + w["vertical/bias"], 0))
    return w["head/weight"] @ np.concatenate(features) + w["head/bias"]


SHAPES = {
    "dros": {"items/weight": (ITEMS, WIDTH), "input/weight": (9, WIDTH), "input/bias": (9,),
             "recurrent/weight": (9, 3), "recurrent/bias": (9,), "head/weight": (ITEMS, 3),
             "head/bias": (ITEMS,)},
    "recbole": {"items/weight": (ITEMS, WIDTH), "input/weight": (18, WIDTH),
                "recurrent/weight": (18, 6), "dense/weight": (WIDTH, 6), "dense/bias": (WIDTH,)},
    "caser": {"items/weight": (ITEMS, WIDTH), "horizontal/2/weight": (16, 6),
              "horizontal/2/bias": (16,), "horizontal/3/weight": (16, 9),
              "horizontal/3/bias": (16,), "horizontal/4/weight": (16, 12),
              "horizontal/4/bias": (16,), "vertical/weight": (LENGTH,), "vertical/bias": (1,),
              "head/weight": (ITEMS, 51), "head/bias": (ITEMS,)},
}


def loss(w, network):
    total = 0.0
    for history, target in zip(HISTORIES, TARGETS):
        row = network(w, history)
        total += np.log(np.exp(row - row.max()).sum()) + row.max() - row[target - 1]
    return float(total / len(HISTORIES))


def gradient(w, name, network, step=1e-6):
    values = w[name]
    slope = np.zeros_like(values)
    for index in np.ndindex(values.shape):
        kept = values[index]
        values[index] = kept + step
        upper = loss(w, network)
        values[index] = kept - step
        lower = loss(w, network)
        values[index] = kept
        slope[index] = (upper - lower) / (2 * step)
    return slope


def main():
    random = np.random.default_rng(5)
    cases = []
    for name, shapes in SHAPES.items():
        network = caser if name == "caser" else gru
        # Exact in single precision, so that both sides start from the same numbers.
        w = {key: random.normal(0, 0.5, shape).astype(np.float32).astype(np.float64)
             for key, shape in shapes.items()}
        cases.append({
            "name": name,
            "tensors": {key: {"shape": list(x.shape),
                              "values": [float(f"{v:.9g}") for v in x.ravel()]}
                        for key, x in w.items()},
            "scores": [[float(f"{v:.9g}") for v in network(w, h)] for h in HISTORIES],
            "loss": loss(w, network),
            "gradients": {key: [float(f"{v:.6g}") for v in gradient(w, key, network).ravel()]
                          for key in w}})
    file = {"items": ITEMS, "width": WIDTH, "length": LENGTH, "histories": HISTORIES,
            "targets": TARGETS, "cases": cases}
    with open("encoders.json", "w") as out:
        json.dump(file, out)
        out.write("\n")


main()
