#!/usr/bin/env python3
"""Trains bear-lab's SASRec and GRU4Rec as RecBole's are, and puts both results side by side.

Reads what train_recbole.py wrote, and runs bear-lab with the same seeds. Needs no PyTorch.
"""

import argparse
import json
import subprocess
import tempfile
from pathlib import Path

from movielens import spread

ROOT = Path(__file__).resolve().parents[2]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("recbole", type=Path, help="the recbole.json of train_recbole.py")
    parser.add_argument("--program", type=Path, default=ROOT / "scripts/bear-lab")
    parser.add_argument("--threads", type=int, default=1)
    options = parser.parse_args()
    results = json.loads(options.recbole.read_text())
    lines = [
        "| model | seed | NDCG@10: RecBole | bear-lab | HR@10: RecBole | bear-lab "
        "| epochs: RecBole | bear-lab | seconds an epoch: RecBole | bear-lab |",
        "| --- |" + " --- |" * 9,
    ]
    for name in dict.fromkeys(result["model"] for result in results):
        theirs = [result for result in results if result["model"] == name]
        ours = [run(options, name.lower(), result["seed"]) for result in theirs]
        pairs = list(zip(theirs, ours))
        lines += [
            f"| {name} | {their['seed']} | {their['ndcg@10']:.4f} | {our['ndcg@10']:.4f} "
            f"| {their['hr@10']:.4f} | {our['hr@10']:.4f} | {their['epochs']} | {our['epochs']} "
            f"| {their['seconds_an_epoch']:.1f} | {our['seconds_an_epoch']:.1f} |"
            for their, our in pairs
        ]
        means = " | ".join(
            spread([result[key] for result in own])
            for key in ("ndcg@10", "hr@10") for own in (theirs, ours))
        lines.append(f"| {name} | mean ± deviation | {means} | | | | |")
    print("\n".join(lines))


def run(options: argparse.Namespace, recommender: str, seed: int) -> dict:
    """One training of ours."""
    with tempfile.TemporaryDirectory() as folder:
        output = Path(folder) / "run"
        subprocess.run([
            options.program, "run", "--dataset", "ml-100k", "--recommender", recommender,
            "--set", "recommender.variant=recbole", "--set", "recommender.loss=ce",
            "--eval-users", "5000", "--seed", str(seed), "--threads", str(options.threads),
            "--output", output,
        ], check=True, stdout=subprocess.DEVNULL)
        metrics, timing = (read(output / name) for name in ("metrics.jsonl", "timing.jsonl"))
    figures = next(
        line for line in metrics
        if line.get("name") == recommender and line.get("split") == "test")
    epochs = [line for line in metrics if line["event"] == "recommender-epoch"]
    seconds = [line["seconds"] for line in timing if line["event"] == "recommender-epoch"]
    return {
        "ndcg@10": figures["ndcg@10"], "hr@10": figures["hr@10"], "epochs": len(epochs),
        # Of one that was in the cache there is no time.
        "seconds_an_epoch": min(seconds, default=float("nan")),
    }


def read(path: Path) -> list:
    return [json.loads(line) for line in path.read_text().splitlines()]


if __name__ == "__main__":
    main()
