#!/usr/bin/env python3
"""Trains RecBole's own SASRec and GRU4Rec on bear-lab's rows of MovieLens-100K.

The models are RecBole's classes with RecBole's default settings; the loop is ours, since RecBole's
cannot be handed rows that are cut already. As RecBole's trainer it shuffles each epoch, takes Adam
steps, looks at validation after each epoch, and goes back to the best one.
"""

import argparse
import copy
import json
import logging
import sys
import time
from pathlib import Path
from types import SimpleNamespace

import torch

import movielens

MODELS = ("SASRec", "GRU4Rec")


def main() -> None:
    options = parse()
    sys.argv[1:] = []  # RecBole's Config reads it as well
    torch.set_num_threads(options.threads)
    data = movielens.load(options.data)
    print(", ".join(f"{count} {what}" for what, count in data.counts.items()), file=sys.stderr)
    options.output.mkdir(parents=True, exist_ok=True)
    results = []
    for seed in options.seeds:
        for name in options.models:
            file = options.output / f"{name.lower()}-{seed}.json"
            if not file.exists():
                file.write_text(json.dumps(train(name, seed, data, options), indent=2) + "\n")
            results.append(json.loads(file.read_text()))
    (options.output / "recbole.json").write_text(json.dumps(results, indent=2) + "\n")
    print(markdown(results))


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--models", nargs="+", choices=MODELS, default=MODELS)
    parser.add_argument("--seeds", nargs="+", type=int, default=[1, 2, 3])
    parser.add_argument("--epochs", type=int, default=200, help="at most (default: 200)")
    parser.add_argument("--patience", type=int, default=10,
                        help="epochs without a better validation NDCG@10 (default: 10)")
    parser.add_argument("--batch", type=int, default=128)
    parser.add_argument("--learning-rate", type=float, default=1e-3)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--data", type=Path, default=movielens.default_folder(),
                        help="folder with ml-100k.inter and ml-100k.item")
    parser.add_argument("--output", type=Path, required=True,
                        help="folder for a JSON file a training; those that it has are kept")
    return parser.parse_args()


def make_model(name: str, items: int, options: argparse.Namespace) -> torch.nn.Module:
    """RecBole's model with RecBole's defaults, for histories of at most ten items."""
    from recbole.config import Config
    from recbole.utils import get_model

    logging.disable(logging.WARNING)
    model_class = get_model(name)
    # Importing RecBole's models turns it on (sine.py does), at twice the time a step.
    torch.autograd.set_detect_anomaly(False)
    config = Config(model=name, dataset="ml-100k", config_dict={
        "MAX_ITEM_LIST_LENGTH": movielens.HISTORY, "train_neg_sample_args": None,
        "use_gpu": False, "show_progress": False, "train_batch_size": options.batch,
        "learning_rate": options.learning_rate})
    # All that a model asks of a data set is the number of items, the padding included.
    return model_class(config, SimpleNamespace(num=lambda field: items + 1))


def train(name: str, seed: int, data: movielens.Data, options: argparse.Namespace) -> dict:
    torch.manual_seed(seed)
    model = make_model(name, data.counts["items"], options)
    optimizer = torch.optim.Adam(model.parameters(), lr=options.learning_rate)
    rows = [torch.from_numpy(part) for part in data.train]
    best = {"epoch": 0, "ndcg@10": -1.0}
    weights, seconds = None, []
    for epoch in range(1, options.epochs + 1):
        start = time.perf_counter()
        loss = train_epoch(model, optimizer, rows, options.batch)
        seconds.append(time.perf_counter() - start)
        validation = evaluate(model, data.validation, data.titles)["ndcg@10"]
        print(f"{name} seed {seed} epoch {epoch}: loss {loss:.4f}, validation NDCG@10 "
              f"{validation:.4f}, {seconds[-1]:.1f} s", file=sys.stderr, flush=True)
        if validation > best["ndcg@10"]:
            best = {"epoch": epoch, "ndcg@10": validation}
            weights = copy.deepcopy(model.state_dict())
        elif epoch - best["epoch"] >= options.patience:
            break
    model.load_state_dict(weights)
    return {
        "model": name, "seed": seed, **evaluate(model, data.test, data.titles),
        "validation": best["ndcg@10"], "best_epoch": best["epoch"], "epochs": len(seconds),
        "seconds_an_epoch": min(seconds), "seconds": sum(seconds),
        "threads": options.threads, "torch": torch.__version__,
    }


def interaction(model: torch.nn.Module, histories, lengths, targets) -> dict:
    return {model.ITEM_SEQ: histories, model.ITEM_SEQ_LEN: lengths, model.POS_ITEM_ID: targets}


def train_epoch(model: torch.nn.Module, optimizer, rows: list, batch: int) -> float:
    """One pass in random order; returns the mean loss."""
    model.train()
    total = 0.0
    for chosen in torch.randperm(len(rows[0])).split(batch):
        optimizer.zero_grad()
        loss = model.calculate_loss(interaction(model, *(part[chosen] for part in rows)))
        loss.backward()
        optimizer.step()
        total += loss.item() * len(chosen)
    return total / len(rows[0])


@torch.no_grad()
def evaluate(model: torch.nn.Module, rows: movielens.Rows, titles) -> dict:
    """Ranks the whole catalogue behind every row; items of the history stay in it."""
    model.eval()
    parts = zip(*(torch.from_numpy(part).split(1024) for part in rows))
    scores = torch.cat([model.full_sort_predict(interaction(model, *part)) for part in parts])
    return movielens.figures(movielens.ranks(scores[:, 1:].numpy(), rows.targets, titles))


def markdown(results: list) -> str:
    lines = [
        "| model | seed | NDCG@10 | HR@10 | best epoch | epochs | seconds an epoch, the fastest |",
        "| --- | --- | --- | --- | --- | --- | --- |",
    ]
    for name in dict.fromkeys(result["model"] for result in results):
        own = [result for result in results if result["model"] == name]
        for r in own:
            lines.append(
                f"| {name} | {r['seed']} | {r['ndcg@10']:.4f} | {r['hr@10']:.4f} "
                f"| {r['best_epoch']} | {r['epochs']} | {r['seconds_an_epoch']:.1f} |")
        ndcg, hr = (movielens.spread([r[key] for r in own]) for key in ("ndcg@10", "hr@10"))
        lines.append(f"| {name} | mean ± deviation | {ndcg} | {hr} | | | |")
    return "\n".join(lines)



if __name__ == "__main__":
    main()
