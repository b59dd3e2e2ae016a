"""Compares adapters and merged models with those of PEFT, transformers and llama.cpp.

    python scripts/peers/check_adapters.py --models FOLDER... --gguf FILE --work adapters

FOLDERs are models in the layout of Hugging Face, FILE is a GGUF of the Llama family; either may be
left out. For each of them `bear-lab run` trains an adapter for a few steps on MovieLens-100K, and
the three exports are loaded by the programs they are for. For each folder PEFT makes adapters of its
own too, which `bear-lab verify` loads. Every line is the largest difference of logits; the exit
status is 1 where one is above 1e-4, in proportion for logits above 16.

Needs torch, transformers (5.23 was used), peft (0.21), gguf, and for llama.cpp's part xllamacpp.
"""

import argparse
import json
import math
import pathlib
import shutil
import subprocess
import sys

import gguf
import numpy
import peft
import torch
import transformers

TRAINING = [
    *["--dataset", "synthetic:items=200,users=300", "--epochs", "1", "--train-samples", "32", "--eval-users", "4"],
    *["--learning-rate", "0.003", "--precision", "f32", "--set", "evaluation.measure=fine-tuned"],
]
EVERY = ["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"]
PEFT_CASES = {
    "plain": dict(r=8, lora_alpha=16, target_modules=EVERY),
    "rslora": dict(r=9, lora_alpha=6, use_rslora=True, target_modules=EVERY),
    "patterns": dict(
        r=4,
        lora_alpha=8,
        target_modules=EVERY,
        rank_pattern={r"layers\.[02]\.self_attn\.q_proj": 6, "down_proj": 2},
        alpha_pattern={"model.layers.1.mlp.up_proj": 20, "o_proj": 5},
    ),
    "rslora-patterns": dict(
        r=4,
        lora_alpha=8,
        use_rslora=True,
        target_modules=["q_proj", "v_proj"],
        rank_pattern={"v_proj": 2},
        alpha_pattern={"q_proj": 3},
    ),
}


class Checks:
    """Prints differences and remembers those that are too large."""

    def __init__(self) -> None:
        self.failed = 0

    def gap(self, name: str, found: torch.Tensor, expected: torch.Tensor) -> None:
        gap = (found.double() - expected.double()).abs().max().item()
        limit = 1e-4 * max(1.0, expected.abs().max().item() / 16)
        self.tell(name, gap, gap <= limit)

    def tell(self, name: str, gap: float, passed: bool) -> None:
        self.failed += not passed
        print(f"{'pass' if passed else 'FAIL'}  {name}: {gap:.2e}", flush=True)


def last_logits(model: torch.nn.Module, ids: list[int]) -> torch.Tensor:
    with torch.no_grad():
        return model(torch.tensor([ids])).logits[0, -1]


def check_probe(checks: Checks, name: str, folder: pathlib.Path, model: torch.nn.Module) -> None:
    """Compares a model with what bear-lab has computed, as it stands beside an export."""
    probe = json.loads((folder / "bear-lab-probe.json").read_text())
    pairs = [
        (last_logits(model, sequence["ids"])[sequence["tokens"]], torch.tensor(sequence["logits"]))
        for sequence in probe["sequences"]
    ]
    checks.gap(name, torch.cat([found for found, _ in pairs]), torch.cat([own for _, own in pairs]))


def load(path: str | pathlib.Path, **settings: str) -> torch.nn.Module:
    return transformers.AutoModelForCausalLM.from_pretrained(
        path, dtype=torch.float32, **settings
    ).eval()


def bear_lab(program: str, *arguments: str | pathlib.Path) -> subprocess.CompletedProcess:
    return subprocess.run(
        [program, *map(str, arguments)], check=False, text=True, capture_output=True
    )


def must(outcome: subprocess.CompletedProcess) -> str:
    if outcome.returncode:
        sys.exit(f"{' '.join(outcome.args)}\n{outcome.stdout}{outcome.stderr}")
    return outcome.stderr


