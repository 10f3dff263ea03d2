"""Certificates of small networks against a forward pass at 60 digits, on every input."""

from dataclasses import replace
from itertools import product
from pathlib import Path

import pytest
import torch
from flint import ctx
from mpmath import mpf  # type: ignore[import-untyped]

from scrubjay.certify import prove
from scrubjay.certify.balls import BallNetwork
from scrubjay.certify.certificate_checker import IntegerNetwork, check_certificate
from scrubjay.certify.prove import certify, weights_digest
from scrubjay.core.errors import BadInput
from scrubjay.nets.config import Config
from scrubjay.nets.files.checkpoint import save_network
from scrubjay.nets.transformer import Transformer
from scrubjay.tasks.domain import Domain, ListedDomain, sampled_from
from scrubjay.tasks.task import Task
from tests.certify.many_digits import logits_of
from tests.nets.architectures import BASE, DEEP, ONE_LAYER, all_tokens, random_weights

POSITIONS = ((0, 1, 2), (3, 4), (5, 6))
KINDS = {
    **ONE_LAYER,
    **{f"deep, {name}": config for name, config in DEEP.items()},
    "no neurons": replace(BASE, d_mlp=0),
}


def written(network: Transformer, folder: Path) -> Path:
    save_network(folder / "net.safetensors", network)
    return folder / "net.safetensors"


@pytest.mark.parametrize("read_at", [2, 1])
@pytest.mark.parametrize("kind", KINDS)
def test_both_enclose_the_logits_at_60_digits_of_every_architecture(kind: str, read_at: int, tmp_path: Path) -> None:
    network = random_weights(KINDS[kind])
    domain = Domain(POSITIONS, read_at)
    file, inputs = written(network, tmp_path), [list(each) for each in product(*POSITIONS)]
    true = [logits_of(network, tokens, read_at) for tokens in inputs]
    balls = BallNetwork(prove.exact_network(file), POSITIONS, read_at, 128).logits(inputs)
    stated = {"positions": [list(p) for p in POSITIONS], "read_at": read_at, "classes": [[0], [1]], "answer": "argmax"}
    ctx.prec = 136
    rows, errors = IntegerNetwork(str(file), 96, stated).logits(inputs)
    for ball, row, error, right in zip(balls, rows, errors, true, strict=True):
        for each, number, value in zip(ball, row, right, strict=True):
            mantissa, exponent = each.mid().man_exp()
            radius, power = each.rad().man_exp()
            middle = mpf(int(mantissa)) * mpf(2) ** int(exponent)
            assert abs(middle - value) <= mpf(int(radius)) * mpf(2) ** int(power) < mpf("1e-8")
            assert abs(mpf(int(number)) / 2**96 - value) * 2**96 <= int(error) < 2**80
    task = all_tokens(network, domain)
    certificate = certify(file, task, jobs=1)
    (own,) = certificate.content["networks"].values()
    assert own["answers"] == [max(range(len(right)), key=right.__getitem__) for right in true]
    margins = [sorted(right)[-1] - sorted(right)[-2] for right in true]
    assert 0 < min(margins) - mpf(own["least_margin"]) < min(margins) * 1e-5
    assert own["undecided"] == own["run_differs"] == []
    certificate.save(tmp_path / "cert.json")
    checked = check_certificate(tmp_path / "cert.json", {"network": str(file)}, jobs=1)
    assert checked == certificate.content


def copier(numbers: list[list[float]]) -> Transformer:
    """A network of no attention and no MLP whose logits for the token t are the t-th row of numbers."""
    v, d = len(numbers), len(numbers[0])
    config = Config(d_vocab=v, n_ctx=1, d_model=d, n_heads=1, d_head=1, d_mlp=0, attn_only=True)
    network = Transformer(config, torch.float64).requires_grad_(False)
    network.set_weights({"W_E": torch.tensor(numbers, dtype=torch.float64), "W_U": torch.eye(d, v).double()})
    return network


TINY = 2.0**-60
"""Less than the rounding of float64 next to one."""


def test_a_tie_is_undecided_and_a_rounding_of_the_run_is_told(tmp_path: Path) -> None:
    network = copier([[1.0, 1.0, 0.0], [1.0, 0.5, 0.0], [1.0, 1.0, 1.0]])
    # Logit 1 is one and a little more than logit 0, which float64 does not hold in one number but in a sum of two.
    network.W_U[2, 1] = TINY
    task = Task("ties", Domain(((0, 1, 2),)), ((0,), (1,)))
    certificate = certify(written(network, tmp_path), task, jobs=1).content["networks"]["network"]
    assert certificate["answers"] == [None, 0, 1] and certificate["undecided"] == [0]
    assert certificate["run_differs"] == [2]
    assert 0 < certificate["least_margin"] < TINY


