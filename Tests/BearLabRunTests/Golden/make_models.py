"""Writes tiny random checkpoints as transformers saves them, with golden tokens and logits.

    python make_models.py        needs torch, transformers, tokenizers and peft

Each folder has `golden.json` beside the model: `tokenizer` (texts and ids), `ids`, the logits of some
positions with weights widened to float32, and those of the last position with the PEFT adapter in
`adapter`. The tokenizers are those of ../../BearLabTextTests/Golden/huggingface.
"""

import json
import pathlib
import shutil

import torch
from peft import LoraConfig, get_peft_model
from tokenizers import Tokenizer
from transformers import AutoModelForCausalLM, LlamaConfig, Qwen2Config, Qwen3Config

HERE = pathlib.Path(__file__).parent
TOKENIZERS = HERE / "../../BearLabTextTests/Golden/huggingface"
TEXTS = ["Toy Story (1995)", "café 12345 it's\n\n  two", "The user has read: \"Arc Light\""]
SIZES = dict(hidden_size=16, intermediate_size=24, num_hidden_layers=2, num_attention_heads=4,
             num_key_value_heads=2, max_position_embeddings=2048)


def old_layout(config):
    """The words of config.json before transformers 5."""
    rope = config.pop("rope_parameters")
    config["rope_theta"] = rope.pop("rope_theta")
    config["rope_scaling"] = None if rope["rope_type"] == "default" else rope
    config["torch_dtype"] = config.pop("dtype")
    config.pop("head_dim", None)  # many old files have none
    return config


def randomise(model, dtype):
    """Numbers of a size that every feature shows in the logits, exact in `dtype`."""
    generator = torch.Generator().manual_seed(8)
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            draw = torch.rand(parameter.shape, generator=generator) * 2 - 1
            if "norm" in name:
                draw = 1 + draw / 2
            elif parameter.dim() == 2 and "embed" not in name and "lm_head" not in name:
                draw = draw / 2
            parameter.copy_(draw.to(dtype))


def write(name, config, tokenizer, dtype, shard, is_old=False):
    folder = HERE / "models" / name
    shutil.rmtree(folder, ignore_errors=True)
    source = TOKENIZERS / tokenizer
    encoder = Tokenizer.from_file(str(source / "tokenizer.json"))
    config.vocab_size = encoder.get_vocab_size() + 3  # rows that no token has
    config.eos_token_id = encoder.token_to_id("<|end|>")
    model = AutoModelForCausalLM.from_config(config)
    randomise(model, dtype)
    model.to(dtype).save_pretrained(folder, max_shard_size=shard)
    (folder / "generation_config.json").unlink(missing_ok=True)
    for file in ["tokenizer.json", "tokenizer_config.json"]:
        shutil.copy(source / file, folder / file)
    if is_old:
        path = folder / "config.json"
        path.write_text(json.dumps(old_layout(json.loads(path.read_text())), indent=1) + "\n")

    model = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32)
    ids = [(7 * i * i + 3) % encoder.get_vocab_size() for i in range(120)]
    with torch.no_grad():
        logits = model(torch.tensor([ids])).logits[0]
    torch.manual_seed(9)
    adapted = get_peft_model(model, LoraConfig(
        r=2, lora_alpha=6, target_modules=["q_proj", "down_proj"], init_lora_weights=False))
    adapted.save_pretrained(folder / "adapter")
    (folder / "adapter" / "README.md").unlink(missing_ok=True)
    path = folder / "adapter" / "adapter_config.json"
    settings = json.loads(path.read_text())
    settings["base_model_name_or_path"] = name
    settings["target_modules"].sort()
    path.write_text(json.dumps(settings, indent=1) + "\n")
    with torch.no_grad():
        last = adapted.eval()(torch.tensor([ids])).logits[0, -1]
    golden = {
        "tokenizer": [
            {"text": text, "ids": encoder.encode(text, add_special_tokens=False).ids}
            for text in TEXTS],
        "ids": ids,
        "logits_float32_compute": [
            {"position": p, "logits": [round(x, 6) for x in logits[p].tolist()]}
            for p in (0, 33, 119)],
        "adapter_last_logits": [round(x, 6) for x in last.tolist()],
    }
    (folder / "golden.json").write_text(json.dumps(golden) + "\n")


write("llama", LlamaConfig(
    **SIZES, tie_word_embeddings=False, attention_bias=True, rope_parameters={
        "rope_type": "llama3", "rope_theta": 10000.0, "factor": 8.0, "low_freq_factor": 1.0,
        "high_freq_factor": 4.0, "original_max_position_embeddings": 64}),
    "llama3", torch.float16, "16KB", is_old=True)
write("qwen2", Qwen2Config(
    **SIZES, tie_word_embeddings=True,
    rope_parameters={"rope_type": "linear", "rope_theta": 10000.0, "factor": 2.0}),
    "qwen2", torch.bfloat16, "1GB")
write("qwen3", Qwen3Config(
    **SIZES, head_dim=8, tie_word_embeddings=False, attention_bias=True,
    rope_parameters={"rope_type": "default", "rope_theta": 1000000.0}),
    "smollm", torch.float32, "24KB", is_old=False)