def export(program: str, model: str, work: pathlib.Path) -> pathlib.Path:
    """Trains an adapter and exports it in the three ways."""
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir(parents=True)
    run = work / "run"
    must(bear_lab(program, "run", "--model", model, "--output", run, *TRAINING))
    for kind, target in [("peft", "peft"), ("merged", "merged"), ("gguf-lora", "lora.gguf")]:
        told = must(bear_lab(program, "export", kind, run, work / target)).strip().splitlines()
        print(f"      export {told[-1]}")
    return work


def check_exports(
    checks: Checks, name: str, base: torch.nn.Module, work: pathlib.Path
) -> None:
    """Loads the exports of a run with PEFT and transformers."""
    merged, info = transformers.AutoModelForCausalLM.from_pretrained(
        work / "merged", dtype=torch.float32, output_loading_info=True
    )
    strange = info["missing_keys"] or info["unexpected_keys"] or info["mismatched_keys"]
    checks.tell(f"{name}: merged, tensors that transformers misses", len(strange), not strange)
    check_probe(checks, f"{name}: merged, in transformers", work / "merged", merged.eval())
    adapted = peft.PeftModel.from_pretrained(base, work / "peft").eval()
    check_probe(checks, f"{name}: peft, in PEFT", work / "peft", adapted)
    probe = json.loads((work / "peft/bear-lab-probe.json").read_text())["sequences"][-1]["ids"]
    checks.gap(
        f"{name}: PEFT's own merge against ours",
        last_logits(merged, probe),
        last_logits(adapted.merge_and_unload(), probe),
    )


def check_tokenizer(checks: Checks, gguf_path: str, folder: pathlib.Path) -> None:
    """Compares the tokenizer.json that was written with llama.cpp's reading, through transformers."""
    theirs = transformers.AutoTokenizer.from_pretrained(
        str(pathlib.Path(gguf_path).parent), gguf_file=pathlib.Path(gguf_path).name
    )
    ours = transformers.AutoTokenizer.from_pretrained(folder)
    texts = ["Toy Story (1995)", " 12 Monkeys\n\n", "l'été, ça va? 千と千尋 🐻", "a  b\tc  "]
    differing = sum(
        ours(text, add_special_tokens=False).input_ids
        != theirs(text, add_special_tokens=False).input_ids
        for text in texts
    )
    checks.tell("tokenizer.json, texts with other ids", differing, differing == 0)


def check_peft(checks: Checks, program: str, model: str, work: pathlib.Path) -> None:
    """Has PEFT save adapters, and bear-lab load them."""
    for name, settings in PEFT_CASES.items():
        torch.manual_seed(8)
        folder = work / f"from-peft-{name}"
        shutil.rmtree(folder, ignore_errors=True)
        shutil.copytree(
            model, folder, ignore=shutil.ignore_patterns("adapter", "golden.json", "*probe*")
        )
        for path in [folder, *folder.iterdir()]:
            path.chmod(path.stat().st_mode | 0o200)
        adapted = peft.get_peft_model(
            load(model), peft.LoraConfig(task_type="CAUSAL_LM", **settings)
        )
        for key, parameter in adapted.named_parameters():
            if "lora_B" in key:
                torch.nn.init.normal_(parameter, std=0.02)
        adapted.save_pretrained(folder / "adapter")
        reloaded = peft.PeftModel.from_pretrained(load(model), folder / "adapter").eval()
        vocabulary = reloaded.config.vocab_size
        ids = [(7 * place * place + 11) % vocabulary for place in range(24)]
        golden = {
            "tokenizer": [],
            "ids": ids,
            "logits_float32_compute": [
                {"position": 23, "logits": last_logits(load(model), ids).tolist()}
            ],
            "adapter_last_logits": last_logits(reloaded, ids).tolist(),
        }
        (folder / "golden.json").write_text(json.dumps(golden))
        outcome = bear_lab(program, "verify", folder, "--model", folder)
        lines = [line for line in outcome.stdout.splitlines() if "adapter" in line]
        checks.failed += outcome.returncode != 0 or not lines
        print(f"      verify {name}: {' | '.join(lines) or outcome.stdout + outcome.stderr}")


