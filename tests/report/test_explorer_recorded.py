"""What the explorer shows of networks that it does not run, against the plain forward pass on every input."""

import json
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from playwright.sync_api import Browser
from torch import Tensor

from scrubjay.core.errors import BadInput
from scrubjay.nets.config import Config
from scrubjay.nets.transformer import Transformer
from scrubjay.report import portrait
from scrubjay.report.page import Report
from scrubjay.report.portrait import Portrait
from scrubjay.report.portrait_json import portrait_json
from scrubjay.run import Settings
from scrubjay.study import explain
from scrubjay.tasks.domain import Domain, ListedDomain
from scrubjay.tasks.task import Task
from tests.nets.architectures import BASE, DEEP, LAST, MIDDLE, ONE_LAYER, all_tokens, random_weights
from tests.report.conftest import Opened

FOLDER = Path(__file__).parent / "explorer"
QUICK = Settings(draws=2)
LISTED = ListedDomain.of(torch.tensor([[a, b, (a * b) % 7] for a in range(7) for b in range(7)]), read_at=1)
CASES: dict[str, tuple[Config, Domain, tuple[str, ...]]] = {
    "LayerNorm": (ONE_LAYER["LayerNorm and GELU"], LAST, ("resid_mid", "resid_post")),
    "RMSNorm, a list": (ONE_LAYER["RMSNorm and SiLU"], LISTED, ("resid_mid", "resid_post")),
    "two layers": (
        DEEP["two layers"],
        MIDDLE,
        tuple(f"blocks.{layer}.{site}" for layer in (0, 1) for site in ("resid_mid", "resid_post")),
    ),
    "three layers, bidirectional": (
        DEEP["three layers, bidirectional"],
        MIDDLE,
        tuple(f"blocks.{layer}.{site}" for layer in (0, 1, 2) for site in ("resid_mid", "resid_post")),
    ),
    "attention only": (DEEP["attention only"], LAST, ("blocks.0.resid_mid", "blocks.1.resid_mid")),
}


@torch.no_grad()
def plain_run(network: Transformer, task: Task, held: list[Tensor] | None = None) -> dict[str, Tensor]:
    """Every site of every layer at the position that is read, with hooks, and whole patterns."""
    seen: dict[str, Tensor] = {}
    read = task.domain.read_at
    hooks = []

    def at(name: str, module: torch.nn.Module, pattern: Tensor | None) -> None:
        def hook(module: Any, args: Any, value: Tensor) -> Tensor:
            changed = value if pattern is None else pattern.expand_as(value)
            seen[name] = changed if name.endswith("pattern") else changed[:, read]
            return changed

        hooks.append(module.register_forward_hook(hook))

    for number, block in enumerate(network.blocks):
        for site in ("pattern", "resid_mid", "resid_post"):
            mean = held[number] if held is not None and site == "pattern" else None
            at(f"blocks.{number}.{site}", getattr(block, site), mean)
    seen["logits"] = network(task.domain.tokens(task.domain.inputs()))[:, read]
    for hook in hooks:
        hook.remove()
    return seen


@pytest.mark.parametrize("case", CASES)
def test_sites_patterns_and_answers_are_those_of_the_plain_forward_pass(case: str, tmp_path: Path) -> None:
    node = shutil.which("node")
    if node is None:
        pytest.skip("Node.js is not installed, and the explorer's modules run in it")
    config, domain, names = CASES[case]
    network = random_weights(config)
    task = replace(all_tokens(network, domain), token_names=("zero", "one"))
    (tmp_path / "portrait.json").write_text(portrait_json(Portrait.of(network, task)), encoding="utf-8")
    command = [node, "run_recorded.mjs", str(tmp_path / "portrait.json")]
    ended = subprocess.run(command, cwd=FOLDER, capture_output=True, text=True, timeout=120)
    assert ended.returncode == 0, ended.stderr
    found = json.loads(ended.stdout)
    plain = plain_run(network, task)
    patterns = [plain[f"blocks.{layer}.pattern"] for layer in range(config.n_layers)]
    assert [name for name, _, _ in found["sites"]] == list(names)
    for name, coordinates, labels in found["sites"]:
        site = plain[name if config.n_layers > 1 else f"blocks.0.{name}"]
        check_plane(site, torch.tensor(coordinates, dtype=torch.float64).T, labels, name)
    for layer, pattern in enumerate(found["patterns"]):
        mean = patterns[layer][:, :, domain.read_at].mean(0)  # [h, s]
        torch.testing.assert_close(torch.tensor(pattern, dtype=torch.float64), mean.T.flatten())
    tokens = [
        [("zero", "one", *map(str, range(2, 7)))[token] for token in row] for row in domain.tokens(domain.inputs())
    ]
    assert found["inputs"] == tokens
    frozen = plain_run(network, task, [pattern.mean(0) for pattern in patterns])
    assert found["classes"] == {
        "full": plain["logits"].argmax(-1).tolist(),
        "frozen": frozen["logits"].argmax(-1).tolist(),
    }
    assert found["shown"] == found["classes"]["full"]


