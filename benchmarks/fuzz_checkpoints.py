"""Changed checkpoints of every layout, for ``fuzz.py``: their tensors, configs, declarations and bytes."""

import io
import json
import os
import pickle
import random
import struct
import tarfile
import warnings
import zipfile
import zlib
from collections.abc import Callable, Mapping
from functools import cache, partial
from pathlib import Path
from typing import Any

import numpy as np
import safetensors.torch
import torch
from benchmarks.mutations import HOSTILE_TEXTS, PICKLED, WORDS, hostile_value, mutated, rezipped
from benchmarks.sound_checkpoints import LACKING, OWN, STATES, Sound, difference, disagreement, sound

from scrubjay.cli.networks import _declared
from scrubjay.core.errors import ScrubjayError
from scrubjay.nets.config import Config
from scrubjay.nets.files.checkpoint import Imported, import_network, read_network, save_network
from scrubjay.nets.recording import record
from scrubjay.nets.transformer import Transformer
from scrubjay.tasks.domain import Domain
from scrubjay.tasks.task import Task

LAYOUTS = ("neel", "pizza", "transformer-lens", "transformer-lens-native", "gpt2", "nanogpt", "own.toml")

MARKER = "code-was-run"
"""The name of the folder that code in a file would make."""

Case = tuple[Callable[[], str], tuple[str, ...]]
"""A check, which returns what is wrong in words or nothing, and what a refusal must name one of."""


class Runs:
    """An object that makes a folder when it is unpickled."""

    def __init__(self, marker: Path) -> None:
        self.marker = str(marker)

    def __reduce__(self) -> tuple[Any, ...]:
        return os.mkdir, (self.marker,)


class Evaluates(Runs):
    def __reduce__(self) -> tuple[Any, ...]:
        return eval, (f"__import__('os').mkdir({self.marker!r})",)


def foreign_object(draw: random.Random, folder: Path) -> object:
    """An object that no checkpoint needs."""
    deep: Any = []
    for _ in range(150):
        deep = [deep]
    return draw.choice(
        (Runs(folder / MARKER), Evaluates(folder / MARKER), partial(print, 1), np.ones(3), torch.nn.Linear(2, 2),
         {1, 2}, 10**5000, b"x" * 100, deep, float("nan"), {"a": {"b": torch.ones(2)}}, Config, complex(1, 2), range(3),
         [None], np.float64(1.0), Path("/"), torch.Size([2]), torch.float32, random.Random(0))
    )  # fmt: skip


