"""The explorer's modules without a browser: Node's own tests of them, and their numbers against Python's."""

import json
import re
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from scrubjay.nets.config import Config
from scrubjay.nets.transformer import Transformer
from scrubjay.report.portrait import Portrait, View
from scrubjay.report.portrait_json import portrait_json
from scrubjay.tasks.domain import Domain, ListedDomain, sampled_from
from scrubjay.tasks.task import Task
from tests.nets.architectures import BASE, DOMAINS, LAST, MIDDLE, ONE_LAYER, all_tokens, random_weights

FOLDER = Path(__file__).parent / "explorer"
MODULES = sorted(FOLDER.glob("*.test.mjs"))
OLDEST = 20
"""The first major version of Node that has all of JavaScript that the explorer uses."""
CLOSE = {torch.float32: 1e-6, torch.float64: 1e-10}
"""How far the explorer's numbers may lie from Python's, as a share of the largest magnitude, by precision.
Both compute in float64, but the mean pattern of a float32 network sums to one only to the precision of float32."""


@pytest.fixture(scope="module")
def node() -> str:
    """The path of Node.js."""
    path = shutil.which("node")
    if path is None:
        pytest.skip("Node.js is not installed, and the tests of the explorer's modules run in it")
    version = subprocess.run([path, "--version"], capture_output=True, text=True, check=True).stdout.strip()
    if int(version.lstrip("v").split(".")[0]) < OLDEST:
        pytest.skip(f"the tests of the explorer's modules need Node.js {OLDEST} or newer; {path} is {version}")
    return path


@pytest.mark.parametrize("module", MODULES, ids=lambda path: path.name.removesuffix(".test.mjs"))
def test_the_modules_pass_their_tests_in_node(node: str, module: Path) -> None:
    command = [node, "--test", "--test-reporter=tap", str(module)]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=120)
    output = ended.stdout + ended.stderr
    if ended.returncode != 0:
        pytest.fail(f"tests of {module.name} failed in Node.js:\n{output}", pytrace=False)
    passed = re.search(r"^# pass (\d+)$", output, re.MULTILINE)
    assert passed is not None and int(passed[1]) > 0, f"Node.js ran no test of {module.name}:\n{output}"


def test_every_computing_module_has_tests() -> None:
    tested = {path.name.removesuffix(".test.mjs") for path in MODULES}
    computing = {"activation", "decode", "network", "readout", "scene", "recorded", "grid", "colours", "answers"}
    assert computing | {"panels", "page"} <= tested


SMALL = Config(d_vocab=7, n_ctx=3, d_model=6, n_heads=2, d_head=4, d_mlp=9)


def network_of(seed: int, config: Config = SMALL, **about: Any) -> Transformer:
    """A network with random weights and biases, large enough that its ReLUs and its attention matter."""
    network = Transformer(config, **about)
    draw = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for weight in network.parameters():
            weight.copy_(0.7 * torch.randn(weight.shape, generator=draw, dtype=torch.float64))
    return network.requires_grad_(False)


def between_two(network: Transformer) -> Transformer:
    """The network, changed so that it always answers with token 0 or token 1: one of their logits is positive."""
    network.W_U[:, 1] = -network.W_U[:, 0]
    network.W_U[:, 2:] = 0
    return network


SQUARE = Domain.square(6, last=6)
HALVES = ((0, 1, 2), (3, 4, 5, 6))
LABELS = torch.arange(36) % 2
SIDES = Domain(((0, 2), (5, 1, 3), (4,), (0, 6), (7,)))

