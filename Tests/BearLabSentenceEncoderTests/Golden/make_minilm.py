"""Writes minilm.json: tokens and vectors of some texts by sentence-transformers.

    python3 make_minilm.py FOLDER

FOLDER is what `scripts/fetch minilm-l6` made, below `encoders` in the cache. Needs
sentence-transformers (5.x was used) and the `tokenizer.json` of the package, which it makes from
`vocab.txt`; the model computes in double precision.
"""

import json
import pathlib
import sys

import numpy
import sentence_transformers

TEXTS = [
    "",
    " ",
    "Toy Story (1995)",
    "Toy Story 1995",
    "Die Hard: With a Vengeance (1995)",
    "Monty Python's Life of Brian (1979)",
    "Star Trek VI: The Undiscovered Country (1991)",
    "Cité des enfants perdus, La (1995)",
    "Misérables, Les (1995)",
    "SMÖRGÅSBORD À LA CARTE: İstanbul, Straße, ΟΔΟΣ",
    "e\u0301tude no\u0308el \ufb01ne \u00bd \u2460",
    "千と千尋の神隠し (Spirited Away)",
    "東京物語と我孫子",
    "기생충 패러사이트",
    "Преступление и наказание",
    "🐻 bear 🎬🍿 movie night",
    "tab\tnew\nline\r\nnul\u0000 bell\u0007 zero\u200bwidth soft\u00adhyphen \ufffd",
    "\u00a0no\u2003break\u3000spaces\u2028end",
    "C++ & C# $9.99 {100%} a_b^c~d|e`f @home #1",
    "[CLS] a mask [MASK] in the middle [SEP][PAD] [unk]",
    "&quot;Quoted&quot; &amp; escaped (Paperback) -- 2nd ed.",
    "Honorificabilitudinitatibus antidisestablishmentarianism qzxwvkj",
    "x" * 100 + " " + "y" * 101,
    " ".join(f"word{i} and number {i}" for i in range(120)),
    "the " * 253 + "end",
    "the " * 254 + "end",
]


def main():
    model = sentence_transformers.SentenceTransformer(sys.argv[1], device="cpu").double()
    rows = []
    for text in TEXTS:
        tokens = model.preprocess([text])["input_ids"][0].tolist()
        vector = model.encode([text], convert_to_numpy=True)[0]
        rows.append(
            {"text": text, "tokens": tokens, "vector": [round(float(x), 9) for x in vector]}
        )
    assert all(abs(numpy.linalg.norm(row["vector"]) - 1) < 1e-6 for row in rows)
    path = pathlib.Path(__file__).with_name("minilm.json")
    lines = ",\n".join(json.dumps(row) for row in rows)
    path.write_text(f"[\n{lines}\n]\n")


main()
