"""The axis glossary: one letter an axis, and the array types that the stages pass on.

=====  ==============================================================
``n``  inputs of a domain, in row-major order of the varying positions
``s``  positions of a sequence
``h``  attention heads
``d``  model: the residual stream
``e``  head
``m``  hidden neurons of the MLP
``v``  vocabulary
``k``  filters
``r``  retained components
``t``  tokens that may stand at one position
``c``  columns that an answer is read from
=====  ==============================================================

Weights and sites carry TransformerLens's names: ``W_Q [h d e]``, ``resid_mid [n d]``. Everything is read at the
last position, so a site without an ``s`` axis is that site at the last position.
"""

from typing import TypeAlias

from jaxtyping import Bool, Float, Float64, Int
from torch import Tensor

Inputs: TypeAlias = Int[Tensor, "n"]
"""Row-major indices of inputs."""
Tokens: TypeAlias = Int[Tensor, "n s"]
"""The token at each position of each input."""
Choices: TypeAlias = Int[Tensor, "n s"]
"""For each position, which member of its token set an input has."""
Classes: TypeAlias = Int[Tensor, "n"]
"""The class of each input's answer or label; -1 where an answer lies in no class."""
Mask: TypeAlias = Bool[Tensor, "n"]
Residual: TypeAlias = Float[Tensor, "n d"]
"""A residual-stream site at the last position."""
Pattern: TypeAlias = Float[Tensor, "n h s"]
"""Attention from the last position."""
MeanPattern: TypeAlias = Float[Tensor, "h s"]
Directions: TypeAlias = Float64[Tensor, "k d"]
Components: TypeAlias = Float64[Tensor, "r d"]
Bits: TypeAlias = Bool[Tensor, "n k"]
"""For each input, which filters are on."""