@pytest.mark.parametrize(
    ("answer", "classes", "expected"),
    [
        ("argmax", ((0,), (1,)), [0, 1, -1, -1]),
        ("groups", ((0,), (1,)), [0, 1, 1, 0]),
        ("groups", ((0, 3), (1, 2)), [0, 1, 1, 0]),
        ("argmax", ((0, 2), (1,)), [0, 1, 0, -1]),
        ("sign", ((), (1,)), [0, 1, 1, 0]),
    ],
)
def test_every_answer_rule(
    answer: str, classes: tuple[tuple[int, ...], ...], expected: list[int], tmp_path: Path
) -> None:
    rows = [[4.0, -1.0, 2.0, 0.0], [1.0, 3.0, 2.0, 0.5], [0.5, 1.0, 7.0, 0.0], [0.0, -5.0, -6.0, 1.0]]
    task = Task("rules", Domain(((0, 1, 2, 3),)), classes, answer=answer)  # type: ignore[arg-type]
    file = written(copier(rows), tmp_path)
    certificate = certify(file, task, jobs=1)
    assert certificate.content["networks"]["network"]["answers"] == expected
    certificate.save(tmp_path / "cert.json")
    check_certificate(tmp_path / "cert.json", {"network": str(file)}, jobs=1)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float16, torch.bfloat16])
def test_each_type_of_numbers_enters_without_rounding(dtype: torch.dtype, tmp_path: Path) -> None:
    network = random_weights(BASE).to(dtype)
    file = written(network, tmp_path)
    exact = prove.exact_network(file)
    read = IntegerNetwork(str(file), 96, {"positions": [[0]], "read_at": 0, "classes": [[0], [1]], "answer": "argmax"})
    for name, weight in network.weights.items():
        assert torch.equal(torch.from_numpy(exact.weights[name]), weight.double())
        flat = read.get(name)
        own = weight.transpose(0, 1).flatten(1) if name in ("W_Q", "W_K", "W_V") else weight
        assert torch.equal(torch.tensor(flat, dtype=torch.float64).flatten(), own.double().flatten())


def test_right_answers_are_counted_by_the_labels_of_the_task(tmp_path: Path) -> None:
    labels = torch.tensor([0, 0, 1])
    task = Task("labelled", Domain(((0, 1, 2),)), ((0,), (1,)), labels=labels)
    network = copier([[2.0, 1.0, 0.0], [1.0, 2.0, 0.0], [1.0, 1.0, 0.0]])
    content = certify(written(network, tmp_path), task, jobs=1).content
    assert content["counts"] == {"network": {"proved": 2, "undecided": 1, "right": 1, "wrong": 1}}


def test_two_networks_agree_where_both_answers_are_proved(tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
    rows = [[2.0, 1.0, 0.0], [1.0, 2.0, 0.0], [1.0, 1.0, 0.0], [3.0, 1.0, 0.0]]
    others = [[2.0, 1.0, 0.0], [2.0, 1.0, 0.0], [2.0, 1.0, 0.0], [5.0, 5.0, 0.0]]
    network, inner = written(copier(rows), tmp_path / "a"), written(copier(others), tmp_path / "b")
    task = Task("two", Domain(((0, 1, 2, 3),)), ((0,), (1,)))
    certificate = certify(network, task, inner=inner, jobs=2)
    assert certificate.content["counts"]["inner network"] == {"proved": 3, "undecided": 1, "same": 1, "different": 1}
    certificate.save(tmp_path / "cert.json")
    check_certificate(tmp_path / "cert.json", {"network": str(network), "inner network": str(inner)}, jobs=2)


def test_several_processes_prove_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    network = random_weights(BASE)
    task, file = all_tokens(network, Domain(POSITIONS)), written(network, tmp_path)
    alone = certify(file, task, jobs=1).content["networks"]["network"]
    monkeypatch.setattr(prove, "BLOCK", 4)
    together = certify(file, task, jobs=2).content["networks"]["network"]
    assert {**together, "seconds": 0} == {**alone, "seconds": 0}


def test_a_listed_domain_is_stated_as_a_list(tmp_path: Path) -> None:
    tokens = torch.tensor([[0, 3, 5], [2, 4, 6], [1, 1, 1]])
    network = random_weights(BASE)
    certificate = certify(written(network, tmp_path), all_tokens(network, ListedDomain.of(tokens)), jobs=1)
    assert certificate.content["task"]["inputs"] == tokens.tolist()
    certificate.save(tmp_path / "cert.json")
    check_certificate(tmp_path / "cert.json", {"network": str(tmp_path / "net.safetensors")}, jobs=1)


def test_what_cannot_be_certified_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    network = random_weights(BASE)
    file, domain = written(network, tmp_path), Domain(POSITIONS)
    with pytest.raises(BadInput, match=r"whole domain, and the 5 inputs of task random are a sample"):
        certify(file, all_tokens(network, sampled_from(domain, 5, seed=0)))
    with pytest.raises(BadInput, match=r"names no task, so one must be given"):
        certify(file)
    with pytest.raises(BadInput, match=r"cannot read .*missing"):
        certify(tmp_path / "missing.safetensors")
    monkeypatch.setattr(prove, "MOST_SECONDS", 0.0)
    with pytest.raises(BadInput, match=r"would take about 0 minutes for 12 inputs, and at most 0 are allowed"):
        certify(file, all_tokens(network, domain))


def test_the_hash_of_the_weights_does_not_depend_on_what_else_a_file_says(tmp_path: Path) -> None:
    network = random_weights(BASE)
    save_network(tmp_path / "a.safetensors", network)
    save_network(tmp_path / "b.safetensors", network, note="another manifest")
    assert weights_digest(tmp_path / "a.safetensors") == weights_digest(tmp_path / "b.safetensors")
