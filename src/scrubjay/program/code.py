"""The code that counts a program's bits. Shorter is better, and a program must beat the table of its labels.

- A whole number n >= 0 takes ``2 floor(log2(n + 1)) + 1`` bits: Elias's gamma code of n + 1.
- A constant takes the bits of the shortest ``m * 10**e`` that equals it, m and e as whole numbers, so round numbers are
  short. A fraction is two such numbers.
- A choice of k among n things, where n is known, takes log2(n + 1) bits for k and log2 C(n, k) bits for which k.

The last one codes a program's exceptions. It also codes the table itself, whose ones are the exceptions of the program
"0", so that programs and the table can be compared. For a share p of ones the table takes about n H(p) bits.

Source: Rissanen (1978), "Modeling by shortest data description"; Elias (1975) for the gamma code.
"""

import math
from fractions import Fraction


def whole_bits(number: int) -> int:
    """The bits of a whole number, 0 or larger."""
    return 2 * int(number + 1).bit_length() - 1


def constant_bits(constant: Fraction) -> int:
    """The bits of the magnitude of a constant other than 0; its sign is not counted."""
    return sum(_decimal_bits(abs(part)) for part in (constant.numerator, constant.denominator) if part != 1) + 1


def choice_bits(n: int, k: int) -> float:
    """The bits that say which k of n things are chosen."""
    return math.log2(n + 1) + (math.lgamma(n + 1) - math.lgamma(k + 1) - math.lgamma(n - k + 1)) / math.log(2)


def _decimal_bits(number: int) -> int:
    shortest, exponent = whole_bits(number) + whole_bits(0), 0
    while number and number % 10 == 0:
        number, exponent = number // 10, exponent + 1
        shortest = min(shortest, whole_bits(number) + whole_bits(exponent))
    return shortest
