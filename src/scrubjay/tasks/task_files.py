"""Tasks from TOML files, which say what the inputs are, where the answer is read and which answers are right."""

import math
import unicodedata
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, NoReturn, cast, get_args

import numpy as np
import torch
from jaxtyping import Int
from torch import Tensor

from scrubjay.core.axes import Classes, Tokens
from scrubjay.core.errors import BadInput
from scrubjay.tasks.domain import LARGEST_TOKEN, MOST_INPUTS, Domain, ListedDomain, sampled_from
from scrubjay.tasks.formula import Formula
from scrubjay.tasks.task import MOST_CLASSES, Answer, Task, seeded_split
from scrubjay.tasks.task_document import TaskDocument
from scrubjay.tasks.vocabulary import Vocabulary

MOST_POSITIONS = 10_000
"""The most positions of an input."""
_LARGEST_VALUE = 2**31
"""The bound of the numbers that tokens may stand for in expressions."""
_VALUES_AT_ONCE = 2**22
"""From how many values of tokens an expression is computed at once."""


def task_from_toml(
    path: str | Path,
    *,
    read_at: int | str | None = None,
    sign_of: int | str | None = None,
    sample: int | None = None,
    sample_seed: int | None = None,
    fraction: float | None = None,
    seed: int | None = None,
    sha256: str | None = None,
) -> Task:
    """Make a task from a TOML file. The page "Tasks" of the documentation describes the file.

    Args:
        path: the file.
        read_at: the number or the name of the position at which the answer is read, if not the file's own.
        sign_of: the number or the name of the token whose logit's sign is the answer, if not the file's own.
        sample: how many inputs to draw at random from all inputs, if not the file's own number.
        sample_seed: seed for the sample, if not the file's own.
        fraction: the share of the inputs to train on. None makes no split.
        seed: seed for what the other arguments draw: for the split if there is a ``fraction``, and for the sample if
            there is a ``sample`` and no ``sample_seed``, or neither a ``sample`` nor a ``fraction``.
        sha256: the beginning of the SHA-256 that the content of the file must have, as ``Task.source`` gives it.

    Returns:
        The task. Its ``source`` states the absolute path, the arguments and the SHA-256.

    Raises:
        BadInput: there is no such file, its content makes no task, or it has changed since ``sha256`` was taken. The
            message names the file and the key.
        RefusedFile: the file, or a file of labels or inputs that it names, is damaged.
    """
    document = TaskDocument.read(path)
    document.check_digest(sha256)
    if sample_seed is None and seed is not None and (sample is not None or fraction is None):
        sample_seed = seed
    maker = _Maker(document, read_at=read_at, sign_of=sign_of, sample=sample, sample_seed=sample_seed)
    task = maker.task()
    if fraction is not None:
        with maker.naming("fraction"):
            task = replace(task, train=seeded_split(task.domain, fraction, seed or 0))
    options = {
        "read_at": None if read_at is None else task.domain.read_at,
        "sign_of": None if sign_of is None else maker.vocabulary.words("sign_of", task.classes[1][0]),
        "sample": sample,
        "sample_seed": sample_seed if sample is None else maker.get("seed") or 0,
        "sha256": document.digest,
        "fraction": fraction,
        "seed": None if fraction is None else seed or 0,
    }
    chosen = ",".join(f"{key}={value}" for key, value in options.items() if value is not None)
    return replace(task, source=f"{Path(path).resolve()}:{chosen}")


