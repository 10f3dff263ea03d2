"""State dicts of other programs, written by hand from a network's weights and without the declared layouts."""

import torch
from torch import Tensor

from scrubjay.nets.config import Config
from scrubjay.nets.transformer import Transformer

State = dict[str, Tensor]


def random_of(config: Config, seed: int = 0, dtype: torch.dtype = torch.float32) -> Transformer:
    """A network of any architecture whose weights and biases are all random and not small."""
    draw = torch.Generator().manual_seed(seed)
    network = Transformer(config, dtype)
    network.set_weights(
        {name: torch.randn(config.shape(name), generator=draw, dtype=torch.float64) / 2 for name in config.weight_axes}
    )
    return network.requires_grad_(False)


def layer(network: Transformer, number: int) -> State:
    """The weights of one layer, without its prefix."""
    prefix = "" if network.config.n_layers == 1 else f"blocks.{number}."
    outer = ("W_E", "W_pos", "W_U", "b_U", "ln_final_w", "ln_final_b")
    return {
        name.removeprefix(prefix): weight
        for name, weight in network.weights.items()
        if name.startswith(prefix) and name not in outer
    }


def _together(w: Tensor) -> Tensor:
    """[h, d, e] to [d, h e]."""
    return torch.cat(list(w), dim=1)


def neel_state(network: Transformer) -> State:
    """The training code of Nanda et al.: heads as [h, e, d], other weights as [out, in], embeddings as columns."""
    n, length = network.weights, network.config.n_ctx
    state = {"embed.W_E": torch.stack(list(n["W_E"]), dim=1), "pos_embed.W_pos": n["W_pos"].clone()}
    for number in range(network.config.n_layers):
        w, at = layer(network, number), f"blocks.{number}."
        state |= {f"{at}attn.W_{q}": torch.stack([head.T for head in w[f"W_{q}"]]) for q in "KQV"}
        state[f"{at}attn.W_O"] = torch.cat([head.T for head in w["W_O"]], dim=1)
        if not network.config.attn_only:
            state |= {f"{at}mlp.W_in": w["W_in"].T.clone(), f"{at}mlp.b_in": w["b_in"].clone()}
            state |= {f"{at}mlp.W_out": w["W_out"].T.clone(), f"{at}mlp.b_out": w["b_out"].clone()}
        state[f"{at}attn.mask"] = torch.ones(length, length).tril()
    return state | {"unembed.W_U": n["W_U"].clone()}


def lens_state(network: Transformer, buffers: bool = True) -> State:
    """A HookedTransformer of TransformerLens 1 to 3, which always has biases."""
    n, c = network.weights, network.config
    state = {"embed.W_E": n["W_E"], "unembed.W_U": n["W_U"], "unembed.b_U": n.get("b_U", torch.zeros(c.d_vocab_out))}
    state |= {"pos_embed.W_pos": n["W_pos"]} if c.positions else {}
    state |= {f"ln_final.{x}": n[f"ln_final_{x}"] for x in "wb" if f"ln_final_{x}" in n}
    for number in range(c.n_layers):
        w, at = layer(network, number), f"blocks.{number}."
        state |= {f"{at}attn.W_{q}": w[f"W_{q}"] for q in "QKVO"}
        state |= {f"{at}attn.b_{q}": w.get(f"b_{q}", torch.zeros(c.n_heads, c.d_head)) for q in "QKV"}
        state[f"{at}attn.b_O"] = w.get("b_O", torch.zeros(c.d_model))
        state |= {f"{at}ln{k}.{x}": w[f"ln{k}_{x}"] for k in "12" for x in "wb" if f"ln{k}_{x}" in w}
        state |= {f"{at}mlp.{name}": w[name] for name in ("W_in", "b_in", "W_out", "b_out") if name in w}
        if buffers:
            state[f"{at}attn.mask"] = torch.ones(c.n_ctx, c.n_ctx).tril().bool()
            state[f"{at}attn.IGNORE"] = torch.tensor(-torch.inf)
    return {key: weight.clone() for key, weight in state.items()}


def gpt2_state(network: Transformer, prefix: str = "transformer.", tied: bool = False) -> State:
    """Hugging Face's GPT-2, whose linear layers keep their weights as [in, out]."""
    n = network.weights
    state = {
        "wte.weight": n["W_E"],
        "wpe.weight": n["W_pos"],
        "ln_f.weight": n["ln_final_w"],
        "ln_f.bias": n["ln_final_b"],
    }
    for number in range(network.config.n_layers):
        w, at = layer(network, number), f"h.{number}."
        state |= {f"{at}ln_{k}.weight": w[f"ln{k}_w"] for k in "12"} | {f"{at}ln_{k}.bias": w[f"ln{k}_b"] for k in "12"}
        state[f"{at}attn.c_attn.weight"] = torch.cat([_together(w[f"W_{q}"]) for q in "QKV"], dim=1)
        state[f"{at}attn.c_attn.bias"] = torch.cat([w[f"b_{q}"].flatten() for q in "QKV"])
        state[f"{at}attn.c_proj.weight"] = w["W_O"].flatten(0, 1)
        state[f"{at}attn.c_proj.bias"] = w["b_O"]
        state |= {f"{at}mlp.c_fc.weight": w["W_in"], f"{at}mlp.c_fc.bias": w["b_in"]}
        state |= {f"{at}mlp.c_proj.weight": w["W_out"], f"{at}mlp.c_proj.bias": w["b_out"]}
    state = {prefix + key: weight.clone() for key, weight in state.items()}
    return state if tied else state | {"lm_head.weight": n["W_U"].T.contiguous()}


def nanogpt_state(network: Transformer, tied: bool = False) -> State:
    """nanoGPT: the keys of GPT-2, with weights as [out, in]."""
    state = gpt2_state(network, tied=tied)
    linear = ("c_attn.weight", "c_proj.weight", "c_fc.weight")
    return {key: weight.T.contiguous() if key.endswith(linear) else weight for key, weight in state.items()}


def native_state(network: Transformer) -> State:
    """A TransformerBridge of the native architecture of TransformerLens 4."""
    n, c = network.weights, network.config
    names = {"embed.weight": n["W_E"], "pos_embed.weight": n["W_pos"], "unembed.weight": n["W_U"].T}
    state = names | {"unembed.bias": n.get("b_U", torch.zeros(c.d_vocab_out))}
    both = {"weight": "w", "bias": "b"}
    state |= {f"ln_final.{long}": n[f"ln_final_{x}"] for long, x in both.items() if f"ln_final_{x}" in n}
    for number in range(c.n_layers):
        w, at = layer(network, number), f"blocks.{number}."
        for q in "QKV":
            state[f"{at}attn.{q.lower()}.weight"] = _together(w[f"W_{q}"]).T
            state[f"{at}attn.{q.lower()}.bias"] = w.get(f"b_{q}", torch.zeros(c.n_heads, c.d_head)).flatten()
        state[f"{at}attn.o.weight"] = w["W_O"].flatten(0, 1).T
        state[f"{at}attn.o.bias"] = w.get("b_O", torch.zeros(c.d_model))
        for k in "12":
            state |= {f"{at}ln{k}.{long}": w[f"ln{k}_{x}"] for long, x in both.items() if f"ln{k}_{x}" in w}
        if not c.attn_only:
            state |= {f"{at}mlp.in.weight": w["W_in"].T, f"{at}mlp.in.bias": w["b_in"]}
            state |= {f"{at}mlp.out.weight": w["W_out"].T, f"{at}mlp.out.bias": w["b_out"]}
    return {key: weight.clone().contiguous() for key, weight in state.items()}
