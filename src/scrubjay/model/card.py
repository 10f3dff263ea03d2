"""The card of a network on the Hugging Face hub: what it is, what it is not, how to load it."""

import json

from scrubjay.errors import BadInput
from scrubjay.model.checkpoint import SavedNetwork
from scrubjay.task.named import named_task

_LICENCE_NOTE = "License: `{licence}`, as its publisher says."
_REPLICA = (
    "**A replica, not the original.** Figures for another network on this task have been published; this one was "
    "trained by the task's recipe, and its numbers are its own."
)


def model_card(saved: SavedNetwork, repo: str, licence: str) -> str:
    """The README.md of a network's repository, from its manifest alone: YAML front matter, then Markdown.

    Args:
        saved: the network.
        repo: ``owner/name``.
        licence: as the hub spells it, such as ``mit``.
    """
    c = saved.network.config
    front = [
        f"license: {licence}",
        "library_name: scrubjay",
        "tags:",
        *(f"- {tag}" for tag in ("scrubjay", "mechanistic-interpretability", "toy-model")),
        *([f"task: {json.dumps(saved.task)}"] if saved.task is not None else []),
    ]
    facts = {
        "task": "not named" if saved.task is None else f"`{saved.task}`",
        "architecture": "one layer, no LayerNorm, ReLU, no biases in attention and unembedding",
        "sizes": f"`d_vocab` {c.d_vocab}, `n_ctx` {c.n_ctx}, `d_model` {c.d_model}, {c.n_heads} heads of {c.d_head}, "
        f"`d_mlp` {c.d_mlp}",
        "precision": str(saved.network.dtype).removeprefix("torch."),
        **_training(saved),
        "SHA-256": f"`{saved.manifest['sha256']}`",
    }
    lines = [
        "---",
        *front,
        "---",
        "",
        f"# {repo.rsplit('/', 1)[1]}",
        "",
        "A one-layer transformer for scrubjay, a program that takes such networks apart over their whole input domain.",
        "",
        *([_REPLICA, ""] if _is_replica(saved) else []),
        "| | |",
        "|---|---|",
        *(f"| {what} | {fact} |" for what, fact in facts.items()),
        "",
        "## How to load it",
        "",
        "```python",
        "import scrubjay  # pip install 'scrubjay[hub]'",
        "",
        f'saved = scrubjay.load("hf://{repo}")',
        "```",
        "",
        "or take it apart:",
        "",
        "```",
        f"scrubjay explain hf://{repo}",
        "```",
        "",
        "The file is safetensors with a manifest and a digest over every byte, which is checked when it is loaded; "
        "nothing in it is run.",
        "",
        _LICENCE_NOTE.format(licence=licence),
    ]
    return "\n".join(lines) + "\n"


def _training(saved: SavedNetwork) -> dict[str, str]:
    facts = {}
    if saved.recipe is not None:
        facts["recipe"] = f"seed {saved.recipe.seed}, {saved.recipe.epochs:,} epochs"
    training = saved.manifest.get("training")
    if isinstance(training, dict):
        names = {"train_accuracy": "right in training", "test_accuracy": "right in test"}
        facts |= {what: f"{training[key]:.2%}" for key, what in names.items() if isinstance(training.get(key), float)}
    return facts


def _is_replica(saved: SavedNetwork) -> bool:
    if saved.task is None or saved.recipe is None:
        return False
    try:
        return bool(named_task(saved.task).published)
    except BadInput:  # a task of its own, whose file is elsewhere
        return False
