"""The network inside the network as the explorer runs it, against the line that found it and the plain forward pass."""

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from scrubjay.evidence.inner import INNER
from scrubjay.evidence.inner.inner_network import InnerNetwork
from scrubjay.evidence.inner.measure import InnerResult
from scrubjay.report.portrait import Portrait
from scrubjay.report.portrait_json import portrait_json
from scrubjay.study import Study

FOLDER = Path(__file__).parent / "explorer"


def explored(study: Study, folder: Path) -> tuple[InnerResult, dict[str, Any]]:
    """What the line found, and what the explorer computes of it in Node.js."""
    node = shutil.which("node")
    if node is None:
        pytest.skip("Node.js is not installed, and the explorer's modules run in it")
    path = folder / "portrait.json"
    path.write_text(portrait_json(Portrait.of_study(study)), encoding="utf-8")
    command = [node, "run_inner.mjs", str(path)]
    ended = subprocess.run(command, cwd=FOLDER, capture_output=True, text=True, timeout=120)
    assert ended.returncode == 0, ended.stderr
    return study.found.of(INNER), json.loads(ended.stdout)


@torch.no_grad()
def plain_logits(inner: InnerNetwork, *, head: int | None = None, hinge: int | None = None) -> Tensor:
    """The inner network's logits by the plain forward pass, with a head or a hinge held at its mean over all inputs."""
    network, domain = inner.network, inner.task.domain
    tokens, read = domain.tokens(domain.inputs()), domain.read_at
    seen: dict[str, Tensor] = {}
    hooks = []

    def added(values: Tensor) -> Tensor:
        """What the head adds at the position that is read, shape [n, d]."""
        assert head is not None
        stream = network.W_E[tokens] + network.W_pos[: tokens.shape[1]]
        moved = torch.einsum("ns,nsd->nd", values[:, head, read], stream @ network.W_V[head])
        whole: Tensor = moved @ network.W_O[head]
        return whole

    def keep(module: Any, args: Any, value: Tensor) -> None:
        seen["pattern"] = value

    def hold_head(module: Any, args: Any, value: Tensor) -> Tensor:
        own = added(seen["pattern"])
        changed = value.clone()
        changed[:, read] += own.mean(0) - own
        return changed

    def hold_hinge(module: Any, args: Any, value: Tensor) -> Tensor:
        changed = value.clone()
        changed[:, read, hinge] = value[:, read, hinge].mean()
        return changed

    if head is not None:
        hooks = [network.pattern.register_forward_hook(keep), network.attn_out.register_forward_hook(hold_head)]
    if hinge is not None:
        hooks = [network.mlp_post.register_forward_hook(hold_hinge)]
    logits: Tensor = network(tokens)[:, read]
    for hook in hooks:
        hook.remove()
    return logits


@pytest.mark.parametrize("name", ["small_study", "hostile"])
def test_a_margin_is_the_sum_of_the_parts_and_each_part_counts_as_the_line_says(
    name: str, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    study: Study = request.getfixturevalue(name)
    result, found = explored(study, tmp_path)
    inner = result.inner
    assert found["classes"] == inner.classes.tolist()
    logits = plain_logits(inner)
    (zero,), (one,) = study.task.classes
    margin = logits[:, one] - logits[:, zero]
    parts = torch.tensor([found["linear"], *found["hinges"]], dtype=torch.float64)
    torch.testing.assert_close(parts.sum(0), margin, rtol=0, atol=1e-9 * float(margin.abs().max()))
    torch.testing.assert_close(
        torch.tensor(found["scores"], dtype=torch.float64), margin, rtol=0, atol=1e-9 * float(margin.abs().max())
    )
    assert float(parts.std(1).min()) > 0, "a part that says nothing"
    held = {
        f"{kind}{k}": each[1]
        for kind, test in (("head", result.heads), ("hinge", result.hinges))
        if test is not None
        for k, each in enumerate(test.held)
    }
    assert held.keys() == found["held"].keys() and max(held.values()) > 0.01
    for part, classes in found["held"].items():
        changed = sum(a != b for a, b in zip(classes, found["classes"], strict=True))
        assert changed / len(classes) == held[part], part
    assert len(set(found["without"])) == 1, "with no part left, every input gets the same answer"


def test_many_classes_are_answered_as_the_plain_forward_pass_does(many_classes: Study, tmp_path: Path) -> None:
    result, found = explored(many_classes, tmp_path)
    inner, task = result.inner, many_classes.task
    assert found["linear"] is None
    assert found["classes"] == inner.classes.tolist() == task.classes_of(plain_logits(inner)).tolist()
    heads, hinges = inner.network.config.n_heads, inner.network.config.d_mlp
    expected = {f"head{k}": plain_logits(inner, head=k) for k in range(heads)}
    expected |= {f"hinge{k}": plain_logits(inner, hinge=k) for k in range(hinges)}
    assert found["held"] == {part: task.classes_of(logits).tolist() for part, logits in expected.items()}
    assert heads > 0 and hinges > 0
    assert any(classes != found["classes"] for classes in found["held"].values())
    assert len(set(found["without"])) == 1
