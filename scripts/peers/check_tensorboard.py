"""Reads an export of bear-lab with TensorBoard's own readers and compares every value.

    python check_tensorboard.py EXPORT RUN...

EXPORT is the folder that `bear-lab export tensorboard RUN... EXPORT` wrote. Ends with status 0 where
every value of the runs' metrics.jsonl is found, to single precision, and nothing else; and where the
HPARAMS tab knows each run with its settings.
"""

import json
import math
import os
import struct
import sys

from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from tensorboard.plugins.hparams import metadata
from tensorboard.util import tensor_util


def single(value):
    return struct.unpack("f", struct.pack("f", value))[0]


def expected(run):
    """The values of metrics.jsonl by tag and step."""
    values, ends = {}, {}
    with open(os.path.join(run, "metrics.jsonl")) as file:
        lines = [json.loads(line) for line in file]
    steps = [line for line in lines if line["event"] == "step"]
    for line in steps:
        for key in ("loss", "gradient_norm", "learning_rate"):
            values[f"train/{key}", line["step"] + 1] = line[key]
        ends[line["epoch"]] = line["step"] + 1
    last = steps[-1]["step"] + 1 if steps else 0
    for line in lines:
        if line["event"] == "recommender-epoch":
            for key in ("loss", "validation_ndcg@10"):
                if key in line:
                    values[f"recommender-{line['name']}/{key}", line["epoch"]] = line[key]
        if line["event"] != "evaluation":
            continue
        name, split = line["name"], line["split"]
        if name.startswith("epoch-"):
            group, step = split, ends.get(int(name[6:]), last)
        else:
            group, step = f"{split}-{name}", last if name == "fine-tuned" else 0
        for key, value in line.items():
            part = key.split("_")[0] + "_" if key.startswith(("seen_", "unseen_")) else ""
            if isinstance(value, str) or key.endswith("rows") or line[f"{part}rows"] == 0:
                continue
            values[f"{group}/{key}", step] = value
    return values


def found(accumulator):
    values = {}
    for tag in accumulator.Tags()["scalars"]:
        for event in accumulator.Scalars(tag):
            values[tag, event.step] = event.value
    for tag in accumulator.Tags()["tensors"]:
        for event in accumulator.Tensors(tag):
            array = tensor_util.make_ndarray(event.tensor_proto)
            if array.size == 1:
                values[tag, event.step] = float(array.reshape(-1)[0])
    return values


def settings(accumulator):
    content = accumulator.summary_metadata[metadata.SESSION_START_INFO_TAG].plugin_data.content
    start = metadata.parse_session_start_info_plugin_data(content)
    return dict(start.hparams)


def main():
    export, runs = sys.argv[1], sys.argv[2:]
    for run in runs:
        name = os.path.basename(os.path.normpath(run))
        accumulator = EventAccumulator(os.path.join(export, name), size_guidance={"tensors": 0, "scalars": 0})
        accumulator.Reload()
        wanted, got = expected(run), found(accumulator)
        assert wanted and wanted.keys() == got.keys(), sorted(wanted.keys() ^ got.keys())[:5]
        for key, value in wanted.items():
            assert math.isclose(got[key], single(value), rel_tol=0, abs_tol=0), (key, value, got[key])
        assert settings(accumulator)["seed"].number_value >= 0
        print(f"{name}: {len(wanted)} values")


main()