def widen(source: str, target: pathlib.Path) -> None:
    """Writes a GGUF file again with every weight in single precision."""
    reader = gguf.GGUFReader(source)
    writer = gguf.GGUFWriter(target, reader.fields["general.architecture"].contents())
    for field in reader.fields.values():
        if field.name.startswith("GGUF.") or field.name in (
            "general.architecture",
            "general.file_type",
        ):
            continue
        kind = field.types[0]
        inner = field.types[-1] if kind == gguf.GGUFValueType.ARRAY else None
        writer.add_key_value(field.name, field.contents(), kind, sub_type=inner)
    for tensor in reader.tensors:
        numbers = gguf.quants.dequantize(tensor.data, tensor.tensor_type).astype(numpy.float32)
        writer.add_tensor(tensor.name, numbers.reshape([int(n) for n in reversed(tensor.shape)]))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def check_reader(checks: Checks, path: pathlib.Path) -> None:
    """Looks at a GGUF adapter as gguf-py sees it: the layout of convert_lora_to_gguf.py."""
    reader = gguf.GGUFReader(path)
    text = {
        key: reader.fields[key].contents()
        for key in ("general.type", "adapter.type", "general.architecture", "adapter.lora.alpha")
    }
    names = {tensor.name for tensor in reader.tensors}
    halves = all(name.endswith((".lora_a", ".lora_b")) for name in names)
    passed = text["general.type"] == "adapter" and text["adapter.type"] == "lora" and halves
    checks.tell(f"gguf-lora, in gguf-py: {len(names)} tensors, {text}", 0, passed)


def check_llama_cpp(checks: Checks, base: pathlib.Path, work: pathlib.Path) -> None:
    """Runs llama.cpp with the adapter; compares log-probabilities of the likeliest tokens."""
    try:
        import xllamacpp
    except ImportError:
        return print("skip  llama.cpp: xllamacpp is not installed")
    merged = load(work / "merged")
    probe = json.loads((work / "peft/bear-lab-probe.json").read_text())["sequences"][-1]["ids"]
    expected = last_logits(merged, probe).double().log_softmax(-1)

    def told(with_adapter: bool) -> dict[int, float]:
        settings = xllamacpp.CommonParams()
        settings.model.path = str(base)
        settings.n_ctx = 256
        settings.n_gpu_layers = 0
        if with_adapter:
            settings.lora_adapters = [xllamacpp.CommonAdapterLoraInfo(str(work / "lora.gguf"), 1.0)]
        answer = xllamacpp.Server(settings).handle_completions(
            {"prompt": probe, "n_predict": 1, "n_probs": 20, "temperature": 0.0}
        )
        first = answer["choices"][0]["logprobs"]["content"][0]
        return {row["id"]: row["logprob"] for row in first["top_logprobs"]}

    found, without = told(True), told(False)
    gap = max(abs(value - expected[token].item()) for token, value in found.items())
    effect = max(abs(value - expected[token].item()) for token, value in without.items())
    passed = math.isfinite(gap) and gap < 0.02 * max(1, effect)
    checks.tell(f"gguf-lora, in llama.cpp ({effect:.2f} without it)", gap, passed)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--bear-lab", default=".build/release/bear-lab")
    parser.add_argument("--models", nargs="*", default=[])
    parser.add_argument("--gguf")
    parser.add_argument("--work", default="adapters", type=pathlib.Path)
    options = parser.parse_args()
    checks = Checks()
    for model in options.models:
        name = pathlib.Path(model).name
        work = export(options.bear_lab, model, options.work / name)
        check_exports(checks, name, load(model), work)
        check_reader(checks, work / "lora.gguf")
        check_peft(checks, options.bear_lab, model, work)
    if options.gguf:
        path = pathlib.Path(options.gguf)
        work = export(options.bear_lab, options.gguf, options.work / path.stem)
        check_exports(checks, path.stem, load(path.parent, gguf_file=path.name), work)
        check_tokenizer(checks, options.gguf, work / "merged")
        check_reader(checks, work / "lora.gguf")
        widen(options.gguf, work / "base-f32.gguf")
        check_llama_cpp(checks, work / "base-f32.gguf", work)
    sys.exit(1 if checks.failed else 0)


main()
