"""Boolean gates over filters: truth tables, their names, and the gate that fits given classes best."""

from dataclasses import dataclass
from itertools import product

import numpy as np
import torch
from jaxtyping import Int
from torch import Tensor

from scrubjay.core.axes import Bits, Mask

FILTER_NAMES = ("α", "β", "γ", "δ", "ε", "ζ", "η", "θ")
"""The names of the first eight filters."""
_OF_TWO = {
    "0000": "ALWAYS 0",
    "0001": "AND",
    "0010": "α AND NOT β",
    "0011": "α",
    "0100": "β AND NOT α",
    "0101": "β",
    "0110": "XOR",
    "0111": "OR",
    "1000": "NOR",
    "1001": "XNOR",
    "1010": "NOT β",
    "1011": "α OR NOT β",
    "1100": "NOT α",
    "1101": "β OR NOT α",
    "1110": "NAND",
    "1111": "ALWAYS 1",
}


@dataclass(frozen=True)
class Gate:
    """A Boolean function of k filters.

    Attributes:
        table: its value on (0, ..., 0, 0), (0, ..., 0, 1), ..., (1, ..., 1, 1); the last filter changes fastest.
    """

    table: tuple[bool, ...]

    @classmethod
    def conjunction(cls, k: int) -> "Gate":
        """The gate that is true where all k filters are on."""
        return cls(tuple(all(row) for row in product((False, True), repeat=k)))

    @classmethod
    def disjunction(cls, k: int) -> "Gate":
        """The gate that is true where at least one of the k filters is on."""
        return cls(tuple(any(row) for row in product((False, True), repeat=k)))

    @classmethod
    def parity(cls, k: int) -> "Gate":
        """The gate that is true where an odd number of the k filters is on; for two filters this is XOR."""
        return cls(tuple(sum(row) % 2 == 1 for row in product((False, True), repeat=k)))

    @property
    def k(self) -> int:
        """How many filters it takes."""
        return len(self.table).bit_length() - 1

    @property
    def name(self) -> str:
        """The gate's name, such as ``XOR`` or ``AND of 3``, or else the rows of the truth table on which it is true."""
        if self.k == 2:
            return _OF_TWO[_digits(self.table)]
        if self.k == 1:
            return {"01": "α", "10": "NOT α"}.get(_digits(self.table), f"ALWAYS {int(self.table[0])}")
        for name, gate in (
            ("AND", self.conjunction(self.k)),
            ("OR", self.disjunction(self.k)),
            ("XOR", self.parity(self.k)),
        ):
            if self == gate:
                return f"{name} of {self.k}"
        rows = [format(row, f"0{self.k}b") for row, value in enumerate(self.table) if value]
        return f"1 on {', '.join(rows) or 'none'} of {self.k}"

    def __call__(self, bits: Bits) -> Mask:
        """The gate's value for each input, shape [n]."""
        return torch.tensor(self.table).index_select(0, rows_of(bits))

    def either_way(self, bits: Bits, i: int) -> tuple[Mask, Mask]:
        """The gate's values with filter i on, and with it off, shape [n] each. Where they agree, the others decide."""
        rows, bit, table = rows_of(bits), 1 << (self.k - 1 - i), torch.tensor(self.table)
        return table.index_select(0, rows | bit), table.index_select(0, rows & ~bit)


@dataclass(frozen=True, eq=False)
class GateReading:
    """The gate that fits given classes best.

    Attributes:
        gate: the gate, whose value in each row of the truth table is the class of most inputs there; 0 in a row that no
            input has.
        counts: how many inputs of each row are of class 0 and of class 1, shape [2^k, 2].
        agreement: the share of inputs whose class the gate gives.
    """

    gate: Gate
    counts: Int[Tensor, "rows 2"]
    agreement: float


def _digits(table: tuple[bool, ...]) -> str:
    return "".join("01"[value] for value in table)


def rows_of(bits: Bits) -> Int[Tensor, "n"]:
    """The number of the row of the truth table that each input falls into, shape [n]."""
    columns = bits.numpy().view(np.uint8).T
    rows = np.zeros(len(bits), dtype=np.int64)
    for column in columns:  # in NumPy, which reads every k-th byte three times faster
        rows <<= 1
        rows |= column
    return torch.from_numpy(rows)


def read_gate(bits: Bits, ones: Mask) -> GateReading:
    """Find the gate that gives class 1 best.

    Args:
        bits: which filters are on, shape [n, k].
        ones: which inputs are of class 1, shape [n].
    """
    rows = rows_of(bits)
    counts = torch.bincount(2 * rows + ones.long(), minlength=2 * 2 ** bits.shape[1]).view(-1, 2)
    gate = Gate(tuple((counts[:, 1] > counts[:, 0]).tolist()))
    return GateReading(gate, counts, int(counts.max(1).values.sum()) / len(bits))
