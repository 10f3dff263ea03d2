"""Glossary of axis letters, and type aliases for the arrays that are passed between modules.

=====  ============================================================================
``n``  inputs of a domain, in row-major order of the varying positions
``s``  positions of the input sequence
``h``  attention heads
``d``  residual stream (``d_model``)
``e``  one head (``d_head``)
``m``  hidden neurons of the MLP (``d_mlp``)
``v``  vocabulary (``d_vocab``)
``k``  filters, or inner neurons
``r``  retained principal components
``l``  layers
``t``  tokens that can stand at one position
``c``  columns that an answer is read from: one for a class margin, ``v`` for logits
=====  ============================================================================

Weights and sites have TransformerLens's names, for example ``W_Q [h d e]`` and ``resid_mid [n d]``. A network's answer
is read at the last position, so a site without an ``s`` axis is the site's value at the last position.
"""

from typing import TypeAlias

from jaxtyping import Bool, Float, Float64, Int
from torch import Tensor

Inputs: TypeAlias = Int[Tensor, "n"]
"""Row-major indices of inputs."""
Tokens: TypeAlias = Int[Tensor, "n s"]
"""The token at each position of each input."""
Choices: TypeAlias = Int[Tensor, "n s"]
"""For each input and position, the index of its token within the position's token set."""
Classes: TypeAlias = Int[Tensor, "n"]
"""The class of each input's answer or label. An answer that belongs to no class has the value -1."""
Mask: TypeAlias = Bool[Tensor, "n"]
"""One Boolean for each input."""
Residual: TypeAlias = Float[Tensor, "n d"]
"""A site of the residual stream at the last position."""
Pattern: TypeAlias = Float[Tensor, "n h s"]
"""Attention from the last position to each position."""
MeanPattern: TypeAlias = Float[Tensor, "h s"]
"""One attention pattern for all inputs, usually the mean over the domain."""
Directions: TypeAlias = Float64[Tensor, "k d"]
"""Directions in the residual stream, one in each row."""
Components: TypeAlias = Float64[Tensor, "r d"]
"""Principal components of the residual stream, one in each row."""
Bits: TypeAlias = Bool[Tensor, "n k"]
"""For each input, which filters are on."""
