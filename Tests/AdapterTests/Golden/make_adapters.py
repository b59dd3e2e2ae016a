"""Writes a tiny Llama, adapters for it as PEFT saves them, and the logits of each.

    python3 make_adapters.py

Needs torch, transformers (5.23 was used) and peft (0.21). `base/` is the model; each adapter's folder
has what `save_pretrained` writes; `golden.json` has a sequence of tokens and, without an adapter and
with each of them, the logits behind its last token, computed in double precision from the weights as
they are stored.
"""

import json
import pathlib
import shutil

import peft
import torch
import transformers

HERE = pathlib.Path(__file__).parent
QUERY_VALUE = ["q_proj", "v_proj"]
EVERY = ["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"]
ADAPTERS = {
    "plain": dict(r=4, lora_alpha=8, target_modules=QUERY_VALUE),
    "stabilised": dict(r=9, lora_alpha=6, use_rslora=True, target_modules=EVERY),
    # Several patterns match a module: the first of the file counts.
    "patterns": dict(
        r=4,
        lora_alpha=8,
        target_modules=EVERY,
        rank_pattern={"layers.1.self_attn.q_proj": 6, "q_proj": 3, r"layers\.\d+\.mlp\.up_proj": 2},
        alpha_pattern={"model.layers.0.mlp.down_proj": 20, "down_proj": 5, r".*\.1\..*o_proj": 1},
    ),
    "stabilised-patterns": dict(
        r=4,
        lora_alpha=8,
        use_rslora=True,
        target_modules=QUERY_VALUE,
        rank_pattern={"v_proj": 2},
        alpha_pattern={"q_proj": 3},
    ),
    "expression": dict(r=2, lora_alpha=3, target_modules=r".*\.1\.(mlp\.(gate|down)|self_attn\.k)_proj"),
    "last-layer": dict(r=2, lora_alpha=4, target_modules=["o_proj"], layers_to_transform=[1]),
}


def main() -> None:
    torch.manual_seed(8)
    config = transformers.LlamaConfig(
        vocab_size=48,
        hidden_size=16,
        intermediate_size=24,
        num_hidden_layers=2,
        num_attention_heads=4,
        num_key_value_heads=2,
        max_position_embeddings=64,
        tie_word_embeddings=True,
        initializer_range=0.3,
        bos_token_id=1,
        eos_token_id=0,
    )
    model = transformers.LlamaForCausalLM(config).to(torch.float32)
    model.save_pretrained(HERE / "base")
    (HERE / "base/generation_config.json").unlink(missing_ok=True)
    ids = torch.randint(0, 48, (1, 12))

    def logits(network: torch.nn.Module) -> list[float]:
        with torch.no_grad():
            return network.double().eval()(ids).logits[0, -1].tolist()

    golden = {"ids": ids[0].tolist(), "base": logits(model), "adapters": {}}
    for name, settings in ADAPTERS.items():
        base = transformers.LlamaForCausalLM.from_pretrained(HERE / "base", dtype=torch.float32)
        adapted = peft.get_peft_model(
            base, peft.LoraConfig(task_type="CAUSAL_LM", lora_dropout=0.05, **settings)
        )
        for key, parameter in adapted.named_parameters():
            if "lora_" in key:
                torch.nn.init.uniform_(parameter, -0.5, 0.5)
        folder = HERE / name
        shutil.rmtree(folder, ignore_errors=True)
        adapted.save_pretrained(folder)
        (folder / "README.md").unlink(missing_ok=True)
        path = folder / "adapter_config.json"
        config = json.loads(path.read_text())
        # A folder of the machine that made the file.
        config["base_model_name_or_path"] = "base"
        path.write_text(json.dumps(config, indent=2) + "\n")
        # PEFT sorts the patterns when it saves, so that another one may come first when it loads.
        base = transformers.LlamaForCausalLM.from_pretrained(HERE / "base", dtype=torch.float32)
        golden["adapters"][name] = logits(peft.PeftModel.from_pretrained(base, folder))
    (HERE / "golden.json").write_text(json.dumps(golden) + "\n")


main()
