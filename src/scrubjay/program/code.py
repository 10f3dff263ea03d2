"""The code that counts a program's bits; shorter is better, and a program must beat its table.

- A whole number n >= 0: Elias's gamma code of n + 1, ``2 floor(log2(n + 1)) + 1`` bits.
- A constant: the shortest ``m * 10**e``, m and e as whole numbers, so a round number is a short one; a fraction is two.
- k of n things, both ends knowing n: log2(n + 1) bits for k, and log2 C(n, k) for which.

The last one codes a program's exceptions, and the table itself too (the ones are the exceptions of "all 0"), so the
two compare. For a share p of ones the table takes n H(p) bits and a few.
"""

import math
from fractions import Fraction


def whole_bits(number: int) -> int:
    """Bits of a whole number."""
    return 2 * int(number + 1).bit_length() - 1


def constant_bits(constant: Fraction) -> int:
    """Bits of a positive or negative constant, without its sign."""
    return sum(_decimal_bits(abs(part)) for part in (constant.numerator, constant.denominator) if part != 1) + 1


def choice_bits(n: int, k: int) -> float:
    """Bits that say which k of n things are chosen."""
    return math.log2(n + 1) + (math.lgamma(n + 1) - math.lgamma(k + 1) - math.lgamma(n - k + 1)) / math.log(2)


def _decimal_bits(number: int) -> int:
    shortest, exponent = whole_bits(number) + whole_bits(0), 0
    while number and number % 10 == 0:
        number, exponent = number // 10, exponent + 1
        shortest = min(shortest, whole_bits(number) + whole_bits(exponent))
    return shortest
