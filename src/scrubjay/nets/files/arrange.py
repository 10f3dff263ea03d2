"""From the tensors of a checkpoint and what is known of it to a config and weights with our names and shapes."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from scrubjay.core.errors import RefusedFile
from scrubjay.nets.config import WEIGHT_AXES, Config
from scrubjay.nets.files.fitting import Fit, refuse_by_name
from scrubjay.nets.files.layouts import LAYOUTS, Layout, named_layout
from scrubjay.nets.files.settling import Settling
from scrubjay.nets.files.stated_config import Stated, declared_facts, facts_of, short

_WRAPPERS = ("_orig_mod.", "module.", "model.")
"""What other libraries put before every key of a network that they wrap."""


@dataclass(frozen=True, eq=False)
class Arranged:
    """The weights of a checkpoint with our names and shapes.

    Attributes:
        config: the sizes and the architecture.
        weights: the weights by the names of ``Config.weight_axes``.
        layout: the name of the layout.
        read: what was taken from which config, declaration or layout, in sentences.
        assumed: what was assumed because nothing states it, in sentences.
    """

    config: Config
    weights: dict[str, Tensor]
    layout: str
    read: tuple[str, ...]
    assumed: tuple[str, ...]


def as_weights(
    tensors: Mapping[str, Tensor],
    layout: str | Layout,
    name: str,
    config: Mapping[str, object] | None = None,
    declared: Mapping[str, object] | None = None,
) -> Arranged:
    """Convert the tensors of a checkpoint to our names and shapes.

    Args:
        tensors: the tensors by the other program's keys.
        layout: a layout, the name of one in ``LAYOUTS``, or ``auto`` for the layout that fits.
        name: the name of the checkpoint, for error messages.
        config: what the other program's config states, or None if there is none.
        declared: values of fields of ``Config`` that the weights do not say.

    Raises:
        BadInput: there is no such layout or field, or a declared value is not allowed.
        RefusedFile: the checkpoint has another architecture; keys are missing, unknown, transposed, or of a wrong shape
            or type; two sources contradict each other; or something that cannot be assumed is not stated. The message
            lists all faults.
    """
    stated = [] if config is None else [Stated("the config", config)]
    return arranged(tensors, layout, name, stated, declared or {})


def arranged(
    tensors: Mapping[str, Tensor],
    layout: str | Layout,
    name: str,
    stated: Sequence[Stated],
    declared: Mapping[str, object],
) -> Arranged:
    """Do what ``as_weights`` does, with any number of configs, each with its place."""
    candidates = _candidates(layout, stated)
    _refuse_other_programs(candidates, stated, name)
    _refuse_pooling(tensors, stated, name)
    tensors = _unwrapped(tensors, candidates)
    own = candidates[0].stated if candidates[0].is_own else {}
    user = declared_facts(own, f"the layout {candidates[0].name}") + declared_facts(declared, "the user")
    known = frozenset(fact.field for fact in user)
    fits = [Fit(tensors, each, {fact.field: fact.value for fact in user}) for each in candidates]
    best = min(fits, key=lambda fit: len(fit.faults))
    facts = user + [fact for each in stated for fact in facts_of(each, known, best.layout.ignored)]
    refuse_by_name(tensors, best, name)
    if best.faults:
        raise RefusedFile(_misfit(best, name, is_only=len(candidates) == 1))
    settling = Settling(best, name, facts)
    config = settling.config()
    unused = [
        f"{each.where} states {key} = {short(each.entries[key])}, which was not used: {reason}."
        for each in stated
        for key, reason in best.layout.ignored.items()
        if key in each.entries
    ]
    weights = _weights(best, config)
    return Arranged(config, weights, best.layout.name, (*settling.read, *unused), tuple(settling.assumed))


def _candidates(layout: str | Layout, stated: Sequence[Stated]) -> list[Layout]:
    if isinstance(layout, Layout):
        return [layout]
    if layout != "auto":
        return [named_layout(layout)]
    keys = {key for each in stated for key in each.entries}
    return [each for each in LAYOUTS.values() if not each.recognised_by or each.recognised_by in keys]


def _refuse_other_programs(candidates: Sequence[Layout], stated: Sequence[Stated], name: str) -> None:
    """Refuse a Hugging Face model of another kind than GPT-2."""
    for each in stated:
        kind = each.entries.get("model_type")
        if isinstance(kind, str) and kind != "gpt2" and not any(c.is_own or c.name == "pizza" for c in candidates):
            raise RefusedFile(
                f"{name} is a model of the type {short(kind)}, as {each.where} states; of Hugging Face's models, "
                f"scrubjay reads GPT-2 (model_type gpt2)"
            )


def _refuse_pooling(tensors: Mapping[str, Tensor], stated: Sequence[Stated], name: str) -> None:
    """Refuse a network whose answer is not read at one position."""
    for each in stated:
        pool = each.entries.get("pool")
        if pool in (None, "none", "last"):
            continue
        head = sorted({key.split(".")[0] for key in tensors if re.fullmatch(r"h[0-9]\.weight", key)})
        count = {1: "one", 2: "two", 3: "three"}.get(len(head))
        layers = f" and has a {count}-layer head ({', '.join(head)})" if count else ""
        how = "sums over positions" if pool == "sum" else "pools the positions"
        raise RefusedFile(
            f"{name} {how} ({each.where} states pool = {short(pool)}){layers}, and scrubjay reads the logits at one "
            f"position"
        )


def _unwrapped(tensors: Mapping[str, Tensor], candidates: Sequence[Layout]) -> Mapping[str, Tensor]:
    """The tensors without what wrapping libraries put before every key, unless a layout has such keys itself."""
    if any(c.is_own for c in candidates):
        return tensors
    for prefix in _WRAPPERS:
        if tensors and all(key.startswith(prefix) for key in tensors):
            tensors = {key.removeprefix(prefix): tensor for key, tensor in tensors.items()}
    return tensors


def _misfit(fit: Fit, name: str, is_only: bool) -> str:
    most = 24
    more = [f"... and {len(fit.faults) - most} more faults"] if len(fit.faults) > most else []
    lines = [f"{name} does not fit the layout {fit.layout.name!r}:", *fit.faults[:most], *more]
    if not is_only and len(fit.faults) >= fit.matched:
        lines[0] = (
            f"{name} is in none of scrubjay's layouts ({', '.join(LAYOUTS)}); describe where its weights lie in a file "
            f"and give it with --layout FILE.toml. It does not fit the layout {fit.layout.name!r}, the nearest one:"
        )
    return "\n  ".join(lines)


def _weights(fit: Fit, config: Config) -> dict[str, Tensor]:
    """All weights with our names and shapes."""
    sizes, like = config.axis_sizes, fit.tensors[fit.key("W_E", 0, -1)]
    weights = {}
    for full, axes in config.weight_axes.items():
        name = full.rsplit(".", 1)[-1]
        layer = int(full.split(".")[1]) if full.startswith("blocks.") else 0
        if name == "W_U" and not fit.has("W_U", 0):
            found = _weight(fit, "W_E", 0, sizes).T
        elif fit.has(name, layer):
            found = _weight(fit, name, layer, sizes)
        else:  # biases that are absent, and normalisations without weights
            start = torch.ones if name.endswith("_w") else torch.zeros
            found = start([sizes[axis] for axis in axes.split()], dtype=like.dtype)
        weights[full] = found.contiguous()
    return weights


def _weight(fit: Fit, name: str, layer: int, sizes: Mapping[str, int]) -> Tensor:
    """A weight in our shape."""
    entry = fit.layout.weights[name]
    has_own_keys = "{h}" in entry.key
    wanted = [axis for axis in WEIGHT_AXES[name].split() if axis != "h" or not has_own_keys]
    parts = []
    for head in range(sizes["h"]) if has_own_keys else (-1,):
        tensor = fit.tensors[fit.key(name, layer, head)]
        have = [letter for axis in entry.split_axes for letter in axis]
        split = tensor.reshape([3 if letter == "3" else sizes[letter] for letter in have])
        if "3" in have:
            split = split.select(have.index("3"), entry.part or 0)
            have.remove("3")
        parts.append(split.permute([have.index(axis) for axis in wanted]))
    return torch.stack(parts) if has_own_keys else parts[0]
