"""What the page computes, against the plain forward pass in float64, on every input."""

from pathlib import Path
from typing import Any

import pytest
import torch
from playwright.sync_api import Browser
from torch import Tensor

from scrubjay.evidence.filters import FILTERS
from scrubjay.evidence.mlp import MLP
from scrubjay.nets.transformer import Transformer
from scrubjay.report.page import Report
from scrubjay.study import Study
from scrubjay.tasks.task import Task
from tests.report.conftest import Opened

CLOSE = 1e-4
"""Of a site's largest magnitude."""


@torch.no_grad()
def plain_run(
    network: Transformer,
    task: Task,
    mean: Tensor,
    *,
    t: float = 1.0,
    move: Tensor | None = None,
    on: Tensor | None = None,
    fraction: float = 1.0,
) -> dict[str, Tensor]:
    """The plain forward pass with hooks at its sites, in float64; it shares no code with the page or the tables."""
    double = Transformer(network.config, dtype=torch.float64).requires_grad_(False)
    double.load_state_dict({name: value.double() for name, value in network.state_dict().items()})
    seen: dict[str, list[Tensor]] = {}

    def at(site: str, change: Any) -> None:
        def hook(module: Any, args: Any, value: Tensor) -> Tensor:
            changed: Tensor = change(value)
            last = changed[:, :, -1] if site == "pattern" else changed[:, -1]
            seen.setdefault(site, []).append(last)
            return changed

        getattr(double, site).register_forward_hook(hook)

    keep = torch.ones(network.config.d_mlp, dtype=torch.float64)
    if on is not None:
        keep = torch.zeros_like(keep).index_fill(0, on, 1.0)
    at("pattern", lambda pattern: mean[:, None].double() + t * (pattern - mean[:, None].double()))
    at("resid_mid", lambda stream: stream if move is None else stream + move)
    at("mlp_pre", lambda pre: pre)
    at("mlp_post", lambda post: post * keep)
    at("mlp_out", lambda out: fraction * out)
    at("resid_post", lambda stream: stream)
    at("logits", lambda logits: logits)
    for inputs in task.domain.chunks(1500):
        double(task.domain.tokens(inputs))
    return {site: torch.cat(parts) for site, parts in seen.items()}


def close(page: Any, plain: Tensor) -> None:
    """Every value within the tolerance."""
    found = torch.tensor(page, dtype=torch.float64)
    assert found.shape == plain.shape
    assert float((found - plain).abs().max()) <= CLOSE * float(plain.abs().max())


def asked_of(opened: Opened, expression: str) -> Any:
    """A typed array of the page, as a list."""
    return opened.page.evaluate(f"Array.from({expression})")


CASES: dict[str, dict[str, Any]] = {
    "full": {},
    "frozen": {"view": "frozen"},
    "between": {"t": 0.4, "length": -3.5, "direction": "1", "fraction": 0.7, "count": 30, "order": "index"},
}
SIZE = 22 * 22
"""The number of inputs of the small network."""


@pytest.mark.parametrize("case", CASES)
def test_every_input_is_computed_as_the_plain_forward_pass_does(fresh: Opened, small_study: Study, case: str) -> None:
    fresh.set(**CASES[case])
    run, settings = small_study.run, CASES[case]
    side = settings.get("view", "full")
    pca, filters = (own := small_study.found.of(FILTERS).sides[side]).pca, own.gate.fit.filters
    plain = plain_run(
        run.network,
        run.task,
        run.mean_pattern,
        t=settings.get("t", 0.0 if side == "frozen" else 1.0),
        move=settings.get("length", 0.0) * filters.directions[1],
        on=torch.arange(30) if case == "between" else None,
        fraction=settings.get("fraction", 1.0),
    )
    logits = plain["logits"][:, :2]
    assert len(logits) == SIZE
    assert asked_of(fresh, "scrubjay.scene.classes()") == logits.argmax(1).tolist()
    close(asked_of(fresh, "scrubjay.scene.answer.margins"), logits[:, 1] - logits[:, 0])
    for k in range(4):
        scores = (plain["resid_mid"] - pca.mean) @ pca.components[k]
        close(asked_of(fresh, f"scrubjay.scene.coordinates('mid{k}')"), scores)
    for k in range(filters.gate.k):
        values = plain["resid_mid"] @ filters.directions[k] - filters.thresholds[k]
        close(asked_of(fresh, f"scrubjay.scene.filterValues()[{k}]"), values)
    after = small_study.found.of(MLP).sides[side].resid_post
    for k in range(2):
        post = asked_of(fresh, f"scrubjay.scene.coordinates('post{k}')")
        close(post, (plain["resid_post"] - after.mean) @ after.components[k])
    neuron = int(fresh.page.evaluate("scrubjay.scene.settings.neuron"))
    close(asked_of(fresh, "scrubjay.scene.mlpPre()"), plain["mlp_pre"][:, neuron])
    n_heads = run.network.config.n_heads
    patterns = fresh.page.evaluate(f"Array.from({{ length: {SIZE} }}, (_, i) => Array.from(scrubjay.scene.pattern(i)))")
    close(torch.tensor(patterns).view(SIZE, 3, n_heads).transpose(1, 2).tolist(), plain["pattern"])


