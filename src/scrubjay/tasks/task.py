"""The task: a domain, the classes of answers, and, where they are known, labels and a split."""

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from operator import index
from typing import Any, Literal, Protocol, get_args, runtime_checkable

import numpy as np
import torch
from jaxtyping import Float, Int
from numpy.typing import ArrayLike
from torch import Tensor

from scrubjay.core.axes import Classes, Mask
from scrubjay.core.errors import BadInput
from scrubjay.tasks.domain import LARGEST_TOKEN, Domain
from scrubjay.tasks.recipe import Recipe

Answer = Literal["argmax", "groups", "sign"]
"""How the class of an answer follows from the logits."""
MOST_CLASSES = 100_000
"""Labels from this number on are refused, since they are almost certainly not the numbers of classes."""


@runtime_checkable
class Sizes(Protocol):
    """What a task must know of a network to tell whether it fits; ``scrubjay.nets.config.Config`` provides it."""

    @property
    def d_vocab(self) -> int:
        """Number of tokens."""

    @property
    def d_vocab_out(self) -> int:
        """Number of logits."""

    @property
    def n_ctx(self) -> int:
        """The largest number of positions."""

    def check_domain(self, domain: Domain) -> None:
        """Raise ``BadInput`` if the network cannot read the inputs of a domain."""


