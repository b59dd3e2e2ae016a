"""Writes tiny.json: vectors of some texts by the BERT of BearLabTestSupport's TinyBERT.swift.

Independent of any library but numpy: the tokens are given by hand, the forward pass is in double
precision.
"""

import json
import math
import pathlib

import numpy

WIDTH, INNER, POSITIONS, LAYERS, HEADS, VOCABULARY = 12, 20, 16, 2, 3, 20
EPSILON = 1e-12

# [CLS] is 2, [SEP] 3; a text is cut to ten tokens.
TEXTS = {
    "": [2, 3],
    "Toy Story (1995)": [2, 5, 6, 11, 13, 14, 12, 3],
    "Heats, the 千E\u0301": [2, 7, 8, 1, 10, 19, 17, 3],
    "toys toys toys toys toys": [2, 5, 8, 5, 8, 5, 8, 5, 8, 3],
    "heat": [2, 7, 3],
    "[MASK] # unknown": [2, 4, 18, 1, 3],
}


def weights():
    def both(stem, outputs, inputs):
        return [(f"{stem}.weight", (outputs, inputs), 0.4), (f"{stem}.bias", (outputs,), 0.2)]

    def norm(stem):
        return [(f"{stem}.weight", (WIDTH,), 0.3), (f"{stem}.bias", (WIDTH,), 0.2)]

    tensors = [
        ("embeddings.word_embeddings.weight", (VOCABULARY, WIDTH), 0.8),
        ("embeddings.position_embeddings.weight", (POSITIONS, WIDTH), 0.5),
        ("embeddings.token_type_embeddings.weight", (2, WIDTH), 0.5),
    ] + norm("embeddings.LayerNorm")
    for layer in (f"encoder.layer.{i}" for i in range(LAYERS)):
        for part in ("query", "key", "value"):
            tensors += both(f"{layer}.attention.self.{part}", WIDTH, WIDTH)
        tensors += both(f"{layer}.attention.output.dense", WIDTH, WIDTH)
        tensors += norm(f"{layer}.attention.output.LayerNorm")
        tensors += both(f"{layer}.intermediate.dense", INNER, WIDTH)
        tensors += both(f"{layer}.output.dense", WIDTH, INNER)
        tensors += norm(f"{layer}.output.LayerNorm")
    result = {}
    for index, (name, shape, scale) in enumerate(tensors):
        k = numpy.arange(math.prod(shape), dtype=numpy.float64)
        values = scale * numpy.sin(0.37 * k * k + index)
        values += name.endswith("LayerNorm.weight")
        result[name] = values.astype(numpy.float32).astype(numpy.float64).reshape(shape)
    return result


W = weights()


def linear(stem, x):
    return x @ W[f"{stem}.weight"].T + W[f"{stem}.bias"]


def norm(stem, x):
    centred = x - x.mean(1, keepdims=True)
    deviation = numpy.sqrt((centred**2).mean(1, keepdims=True) + EPSILON)
    return centred / deviation * W[f"{stem}.weight"] + W[f"{stem}.bias"]


def gelu(x):
    return x * 0.5 * (1 + numpy.vectorize(math.erf)(x / math.sqrt(2)))


def vector(tokens):
    h = (
        W["embeddings.word_embeddings.weight"][tokens]
        + W["embeddings.position_embeddings.weight"][: len(tokens)]
        + W["embeddings.token_type_embeddings.weight"][0]
    )
    h = norm("embeddings.LayerNorm", h)
    for layer in (f"encoder.layer.{i}" for i in range(LAYERS)):
        q, k, v = (linear(f"{layer}.attention.self.{p}", h) for p in ("query", "key", "value"))
        heads = []
        for part in numpy.split(numpy.arange(WIDTH), HEADS):
            scores = q[:, part] @ k[:, part].T / math.sqrt(len(part))
            shares = numpy.exp(scores - scores.max(1, keepdims=True))
            heads.append(shares / shares.sum(1, keepdims=True) @ v[:, part])
        attention = linear(f"{layer}.attention.output.dense", numpy.concatenate(heads, 1))
        h = norm(f"{layer}.attention.output.LayerNorm", h + attention)
        inner = gelu(linear(f"{layer}.intermediate.dense", h))
        h = norm(f"{layer}.output.LayerNorm", h + linear(f"{layer}.output.dense", inner))
    mean = h.mean(0)
    return mean / numpy.linalg.norm(mean)


def main():
    rows = [
        {"text": text, "tokens": tokens, "vector": [round(x, 9) for x in vector(tokens).tolist()]}
        for text, tokens in TEXTS.items()
    ]
    path = pathlib.Path(__file__).with_name("tiny.json")
    lines = ",\n".join(json.dumps(row) for row in rows)
    path.write_text(f"[\n{lines}\n]\n")


main()
