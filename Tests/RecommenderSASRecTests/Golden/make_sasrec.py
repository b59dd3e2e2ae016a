"""Writes sasrec.json: the three forms of SASRec in double precision, one padded row at a time.

Weights are drawn here, and go into the file with scores, losses and gradients (by central
differences). Run it beside the file: python3 make_sasrec.py
"""

import json

import numpy as np

ITEMS, WIDTH, LENGTH = 6, 4, 5
HISTORIES = [[1, 2, 3, 4, 6], [5], [2, 2, 6], [3, 1, 4, 5]]
TARGETS = [5, 1, 4, 6]


def layer_norm(x, weight, bias, epsilon):
    mean = x.mean(-1, keepdims=True)
    variance = ((x - mean) ** 2).mean(-1, keepdims=True)
    return (x - mean) / np.sqrt(variance + epsilon) * weight + bias


def linear(w, name, x):
    return x @ w[name + "/weight"].T + w[name + "/bias"]


def norm(w, name, x, epsilon):
    return layer_norm(x, w[name + "/weight"], w[name + "/bias"], epsilon)


def softmax(x):
    e = np.exp(x - x.max(-1, keepdims=True))
    return e / e.sum(-1, keepdims=True)


def erf(x):
    from math import erf as scalar

    return np.vectorize(scalar)(x)


def attention(w, name, queries, keys, heads, scale, hidden_keys):
    """Causal attention over a whole padded row; `hidden_keys` are never seen."""
    q, k, v = (linear(w, f"{name}/{part}", x)
               for part, x in [("query", queries), ("key", keys), ("value", keys)])
    size = WIDTH // heads
    out = np.zeros_like(q)
    for head in range(heads):
        columns = slice(head * size, (head + 1) * size)
        scores = q[:, columns] @ k[:, columns].T * scale
        scores[np.triu_indices(len(q), 1)] = -2.0**32 + 1
        scores[:, hidden_keys] = -2.0**32 + 1
        out[:, columns] = softmax(scores) @ v[:, columns]
    return out


def pmixer(w, history, case):
    row = [0] * (LENGTH - len(history)) + history
    table = np.vstack([np.zeros(WIDTH), w["items/weight"]])
    positions = np.vstack([np.zeros(WIDTH), w["positions/weight"]])
    places = [i + 1 if item else 0 for i, item in enumerate(row)]
    h = table[row] * np.sqrt(WIDTH) + positions[places]
    for block in range(case["blocks"]):
        name = f"blocks/{block}"

        def mha(x):
            mixed = attention(w, name + "/attention", x, x, case["heads"],
                              (WIDTH / case["heads"]) ** -0.5, [])
            return linear(w, name + "/attention/output", mixed)

        def feed_forward(x):
            return linear(w, name + "/outer", np.maximum(linear(w, name + "/inner", x), 0))

        if case["norm_first"]:
            h = h + mha(norm(w, name + "/attention-norm", h, 1e-8))
            h = h + feed_forward(norm(w, name + "/feed-forward-norm", h, 1e-8))
        else:
            h = norm(w, name + "/attention-norm", h + mha(h), 1e-8)
            h = norm(w, name + "/feed-forward-norm", h + feed_forward(h), 1e-8)
    return norm(w, "last-norm", h, 1e-8)[LENGTH - len(history):], w["items/weight"], 0


def dros(w, history, case):
    row = history + [0] * (LENGTH - len(history))
    mask = (np.array(row) > 0).astype(float)[:, None]
    table = np.vstack([np.ones(WIDTH), w["items/weight"]])
    h = (table[row] + w["positions/weight"]) * mask
    hidden = [i for i, item in enumerate(row) if not item]
    for block in range(case["blocks"]):
        name = f"blocks/{block}"
        q = norm(w, name + "/query-norm", h, 1e-5)
        h = q + attention(w, name + "/attention", q, h, case["heads"], WIDTH**-0.5, hidden)
        x = norm(w, name + "/inner-norm", h, 1e-5)
        y = linear(w, name + "/outer", np.maximum(linear(w, name + "/inner", x), 0))
        h = norm(w, name + "/output-norm", x + y, 1e-5) * mask
    return norm(w, "last-norm", h, 1e-5)[:len(history)], w["head/weight"], w["head/bias"]