def changed_state(given: Mapping[str, Any], draw: random.Random, folder: Path) -> dict[Any, Any]:
    """Tensors with one changed."""
    state: dict[Any, Any] = dict(given)
    key, other = draw.choice(list(given)), draw.choice(list(given))
    t = state[key]
    if not isinstance(t, torch.Tensor) or t.layout is not torch.strided or not t.numel() or t.is_meta or not t.ndim:
        return state
    match draw.randrange(33):
        case 0:
            del state[key]
        case 1:
            state[draw.choice((*HOSTILE_TEXTS, 7, (key,), b"x", None, f"model.{key}", f"{key}.x"))] = state.pop(key)
        case 2:
            state[draw.choice((*HOSTILE_TEXTS, f"{key}2", f"module.{key}", "blocks.0.attn.rotary", "seed"))] = t
        case 3:
            state[key] = t.mT.contiguous() if t.ndim > 1 else t[None]
        case 4:
            state[key] = t[..., : draw.randrange(t.shape[-1])].clone()
        case 5:
            state[key] = torch.cat([t, t], dim=draw.randrange(t.ndim))
        case 6 | 7:
            changed = t.contiguous().clone()
            if changed.is_floating_point():
                changed.view(-1)[draw.randrange(t.numel())] = draw.choice((torch.nan, torch.inf, -torch.inf))
            state[key] = changed
        case 8:
            state = {name: each.double() for name, each in state.items() if isinstance(each, torch.Tensor)}
        case 9:
            kinds = (torch.float64, torch.float16, torch.bfloat16, torch.complex64, torch.int64, torch.bool, torch.int8)
            state[key] = t.to(draw.choice(kinds))
        case 10:
            state = {name: each.half() for name, each in state.items() if isinstance(each, torch.Tensor)}
        case 11 | 12:
            state[key] = t.flatten()[:1].clone().expand(t.numel()).view(t.shape)
        case 13:
            state[key] = torch.zeros(1).expand(*[10 ** draw.choice((2, 4, 6)) for _ in range(t.ndim)])
        case 14:
            state[key] = torch.randn(t.numel()).as_strided(t.shape, (1,) * t.ndim)
        case 15:
            twins = [name for name in state if name != key and getattr(state[name], "shape", None) == t.shape]
            state[draw.choice(twins or [other])] = t
        case 16:
            base = torch.randn(2 * t.numel() + 7)
            state[key] = base[7:][::2][: t.numel()].view(-1).as_strided(t.shape, _fortran(t.shape), 7)
        case 17:
            state[key] = t.to_sparse() if draw.random() < 0.5 else t.to("meta")
        case 18:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                state[key] = torch.quantize_per_tensor(t.float(), 0.1, 0, torch.qint8)
        case 19:
            state[key] = torch.nn.Parameter(t.float())
        case 20:
            state[key] = torch.zeros(tuple(draw.choice((0, size)) for size in t.shape))
        case 21:
            state[key], state[other] = state[other], t
        case 22 | 23:
            factor = draw.choice((1e12, 1e30, 1e38, 1e-40, 0.0, -1.0))
            state = {k: v * factor if k == key or factor > 1 else v for k, v in state.items() if hasattr(v, "shape")}
        case 24 | 25:
            state[key] = foreign_object(draw, folder)
        case 26:
            prefix = draw.choice(("model.", "module.", "_orig_mod.", "transformer.", "_orig_mod.module.", "x."))
            state = {f"{prefix}{name}": each for name, each in state.items()}
        case 27:
            which = draw.choice(("mlp", "ln", "attn", "b_", "0.", "1."))
            state = {name: each for name, each in state.items() if which not in str(name)}
        case 28:
            state = {str(name).replace(".1.", f".{draw.choice((2, 7, 1000, '01'))}."): v for name, v in state.items()}
        case 29:
            state = {f"{name}{i}": t for i in range(90) for name in list(state)[:10]}
        case 30:
            state[key] = t.reshape(-1)[torch.randperm(t.numel())].reshape(t.shape)
        case 31:
            state[key] = t.reshape(draw.choice(((-1,), (1, *t.shape), (*t.shape, 1), (1,) * 30 + tuple(t.shape))))
        case _:
            state = {"model": state} if draw.random() < 0.5 else {}
    return state


def _fortran(shape: torch.Size) -> list[int]:
    strides, step = [], 1
    for size in shape:
        strides.append(step)
        step *= size
    return strides


def changed_config(config: Mapping[str, object], draw: random.Random) -> dict[str, object]:
    """A config with an entry that contradicts the weights, asks for something else, is missing or of a wrong type."""
    made = dict(config)
    known = draw.choice(list(STATES))
    words = ("relu", "gelu", "GeLU", "gelu_new", "swish", "LN", "LNPre", "RMS", "RMSPre", None, "none", "causal",
             "bidirectional")  # fmt: skip
    match draw.randrange(7):
        case 0:
            made[known] = draw.choice((1, 2, 3, 4, 5, 6, 7, 12, 0.5, 1e-5, 1e-3, True, False))
        case 1:
            made[draw.choice([key for key, f in STATES.items() if f in ("act_fn", "norm", "attention")])] = draw.choice(
                words
            )
        case 2:
            key = draw.choice(list(LACKING))
            made[key] = LACKING[key]
        case 3:
            made[draw.choice([known, *made])] = hostile_value(draw)
        case 4 if made:
            del made[draw.choice(list(made))]
        case 5:
            key = draw.choice(list(made) or ["n_heads"])
            made[draw.choice([k for k in STATES if STATES[k] == STATES.get(key, "d_model")])] = draw.choice(
                (made.get(key), 2, 3)
            )
        case _:
            made[draw.choice(HOSTILE_TEXTS)] = hostile_value(draw)
    return made