class _Maker:
    """Makes a task from a document and the options that replace some of its keys."""

    def __init__(self, document: TaskDocument, **options: int | str | None) -> None:
        self.document = document
        self.options = options
        self.vocabulary = Vocabulary(document)
        self.product: Domain | None = None
        self.domain, self.names = self.inputs()

    def get(self, key: str) -> Any:
        """The value of a key: the option if there is one, else what the file says, else None."""
        option = self.options.get("sample_seed" if key == "seed" else key)
        return self.document.get(key) if option is None else option

    def wrong(self, key: str, sentence: str) -> NoReturn:
        self.document.wrong(key, sentence)

    @contextmanager
    def naming(self, key: str) -> Iterator[None]:
        """Name the file and the key in an error about a part of the task."""
        try:
            yield
        except BadInput as error:
            raise BadInput(f"{self.document.path}: `{key}`: {error}") from error

    def task(self) -> Task:
        answer = self.answer()
        labels = self.labels(answer)
        key = "sign_of" if answer == "sign" else "classes"
        with self.naming(key):
            task = Task(
                name=self.get("name") or self.document.path.stem,
                domain=self.domain,
                classes=self.classes(answer, labels),
                answer=answer,
                token_names=self.vocabulary.names,
                names=self.names,
            )
        with self.naming("labels"):
            return replace(task, labels=labels)

    def answer(self) -> Answer:
        signs = self.get("sign_of") is not None
        answer = self.get("answer") or ("sign" if signs else "argmax")
        if answer not in get_args(Answer):
            self.wrong("answer", f"must be one of {', '.join(get_args(Answer))}, and is {answer!r}")
        if answer == "sign" and not signs:
            self.wrong("sign_of", "is missing: the token whose logit's sign is the answer, in the file or as an option")
        if answer != "sign" and signs:
            self.wrong("sign_of", f"fits the answer sign, and the file's `answer` is {answer}")
        if signs and self.get("classes") is not None:
            self.wrong("classes", "cannot stand beside `sign_of`: class 1 is a positive logit, and class 0 any other")
        return cast(Answer, answer)

    def classes(self, answer: Answer, labels: Classes | None) -> tuple[tuple[int, ...], ...]:
        if answer == "sign":
            return (), (self.vocabulary.number("sign_of", self.get("sign_of")),)
        groups = self.get("classes")
        if groups is not None:
            if not all(isinstance(group, list) for group in groups):
                self.wrong("classes", "must be a list of lists, each with the tokens of a class")
            return tuple(self.vocabulary.several("classes", group) for group in groups)
        if labels is None:
            self.wrong("classes", "is missing; only a file with `labels` may leave it out")
        largest = int(labels.max())
        if isinstance(self.get("labels"), list) or "labels" in self.document.beside:
            largest = int(self.document.array("labels").max())  # a sample need not have all classes
        if largest >= MOST_CLASSES:
            self.wrong("labels", f"count classes from 0, at most {MOST_CLASSES:,}; one is {largest:,}")
        return tuple((number,) for number in range(max(2, largest + 1)))

    def inputs(self) -> tuple[Domain, tuple[str, ...]]:
        """The domain, and a name for each position if any has one."""
        listed = self.listed()
        tables = self.get("position") or []
        names = [name for number, table in enumerate(tables, 1) for name in self.names_of(number, table)]
        width = len(names) if listed is None else listed.shape[1]
        if not width:
            self.wrong("position", "is missing: a file has a table [[position]] for each position, or `inputs`")
        if tables and len(names) != width:
            self.wrong("position", f"names {len(names)} positions, and each of the `inputs` has {width}")
        given = tuple(name or str(number) for number, name in enumerate(names, 1)) if any(names) else ()
        at = self.read_at(width, names)
        return self.product_of(tables, at) if listed is None else self.list_of(listed, tables, at), given

    def listed(self) -> Tokens | None:
        """The tokens of the inputs, shape [n, s], if the file lists them."""
        if self.get("inputs") is None:
            return None
        held = self.document.beside.get("inputs", self.get("inputs"))
        if isinstance(held, str):
            self.wrong("inputs", f"is {held!r:.60}; a file of inputs is a .csv or .npz file")
        array = np.array(self.vocabulary.rows("inputs", held)) if isinstance(held, list) else held
        if array.ndim != 2 or array.size == 0 or len(array) > MOST_INPUTS:
            self.wrong(
                "inputs", f"has the shape {array.shape}; it is [inputs, positions], with {MOST_INPUTS:,} at most"
            )
        return torch.from_numpy(array)

    def list_of(self, tokens: Tokens, tables: list[Mapping[str, Any]], at: int) -> Domain:
        for number, table in enumerate(tables, 1):
            if "tokens" in table:
                self.wrong("position", f"number {number} has `tokens`, which do not stand beside `inputs`")
        if self.get("sample") is not None:
            self.wrong("sample", "cannot stand beside `inputs`; it draws from the product of the positions' tokens")
        with self.naming("inputs"):
            return ListedDomain.of(tokens, read_at=at, sampled=self.get("inputs_are_a_sample") or False)

    def product_of(self, tables: list[Mapping[str, Any]], at: int) -> Domain:
        positions = tuple(tokens for number, table in enumerate(tables, 1) for tokens in self.tokens_of(number, table))
        if sum(map(len, positions)) > LARGEST_TOKEN:
            self.wrong("position", f"has more than {LARGEST_TOKEN:,} tokens at all positions together")
        with self.naming("position"):
            self.product = product = Domain(positions, at)
        if self.get("inputs_are_a_sample") is not None:
            self.wrong("inputs_are_a_sample", "says what `inputs` are, and there are none")
        count, size = self.get("sample"), product.size
        if count is not None and count > MOST_INPUTS:
            self.wrong("sample", f"is {count:,}, and at most {MOST_INPUTS:,} inputs are run")
        if count is not None:
            with self.naming("sample"):
                return sampled_from(product, count, self.get("seed") or 0)
        if size > MOST_INPUTS:
            number = f"{size:,}" if size < 10**18 else f"about 10^{math.log10(size):.0f}"
            self.wrong(
                "position",
                f"makes {number} inputs, and all inputs are run only up to {MOST_INPUTS:,}. State `sample = 5000` in "
                f"the file, or {self.document.path.name}:sample=5000 on the command line, to explain a sample of them",
            )
        return product

    def names_of(self, number: int, table: Mapping[str, Any]) -> list[str | None]:
        times, name = table.get("repeat"), table.get("name")
        if times is None:
            return [name]
        if not 1 <= times <= MOST_POSITIONS:
            self.wrong("position", f"number {number} has a `repeat` of {times}; it is from 1 to {MOST_POSITIONS:,}")
        return [name and f"{name}{running}" for running in range(1, times + 1)]

    def tokens_of(self, number: int, table: Mapping[str, Any]) -> list[tuple[int, ...]]:
        if "tokens" not in table:
            self.wrong("position", f"number {number} has no `tokens`")
        given = table["tokens"]
        tokens = self.vocabulary.several(f"tokens/position {number}", given if isinstance(given, list) else [given])
        return [tokens] * table.get("repeat", 1)

    def read_at(self, width: int, names: list[str | None]) -> int:
        if width > MOST_POSITIONS:
            self.wrong("position", f"makes {width:,} positions; an input has at most {MOST_POSITIONS:,}")
        given = self.get("read_at")
        if given is None:
            return width - 1
        if isinstance(given, str):
            if names.count(given) != 1:
                known = ", ".join([name for name in names if name][:40]) or "none"
                self.wrong(
                    "read_at", f"is {given!r}, which is not the name of just one position; the names are {known}"
                )
            return names.index(given)
        if not -width <= given < width:
            self.wrong("read_at", f"is {given}, and the positions are 0 to {width - 1}, or -{width} to -1 from the end")
        return cast(int, given) % width

    def labels(self, answer: Answer) -> Classes | None:
        given = self.get("labels")
        if given is None:
            return None
        is_expression = isinstance(given, str) and not self.document.is_file(given)
        formula = self.formula(given, answer) if is_expression else None
        self.check_sign_of(formula)
        if formula is not None:
            return self.computed(formula)
        array = self.document.array("labels")
        whole = self.product or self.domain
        if array.shape not in (whole.shape, (whole.size,)):
            axes = f"an axis for each varying position, of the lengths {whole.shape}, or " if self.product else ""
            self.wrong(
                "labels",
                f"must have {axes}one axis with a number for each of the {whole.size:,} inputs; their shape is "
                f"{array.shape}",
            )
        labels = torch.from_numpy(array.reshape(-1))
        if self.product is not None and self.domain is not self.product:
            return labels[self.product.index(self.domain.tokens(self.domain.inputs()))]
        return labels

    def check_sign_of(self, formula: Formula | None) -> None:
        own, option = self.document.get("sign_of"), self.options["sign_of"]
        if own is None or option is None or (formula is not None and "sign_of" in formula.names):
            return
        number, other = (self.vocabulary.number("sign_of", token) for token in (own, option))
        if number != other:
            self.wrong(
                "labels", f"are those of the token {own}, so `sign_of` cannot be {option}; see the page on tasks"
            )

    def places(self) -> dict[str, int]:
        """The position of each name that an expression may use: those that only one position has."""
        names = [unicodedata.normalize("NFKC", name) for name in self.names]
        counts = Counter(names)
        return {name: at for at, name in enumerate(names) if counts[name] == 1 and name.isidentifier()}

    def formula(self, text: str, answer: Answer) -> Formula:
        known = {*self.places(), *(("sign_of",) if answer == "sign" else ())}
        with self.naming("labels"):
            formula = Formula.parse(text, known)
        for word in {"x", "sign_of"} & set(formula.names) & set(self.names):
            self.wrong("labels", f"uses {word}, which has a meaning of its own and is also the name of a position")
        return formula

    def computed(self, formula: Formula) -> Classes:
        token = None if self.get("sign_of") is None else self.vocabulary.number("sign_of", self.get("sign_of"))
        table = self.values_up_to(max(self.domain.largest_token, token or 0))
        places, parts = {name: at for name, at in self.places().items() if name in formula.names}, []
        for chunk in self.domain.chunks(max(1, _VALUES_AT_ONCE // self.domain.n_ctx)):
            values = table[self.domain.tokens(chunk)]
            named = {name: values[:, at] for name, at in places.items()}
            if "sign_of" in formula.names:
                named["sign_of"] = table[token].expand(len(chunk))
            with self.naming("labels"):
                parts.append(formula.labels(named, values[:, : self.domain.read_at + 1]))
        return torch.cat(parts)

    def values_up_to(self, largest: int) -> Int[Tensor, "t"]:
        """The number that each token stands for in expressions."""
        table = torch.arange(largest + 1)
        given: Mapping[str, Any] = self.get("values") or {}
        numbers = {self.vocabulary.number("values", token): value for token, value in given.items()}
        if len(numbers) < len(given):
            self.wrong("values", "gives a token two values, one by its name and one by its number")
        for token, value in numbers.items():
            if type(value) is not int or abs(value) >= _LARGEST_VALUE:
                self.wrong("values", f"gives the token {token} the value {value!r:.40}, which is no small whole number")
            if token <= largest:
                table[token] = value
        return table
