"""Networks as files: writing and reading our own format, and importing other programs' checkpoints."""

import sys
from collections.abc import Mapping, Sequence
from dataclasses import MISSING, asdict, dataclass, fields
from hashlib import sha256
from importlib.metadata import version
from importlib.resources import files
from pathlib import Path
from typing import Any

import torch

from scrubjay.core.errors import BadInput, RefusedFile
from scrubjay.core.files import is_folder
from scrubjay.nets.config import Config
from scrubjay.nets.files.arrange import arranged
from scrubjay.nets.files.foreign import read_foreign
from scrubjay.nets.files.layout_files import layout_from_toml
from scrubjay.nets.files.layouts import Layout
from scrubjay.nets.files.sealed import read_sealed, write_sealed
from scrubjay.nets.transformer import Transformer
from scrubjay.tasks.recipe import Recipe

NETWORK_FILE = "network.safetensors"
"""The name of the network file in a run folder, and in a repository of the Hugging Face hub."""


@dataclass(frozen=True, eq=False)
class SavedNetwork:
    """A network that was read from a file, with what the file says about it.

    Attributes:
        network: the network, without gradients.
        name: the file's name without its suffix, the run folder's name, or the name of the hub repository.
        task: the words that name its task (see ``named_task``), or None if the file does not say.
        recipe: how the network was trained, or None if the file does not say.
        manifest: everything that the file says about itself, including its ``sha256`` digest.
    """

    network: Transformer
    name: str
    task: str | None
    recipe: Recipe | None
    manifest: dict[str, Any]


BUNDLED = {"bundled": "challenge2-replica", "modular": "modular-addition"}
"""The networks that are part of scrubjay: the word that stands for each wherever a network can be named, and the name
of its file."""


def bundled_network(word: str = "bundled") -> Path:
    """The file of a network that is part of scrubjay, by its word in ``BUNDLED``; ``load_network(word)`` reads it."""
    return Path(str(files("scrubjay").joinpath(f"networks/{BUNDLED[word]}.safetensors")))


def network_file(path: str | Path) -> Path:
    """The network file that a path stands for: the file itself, or the one in a run folder."""
    path = Path(path)
    return path / NETWORK_FILE if is_folder(path) else path


def save_network(
    path: str | Path,
    network: Transformer,
    *,
    task: str | None = None,
    recipe: Recipe | None = None,
    **further: object,
) -> str:
    """Write a network and its manifest into a file, completely or not at all.

    Example:
        >>> import scrubjay, tempfile
        >>> network = scrubjay.load_network("bundled").network
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     digest = scrubjay.save_network(f"{folder}/copy.safetensors", network)
        >>> len(digest)
        64

    Args:
        path: the file to write, usually named ``*.safetensors``.
        network: the network.
        task: the words that name its task (see ``named_task``).
        recipe: how the network was trained.
        further: more entries of the manifest; their values must be possible to write as JSON.

    Returns:
        The SHA-256 digest of the file, in hexadecimal digits.

    Raises:
        OutOfResources: the folder cannot be written, or the disk is full.
    """
    manifest = {
        "kind": "network",
        "config": asdict(network.config),
        "task": task,
        "recipe": None if recipe is None else asdict(recipe),
        "versions": versions(),
        **further,
    }
    return write_sealed(path, network.weights, manifest)


def read_network(path: str | Path) -> SavedNetwork:
    """Read a network from a file or a run folder; ``load_network`` reads other places too.

    Args:
        path: a network file, or a folder that contains ``network.safetensors``.

    Raises:
        BadInput: there is no such file, or its sizes or values do not make a network.
        RefusedFile: the file is damaged or is not one of ours; ``import_network`` reads other programs' checkpoints.
    """
    path = Path(path)
    file = network_file(path)
    weights, manifest = read_sealed(file, "network")
    missing = [key for key in ("config", "task", "recipe") if key not in manifest]
    if missing:
        raise RefusedFile(
            f"{file} does not state its {', '.join(missing)}; it was written by another version of scrubjay"
        )
    if not isinstance(manifest["config"], dict) or not isinstance(manifest["task"], str | None):
        raise RefusedFile(
            f"{file} must state its config as an object and its task as a string or null; it states "
            f"{str(manifest['config'])[:80]} and {str(manifest['task'])[:80]}"
        )
    config = Config.from_mapping(manifest["config"])
    axes = config.weight_axes
    wrong = [name for name in axes if name not in weights or weights[name].shape != config.shape(name)]
    if wrong or set(weights) != set(axes):
        raise RefusedFile(f"{file} holds the tensors {sorted(weights)}, and these do not fit its config: {wrong}")
    recipe = None if manifest["recipe"] is None else recipe_from(manifest["recipe"], file)
    return SavedNetwork(
        network=network_of(config, weights, str(file), None if recipe is None else recipe.frozen_pattern),
        name=path.name if is_folder(path) else path.stem,
        task=manifest["task"],
        recipe=recipe,
        manifest=manifest,
    )


