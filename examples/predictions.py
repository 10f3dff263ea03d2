"""Experiments that the post on the second EIS VII challenge predicted, or left open, and did not run.

    python examples/predictions.py --out runs                            # all experiments; hours on two cores
    python examples/predictions.py --out runs --only held small-mlp --epochs 1000 --seeds 2

Every network follows the challenge's recipe except for what its row says. It is trained into a folder of its own under
``--out``; a network that is there already is not trained again. The command prints a table. With ``--write PAGE`` it
puts the table into a page, between ``<!-- predictions: held -->`` (with the groups that were asked for) and
``<!-- end -->``.
"""

import argparse
import sys
from dataclasses import replace
from pathlib import Path

import torch
from tqdm import tqdm

import scrubjay
from scrubjay.nets.files.checkpoint import SavedNetwork
from scrubjay.nets.mean_pattern import mean_pattern, pattern_to_hold
from scrubjay.nets.recording import record
from scrubjay.nets.training.run_folder import TrainingRun, train_all_into
from scrubjay.nets.training.saved_state import is_resumable

HELD = {
    "as it is": {},
    "attention held uniform": {"hold": "uniform"},
    "attention held at the replica's mean": {"hold": "mean"},
}
MLP = {"no MLP": {"d_mlp": 0}, **{f"{m} hidden neurons": {"d_mlp": m} for m in (2, 4, 16)}}
STREAM = {f"d_model {d}": {"d_model": d} for d in (4, 8, 16)}
_TINY = {"n_heads": 1, "d_head": 4, "learning_rate": 5e-3, "weight_decay": 0.1}
SMALL = {
    f"d_model {d}, {m} neurons, 1 head of 4": {"d_model": d, "d_mlp": m, **_TINY}
    for d, m in ((3, 8), (4, 8), (4, 16), (6, 16), (8, 16), (8, 32))
} | {
    "d_model 8, no MLP, 4 heads of 4": {"d_model": 8, "d_mlp": 0, **_TINY, "n_heads": 4},
    "d_model 8, 32 neurons, 4 heads of 4": {"d_model": 8, "d_mlp": 32, **_TINY, "n_heads": 4},
    "d_model 16, no MLP, 4 heads of 8": {"d_model": 16, "d_mlp": 0, **_TINY, "n_heads": 4, "d_head": 8},
}
GROUPS = {"held": HELD, "small-mlp": MLP, "small-stream": STREAM, "smallest": SMALL}


def recipe_of(changes: dict[str, object], task: scrubjay.Task) -> scrubjay.Recipe:
    """The challenge's recipe with some of its fields changed."""
    assert task.recipe is not None
    changes = dict(changes)
    hold = changes.pop("hold", None)
    if hold == "uniform":
        changes["frozen_pattern"] = ((1 / 3,) * 3,) * task.recipe.n_heads
    if hold == "mean":
        replica = scrubjay.load_network("bundled").network
        changes["frozen_pattern"] = pattern_to_hold(replica, task)
    return replace(task.recipe, **changes)


def trained(folder: Path, task: scrubjay.Task, recipe: scrubjay.Recipe) -> SavedNetwork:
    """Train a network, or load it if the folder holds it already."""
    if not (folder / "network.safetensors").exists():
        with tqdm(total=recipe.epochs, desc=folder.name, unit="epoch", disable=None) as bar:
            train_all_into(
                [TrainingRun(folder, task, recipe, resume=is_resumable(folder))],
                report=lambda run, progress: bar.update(progress.epoch - bar.n),
            )
    return scrubjay.load_network(folder)


def between(values: list[float]) -> str:
    """The range of some shares, in words."""
    low, high = min(values), max(values)
    return f"{low:.1%}" if f"{low:.1%}" == f"{high:.1%}" else f"{low:.1%} to {high:.1%}"


def row(name: str, networks: list[SavedNetwork], task: scrubjay.Task) -> str:
    """The row of the table for networks that differ only in their seed."""
    told = [network.manifest["training"] for network in networks]
    weights = sum(weight.numel() for weight in networks[0].network.weights.values())
    kept = []
    for saved in networks:
        full = record(saved.network, task)
        frozen = record(saved.network, task, frozen_at=mean_pattern(full))
        kept.append(float((frozen.classes == full.classes).double().mean()))
    return (
        f"| {name} | {weights:,} | {told[0]['epoch']:,} x {len(networks)} | "
        f"{between([each['train_accuracy'] for each in told])} | {between([each['test_accuracy'] for each in told])} | "
        f"{between(kept)} |"
    )


def best_symmetric(task: scrubjay.Task) -> float:
    """The best accuracy of answers that are the same for [A, B] and [B, A], as under uniform attention."""
    assert task.labels is not None
    image = task.domain.image(task.labels)
    return 1 - float((image != image.T).double().mean()) / 2


def main() -> None:
    """Train the networks and print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, required=True, help="the folder for the networks")
    parser.add_argument("--only", nargs="*", choices=GROUPS, default=list(GROUPS), help="the groups of experiments")
    parser.add_argument("--epochs", type=int, default=5000, help="the number of epochs of each network")
    parser.add_argument("--seeds", type=int, default=1, help="the number of networks of each kind")
    parser.add_argument("--threads", type=int, help="the number of threads; by default PyTorch's own choice")
    parser.add_argument("--write", type=Path, help="a page to write the table into")
    asked = parser.parse_args()
    if asked.threads:
        torch.set_num_threads(asked.threads)
    task = scrubjay.challenge2()
    heads = ("network", "weights", "epochs x seeds", "right, training half", "right, test half", "kept when frozen")
    lines = [f"| {' | '.join(heads)} |", "|---" * len(heads) + "|"]
    for group in asked.only:
        for name, changes in GROUPS[group].items():
            recipe = replace(recipe_of(changes, task), epochs=asked.epochs)
            stem = f"{name.replace(' ', '-').replace(',', '')}-{asked.epochs}-seed"
            folders = [asked.out / f"{stem}-{seed}" for seed in range(asked.seeds)]
            networks = [trained(folder, task, replace(recipe, seed=seed)) for seed, folder in enumerate(folders)]
            lines.append(row(name, networks, task))
            print(lines[-1], file=sys.stderr, flush=True)
    table = "\n".join(lines) + "\n"
    if "held" in asked.only:
        best = best_symmetric(task)
        table += f"\nAnswers that are the same for [A, B] and [B, A] can be right on {best:.1%} of all inputs.\n"
    if asked.write:
        sys.path.insert(0, str(Path(__file__).parents[1] / "docs"))
        from fill_tables import between as put

        asked.write.write_text(put(asked.write.read_text(), f"predictions: {' '.join(asked.only)}", table))
    else:
        print(table, end="")


if __name__ == "__main__":
    main()
