"""Commands that make, read and share networks: train, import, info, push."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from scrubjay.cli.recipes import Epochs, Fraction, LearningRate, Size, WeightDecay, Wishes, to_train
from scrubjay.cli.words import (
    TASK_HELP,
    Device,
    FreezeAttention,
    Net,
    fail,
    given_network,
    given_task,
    say,
)
from scrubjay.core.errors import BadInput, RefusedFile, ScrubjayError, UsageError

if TYPE_CHECKING:
    from scrubjay.nets.config import Config
    from scrubjay.nets.transformer import Transformer
    from scrubjay.tasks.task import Task

_LONG_LIST = r"\[(?:\s*[-+.\de]+,){8,}[^][{}]*\]"
"""A list of more than eight numbers in JSON, which is printed on one line."""


def train(
    task: Annotated[str, typer.Argument(help=TASK_HELP)],
    out: Annotated[
        Path,
        typer.Option(help="The run folder to write: network, state to resume from, history, and snapshots."),
    ],
    seed: Annotated[int, typer.Option(min=0, help="Seed for the initial weights.")] = 0,
    epochs: Epochs = None,
    device: Device = "auto",
    resume: Annotated[bool, typer.Option("--resume", help="Continue from the state saved in the folder.")] = False,
    save_every: Annotated[int, typer.Option(min=1, help="Number of epochs between saved states.")] = 500,
    freeze_attention: FreezeAttention = None,
    size: Size = None,
    learning_rate: LearningRate = None,
    weight_decay: WeightDecay = None,
    fraction: Fraction = None,
) -> None:
    """Train a network on a task.

    The sizes and the settings come from the task's recipe or, for a file of labels, from a default recipe. Ctrl-C saves
    the state; the same command with --resume continues from it.
    """
    from dataclasses import replace

    from tqdm import tqdm

    from scrubjay.nets.device import chosen_device
    from scrubjay.nets.training.run_folder import train_into
    from scrubjay.nets.training.training_step import TrainingProgress

    asked, recipe = to_train(task, Wishes(size, epochs, learning_rate, weight_decay, fraction, freeze_attention))
    recipe = replace(recipe, seed=seed)
    on = chosen_device(device)
    with tqdm(total=recipe.epochs, unit="epoch", file=sys.stderr, disable=None) as bar:

        def report(progress: TrainingProgress) -> None:
            bar.update(progress.epoch - bar.n)
            bar.set_postfix_str(
                f"loss {progress.train_loss:.2e} / {progress.test_loss:.2e}, "
                f"right {progress.train_accuracy:.1%} / {progress.test_accuracy:.1%}"
            )

        try:
            saved = train_into(out, asked, recipe, resume=resume, device=on, save_every=save_every, report=report)
        except KeyboardInterrupt:
            bar.close()
            fail(f"interrupted; the same command with --resume continues from the state in {out}", 130)
    final = saved.manifest["training"]
    say(
        f"The network is right on {final['train_accuracy']:.2%} of the training inputs and on "
        f"{final['test_accuracy']:.2%} of the test inputs."
    )
    say(f"Wrote {out}; next: scrubjay explain {out}")


def import_(
    file: Annotated[
        Path,
        typer.Argument(
            help="A checkpoint that another program has written: a file of torch.save or safetensors, or a folder with "
            "config.json and model.safetensors."
        ),
    ],
    out: Annotated[Path, typer.Option(help="The network file to write.")],
    layout: Annotated[
        str,
        typer.Option(
            help="How the checkpoint names its weights: neel (also called challenge), pizza, transformer-lens, "
            "transformer-lens-native, gpt2 or nanogpt; FILE.toml, which describes a layout of your own; or auto, which "
            "takes the built-in one that fits."
        ),
    ] = "auto",
    task: Annotated[
        str | None,
        typer.Option(
            help=f"{TASK_HELP} It is stored with the network; if it has labels, the command prints how often the "
            "network answers right."
        ),
    ] = None,
    set_: Annotated[
        list[str] | None,
        typer.Option(
            "--set",
            metavar="KEY=VALUE",
            help="Declare what the checkpoint does not say, such as n_heads=4, act_fn=gelu, attention=bidirectional, "
            "norm=LN or attn_coeff=0. May be given several times.",
        ),
    ] = None,
) -> None:
    """Convert another program's checkpoint to a network file.

    Prints what was read from the checkpoint's config, and what had to be assumed because nothing states it. A config is
    read inside the file or from NAME.config.json or config.json beside it. No code in the checkpoint is run.
    """
    from scrubjay.nets.files.checkpoint import import_network, save_network
    from scrubjay.nets.files.settling import HeadsNotStated

    declared = _declared(set_ or [])
    try:
        imported = import_network(file, layout, declared)
    except HeadsNotStated as error:
        raise RefusedFile(f"{error}{_right_with_heads(file, layout, declared, task, error.possible)}") from error
    network, source = imported.network, imported.source
    stored, note = _task_to_store(out, network.config, task)
    right = None if stored is None else _right(network, given_task(stored))
    save_network(out, network, task=stored, source=source, read=imported.read, assumed=imported.assumed)
    say(f"Read {file} in the layout {source['layout']!r}: {network.config.in_words}")
    say(", ".join(f"{name} {getattr(network.config, name)}" for name in _SIZES))
    for sentence in imported.read:
        say(sentence)
    for sentence in imported.assumed:
        say(f"ASSUMED: {sentence}")
    if imported.assumed:
        say("If an assumption is wrong, the network computes something else; declare what is right with --set.")
    if right is not None:
        say(f"The network answers right on {right}.")
    if note is not None:
        say(note)
    say(f"Wrote {out}; next: scrubjay explain {out}")


_SIZES = ("n_layers", "d_vocab", "d_vocab_out", "n_ctx", "d_model", "n_heads", "d_head", "d_mlp")
"""The sizes that `import` prints."""


def _declared(words: list[str]) -> dict[str, object]:
    """The declarations of --set.

    Raises:
        UsageError: one has no ``=``, or a key is declared twice.
    """
    found: dict[str, object] = {}
    for each in words:
        key, sign, value = (part.strip() for part in each.partition("="))
        if not sign or not key or not value:
            raise UsageError(f"--set takes KEY=VALUE, such as n_heads=4, and got {each!r}")
        if key in found:
            raise UsageError(f"--set declares {key} twice")
        found[key] = _value(value)
    return found


def _value(text: str) -> object:
    if text.lower() in ("true", "false"):
        return text.lower() == "true"
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            continue
    return text


def _right(network: "Transformer", task: "Task") -> str | None:
    """On how many inputs a network answers right, in words; None if the task has no labels."""
    from scrubjay.nets.recording import record

    if task.labels is None:
        return None
    right = int((record(network, task).classes == task.labels).sum())
    return f"{right:,} of {task.domain.in_words}"


def _right_with_heads(
    file: Path, layout: str, declared: dict[str, object], words: str | None, possible: tuple[int, ...]
) -> str:
    """How often a network answers right with each possible number of heads, in words."""
    from scrubjay.nets.files.checkpoint import import_network

    task = None if words is None else given_task(words)
    if task is None or task.labels is None:
        return ""
    lines = []
    for heads in possible:
        network = import_network(file, layout, {**declared, "n_heads": heads}).network
        task.check_fits(network.config)
        lines.append(f"\n  with n_heads = {heads} the network answers right on {_right(network, task)}")
    return "".join(lines)


def _task_to_store(out: Path, config: "Config", words: str | None) -> tuple[str | None, str | None]:
    """Choose the task to store with an imported network: the one asked for, else the one that ``out`` names already.

    Returns:
        The words of the task, or None if there is none, and a sentence to print if ``out`` names a task already.

    Raises:
        BadInput: the task does not suit the network.
    """
    from scrubjay.tasks.named import named_task

    before = _stored_task(out)
    if words is not None:
        asked = given_task(words)
        asked.check_fits(config)
        is_changed = before is not None and before != asked.words
        return asked.words, f"Replaced the task that {out} named before: {before}" if is_changed else None
    if before is None:
        return None, None
    try:
        named_task(before).check_fits(config)
    except ScrubjayError as error:
        raise BadInput(
            f"{out} names the task {before} already, which cannot be kept with this network: {error}. Name the "
            f"network's task with --task, or write to another file"
        ) from error
    return before, f"Kept the task that {out} named before: {before}. To store another one, use --task."


def _stored_task(file: Path) -> str | None:
    """The words of the task that a file names; None if it is no network file or does not exist."""
    from scrubjay.core.files import is_file
    from scrubjay.nets.files.checkpoint import read_network

    if not is_file(file):
        return None
    try:
        return read_network(file).task
    except ScrubjayError:
        return None


def info(
    net: Net = None,
    weights: Annotated[
        bool, typer.Option("--weights", help="Print every weight to four digits instead of the manifest.")
    ] = False,
) -> None:
    """Print what a network file says about itself.

    That is its manifest: sizes, task, recipe and versions. The file's checksum is verified.
    """
    import json
    import re

    if weights:
        from scrubjay.report.weights_text import weights_text

        sys.stdout.write(weights_text(given_network(net).network))
        return
    text = json.dumps(given_network(net).manifest, indent=2, ensure_ascii=False)
    on_one_line = re.sub(_LONG_LIST, lambda found: " ".join(found[0].split()), text)
    sys.stdout.write(on_one_line + "\n")


def push(
    net: Annotated[str, typer.Argument(help="A network file or a run folder; `bundled` for the bundled network.")],
    repo: Annotated[
        str, typer.Argument(help="owner/name on the Hugging Face hub. The repository is made if it does not exist.")
    ],
    licence: Annotated[
        str | None,
        typer.Option(
            help="The licence to state, as the hub spells it, such as mit. By default mit for the bundled network and "
            "unknown for any other."
        ),
    ] = None,
    private: Annotated[bool, typer.Option("--private", help="If the repository is new, make it private.")] = False,
) -> None:
    """Upload a network with a model card to the Hugging Face hub."""
    from scrubjay.nets.files.hub import SCHEME, Address, push_network

    page = push_network(net, repo, licence=licence, private=private)
    say(f"Pushed {net} with its model card: {page}")
    say(f"Read the card there; next: scrubjay explain {SCHEME}{Address.parse(repo).repo}")
