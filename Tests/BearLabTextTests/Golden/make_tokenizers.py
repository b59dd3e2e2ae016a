"""Writes the folders of `huggingface/`, each a small tokenizer and what it makes of some texts.

    pip install tokenizers==0.23.3 && python make_tokenizers.py

The tokenizers are trained here, with the pre-tokenizers and settings of real checkpoints:

    llama3   merges as "a b", merges ignored, BOS from a template within a sequence
    qwen2    merges as pairs, form C, added tokens that are not special or normalised
    smollm   digits, some bytes without a token
    gpt2     no type of the model, BOS by tokenizer_config.json

`golden.json` has, for each text, the tokens with special tokens recognised (`ids`) and with
special tokens as plain text (`plain`), both without BOS.
"""

import json
from pathlib import Path

from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, normalizers
from tokenizers import pre_tokenizers, processors, trainers

NUMBERS = {"llama3": r"\p{N}{1,3}", "qwen2": r"\p{N}"}
PATTERN = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|NUMBERS"
    r"| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
)
CORPUS = [
    "The Stone Inn and the stones within, don't we'll I'VE they're isn't",
    "Toy Story (1995), 12345 numbers 2024 100 1000 and 3.14",
    "naïve café résumé Amélie — “quoted” … ½ Ⅷ ٣٤٥",
    "日本語の本 中文书籍 한국어 책 русская книга كتاب عربي ספר",
    "🐻🐼👩‍👩‍👧 emoji ✓ © ™ &quot; &amp; <b>bold</b>",
    "line one\nline two\r\n\r\n  indented\ttab\t\tdouble   spaces   ",
] * 20
TEXTS = CORPUS[:6] + [
    "", " ", "  ", "   ", "\n", "\n\n", "\r\n", " \n ", "  \n\n  x", "a \n", "a\n ", "\t\ta",
    "a  b   c    d", "x\u00a0y \u00a0 z", "\u2003em\u2028line\u0085next", "\u200bzero\u200dwidth",
    "1", "12", "123", "1234", "12345", "123456", "1234567", " 1 22 333 4444 55555", "3,141,592.65",
    "a1b22c333", "½¾ ⅧⅨ ²³ ٣٤٥٦٧ 𝟙𝟚𝟛𝟜", "１２３４",
    "don't DON'T Don'T we'll WE'LL We'Ll I've I'VE I'm I'M he'd HE'D they're THEY'RE it's IT'S",
    "'s 't 're 've 'm 'll 'd 'S 'T 'RE 'VE 'M 'LL 'D 'x 'l 'r 'v", "''s '''t x''ll", "'ſ it'ſ 'ſx",
    "'1 '\n's", " 's  'll", "’s don’t",
    "e\u0301 e\u0301\u0301 \u0301e a\u0327\u0301 a\u0301\u0327 \u1e69 s\u0323\u0307 s\u0307\u0323",
    "\u212b \u2126 \uac00 \u1100\u1161 \u1100\u1161\u11a8 \u1113\u1167 \ub258\u11b2",
    "\u0f71\u0f72\u0f80 \u0f73\u0f75 a\u0f7b\u0f75 \u0958 \ufb1d \u2adc",
    "क्षि தமிழ் ไทย ខ្មែរ", "كتاب عربي ٱلرَّحِيمِ", "ספר שָׁלוֹם",
    "🐻", "a🐻b", " 🐻 🐻🐻", "👩‍👩‍👧‍👦 👍🏽 🇩🇪", "!!! ?!? (...) -- --- ///\n\n!!\r\n", " !a !1 ! \n",
    "C++ C# f(x)=x^2; print('hello')", "&quot;Title&quot; &amp; more", "\x00\x01\x7f\x1b[0m", "\ufeffBOM",
    "hello", "hello hello", "Hello World", "HELLOWORLD", "HELLOWORLDS HELLOWORLD zqzq zqzqz", "ʼn ǅ ﬀ ﬆ İ ı ẞ ß", "ª º ʰ ˠ ⁿ",
    "<|end|>", "a<|end|>b", " <|end|> ", "<|end|><|begin|>", "<|en", "<|end|", "<think>x</think>",
    "x <think> y", "e\u0301<|end|>\u0301", "Cafe\u0301Cafe\u0301 Café", "caf\u00e9 cafe\u0301",
    "private \ue000 \U000f0000 unassigned \u0378 \U0010fffd", "a" * 70, "ab" * 40 + " " * 9 + "z",
]