def test_the_page_says_that_it_agrees_with_the_analysis(fresh: Opened) -> None:
    assert "484 inputs" in fresh.text("#play .sj-status")
    assert fresh.text("#play .sj-status").endswith("Answers that differ from those of the analysis: 0.")


def test_neurons_taken_away_again_leave_what_was(fresh: Opened) -> None:
    before = asked_of(fresh, "scrubjay.scene.answer.margins")
    fresh.set(count=10)
    fewer = asked_of(fresh, "scrubjay.scene.answer.margins")
    fresh.set(count=48)
    after = asked_of(fresh, "scrubjay.scene.answer.margins")
    assert fewer != before
    assert after == pytest.approx(before, abs=1e-9)


def test_the_gate_follows_a_moved_threshold(fresh: Opened, small_study: Study) -> None:
    fit, act = small_study.found.of(FILTERS).sides["full"].gate.fit, small_study.run.full
    fresh.set(moved={"full": [0.5, -0.25], "frozen": [0, 0]})
    values = fit.filters.values(act.resid_mid) - torch.tensor([0.5, -0.25])
    agree = (fit.filters.gate(values > 0).long() == act.classes).double().mean()
    told = fresh.text("#play .sj-agreement")
    assert f"agrees with {100 * agree:.1f}% of the answers with the current settings" in told
    assert f"(as fitted: {100 * fit.agreement:.1f}%)" in told


def test_a_task_of_many_classes_is_answered_as_the_plain_forward_pass_does(
    browser: Browser, many_classes: Study, tmp_path: Path
) -> None:
    run = many_classes.run
    opened = Opened(browser, Report.of(many_classes).save(tmp_path / "report.html"))
    changed = {"t": 0.25, "fraction": 0.5, "count": 13, "order": "index", "length": 2, "seed": 9}
    every: list[dict[str, Any]] = [{}, changed]
    for settings in every:
        opened.set(**settings)
        direction = torch.tensor(asked_of(opened, "scrubjay.scene.direction()"), dtype=torch.float64)
        assert float(direction.norm()) == pytest.approx(1)
        plain = plain_run(
            run.network,
            run.task,
            run.mean_pattern,
            t=settings.get("t", 1.0),
            move=settings.get("length", 0) * direction,
            on=torch.arange(settings.get("count", 40)),
            fraction=settings.get("fraction", 1.0),
        )
        best = plain["logits"].topk(2, dim=1)
        assert asked_of(opened, "scrubjay.scene.classes()") == run.task.class_of(best.indices[:, 0]).tolist()
        close(asked_of(opened, "scrubjay.scene.answer.margins"), best.values[:, 0] - best.values[:, 1])
    assert opened.complaints == []
    assert opened.page.locator("#play .sj-agreement").count() == 0
    opened.close()


def test_without_a_worker_the_page_computes_the_same(browser: Browser, report: Path, fresh: Opened) -> None:
    expected = asked_of(fresh, "scrubjay.scene.answer.margins")
    context = browser.new_context(offline=True)
    context.add_init_script("globalThis.Worker = class { constructor() { throw new Error('forbidden'); } };")
    page = context.new_page()
    page.goto(report.resolve().as_uri())
    page.evaluate("scrubjay.whenIdle()")
    assert page.evaluate("Array.from(scrubjay.scene.answer.margins)") == pytest.approx(expected, abs=1e-9)
    context.close()