@dataclass(frozen=True, eq=False)
class Imported:
    """A network that was read from another program's checkpoint.

    Attributes:
        network: the network, without gradients.
        source: where it came from: ``file``, ``layout`` and ``sha256``.
        read: what was taken from a config, from declarations and from the layout, in sentences.
        assumed: what was assumed because nothing states it, in sentences.
    """

    network: Transformer
    source: dict[str, str]
    read: tuple[str, ...]
    assumed: tuple[str, ...]


def import_network(
    path: str | Path, layout: str | Layout = "auto", declared: Mapping[str, object] | None = None
) -> Imported:
    """Read another program's checkpoint, without running any code in it.

    What the weights cannot say, such as the activation, comes from ``declared``, from the config inside the file or
    beside it (see ``read_foreign``), or from the layout; and where none of them states it, it is assumed and reported.

    Example:
        >>> import scrubjay
        >>> imported = scrubjay.import_network("progress_measures_wd_10-1.pth")  # doctest: +SKIP
        >>> imported.source["layout"]  # doctest: +SKIP
        'neel'
        >>> imported.assumed[0]  # doctest: +SKIP
        'attention = causal is assumed, because nothing states it.'

    Args:
        path: a file that was written by ``torch.save`` or safetensors, or a folder with ``config.json`` and
            ``model.safetensors`` or ``pytorch_model.bin``.
        layout: the name of a layout in ``layouts.LAYOUTS``, ``auto`` for the layout that fits, a layout, or a file
            ``FILE.toml`` that describes one (see ``layout_from_toml``).
        declared: values of fields of ``Config`` that the checkpoint does not state, such as ``{"n_heads": 4}``.

    Raises:
        BadInput: there is no such file, layout or field, or a weight contains NaN or infinity.
        RefusedFile: the file is damaged, unsafe to read, or of another architecture; or its config, its weights and
            what is declared contradict each other. The message lists all faults.
    """
    path = Path(path)
    wanted = layout_from_toml(layout) if isinstance(layout, str) and layout.endswith(".toml") else layout
    foreign = read_foreign(path)
    made = arranged(foreign.tensors, wanted, str(path), foreign.stated, declared or {})
    source = {"file": foreign.file.name, "layout": made.layout, "sha256": sha256(foreign.content).hexdigest()}
    return Imported(network_of(made.config, made.weights, str(path)), source, made.read, made.assumed)


def versions() -> dict[str, str]:
    """The versions of the programs that a result depends on."""
    return {
        "scrubjay": version("scrubjay"),
        "torch": str(torch.__version__),
        "numpy": version("numpy"),
        "python": ".".join(map(str, sys.version_info[:3])),
    }


def recipe_from(stated: object, file: str | Path) -> Recipe:
    """Make a recipe from what a manifest states.

    Args:
        stated: the manifest's ``recipe``.
        file: the file, for error messages.

    Raises:
        RefusedFile: it is not an object with the fields of a recipe.
        BadInput: a value is out of range.
    """
    known = {field.name for field in fields(Recipe)}
    needed = {field.name for field in fields(Recipe) if field.default is MISSING}
    if not isinstance(stated, dict) or not needed <= set(stated) <= known:
        raise RefusedFile(
            f"{file} must state its recipe as an object with the keys {sorted(needed)}, and no others than "
            f"{sorted(known - needed)} beside them; it states {str(stated)[:200]}"
        )
    given = dict(stated)
    try:
        if "betas" in given:
            given["betas"] = tuple(given["betas"])
        if given.get("frozen_pattern") is not None:
            given["frozen_pattern"] = tuple(tuple(row) for row in given["frozen_pattern"])
        return Recipe(**given)
    except TypeError as error:
        raise RefusedFile(
            f"{file} states a recipe with a value of a wrong type ({error}): {str(stated)[:200]}"
        ) from error


def network_of(
    config: Config,
    weights: Mapping[str, torch.Tensor],
    name: str,
    frozen_pattern: Sequence[Sequence[float]] | None = None,
) -> Transformer:
    """Make a network from its weights, without gradients.

    Args:
        config: the sizes.
        weights: the weights by name, with the shapes that ``config`` gives.
        name: where the weights come from, for error messages.
        frozen_pattern: the fixed attention pattern [h][s] that the network was trained with, or None.

    Raises:
        BadInput: a weight contains NaN or infinity, or the frozen pattern does not fit the sizes.
    """
    broken = [key for key, weight in weights.items() if not bool(torch.isfinite(weight).all())]
    if broken:
        raise BadInput(f"{name} has NaN or infinity in {', '.join(broken)}; such a network has no answers")
    network = Transformer(config, weights["W_E"].dtype, frozen_pattern).to(weights["W_E"].device)
    network.set_weights(weights)
    return network.requires_grad_(False)