def trained(pre_tokenizer, normalizer=None, specials=("<|end|>", "<|begin|>"), size=420):
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizer
    if normalizer:
        tokenizer.normalizer = normalizer
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=size, special_tokens=list(specials), show_progress=False,
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet())
    tokenizer.train_from_iterator(CORPUS, trainer)
    return tokenizer


def split(name):
    pattern = Regex(PATTERN.replace("NUMBERS", NUMBERS[name]))
    return pre_tokenizers.Sequence([
        pre_tokenizers.Split(pattern, behavior="isolated", invert=False),
        pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
    ])


def write(name, tokenizer, edit, config, others=None):
    """Edits the JSON as only files in the wild have it, and asks the library about the result."""
    data = json.loads(tokenizer.to_str())
    edit(data)
    folder = Path(__file__).parent / "huggingface" / name
    folder.mkdir(parents=True, exist_ok=True)
    files = {"tokenizer.json": data, "tokenizer_config.json": config, **(others or {})}
    for file, content in files.items():
        text = json.dumps(content, ensure_ascii=False, separators=(",", ":")) + "\n"
        (folder / file).write_text(text, encoding="utf-8")
    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    rows = []
    for text in TEXTS:
        tokenizer.encode_special_tokens = False
        ids = tokenizer.encode(text, add_special_tokens=False).ids
        tokenizer.encode_special_tokens = True
        plain = tokenizer.encode(text, add_special_tokens=False).ids
        rows.append({"text": text, "ids": ids, "plain": plain})
    golden = {
        "bos": tokenizer.encode("").ids[:1] or None, "rows": rows,
    }
    lines = json.dumps(golden, ensure_ascii=True).replace('{"text"', '\n{"text"')
    (folder / "golden.json").write_text(lines + "\n")


def llama3():
    tokenizer = trained(split("llama3"))
    tokenizer.post_processor = processors.Sequence([
        processors.ByteLevel(trim_offsets=True),
        processors.TemplateProcessing(
            single="<|begin|> $A", pair="<|begin|> $A <|begin|>:1 $B:1",
            special_tokens=[("<|begin|>", 1)]),
    ])

    def edit(data):
        model = data["model"]
        model["ignore_merges"] = True
        # Tokens that no merge makes: only a whole piece becomes one.
        for token in ["HELLOWORLD", "Ġzqzq", "ĠHELLOWORL"]:
            model["vocab"][token] = len(model["vocab"])
        model["merges"] = [" ".join(pair) for pair in model["merges"]]

    write("llama3", tokenizer, edit, {
        "bos_token": "<|begin|>", "eos_token": {"content": "<|end|>", "special": True},
        "add_bos_token": False,
    })


def qwen2():
    tokenizer = trained(split("qwen2"), normalizers.NFC())
    tokenizer.add_tokens([
        AddedToken("<think>", normalized=False), AddedToken("</think>", normalized=False),
        AddedToken("Cafe\u0301", normalized=True),
    ])
    write("qwen2", tokenizer, lambda data: None, {"bos_token": None}, {
        "config.json": {"bos_token_id": 1, "eos_token_id": [0, 1]},
    })


def smollm():
    tokenizer = trained(pre_tokenizers.Sequence([
        pre_tokenizers.Digits(individual_digits=True),
        pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=True),
    ]))

    def edit(data):
        vocab = data["model"]["vocab"]
        # The bytes 0x00 and 0x7F, whose places other tokens take.
        for byte, token in [("\u0100", "unused0"), ("\u0121", "unused1")]:
            vocab[token] = vocab.pop(byte)

    write("smollm", tokenizer, edit, {"eos_token": "<|end|>", "add_bos_token": False})


def gpt2():
    tokenizer = trained(pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=True))
    tokenizer.post_processor = processors.ByteLevel(trim_offsets=False)

    def edit(data):
        del data["model"]["type"]
        data["model"]["merges"] = [" ".join(pair) for pair in data["model"]["merges"]]

    write("gpt2", tokenizer, edit, {"bos_token": "<|begin|>", "add_bos_token": True}, {
        "generation_config.json": {"eos_token_id": 0},
    })


for make in [llama3, qwen2, smollm, gpt2]:
    make()
