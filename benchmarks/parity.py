"""Compare a network with its TransformerLens conversion at every hook, on every input, with and without interventions.

    python benchmarks/parity.py [NETWORK] [TASK]

NETWORK is anything that ``load_network`` takes; the default is the bundled network and its task. Prints two tables. A
deviation is the largest difference at a hook, over all inputs and positions, as a share of the largest magnitude there.
Attention scores of masked positions, which are minus infinity in both, are left out. It takes about a minute on one
core.
"""

import sys
import warnings
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from importlib.metadata import version
from typing import Any

import torch
from torch import Tensor, nn

import scrubjay
from scrubjay.nets.transformer import Transformer
from scrubjay.tasks.named import named_task

HOOKS = {
    "resid_pre": "blocks.0.hook_resid_pre",
    "attn_scores": "blocks.0.attn.hook_attn_scores",
    "pattern": "blocks.0.attn.hook_pattern",
    "attn_out": "blocks.0.hook_attn_out",
    "resid_mid": "blocks.0.hook_resid_mid",
    "mlp_pre": "blocks.0.mlp.hook_pre",
    "mlp_post": "blocks.0.mlp.hook_post",
    "mlp_out": "blocks.0.hook_mlp_out",
    "resid_post": "blocks.0.hook_resid_post",
    "logits": "unembed.hook_out",
}
"""For each of our sites, the hook of TransformerLens at the same place."""

SHOWN = ("as it is", "pattern frozen to its mean", "resid_mid of another input")
"""The interventions for which the deviation at every hook is printed."""

Patch = Callable[[Tensor], Tensor]


@dataclass(frozen=True)
class Parity:
    """How a network and its conversion agree, with or without an intervention.

    Attributes:
        deviations: the deviation at each hook of TransformerLens.
        answers: our network's answer to each input, the token with the largest logit at the last position.
        same_answers: the number of inputs to which both give the same answer.
    """

    deviations: dict[str, float]
    answers: Tensor
    same_answers: int


def parity(
    network: Transformer, bridge: Any, tokens: Tensor, patch: tuple[str, Patch] | None = None, rows: int = 500
) -> Parity:
    """Run both on every input. ``patch`` is a site of ours and a function that replaces its value, applied in both."""
    apart: dict[str, list[Tensor]] = defaultdict(list)
    largest: dict[str, list[Tensor]] = defaultdict(list)
    answers, theirs_answers = [], []
    for chunk in torch.split(tokens, rows):
        ours, theirs = _ours(network, chunk, patch), _theirs(bridge, chunk, patch)
        for name, value in theirs.items():
            expected = ours[name]
            assert value.shape == expected.shape, (name, value.shape, expected.shape)
            difference = value - expected
            if name.endswith("attn_scores"):
                masked = expected == -torch.inf
                assert torch.equal(masked, value == -torch.inf), name
                difference, expected = difference[~masked], expected[~masked]
            apart[name].append(difference.abs().max())
            largest[name].append(expected.abs().max())
        answers.append(ours["unembed.hook_out"][:, -1].argmax(-1))
        theirs_answers.append(theirs["unembed.hook_out"][:, -1].argmax(-1))
    return Parity(
        deviations={name: float(torch.stack(apart[name]).max() / torch.stack(largest[name]).max()) for name in apart},
        answers=torch.cat(answers),
        same_answers=int((torch.cat(answers) == torch.cat(theirs_answers)).sum()),
    )