CASES: dict[str, tuple[Transformer, Task]] = {
    "the margin of two tokens": (
        between_two(network_of(1)),
        Task("</script>", SQUARE, ((0,), (1,)), LABELS, LABELS == 0, names=("a", "b", "=")),
    ),
    "two classes of many tokens": (network_of(4), Task("halves", SQUARE, HALVES, LABELS)),
    "answers in no class": (network_of(2), Task("strays", SQUARE, ((0,), (5,)))),
    "three classes, five positions, float64": (
        network_of(6, Config(8, 5, 5, 3, 2, 6), dtype=torch.float64),
        Task("three", SIDES, ((0, 1), (2, 3, 4), (5, 6, 7))),
    ),
    "attention that was fixed in training": (
        network_of(3, frozen_pattern=[[0.2, 0.5, 0.3], [0.6, 0.3, 0.1]]),
        Task("fixed", SQUARE, HALVES),
    ),
    "no neurons": (network_of(7, Config(7, 3, 6, 2, 4, 0)), Task("no neurons", SQUARE, HALVES)),
}
PLAYED = {
    **{name: config for name, config in ONE_LAYER.items() if config.norm == "none"},
    "GELU": replace(BASE, act_fn="gelu", unembed_bias=True),
    "GELU (tanh), mixed attention": replace(BASE, act_fn="gelu_new", attn_coeff=0.25, attention="bidirectional"),
    "SiLU": replace(BASE, act_fn="silu", attn_biases=True, d_vocab_out=4),
}
CASES |= {
    f"{name}, {where}": (network := random_weights(config, seed=at), all_tokens(network, domain))
    for at, (name, config) in enumerate(PLAYED.items())
    for where, domain in DOMAINS.items()
    if where in ("last", "constant in the middle")
}
LISTED = ListedDomain.of(torch.tensor([[a, b, (a * b) % 7, 3] for a in range(7) for b in range(3, 7)]), read_at=2)
EVERYTHING = replace(BASE, act_fn="gelu", attn_biases=True, unembed_bias=True, attn_coeff=0.7, d_vocab_out=5)
GROUPS = ((4,), (2, 0))
CASES |= {
    "a list of inputs": (random_weights(EVERYTHING, 3), Task("list", LISTED, ((0,), (1, 4), (2,), (3,)))),
    "a sample": (random_weights(EVERYTHING, 4), Task("sample", sampled_from(MIDDLE, 30, 1), ((0, 1), (2, 3, 4)))),
    "answers among groups": (random_weights(EVERYTHING, 5), Task("groups", LAST, GROUPS, answer="groups")),
    "two tokens of several": (random_weights(EVERYTHING, 9), Task("two", LAST, ((3,), (1,)), answer="groups")),
    "the sign of a logit": (random_weights(EVERYTHING, 7), Task("sign", LAST, ((), (2,)), answer="sign")),
}
SETTINGS: list[dict[str, Any]] = [
    {},
    {"view": "frozen", "t": 0},
    {"t": 0.35, "length": 1.5, "direction": "random", "seed": 3, "fraction": 0.6, "count": 4, "order": "index"},
    {"view": "frozen", "t": 0.8, "fraction": 1.25, "count": 3},
]


@pytest.mark.parametrize("case", CASES)
def test_a_portrait_from_python_gives_pythons_numbers_on_every_input(node: str, case: str, tmp_path: Path) -> None:
    network, task = CASES[case]
    portrait = Portrait.of(network, task)
    settings = [{**each, "count": min(each.get("count", 99), network.config.d_mlp)} for each in SETTINGS]
    for name, text in (("portrait", portrait_json(portrait)), ("settings", json.dumps(settings))):
        (tmp_path / f"{name}.json").write_text(text, encoding="utf-8")
    command = [node, "run_portrait.mjs", str(tmp_path / "portrait.json"), str(tmp_path / "settings.json")]
    ended = subprocess.run(command, cwd=FOLDER, capture_output=True, text=True, timeout=120)
    assert ended.returncode == 0, ended.stderr
    every = json.loads(ended.stdout)
    assert len(every) == len(settings)
    for asked, found in zip(settings, every, strict=True):
        check(portrait, asked, found)
    for found in every:
        assert len(set(found["margins"])) > 1, "the case tells no inputs apart"


