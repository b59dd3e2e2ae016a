# The cells of exported notebooks. `bear-lab export notebook` takes those that the runs have files
# for, in this order, and puts what it computed below them. {{…}} is filled in.

# %% [markdown] title
# # {{TITLE}}
#
# {{SUMMARY}}
#
# Everything here is read from the files that `bear-lab run` leaves in a run's folder: nothing is
# trained or measured, and nothing of bear-lab is imported. The outputs were rendered by `bear-lab
# export notebook`; running the cells makes them again with pandas and matplotlib.

# %% setup
import json
from pathlib import Path

import h5py
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from IPython.display import display

RUNS = {{RUNS}}
COLOURS = [
    "#0072B2",
    "#D55E00",
    "#009E73",
    "#CC79A7",
    "#E69F00",
    "#56B4E9",
    "#000000",
    "#999999",
]
plt.rcParams.update(
    {
        "axes.prop_cycle": plt.cycler(color=COLOURS),
        "figure.figsize": (7, 3.6),
        "figure.dpi": 100,
        "axes.spines.top": False,
        "axes.spines.right": False,
        "axes.spines.left": False,
        "axes.grid": True,
        "grid.color": "#E4E4E4",
        "axes.axisbelow": True,
        "legend.frameon": False,
        "ytick.left": False,
        "axes.titleweight": "bold",
        "axes.titlelocation": "left",
    }
)
pd.options.display.precision = 4


def lines(run, name):
    """The JSON objects of a file, a row each."""
    with open(Path(RUNS[run]) / name) as file:
        return pd.DataFrame([json.loads(line) for line in file])


def every(name, event=None):
    """The same of all runs, with the run in front."""
    tables = [lines(run, name).assign(run=run) for run in RUNS]
    table = pd.concat(tables, ignore_index=True)
    return table if event is None else table[table.event == event].reset_index(drop=True)


def wilson(successes, trials, z=1.959964):
    """Wilson's 95 % interval of a share, in percent."""
    share = successes / trials
    centre = share + z**2 / (2 * trials)
    reach = z * np.sqrt(share * (1 - share) / trials + z**2 / (4 * trials**2))
    scale = 1 + z**2 / trials
    return 100 * (centre - reach) / scale, 100 * (centre + reach) / scale


def legend(axes):
    axes.legend(loc="upper left", bbox_to_anchor=(1, 1))


# %% [markdown] comparison-title
# ## The paper's numbers and ours
#
# {{NOTES}}


# %% comparison
def tables(path):
    """The tables of a Markdown file, with the headings above them."""
    heading, rows = "", []
    for line in Path(path).read_text().splitlines() + [""]:
        if line.startswith("#"):
            heading = line.lstrip("# ")
        if line.startswith("|"):
            rows.append([cell.strip() for cell in line.strip("|").split("|")])
        elif rows:
            yield heading, pd.DataFrame(rows[2:], columns=rows[0])
            rows = []


for heading, table in tables({{REPORT}}):
    print(heading)
    display(table)

# %% [markdown] figures-title
# ## What was measured
#
# NDCG@K and HR@K are means over all rows; the item NLL is the mean of −log P of the right title, in
# nats.

# %% figures
COLUMNS = ["run", "name", "split", "rows", "ndcg@5", "ndcg@10", "hr@5", "hr@10", "item_nll"]
every("metrics.jsonl", "evaluation").reindex(columns=COLUMNS)

# %% [markdown] training-title
# ## Training