def recbole(w, history, case):
    row = history + [0] * (LENGTH - len(history))
    table = np.vstack([np.ones(WIDTH), w["items/weight"]])
    h = norm(w, "norm", table[row] + w["positions/weight"], 1e-12)
    hidden = [i for i, item in enumerate(row) if not item]
    for block in range(case["blocks"]):
        name = f"blocks/{block}"
        mixed = attention(w, name + "/attention", h, h, case["heads"],
                          (WIDTH / case["heads"]) ** -0.5, hidden)
        h = norm(w, name + "/attention-norm", h + linear(w, name + "/attention/output", mixed),
                 1e-12)
        x = linear(w, name + "/inner", h)
        x = x * (1 + erf(x / np.sqrt(2))) / 2
        h = norm(w, name + "/output-norm", h + linear(w, name + "/outer", x), 1e-12)
    return h[:len(history)], w["items/weight"], 0


def shapes(case):
    variant = case["variant"]
    result = {"items/weight": (ITEMS, WIDTH), "positions/weight": (LENGTH, WIDTH)}

    def add_linear(name, inputs, outputs):
        result[name + "/weight"] = (outputs, inputs)
        result[name + "/bias"] = (outputs,)

    def add_norm(name):
        result[name + "/weight"] = (WIDTH,)
        result[name + "/bias"] = (WIDTH,)

    inner = 4 * WIDTH if variant == "recbole" else WIDTH
    norms = {"pmixer": ["attention-norm", "feed-forward-norm"],
             "dros": ["query-norm", "inner-norm", "output-norm"],
             "recbole": ["attention-norm", "output-norm"]}[variant]
    for block in range(case["blocks"]):
        name = f"blocks/{block}"
        for part in ["query", "key", "value"] + (["output"] if variant != "dros" else []):
            add_linear(f"{name}/attention/{part}", WIDTH, WIDTH)
        add_linear(name + "/inner", WIDTH, inner)
        add_linear(name + "/outer", inner, WIDTH)
        for part in norms:
            add_norm(f"{name}/{part}")
    add_norm("norm" if variant == "recbole" else "last-norm")
    if variant == "dros":
        add_linear("head", WIDTH, ITEMS)
    return result


def scores(w, history, case):
    outputs, weight, bias = globals()[case["variant"]](w, history, case)
    return outputs @ weight.T + bias


def loss(w, case, positions):
    """Mean cross-entropy behind the last items, or behind all."""
    total = []
    for history, target in zip(HISTORIES, TARGETS):
        rows = scores(w, history, case)
        wanted = history[1:] + [target]
        if positions == "last":
            rows, wanted = rows[-1:], wanted[-1:]
        for row, item in zip(rows, wanted):
            total.append(np.log(np.exp(row - row.max()).sum()) + row.max() - row[item - 1])
    return float(np.mean(total))


def gradients(w, case, positions, step=1e-5):
    result = {}
    for name, values in w.items():
        slope = np.zeros_like(values)
        for index in np.ndindex(values.shape):
            kept = values[index]
            values[index] = kept + step
            upper = loss(w, case, positions)
            values[index] = kept - step
            lower = loss(w, case, positions)
            values[index] = kept
            slope[index] = (upper - lower) / (2 * step)
        result[name] = slope
    return result


def rounded(values):
    return [float(f"{x:.9g}") for x in np.asarray(values).ravel()]


def main():
    random = np.random.default_rng(7)
    cases = []
    for case in [
        {"variant": "pmixer", "blocks": 2, "heads": 1, "norm_first": False},
        {"variant": "pmixer", "blocks": 2, "heads": 2, "norm_first": True},
        {"variant": "dros", "blocks": 2, "heads": 2, "norm_first": False},
        {"variant": "recbole", "blocks": 2, "heads": 2, "norm_first": False},
    ]:
        # Exact in single precision, so that both sides start from the same numbers.
        w = {name: random.normal(0, 0.6, shape).astype(np.float32).astype(np.float64)
             for name, shape in shapes(case).items()}
        entry = dict(case)
        entry["tensors"] = {name: {"shape": list(x.shape), "values": rounded(x)}
                            for name, x in w.items()}
        entry["scores"] = [rounded(scores(w, history, case)[-1]) for history in HISTORIES]
        entry["losses"] = []
        for positions in ["last", "all"]:
            slopes = gradients(w, case, positions)
            entry["losses"].append({
                "positions": positions, "loss": loss(w, case, positions),
                "gradients": {name: [float(f"{x:.7g}") for x in g.ravel()]
                              for name, g in slopes.items()}})
        cases.append(entry)
    file = {"items": ITEMS, "width": WIDTH, "length": LENGTH, "histories": HISTORIES,
            "targets": TARGETS, "cases": cases}
    with open("sasrec.json", "w") as out:
        json.dump(file, out)
        out.write("\n")


main()