def _writable(config: Mapping[str, object]) -> dict[str, object]:
    """The config without whole numbers that Python does not write."""
    return {key: value for key, value in config.items() if not isinstance(value, int) or abs(value) < 10**4000}


def json_text(config: Mapping[str, object], draw: random.Random) -> bytes:
    text = json.dumps(_writable(config), default=str).encode()
    match draw.randrange(20):
        case 0:
            return b"[" * 10 ** draw.choice((1, 3, 5))
        case 1:
            return b'{"a":' * 10 ** draw.choice((3, 5)) + b"1"
        case 2:
            return text.rstrip(b"}") + b', "n_heads": 2, "n_heads": 3}'
        case 3:
            return draw.choice((b"[]", b"7", b'"x"', b"null", b"", b"\xff\xfe", b"\xef\xbb\xbf" + text, b" " * 2**21))
        case 4:
            return text.rstrip(b"}") + b', "n_heads": ' + draw.choice((b"9" * 5000, b"1e999", b"NaN", b"2.0")) + b"}"
        case 5:
            return text.rstrip(b"}") + b', "act_fn": "\\ud800"}'
        case 6 | 7 | 8:
            return mutated(text, draw, WORDS)
    return text


@cache
def packed_zeros() -> tuple[bytes, int, int]:
    """Three gigabytes of zeros, packed into three megabytes; their checksum and their number."""
    block, packer, crc = bytes(2**22), zlib.compressobj(9, zlib.DEFLATED, -15), 0
    first, other = (packer.compress(block) + packer.flush(zlib.Z_FULL_FLUSH) for _ in range(2))
    for _ in range(768):
        crc = zlib.crc32(block, crc)
    return first + other * 767 + packer.flush(), crc, 768 * len(block)


def bomb(archive: bytes, member: str) -> bytes:
    """The archive with a member that is exchanged for three gigabytes of zeros."""
    made, ends = b"", b""
    with zipfile.ZipFile(io.BytesIO(archive)) as sound:
        contents = {name: sound.read(name) for name in sound.namelist()}
    for name, content in contents.items():
        packed, crc, size = packed_zeros() if name == member else (content, zlib.crc32(content), len(content))
        method, file = 8 if name == member else 0, name.encode()
        common = struct.pack("<HHHHHIIIHH", 20, 0, method, 0, 33, crc, len(packed), size, len(file), 0)
        ends += b"PK\x01\x02\x14\x00" + common + struct.pack("<HHHII", 0, 0, 0, 0, len(made)) + file
        made += b"PK\x03\x04" + common + file + packed
    tail = struct.pack("<HHHHIIH", 0, 0, len(contents), len(contents), len(ends), len(made), 0)
    return made + ends + b"PK\x05\x06" + tail


def other_format(draw: random.Random, folder: Path, state: Mapping[str, torch.Tensor]) -> bytes:
    """The content of a file that is no checkpoint, or that is none that PyTorch writes."""
    made, danger = io.BytesIO(), Runs(folder / MARKER)
    match draw.randrange(10):
        case 0:
            return pickle.dumps(draw.choice((danger, dict(state), {"model": danger})), draw.randrange(6))
        case 1:
            with tarfile.open(fileobj=made, mode="w") as tar:
                for name in ("sys_info", "pickle", "tensors", "storages"):
                    info = tarfile.TarInfo(name)
                    info.size = len(content := pickle.dumps(danger, 2))
                    tar.addfile(info, io.BytesIO(content))
        case 2:
            np.savez(made, **{f"a{i}": each.numpy() for i, each in enumerate(state.values())})
        case 3:
            np.save(made, np.array([danger], dtype=object), allow_pickle=True)
        case 4:
            with zipfile.ZipFile(made, "w") as archive:
                archive.writestr(draw.choice(("../../x", "archive/data.pkl", "/etc/x")), pickle.dumps(danger, 2))
                archive.writestr("archive/version", "3")
        case 5:
            return draw.choice((b"\x89PNG\r\n\x1a\n", b"\x1f\x8b\x08", b"%PDF-1.4", b"\x89HDF\r\n\x1a\n", b"ONNX")) * 50
        case 6:
            return json.dumps({key: each.tolist() for key, each in state.items()}).encode()
        case 7:
            header = json.dumps(
                {"a": {"dtype": "F32", "shape": [2**40, 2**40], "data_offsets": [0, 2**62]}, "__metadata__": {}}
            ).encode()
            return struct.pack("<Q", len(header)) + header
        case 8 if draw.random() < 0.1:
            torch.save(dict(state), made)
            return bomb(made.getvalue(), draw.choice(("archive/data/0", "archive/data.pkl")))
        case _:
            return b"\x80\x02" + b"(" * 5000 + bytes(draw.randrange(256) for _ in range(200)) + b"."
    return made.getvalue()


