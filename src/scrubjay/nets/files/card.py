"""The model card of a network on the Hugging Face hub: what the network is, how it was made, and how to load it."""

import json

from scrubjay.core.errors import ScrubjayError
from scrubjay.nets.files.checkpoint import SavedNetwork
from scrubjay.tasks.named import named_task

_TAGS = ("scrubjay", "mechanistic-interpretability", "toy-model")
"""The tags of every card."""

_REPLICA = (
    "**A replica, not the original.** Figures have been published for another network on this task. This network was "
    "trained by the same recipe, and its own figures differ from the published ones."
)
"""The note on the card of a network that was trained by the recipe of a published one."""


def model_card(saved: SavedNetwork, repo: str, licence: str) -> str:
    """The README.md of a network's repository: YAML front matter, then Markdown.

    Args:
        saved: the network. The card is made from its manifest alone.
        repo: ``owner/name``.
        licence: the licence as the hub spells it, such as ``mit``.
    """
    c = saved.network.config
    front = [
        f"license: {licence}",
        "library_name: scrubjay",
        "tags:",
        *(f"- {tag}" for tag in _TAGS),
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
        "A one-layer transformer for scrubjay, which explains small transformers over their whole input domain.",
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
        f'saved = scrubjay.load_network("hf://{repo}")',
        "```",
        "",
        "or explain it on the command line:",
        "",
        "```",
        f"scrubjay explain hf://{repo}",
        "```",
        "",
        "The file is a safetensors file. Its manifest contains a SHA-256 digest of every byte, which is checked when "
        "the network is loaded. Loading it runs no code from the file.",
        "",
        f"License: `{licence}`, as stated by its publisher.",
    ]
    return "\n".join(lines) + "\n"


def _training(saved: SavedNetwork) -> dict[str, str]:
    """The facts of the manifest about how the network was trained."""
    facts = {}
    if saved.recipe is not None:
        facts["recipe"] = f"seed {saved.recipe.seed}, {saved.recipe.epochs:,} epochs"
    training = saved.manifest.get("training")
    if isinstance(training, dict):
        names = {"train_accuracy": "accuracy in training", "test_accuracy": "accuracy in test"}
        facts |= {what: f"{training[key]:.2%}" for key, what in names.items() if isinstance(training.get(key), float)}
    return facts


def _is_replica(saved: SavedNetwork) -> bool:
    """Whether the network was trained by the recipe of a network whose figures have been published."""
    if saved.task is None or saved.recipe is None:
        return False
    try:
        task = named_task(saved.task)
    except ScrubjayError:  # a task of its own, whose file is missing or has changed
        return False
    return task.is_replicated_by(saved.recipe)