def check_plane(site: Tensor, coordinates: Tensor, labels: list[str], name: str) -> None:
    """Coordinates are right if they are those of the directions of most variance, up to signs."""
    centred = site - site.mean(0)
    left, sizes, _ = torch.linalg.svd(centred, full_matrices=False)
    expected = (left * sizes)[:, :4]
    signs = (expected * coordinates).sum(0).sign()
    torch.testing.assert_close(coordinates, expected * signs, rtol=1e-5, atol=1e-5 * float(sizes[0]))
    shares = 100 * sizes**2 / (sizes**2).sum()
    assert labels == [f"component {k + 1} of {name} ({shares[k]:.1f}% of variance)" for k in range(4)]


def test_fewer_components_are_carried_where_more_have_no_room(monkeypatch: pytest.MonkeyPatch) -> None:
    network = random_weights(DEEP["two layers"])
    task = all_tokens(network, LAST)
    room = task.domain.size * 4 * 4
    for components in (2, 3):
        monkeypatch.setattr(portrait, "MOST_BYTES", components * room)
        recorded = Portrait.of(network, task).recorded
        assert recorded is not None
        assert [site.coordinates.shape for site in recorded.sites] == [(task.domain.size, components)] * 4
    monkeypatch.setattr(portrait, "MOST_BYTES", 2 * room - 1)
    with pytest.raises(BadInput, match=rf"the planes of its 4 sites take {2 * room:,} bytes, .* {2 * room - 1:,}"):
        Portrait.of(network, task)


def test_the_page_of_a_deeper_network_shows_its_planes(browser: Browser, tmp_path: Path) -> None:
    study = explain(random_weights(DEEP["LayerNorm and GELU (tanh)"]), all_tokens(random_weights(BASE), LAST), QUICK)
    opened = Opened(browser, Report.of(study).save(tmp_path / "report.html"))
    assert opened.text("#play .sj-status").startswith("This network has 2 layers, so the page does not run it")
    plane = opened.page.locator("#play .sj-plane")
    before = str(plane.evaluate("(canvas) => canvas.toDataURL()"))
    opened.page.locator("#play select[data-key=site]").select_option(label="blocks.0.resid_mid")
    opened.settle()
    assert str(plane.evaluate("(canvas) => canvas.toDataURL()")) != before
    assert opened.page.evaluate("scrubjay.scene.settings.x") == "0/0"
    opened.page.locator("#play canvas[aria-label^='full network:']").click(position={"x": 3, "y": 3})
    opened.page.mouse.move(5, 5)
    opened.settle()
    assert opened.text("#play .sj-inspector-title") == "1: 0, 2: 3, 3: 5 (pinned)"
    assert opened.page.locator(".sj-explorer input[type=range], .sj-neuron, .sj-strips").count() == 0
    assert opened.page.locator("#start").count() == 0, "there is no live network to start"
    assert opened.complaints == []
    opened.close()


def test_the_page_of_an_unusual_network_with_one_layer_runs_it(browser: Browser, tmp_path: Path) -> None:
    config = replace(BASE, act_fn="gelu", attn_biases=True, unembed_bias=True, attention="bidirectional")
    network = random_weights(config, seed=2)
    study = explain(network, all_tokens(network, replace(MIDDLE, read_at=0)), QUICK)
    opened = Opened(browser, Report.of(study).save(tmp_path / "report.html"))
    assert opened.text("#play .sj-status").endswith("Answers that differ from those of the analysis: 0.")
    assert opened.page.locator("#play").get_by_text("Attention from position 1").count() == 1
    opened.set(view="frozen")
    assert opened.text("#play .sj-status").endswith("Answers that differ from those of the analysis: 0.")
    assert opened.complaints == []
    opened.close()


def test_what_has_no_room_is_left_out_with_the_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    network = random_weights(DEEP["two layers"])
    study = explain(network, all_tokens(network, LAST), QUICK)
    monkeypatch.setattr(portrait, "MOST_BYTES", 100)
    html = Report.of(study).html
    assert "The network is not in this page: the planes of its 4 sites take" in html
    assert '<script type="application/json" id="portrait">null</script>' in html


def test_a_long_claim_id_breaks_after_its_dots_only(browser: Browser, tmp_path: Path) -> None:
    network = random_weights(DEEP["two layers"])
    study = explain(network, all_tokens(network, LAST), QUICK)
    opened = Opened(browser, Report.of(study).save(tmp_path / "report.html"))
    cell = opened.page.locator("td code", has_text="subspace.causal.blocks.0.resid_post")
    lines = cell.evaluate("""(code) => {
        const lines = new Map();
        for (const node of code.childNodes)
            for (let i = 0; i < (node.data ?? "").length; i++) {
                const range = document.createRange();
                range.setStart(node, i);
                range.setEnd(node, i + 1);
                const top = Math.round(range.getBoundingClientRect().top);
                lines.set(top, (lines.get(top) ?? "") + node.data[i]);
            }
        return [...lines.values()];
    }""")
    assert "".join(lines) == "subspace.causal.blocks.0.resid_post"
    assert len(lines) > 1 and all(line.endswith(".") for line in lines[:-1])
    opened.close()