# %% training
steps = every("metrics.jsonl", "step")
figure, axes = plt.subplots()
for run, own in steps.groupby("run", sort=False):
    window = 1 if len(own) < 20 else max(5, len(own) // 20) | 1
    loss = own.loss.rolling(window, center=True, min_periods=1)
    axes.plot(own.step + 1, loss.mean(), label=run)
    axes.fill_between(
        own.step + 1,
        loss.mean() - loss.std(ddof=0),
        loss.mean() + loss.std(ddof=0),
        alpha=0.2,
        lw=0,
    )
axes.set(xlabel="optimiser step", ylabel="training loss, nats", title="Training")
legend(axes)
plt.show()

# %% [markdown] time-title
# ## Time against quality
#
# Seconds of the optimiser steps of an epoch: the median of the epochs after the first.

# %% time
figure, axes = plt.subplots()
for run in RUNS:
    log = lines(run, "metrics.jsonl")
    timing = lines(run, "timing.jsonl")
    timing = timing[timing.event == "step"].drop_duplicates("step", keep="last")
    own = log[log.event == "step"].merge(timing[["step", "seconds"]], on="step", how="left")
    # An epoch with a step whose time is not known has none.
    seconds = own.groupby("epoch").seconds.agg(lambda epoch: epoch.sum(skipna=False)).dropna()
    later = seconds[seconds.index > 1]
    measured = log[log.event == "evaluation"]
    tuned = measured[measured.name == "fine-tuned"]
    # A run that looks at validation alone ends with its best epoch.
    final = (tuned if len(tuned) else measured.sort_values("ndcg@10", kind="stable")).iloc[-1]
    axes.plot(
        (later if len(later) else seconds).median(),
        final["ndcg@10"],
        "o",
        label=run,
    )
axes.set(
    xlabel="training time, seconds an epoch",
    ylabel="NDCG@10",
    title="Time against quality",
    xlim=0,
)
legend(axes)
plt.show()

# %% [markdown] sensitivity-title
# ## Sensitivity
#
# {{SENSITIVITY}}

# %% sensitivity
points = pd.DataFrame({{POINTS}}, columns=["setting", "line", "x", "y"])
logarithmic = {{LOGARITHMIC}}
settings = list(points.setting.unique())
figure, panels = plt.subplots(
    len(settings), squeeze=False, figsize=(7, 0.6 + 3 * len(settings)), layout="constrained"
)
for setting, axes in zip(settings, panels[:, 0]):
    for line, own in points[points.setting == setting].groupby("line", sort=False):
        axes.plot(own.x, own.y, "o-" if line or len(settings) == 1 else "o", label=line)
    axes.set(
        xlabel=setting,
        ylabel="{{METRIC}}",
        xscale="log" if setting in logarithmic else "linear",
    )
    if axes.get_legend_handles_labels()[1]:
        legend(axes)
figure.suptitle("Sensitivity", x=0.02, ha="left", weight="bold")
plt.show()

# %% [markdown] pruning-title
# ## What beam search loses
#
# PR@K: of the targets among the K titles of the highest total log-probability, the share that beam
# search loses.

# %% pruning
rows = []
for run, own in every("diagnosis.jsonl").groupby("run", sort=False):
    for cutoff in (5, 10):
        targets = own[own.rank_exact & (own["rank"] <= cutoff)]
        pruned = int(targets.pruned.sum())
        if len(targets):
            rows.append(
                [
                    run,
                    cutoff,
                    len(targets),
                    pruned,
                    100 * pruned / len(targets),
                    *wilson(pruned, len(targets)),
                ]
            )
pruning = pd.DataFrame(
    rows, columns=["run", "K", "targets", "pruned", "PR, %", "from", "to"]
)
pruning

# %% pruning-figure
figure, axes = plt.subplots(figsize=(7, 0.8 + 0.7 * len(RUNS)))
names = list(RUNS)
for place, (cutoff, own) in enumerate(pruning.groupby("K")):
    y = [names.index(run) + 0.2 * place - 0.1 for run in own.run]
    error = [own["PR, %"] - own["from"], own["to"] - own["PR, %"]]
    axes.errorbar(own["PR, %"], y, xerr=error, fmt="o", capsize=2, label=f"PR@{cutoff}")
axes.set(
    xlabel="pruning rate, %",
    yticks=range(len(names)),
    yticklabels=names,
    xlim=0,
    ylim=(len(names) - 0.5, -0.5),
    title="Right titles that beam search loses",
)
legend(axes)
plt.show()

# %% margins
lost = every("diagnosis.jsonl").dropna(subset=["margin"])
figure, axes = plt.subplots()
for run, own in lost.groupby("run", sort=False):
    axes.hist(
        own.margin, bins=20, weights=np.full(len(own), 100 / len(own)), alpha=0.4, label=run
    )
axes.set(
    xlabel="margin, nats",
    ylabel="share of the lost targets, %",
    title="How far below the beam lost targets are",
)
legend(axes)
plt.show()

# %% steps
diagnosis = every("diagnosis.jsonl")
shares = (
    diagnosis.groupby("run", sort=False)
    .step.value_counts()
    .unstack(0)
    .fillna(0)
    .sort_index()
)
shares = 100 * shares / diagnosis.groupby("run").size()
axes = shares[list(RUNS)].plot.bar(
    rot=0, width=0.8, title="At which step beam search loses targets"
)
axes.set(xlabel="step", ylabel="share of the test rows, %")
axes.set_xticklabels([f"{float(step.get_text()):.0f}" for step in axes.get_xticklabels()])
legend(axes)
plt.show()

# %% [markdown] weights-title
# ## What was learnt
#
# The checkpoint of the last epoch that is in the folder: the Frobenius norm of B·A, the update before
# LoRA scales it, of all layers together.

# %% weights
rows = []
for run, folder in RUNS.items():
    files = sorted(
        Path(folder).glob("checkpoint-epoch-*.h5"),
        key=lambda path: int(path.stem.split("-")[-1]),
    )
    for path in files[-1:]:
        squares = {}
        with h5py.File(path) as file:
            for layer in file["lora"].values():
                for projection, pair in layer.items():
                    a, b = (pair[name][:].astype(np.float64) for name in "AB")
                    # The squares of B·A, of matrices of LoRA's rank.
                    own = np.sum((b.T @ b) * (a @ a.T))
                    squares[projection] = squares.get(projection, 0) + own
            row = {"run": run, "epoch": file.attrs["epoch"], "step": file.attrs["step"]}
        rows.append(row | {name: squares[name] ** 0.5 for name in sorted(squares)})
pd.DataFrame(rows)

# %% [markdown] settings-title
# ## Settings
#
# `bear-lab run --config RUN/run.yaml` repeats a run, with the same bits for the same instruction set
# and number of threads.
#
# {{COMMANDS}}

# %% settings
for run, folder in RUNS.items():
    print(f"# {run}")
    print((Path(folder) / "run.yaml").read_text())
