"""Train a toy transformer in plain PyTorch, and save what scrubjay reads: a checkpoint and a matrix of labels.

    python examples/own_network.py compare     # or parity, majority, modular
    scrubjay import own.pt --out own.safetensors --task labels.npz
    scrubjay explain own.safetensors --out report

This file does not use scrubjay. The model is what you might have written yourself, with TransformerLens's names and
shapes.
"""

import sys

import numpy as np
import torch
from torch import nn


def labels_of(task: str) -> np.ndarray:
    """The label of each input, in an array with one axis for each position that varies."""
    if task == "compare":  # is the first number smaller than the second?
        a, b = np.indices((40, 40))
        return (a < b).astype(int)
    if task == "parity":  # is the sum of two digits odd?
        a, b = np.indices((20, 20))
        return (a + b) % 2
    if task == "majority":  # are most of seven bits 1?
        return (np.indices((2,) * 7).sum(0) > 3).astype(int)
    if task == "modular":  # (a + b) mod 31, with one class for each remainder
        a, b = np.indices((31, 31))
        return (a + b) % 31
    raise SystemExit(f"there is no task {task!r}; choose compare, parity, majority or modular")


class Toy(nn.Module):
    """A transformer with one layer and ReLU, without LayerNorm. Its answer is read at the last position."""

    def __init__(self, n_ctx: int, d_vocab: int, d: int = 32, heads: int = 4, d_mlp: int = 64) -> None:
        super().__init__()
        shapes = {
            "embed.W_E": (d_vocab, d),
            "pos_embed.W_pos": (n_ctx, d),
            "blocks.0.attn.W_Q": (heads, d, d // heads),
            "blocks.0.attn.W_K": (heads, d, d // heads),
            "blocks.0.attn.W_V": (heads, d, d // heads),
            "blocks.0.attn.W_O": (heads, d // heads, d),
            "blocks.0.mlp.W_in": (d, d_mlp),
            "blocks.0.mlp.b_in": (d_mlp,),
            "blocks.0.mlp.W_out": (d_mlp, d),
            "blocks.0.mlp.b_out": (d,),
            "unembed.W_U": (d, d_vocab),
        }
        self.names = list(shapes)
        self.weights = nn.ParameterList(
            [torch.randn(shape) / d**0.5 if len(shape) > 1 else torch.zeros(shape) for shape in shapes.values()]
        )

    def forward(self, tokens: torch.Tensor) -> torch.Tensor:
        """The logits at the last position, shape [inputs, tokens]."""
        W_E, W_pos, W_Q, W_K, W_V, W_O, W_in, b_in, W_out, b_out, W_U = self.weights
        x = W_E[tokens] + W_pos
        q = torch.einsum("nd,hde->nhe", x[:, -1], W_Q)
        k = torch.einsum("nsd,hde->nshe", x, W_K)
        v = torch.einsum("nsd,hde->nshe", x, W_V)
        pattern = (torch.einsum("nhe,nshe->nhs", q, k) / q.shape[-1] ** 0.5).softmax(-1)
        mid = x[:, -1] + torch.einsum("nhs,nshe,hed->nd", pattern, v, W_O)
        return (mid + (mid @ W_in + b_in).relu() @ W_out + b_out) @ W_U

    def checkpoint(self) -> dict[str, torch.Tensor]:
        """The weights by TransformerLens's names."""
        return {name: weight.detach() for name, weight in zip(self.names, self.weights, strict=True)}


def main(task: str, epochs: int = 1500) -> None:
    """Train a network on four fifths of all inputs, and save it with its labels."""
    torch.manual_seed(0)
    labels = labels_of(task)
    last = max(labels.shape)
    grid = torch.cartesian_prod(*(torch.arange(side) for side in labels.shape))
    tokens = torch.cat([grid, torch.full((len(grid), 1), last)], dim=1)
    targets = torch.from_numpy(labels.reshape(-1))
    train = torch.rand(len(tokens)) < 0.8
    model = Toy(n_ctx=tokens.shape[1], d_vocab=max(last, int(targets.max())) + 1)
    optimiser = torch.optim.AdamW(model.parameters(), lr=3e-3, weight_decay=0.1)
    for _ in range(epochs):
        loss = nn.functional.cross_entropy(model(tokens[train]), targets[train])
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    right = model(tokens).argmax(-1) == targets
    shares = [f"{right[half].float().mean():.1%}" for half in (train, ~train)]
    print(f"{task}: right on {shares[0]} of the training inputs, {shares[1]} of the others")
    torch.save(model.checkpoint(), "own.pt")
    np.savez("labels.npz", labels=labels, train=train.numpy().reshape(labels.shape), last=last)
    print("Wrote own.pt and labels.npz")


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else "compare")