def raw_tensors(content: bytes) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """The tensors of a file and the configs in it, as PyTorch or safetensors read them."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        is_safe = content[8:9] == b"{"
        loaded: Any = (
            safetensors.torch.load(content) if is_safe else torch.load(io.BytesIO(content), "cpu", weights_only=True)
        )
    inner = next(
        (loaded[k] for k in ("model", "state_dict", "model_state_dict") if isinstance(loaded.get(k), dict)), loaded
    )
    tensors = {key: value for key, value in inner.items() if isinstance(value, torch.Tensor)}
    return tensors, [loaded[k] for k in ("config", "cfg", "model_args") if isinstance(loaded.get(k), dict)]


def complaint(
    imported: Imported, original: Sound, content: bytes, beside: bytes | None, declared: Mapping[str, object], out: Path
) -> str:
    """What is wrong with a network that was read, in words; empty if nothing is."""
    network, layout = imported.network, imported.source["layout"]
    tensors, configs = raw_tensors(content)
    told = [*configs, *([json.loads(beside)] if beside is not None else []), declared]
    settled = set(declared) | ({"act_fn", "attention", "norm", "eps", "attn_coeff"} if layout == "own.toml" else set())
    for each in told:
        if found := disagreement(network, layout, each, settled):
            return found
    if found := difference(network, layout, tensors):
        return found
    said = " ".join((*imported.assumed, *imported.read))
    stated = {STATES.get(key) for each in told for key in each} | set(declared)
    for field in ("act_fn", "attention", "eps", "attn_coeff", "norm"):
        differs = getattr(network.config, field) != getattr(original.network.config, field)
        if differs and field not in stated and field not in said and "normalisation" not in said:
            return f"{field} differs from the original, and nobody says so"
    return usable(network) or kept(imported, out)


def usable(network: Transformer) -> str:
    """Whether a network gives finite logits or is refused in a sentence."""
    c = network.config
    tokens = torch.randint(0, c.d_vocab, (4, min(c.n_ctx, 8)), generator=torch.Generator().manual_seed(0))
    if bool(torch.isfinite(network(tokens)).all()):
        return ""
    positions = tuple(tuple(sorted(set(column))) for column in tokens.T.tolist())
    classes = ((0,), (1,)) if c.d_vocab_out > 1 else ((0,),)
    try:
        with np.errstate(all="ignore"):
            record(network, Task("t", Domain(positions, tokens.shape[1] - 1), classes))
    except ScrubjayError:
        return ""
    return "its logits are not finite, and it was recorded"


def kept(imported: Imported, out: Path) -> str:
    """Whether a network is the same after it was written and read."""
    save_network(out, imported.network, source=imported.source, read=imported.read, assumed=imported.assumed)
    saved = read_network(out).network
    same = all(torch.equal(value, imported.network.weights[key]) for key, value in saved.weights.items())
    return "" if same and saved.config == imported.network.config else "it differs after it was written and read"


def words_to_declare(original: Sound, draw: random.Random) -> list[str]:
    """What a user could give with ``--set``."""
    fields = list(Config.__dataclass_fields__)
    if draw.random() < 0.5:
        field = draw.choice(fields)
        return [f"{field}={getattr(original.network.config, field)}"]
    values = (0, 1, 2, 3, 4, 5, 6, -1, 0.5, "relu", "gelu", "LN", "none", "RMS", "causal", "bidirectional", "true",
              "false", "nan", "inf", "9" * 5000, "1e999", "²", "", "=", "x" * 5000)  # fmt: skip
    return [f"{draw.choice([*fields, 'x', 'tied'])}={draw.choice(values)}" for _ in range(draw.choice((1, 1, 2)))]


def checkpoint_cases(layout: str, folder: Path) -> Callable[[random.Random], Case]:
    """What makes a changed checkpoint of a layout and gives its check."""
    original = sound(layout)
    (folder / "own.toml").write_text(OWN)

    def case(draw: random.Random) -> Case:
        torch.manual_seed(draw.randrange(2**32))
        for old in folder.glob("*.json"):
            old.unlink()
        state: dict[Any, Any] = dict(original.state)
        config, way = dict(original.config), draw.random()
        declared: list[str] = []
        if way < 0.35:
            for _ in range(draw.choice((1, 1, 2))):
                state = changed_state(state, draw, folder) or state
        elif way < 0.6:
            for _ in range(draw.choice((1, 1, 2))):
                config = changed_config(config, draw)
        if way < 0.75 and draw.random() < (0.2 if way < 0.6 else 1):
            declared = words_to_declare(original, draw)
        inside = layout not in ("pizza", "gpt2") and draw.random() < 0.5
        content, ending = _saved(state, config if inside else None, draw, folder)
        beside = (
            None
            if inside and draw.random() < 0.8
            else json_text(config, draw)
            if way > 0.3
            else json.dumps(_writable(config), default=str).encode()
        )
        if 0.75 <= way < 0.94:
            is_archive = content[:2] == b"PK"
            change = rezipped if is_archive and draw.random() < 0.6 else mutated
            content = change(content, draw, [*WORDS, *PICKLED])
        elif way >= 0.94:
            content = other_format(draw, folder, original.state)
        path = folder / ("pytorch_model.bin" if ending == ".bin" else f"model{ending}")
        for old in (*folder.glob("model.*"), *folder.glob("pytorch_model.bin")):
            old.unlink()
        path.write_bytes(content)
        if beside is not None:
            own = ending in (".pth", ".pt") or draw.random() < 0.3
            (folder / ("model.config.json" if own and ending != ".bin" else "config.json")).write_bytes(beside)
        given = folder if ending in (".bin", ".safetensors") and draw.random() < 0.5 else path
        asked = str(folder / layout) if layout == "own.toml" else draw.choice(("auto", "auto", layout))

        def check() -> str:
            imported = import_network(given, asked, _declared(declared))
            return complaint(imported, original, path.read_bytes(), beside, _declared(declared), folder / "out")

        names = (
            path.name,
            str(folder),
            "config.json",
            "own.toml",
            *(word.partition("=")[0] for word in declared if word),
        )
        return check, (*names, "--set")

    return case


def _saved(state: dict[Any, Any], config: object, draw: random.Random, folder: Path) -> tuple[bytes, str]:
    """The bytes of a checkpoint in one of the forms in which programs write them, and the ending of its name."""
    form = draw.choice(("archive", "legacy", "safetensors", "safetensors", "bin"))
    claims = sum(each.numel() for each in state.values() if isinstance(each, torch.Tensor))
    if form == "safetensors" and config is None and claims < 10**5:
        try:
            return safetensors.torch.save({k: v.contiguous().clone() for k, v in state.items()}), ".safetensors"
        except Exception:  # what safetensors cannot hold is written by PyTorch
            form = "archive"
    held = (
        state if config is None and draw.random() < 0.5 else {draw.choice(("model", "state_dict")): state, "epoch": 3}
    )
    if config is not None:
        held[draw.choice(("config", "cfg", "model_args"))] = config
    made = io.BytesIO()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.save(held, made, _use_new_zipfile_serialization=form != "legacy")
    return made.getvalue(), ".bin" if form == "bin" and config is None else draw.choice((".pth", ".pt"))