@dataclass(frozen=True, eq=False)
class Task:
    """What a network is asked, and how its answers are judged.

    The answer is read from the logits at one position of the input (``domain.read_at``). By default a network answers
    with the token of its largest logit, and the class of an answer is the group of tokens that it belongs to.

    Example:
        >>> task = Task.from_arrays([[0, 1], [1, 0]], name="exclusive or")
        >>> task.domain.size, task.is_binary
        (4, True)

    Attributes:
        name: a name for titles and messages.
        domain: all inputs.
        classes: the tokens of each class.
        labels: the class of each input's right answer, shape [n], or None if no answer is known to be right.
        train: True for each input that is used in training, shape [n], or None if there is no split.
        recipe: how a network for this task is made and trained, or None if the task has no recipe of its own.
        published: figures that somebody has published for another network on this task, by the id of our claim.
        answer: how the class follows from the logits. ``argmax``: the class that contains the token of the largest of
            all logits. ``groups``: the class that contains the token of the largest logit among the tokens of all
            classes. ``sign``: class 1 if the logit of a single token is positive, else class 0; ``classes`` is then
            ``((), (token,))``.
        token_names: the name of each token, by its number, or nothing if tokens have no names.
        names: a name for each position, such as ("a", "b", "="). Use ``position_names`` to read them.
        source: the words from which ``named_task`` makes this task again, or None if there are none, as for a task
            that was made from arrays.
        last_is_assumed: True if nobody has stated the token at the last position, so that it had to be assumed.
            ``check_fits`` then accepts only a network that leaves no other choice.

    Raises:
        BadInput: there are fewer than two classes, classes overlap, or labels, split or names do not fit the domain.
    """

    name: str
    domain: Domain
    classes: tuple[tuple[int, ...], ...]
    labels: Classes | None = None
    train: Mask | None = None
    recipe: Recipe | None = None
    published: Mapping[str, float] = field(default_factory=dict)
    answer: Answer = "argmax"
    token_names: tuple[str, ...] = ()
    names: tuple[str, ...] = ()
    source: str | None = None
    last_is_assumed: bool = False

    def __post_init__(self) -> None:
        tokens = [token for group in self.classes for token in group]
        if self.answer not in get_args(Answer):
            raise BadInput(
                f"the answer of task {self.name} is {' or '.join(get_args(Answer))}, and not {self.answer!r}"
            )
        if self.answer == "sign":
            if len(self.classes) != 2 or self.classes[0] or len(self.classes[1]) != 1:
                raise BadInput(
                    f"task {self.name} reads the sign of one logit, so its classes must be ((), (token,)); they are "
                    f"{self.classes}"
                )
        elif len(self.classes) < 2 or not all(self.classes):
            raise BadInput(f"task {self.name} needs two classes or more, each with a token; it has {self.classes}")
        if min(tokens) < 0:
            raise BadInput(f"task {self.name} has the negative token {min(tokens)} in a class")
        if max(tokens) > LARGEST_TOKEN:
            raise BadInput(f"task {self.name} has the token {max(tokens)} in a class; the largest is {LARGEST_TOKEN}")
        if len(set(tokens)) != len(tokens):
            raise BadInput(f"task {self.name} has a token in two classes: {self.classes}")
        if self.names and len(self.names) != self.domain.n_ctx:
            raise BadInput(
                f"task {self.name} needs one name for each of its {self.domain.n_ctx} positions, the constant last one "
                f"included; it has {len(self.names)}: {self.names}"
            )
        for what, values in (("labels", self.labels), ("split", self.train)):
            if values is not None and values.shape != (self.domain.size,):
                raise BadInput(
                    f"the {what} of task {self.name} must hold one value for each of the {self.domain.size} inputs, "
                    f"and has the shape {tuple(values.shape)}"
                )
        if self.labels is not None:
            self._check_labels(self.labels)

    def _check_labels(self, labels: Classes) -> None:
        low, high = int(labels.min()), int(labels.max())
        if low < 0 or high >= len(self.classes):
            raise BadInput(
                f"the labels of task {self.name} must be classes 0 to {len(self.classes) - 1}, and hold "
                f"{low if low < 0 else high}"
            )
        if low == high:
            raise BadInput(
                f"all {self.domain.size} labels of task {self.name} are class {low}: with one class only there is "
                f"nothing to explain"
            )

    @property
    def is_binary(self) -> bool:
        """Whether there are exactly two classes."""
        return len(self.classes) == 2

    def token_name(self, token: int) -> str:
        """The name of a token; its number if it has no name."""
        return self.token_names[token] if token < len(self.token_names) else str(token)

    @property
    def position_names(self) -> tuple[str, ...]:
        """A name for each position: those given as ``names``, else "1", "2" and so on."""
        return self.names or tuple(str(number) for number in range(1, self.domain.n_ctx + 1))

    @property
    def words(self) -> str:
        """What to store with a network so that its task is found again: ``source``, or the name if there is none."""
        return self.source or self.name

    def mistakes(self, classes: Classes) -> Mask | None:
        """Where answers differ from labels that are known, shape [n].

        Args:
            classes: the class of each answer, shape [n].

        Returns:
            The mistakes, or None if the task has no labels or there is no mistake.
        """
        if self.labels is None:
            return None
        wrong = (self.labels >= 0) & (classes != self.labels)
        return wrong if bool(wrong.any()) else None

    def is_replicated_by(self, recipe: Recipe | None) -> bool:
        """Whether a network of this recipe replicates the network whose figures were published for this task.

        Args:
            recipe: how the network was made and trained, or None if that is not known.

        Returns:
            True only if the task has published figures and the recipe equals the task's own in everything but the seed:
            the same sizes, the same number of epochs, the same optimiser.
        """
        if not self.published or self.recipe is None or recipe is None:
            return False
        return replace(recipe, seed=self.recipe.seed) == self.recipe

    def check_fits(self, network: Sizes) -> None:
        """Check that a network can read every input of this task and give every answer.

        Args:
            network: the sizes of the network, usually ``network.config``.

        Raises:
            BadInput: the inputs have another length, an input or a class has a token that the network lacks, or the
                last token was only assumed and the network has other tokens that it might be.
        """
        if self.domain.n_ctx == network.n_ctx:
            self._check_assumption(network)
        network.check_domain(self.domain)
        for number, group in enumerate(self.classes):
            if group and max(group) >= network.d_vocab_out:
                raise BadInput(
                    f"class {number} of task {self.name} has the token {max(group)}, and the network only the tokens "
                    f"0 to {network.d_vocab_out - 1}, so it can never give that answer"
                )

    def _check_assumption(self, network: Sizes) -> None:
        """Refuse an assumed last token unless it is the one token that the network has beyond those of the axes."""
        if not self.last_is_assumed:
            return
        (last,) = self.domain.positions[-1]
        is_too_small = network.d_vocab < last  # then it lacks a token of the axes too, which check_domain says
        if is_too_small or network.d_vocab == last + 1:
            return
        shape = " x ".join(str(count) for count in self.domain.counts[:-1])
        raise BadInput(
            f"task {self.name} does not state its constant last token. Its labels have the shape {shape}, so the last "
            f"token would be {last}, but the network has the tokens 0 to {network.d_vocab - 1}. State the last token: "
            f"`last=` in Task.from_arrays, the array `last` in the .npz file, or LABELS.npz:last={network.d_vocab - 1} "
            f"on the command line"
        )

    def class_of(self, answers: Int[Tensor, "n"]) -> Classes:
        """Find the class of each answer token; -1 for a token that is in no class.

        Args:
            answers: tokens, shape [n].
        """
        table = self._class_of_token.to(answers.device)
        return table[answers.clamp(max=len(table) - 1)]

    @cached_property
    def _class_of_token(self) -> Int[Tensor, "o"]:
        """The class of each token that can be an answer, -1 for others; the last entry stands for all larger tokens."""
        table = torch.full((max(token for group in self.classes for token in group) + 2,), -1)
        for number, group in enumerate(self.classes):
            table[list(group)] = number
        return table

    def classes_of(self, logits: Float[Tensor, "n o"]) -> Classes:
        """The class of each answer, shape [n], from all logits at the position that is read.

        Args:
            logits: shape [n, o].
        """
        if self.answer == "argmax":
            return self.class_of(logits.argmax(-1))
        if self.answer == "sign":
            return (logits[:, self.classes[1][0]] > 0).long()
        best = [logits[:, torch.tensor(group, device=logits.device)].amax(1) for group in self.classes]
        return torch.stack(best, 1).argmax(1)

    def targets(self) -> Int[Tensor, "n"]:
        """The right answer token of each input, shape [n], which the loss in training is computed against.

        Raises:
            BadInput: the task has no labels, or a class has several tokens.
        """
        if self.labels is None:
            raise BadInput(f"task {self.name} has no labels to train on")
        if any(len(group) != 1 for group in self.classes):
            raise BadInput(
                f"task {self.name} has classes of none or several tokens, so no one token is the right answer"
            )
        return torch.tensor([group[0] for group in self.classes])[self.labels]

    @classmethod
    def from_arrays(
        cls,
        labels: ArrayLike,
        *,
        name: str = "own task",
        tokens: Sequence[Sequence[int]] | None = None,
        last: int | None = None,
        classes: Sequence[Sequence[int]] | None = None,
        train: ArrayLike | None = None,
        names: Sequence[str] = (),
    ) -> "Task":
        """Make a task of your own from an array of labels.

        Example:
            >>> import numpy as np
            >>> a, b = np.indices((7, 7))
            >>> task = Task.from_arrays(a < b, name="less than", last=7, names=("a", "b", "="))
            >>> task.position_names
            ('a', 'b', '=')

        Args:
            labels: an array of whole numbers with one axis for each varying position. It holds the class of each input.
            name: a name for titles and messages.
            tokens: the tokens along each axis; by default 0, 1, 2 and so on.
            last: the constant token at the last position. If it is not given, the task assumes the token after the
                largest one of the axes, and ``check_fits`` accepts only a network whose largest token that is.
            classes: the tokens of each class; by default class i is the token i.
            train: a Boolean array of the same shape as the labels, True for each input to train on.
            names: a name for each position, the last one included; by default "1", "2" and so on.

        Raises:
            BadInput: the labels are not whole numbers, are all of one class, or do not fit the tokens.
        """
        matrix = _whole_numbers(labels, name)
        sets = _groups(tokens if tokens is not None else [range(side) for side in matrix.shape], "token sets", name)
        if tuple(len(axis) for axis in sets) != matrix.shape:
            raise BadInput(
                f"the labels of task {name} have the shape {matrix.shape}, and its token sets the lengths "
                f"{tuple(len(axis) for axis in sets)}; they must be the same"
            )
        groups = classes if classes is not None else [[each] for each in range(max(2, int(matrix.max()) + 1))]
        assumed = max(max(axis) for axis in sets) + 1
        ((at_the_end,),) = _groups([[assumed if last is None else last]], "last token", name)
        split = None if train is None else _array(train, f"the split of task {name}")
        if split is not None and (split.shape != matrix.shape or split.dtype != np.bool_):
            raise BadInput(
                f"the split of task {name} must be Boolean of the labels' shape {matrix.shape}; it is {split.dtype} "
                f"of shape {split.shape}"
            )
        return cls(
            name=name,
            domain=Domain((*sets, (at_the_end,))),
            classes=_groups(groups, "classes", name),
            labels=torch.from_numpy(matrix.reshape(-1)),
            train=None if split is None else torch.from_numpy(split.reshape(-1).copy()),
            names=tuple(names),
            last_is_assumed=last is None,
        )