def check(portrait: Portrait, asked: dict[str, Any], found: dict[str, Any]) -> None:
    """Hold what the explorer found with some settings against the plain forward pass."""
    task, network = portrait.task, portrait.network
    view = next(each for each in portrait.views if each.name == asked.get("view", "full"))
    used = (torch.arange(network.config.d_mlp) if asked.get("order") == "index" else view.order)[: asked["count"]]
    direction = torch.tensor(found["direction"], dtype=torch.float64)
    assert float(direction.norm()) == pytest.approx(1)
    sites = plain_run(
        portrait, asked.get("t", 1.0), asked.get("length", 0.0) * direction, used, asked.get("fraction", 1.0)
    )
    logits = sites["logits"]
    classes = task.classes_of(logits)
    if portrait.reads_margin:
        (one,) = task.classes[1]
        margins = logits[:, one] - (0.0 if task.answer == "sign" else logits[:, task.classes[0][0]])
    else:
        read = [token for group in task.classes for token in group]
        best = (logits[:, read] if task.answer == "groups" else logits).topk(2, dim=1)
        margins = best.values[:, 0] - best.values[:, 1]
    assert found["names"] == list(task.position_names)
    assert found["order"] == (view.order if asked.get("order") != "index" else view.order.sort().values).tolist()
    assert found["analysed"] == view.classes.tolist()
    assert found["classes"] == classes.tolist()
    if asked.get("t", 1.0) == {"full": 1.0, "frozen": 0.0}[view.name]:
        assert found["classes"] == found["analysed"]
    tolerance = CLOSE[network.dtype]
    close(found["margins"], margins, tolerance)
    close(found["pattern"], sites["pattern"].transpose(1, 2).flatten(1), tolerance)
    check_axes(view, sites, found, tolerance)


def check_axes(view: View, sites: dict[str, Tensor], found: dict[str, Any], tolerance: float) -> None:
    """Hold coordinates, filters and the neuron against the sites that they are computed from."""
    axes = {
        f"{key}{k}": (sites[site] - pca.mean) @ component
        for key, site, pca in (("mid", "resid_mid", view.mid), ("post", "resid_post", view.post))
        if pca is not None
        for k, component in enumerate(pca.components[:4])
    }
    if view.filters is None:
        assert found["gate"] is None
    else:
        values = view.filters.values(sites["resid_mid"])
        axes |= {f"filter{k}": column for k, column in enumerate(values.T)}
        assert found["gate"] == view.filters.gate(values > 0).long().tolist()
    assert found["axes"].keys() == axes.keys()
    for key, expected in axes.items():
        close(found["axes"][key], expected, tolerance)
    if len(view.order):
        neuron, values = found["neuron"]
        close(values, sites["mlp_pre"][:, neuron], tolerance)
    else:
        assert found["neuron"] is None


@torch.no_grad()
def plain_run(portrait: Portrait, t: float, move: Tensor, used: Tensor, fraction: float) -> dict[str, Tensor]:
    """The plain forward pass in float64 with hooks at its sites; it shares no code with the explorer or the tables."""
    network = portrait.network
    double = Transformer(network.config, dtype=torch.float64, frozen_pattern=network.frozen_pattern)
    double.load_state_dict({name: value.double() for name, value in network.state_dict().items()})
    mean = portrait.mean_pattern[:, None].double()
    keep = torch.zeros(network.config.d_mlp, dtype=torch.float64).index_fill(0, used, 1.0)
    read = portrait.task.domain.read_at
    changes: dict[str, Any] = {
        "pattern": lambda pattern: mean + t * (pattern - mean),
        "resid_mid": lambda stream: stream + move,
        "mlp_pre": lambda pre: pre,
        "mlp_post": lambda post: post * keep,
        "mlp_out": lambda out: fraction * out,
        "resid_post": lambda stream: stream,
        "logits": lambda logits: logits,
    }
    seen: dict[str, Tensor] = {}

    def at(site: str, change: Any) -> None:
        def hook(module: Any, args: Any, value: Tensor) -> Tensor:
            changed: Tensor = change(value)
            seen[site] = changed[:, :, read] if site == "pattern" else changed[:, read]
            return changed

        getattr(double, site).register_forward_hook(hook)

    for site, change in changes.items():
        if not (network.config.attn_only and site.startswith("mlp")):
            at(site, change)
    double(portrait.task.domain.tokens(portrait.task.domain.inputs()))
    return seen


def close(found: Any, expected: Tensor, tolerance: float) -> None:
    """Every value within the tolerance."""
    values = torch.tensor(found, dtype=torch.float64)
    assert values.shape == expected.shape
    assert float((values - expected).abs().max()) <= tolerance * max(float(expected.abs().max()), 1e-3)