def _ours(network: Transformer, tokens: Tensor, patch: tuple[str, Patch] | None) -> dict[str, Tensor]:
    """The value at every hook of TransformerLens, computed from our sites and weights."""
    sites: dict[str, Tensor] = {}
    before: dict[str, Tensor] = {}
    with ExitStack() as hooks:
        hooks.enter_context(_hooked(network.mlp_out, lambda value: before.update(mlp_out=value)))
        if patch is not None:
            hooks.enter_context(_hooked(getattr(network, patch[0]), patch[1]))
        for site in HOOKS:
            hooks.enter_context(_hooked(getattr(network, site), lambda value, at=site: sites.update({at: value})))  # type: ignore[misc]
        network(tokens)
    x = sites["resid_pre"]
    q, k, v = (torch.einsum("nsd,hde->nshe", x, getattr(network, f"W_{name}")) for name in "QKV")
    z = torch.einsum("nhst,nthe->nshe", sites["pattern"], v)
    attn_out = torch.einsum("nshe,hed->nsd", z, network.W_O)
    embed, pos_embed = network.W_E[tokens], network.W_pos.expand(len(tokens), -1, -1)
    after = {"q": q, "k": k, "v": v, "o": attn_out}
    return {
        **{HOOKS[site]: value for site, value in sites.items()},
        "embed.hook_in": tokens,
        "embed.hook_out": embed,
        "hook_embed": embed,
        "pos_embed.hook_in": torch.arange(tokens.shape[1]).expand(len(tokens), -1),
        "pos_embed.hook_out": pos_embed,
        "hook_pos_embed": pos_embed,
        **{f"blocks.0.{name}": x for name in ("hook_in", "ln1.hook_in", "ln1.hook_out", "attn.hook_in")},
        **{f"blocks.0.attn.{name}.hook_in": x for name in "qkv"},
        **{f"blocks.0.attn.{name}.hook_out": value for name, value in after.items()},
        **{f"blocks.0.attn.hook_{name}": after[name] for name in "qkv"},
        **{f"blocks.0.attn.{name}": z for name in ("hook_z", "o.hook_in")},
        "blocks.0.attn.hook_out": sites["attn_out"],
        **{f"blocks.0.{name}": sites["resid_mid"] for name in ("ln2.hook_in", "ln2.hook_out", "mlp.hook_in")},
        "blocks.0.mlp.in.hook_in": sites["resid_mid"],
        "blocks.0.mlp.in.hook_out": sites["mlp_pre"],
        "blocks.0.mlp.out.hook_in": sites["mlp_post"],
        "blocks.0.mlp.out.hook_out": before["mlp_out"],
        "blocks.0.mlp.hook_out": sites["mlp_out"],
        "blocks.0.hook_out": sites["resid_post"],
        **{f"{name}": sites["resid_post"] for name in ("ln_final.hook_in", "ln_final.hook_out", "unembed.hook_in")},
        "hook_unembed": sites["logits"],
    }


def _theirs(bridge: Any, tokens: Tensor, patch: tuple[str, Patch] | None) -> dict[str, Tensor]:
    fwd_hooks = [] if patch is None else [(HOOKS[patch[0]], lambda value, hook: patch[1](value))]
    with bridge.hooks(fwd_hooks=fwd_hooks):
        _, cache = bridge.run_with_cache(tokens)
    return dict(cache)


@contextmanager
def _hooked(site: nn.Module, replace: Callable[[Tensor], Tensor | None]) -> Iterator[None]:
    handle = site.register_forward_hook(lambda _module, _args, value: replace(value))
    try:
        yield
    finally:
        handle.remove()


def mean_of_patterns(network: Transformer, tokens: Tensor) -> Tensor:
    """The mean attention pattern [h, s, s] of all positions over all inputs."""
    patterns: list[Tensor] = []
    with _hooked(network.pattern, lambda value: patterns.append(value.double().sum(0, keepdim=True))):
        for chunk in torch.split(tokens, 500):
            network(chunk)
    return (torch.cat(patterns).sum(0) / len(tokens)).to(network.dtype)


def interventions(network: Transformer, tokens: Tensor) -> dict[str, tuple[str, Patch]]:
    """Attention frozen to its mean, and each site replaced by its value on another input, half a chunk away."""
    mean = mean_of_patterns(network, tokens)
    return {
        "pattern frozen to its mean": ("pattern", lambda value: mean.expand(len(value), -1, -1, -1)),
        **{f"{site} of another input": (site, lambda value: value.roll(len(value) // 2, 0)) for site in HOOKS},
    }


@torch.no_grad()
def main() -> None:
    warnings.simplefilter("ignore")  # importing TransformerLens gives warnings
    saved = scrubjay.load_network(sys.argv[1] if len(sys.argv) > 1 else "bundled")
    task = named_task(sys.argv[2] if len(sys.argv) > 2 else str(saved.task))
    tokens = task.domain.tokens(task.domain.inputs())
    bridge = scrubjay.to_transformer_lens(saved.network)
    found = {"as it is": parity(saved.network, bridge, tokens)}
    for name, patch in interventions(saved.network, tokens).items():
        found[name] = parity(saved.network, bridge, tokens, patch)
    versions = f"TransformerLens {version('transformer-lens')}, torch {torch.__version__}"
    print(f"{saved.name}, {len(tokens):,} inputs; {versions}\n")
    print_hooks({name: found[name] for name in SHOWN})
    print_interventions(found)


def print_hooks(found: dict[str, Parity]) -> None:
    print(f"| hook | {' | '.join(found)} |\n|---{'|---' * len(found)}|")
    for hook in found["as it is"].deviations:
        print(f"| `{hook}` | {' | '.join(f'{each.deviations[hook]:.1e}' for each in found.values())} |")
    print()


def print_interventions(found: dict[str, Parity]) -> None:
    print("| intervention, in both | largest deviation at any hook | same answers | answers that it changes |")
    print("|---|---|---|---|")
    for name, each in found.items():
        same = f"{each.same_answers:,} of {len(each.answers):,}"
        changed = float((each.answers != found["as it is"].answers).double().mean())
        print(f"| {name} | {max(each.deviations.values()):.1e} | {same} | {changed:.1%} |")


if __name__ == "__main__":
    main()
