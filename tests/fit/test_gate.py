"""Truth tables, their names, and the gate read off by majority."""

from itertools import product

import torch

from scrubjay.fit.gate import Gate, read_gate


def test_each_of_the_sixteen_gates_has_its_name_and_is_read_back() -> None:
    bits = torch.tensor(list(product((False, True), repeat=2)) * 5)
    a, b = bits.T
    by_name = {
        "ALWAYS 0": a & ~a, "AND": a & b, "α AND NOT β": a & ~b, "α": a, "β AND NOT α": b & ~a, "β": b, "XOR": a ^ b,
        "OR": a | b, "NOR": ~(a | b), "XNOR": ~(a ^ b), "NOT β": ~b, "α OR NOT β": a | ~b, "NOT α": ~a,
        "β OR NOT α": b | ~a, "NAND": ~(a & b), "ALWAYS 1": a | ~a,
    }  # fmt: skip
    for name, ones in by_name.items():
        reading = read_gate(bits, ones)
        assert reading.gate.name == name
        assert reading.agreement == 1.0
        assert torch.equal(reading.gate(bits), ones)
    assert len(by_name) == 16


def test_the_majority_decides_and_the_agreement_counts_the_minority() -> None:
    bits = torch.tensor([[True, True]] * 4 + [[False, True]] * 3)
    ones = torch.tensor([True, True, True, False, False, False, True])
    reading = read_gate(bits, ones)
    assert reading.gate.table == (False, False, False, True)
    assert reading.counts.tolist() == [[0, 0], [2, 1], [0, 0], [1, 3]]
    assert reading.agreement == 5 / 7


def test_gates_of_other_sizes_are_named() -> None:
    assert Gate.conjunction(3).name == "AND of 3"
    assert Gate.disjunction(3).name == "OR of 3"
    assert Gate.conjunction(1).name == "α"
    assert Gate((True, False)).name == "NOT α"
    assert Gate((False, True, False, False, True, False, False, False)).name == "1 on 001, 100 of 3"


def test_either_way_is_the_gate_with_one_filter_set() -> None:
    bits = torch.tensor(list(product((False, True), repeat=3)))
    gate = Gate((False, True, True, False, True, True, False, False))
    for i in range(3):
        on, off = bits.clone(), bits.clone()
        on[:, i], off[:, i] = True, False
        with_it, without = gate.either_way(bits, i)
        assert torch.equal(with_it, gate(on)) and torch.equal(without, gate(off))
        assert torch.equal(torch.where(bits[:, i], with_it, without), gate(bits))
    assert torch.equal(gate(bits), torch.tensor(gate.table))
    assert torch.equal(gate(bits.T.contiguous().T), gate(bits))  # however they lie in memory