def seeded_split(domain: Domain, fraction: float, seed: int) -> Mask:
    """Choose the inputs to train on by shuffling the row-major list of all inputs with ``random.Random(seed)``.

    Args:
        domain: all inputs.
        fraction: the share of the inputs to train on, rounded down to a whole number of inputs.
        seed: seed for the shuffle.

    Returns:
        True for each input to train on, shape [n].

    Raises:
        BadInput: the fraction leaves no input to train on, or none to test on.
    """
    kept = int(fraction * domain.size) if 0 < fraction < 1 else 0
    if not 0 < kept < domain.size:
        raise BadInput(f"a training fraction of {fraction} leaves one part of the {domain.size} inputs empty")
    order = list(range(domain.size))
    random.Random(seed).shuffle(order)
    train = torch.zeros(domain.size, dtype=torch.bool)
    train[torch.tensor(order[:kept])] = True
    return train


def _array(given: Any, what: str) -> np.ndarray:
    try:
        return np.asarray(given)
    except (ValueError, TypeError, RuntimeError, OverflowError) as error:
        raise BadInput(f"{what} are no array: {error}") from error


def _groups(given: Any, what: str, name: str) -> tuple[tuple[int, ...], ...]:
    try:
        return tuple(tuple(index(token) for token in group) for group in given)
    except (TypeError, ValueError) as error:
        raise BadInput(
            f"the {what} of task {name} must be sequences of whole numbers ({error}); they are {str(given)[:80]}"
        ) from error


def _whole_numbers(labels: Any, name: str) -> np.ndarray[tuple[int, ...], np.dtype[np.int64]]:
    array = _array(labels, f"the labels of task {name}")
    if array.ndim == 0 or array.size == 0:
        raise BadInput(f"the labels of task {name} must be a matrix, and have the shape {array.shape}")
    if array.dtype.kind in "biu":
        return _few_classes(array, name)
    if array.dtype.kind != "f":
        raise BadInput(f"the labels of task {name} must be whole numbers, and are of type {array.dtype}")
    if not np.isfinite(array).all() or (array != np.round(array)).any():
        strange = array[~np.isfinite(array) | (array != np.round(array))].flat[0]
        raise BadInput(f"the labels of task {name} must be whole numbers, and hold {strange}")
    return _few_classes(array, name)


def _few_classes(array: np.ndarray, name: str) -> np.ndarray[tuple[int, ...], np.dtype[np.int64]]:
    for extreme in (array.max(), array.min()):
        if abs(float(extreme)) >= MOST_CLASSES:
            raise BadInput(f"the labels of task {name} count classes from 0, at most {MOST_CLASSES}; one is {extreme}")
    return array.astype(np.int64)
