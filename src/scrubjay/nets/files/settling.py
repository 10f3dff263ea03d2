"""What a checkpoint's config is: from its weights, its stated config, declarations, and, last, assumptions."""

from collections.abc import Callable
from typing import Any

from scrubjay.core.errors import BadInput, RefusedFile
from scrubjay.nets.config import ATTENTION_BIASES, Config
from scrubjay.nets.files.fitting import Fit
from scrubjay.nets.files.stated_config import Fact


class HeadsNotStated(RefusedFile):
    """A checkpoint whose weights do not say how many heads there are, and that has no config which says it.

    Args:
        message: the message.
        possible: the numbers of heads that are possible.
    """

    def __init__(self, message: str, possible: tuple[int, ...]) -> None:
        super().__init__(message)
        self.possible = possible


class Settling:
    """Settles every field of the config from a checkpoint that fits a layout and from what is stated and declared.

    Args:
        fit: the checkpoint, seen through the layout.
        name: the name of the checkpoint, for error messages.
        facts: what the user declares and what the configs state.

    Attributes:
        read: what was taken from which config, declaration or layout, in sentences.
        assumed: what was assumed because nothing states it, in sentences.
    """

    def __init__(self, fit: Fit, name: str, facts: list[Fact]) -> None:
        self.fit, self.layout, self.name, self.facts = fit, fit.layout, name, facts
        self.read: list[str] = []
        self.assumed: list[str] = []

    def config(self) -> Config:
        """The config.

        Raises:
            BadInput: a layout of the user's own does not say what it must.
            RefusedFile: two sources contradict each other, or something that cannot be assumed is not stated.
        """
        fit, layout = self.fit, self.layout
        self.facts = self.facts + fit.facts()
        self._agree()
        if not layout.is_own:
            for field, value in layout.stated.items():
                self._add(field, value, f"the layout {layout.name} has", f"{field} = {value}")
        else:
            self._need_declarations()
        self._settle_norm()
        attn_only = fit.attn_only
        positions = self._value("positions", True)
        values: dict[str, object] = {
            "n_layers": fit.n_layers,
            "norm": self._value("norm"),
            "attention": self._needed("attention"),
            "act_fn": "relu" if attn_only else self._needed("act_fn"),
            "attn_coeff": self._needed("attn_coeff", 1.0),
            "attn_only": attn_only,
            "attn_biases": self._has_bias("attn_biases", ATTENTION_BIASES),
            "unembed_bias": self._has_bias("unembed_bias", frozenset({"b_U"})),
            "positions": positions,
        }
        if values["norm"] != "none":
            values["eps"] = self._needed("eps", 1e-5)
        self._sizes(values)
        config = Config(**values)  # type: ignore[arg-type]  # each value is checked by Config
        self._check_options(config)
        fit.check_masks(config.attention, self.name, self._told("attention"))
        fit.check_copies(self.name)
        self._report()
        return config

    def _told(self, field: str) -> bool:
        return any(fact.field == field for fact in self.facts)

    def _value(self, field: str, otherwise: object = None) -> object:
        return next((fact.value for fact in self.facts if fact.field == field), otherwise)

    def _add(self, field: str, value: object, source: str, shown: str) -> None:
        self.facts.append(Fact(field, value, source, shown))
        self._agree()

    def _agree(self) -> None:
        """Refuse two facts that contradict each other."""
        first: dict[str, Fact] = {}
        attn_only = self.fit.attn_only
        for fact in self.facts:
            if attn_only and fact.field in ("act_fn", "d_mlp"):  # TransformerLens states them without an MLP too
                continue
            before = first.setdefault(fact.field, fact)
            if before.value != fact.value:
                raise RefusedFile(f"{self.name} contradicts itself: {before.words}, but {fact.words}")

    def _needed(self, field: str, otherwise: object = None) -> object:
        """The value of a field: what is known, else what the layout assumes."""
        if self._told(field):
            return self._value(field)
        value = self.layout.assumed.get(field, otherwise)
        if value is not None:
            shown = f"{value:g}" if isinstance(value, float) else value
            self.assumed.append(f"{field} = {shown} is assumed, because nothing states it.")
        return value

    def _need_declarations(self) -> None:
        """Refuse an own layout without the fields that cannot be assumed."""
        needed = ("norm", "attention") if self.fit.attn_only else ("act_fn", "norm", "attention")
        missing = [field for field in needed if not self._told(field)]
        if missing:
            raise BadInput(
                f"the layout {self.layout.name} must say under [config] what the weights of {self.name} do not say; "
                f"missing: {', '.join(missing)}"
            )

    def _settle_norm(self) -> None:
        """Find out which normalisation there is, and whether it has weights."""
        fit = self.fit
        example = fit.norm_key
        norm = self._value("norm")
        shown = f"the weights of normalisations ({example})"
        if example is not None:
            kind = "RMS" if self.layout.rms_has_no_bias and not fit.has_norm_bias else "LN"
            if norm == "none" or (norm == "RMS" and fit.has_norm_bias):
                also = "" if norm == "none" else " with biases"
                raise RefusedFile(
                    f"{self.name} contradicts itself: {self._words('norm')}, but the file has {shown}{also}"
                )
            if self.layout.rms_has_no_bias:
                self._add("norm", kind, "the file has", f"{shown}, which means {kind}")
            self._add("folded", False, "the file has", shown)
        elif norm is None:
            self.facts.append(Fact("norm", self._needed("norm", "none"), "it is assumed that", "there is none"))
        elif norm != "none":
            self._add("folded", True, "the file has", "no weights of normalisations")
            ones = "their weights are 1 and their biases 0" if norm == "LN" else "their weights are 1"
            self.read.append(f"The file has no weights of the normalisations, so {ones}.")

    def _words(self, field: str) -> str:
        return next(fact.words for fact in self.facts if fact.field == field)

    def _has_bias(self, field: str, names: frozenset[str]) -> bool:
        keys = [key for name, key in self.fit.keys_of(names)]
        if any(bool((self.fit.tensors[key] != 0).any()) for key in keys):
            self._add(field, True, "the file has", f"biases that are not zero ({keys[0]})")
        elif not keys:
            self._add(field, False, "the file has", "no such biases")
        elif not self._value(field, False):
            self.read.append(f"Biases that are all zero were left out ({', '.join(sorted(set(keys))[:4])}).")
        return bool(self._value(field, False))

    def _sizes(self, values: dict[str, object]) -> None:
        sizes = dict(self.fit.sizes)
        if not sizes.get("h"):
            sizes["h"] = self._heads(sizes["he"])
        sizes["e"] = sizes.get("e") or sizes["he"] // sizes["h"]
        if not self.fit.has_positions:
            n_ctx = self._value("n_ctx")
            if self._value("positions") is not False or n_ctx is None:
                raise RefusedFile(
                    f"{self.name} has no positional embeddings; if the network has none, declare positions = false and "
                    f"n_ctx, the largest number of positions"
                )
            sizes["s"] = n_ctx if isinstance(n_ctx, int) else 0
        else:
            self._add("positions", True, "the file has", "positional embeddings")
        names = {"v": "d_vocab", "o": "d_vocab_out", "s": "n_ctx", "d": "d_model", "h": "n_heads", "e": "d_head",
                 "m": "d_mlp"}  # fmt: skip
        for axis, field in names.items():
            size = 0 if axis == "m" and self.fit.attn_only else sizes[axis]
            self._add(field, size, "the weights have", f"{field} = {size}{self.fit.example(axis)}")
            values[field] = size
        self._add("n_layers", self.fit.n_layers, "the weights have", f"{self.fit.n_layers} layers")

    def _heads(self, width: int) -> int:
        """The number of heads where the weights only say how wide all heads are together."""
        heads, head = self._value("n_heads"), self._value("d_head")
        if isinstance(head, int) and heads is None:
            heads = width // head if head else 0
        if isinstance(heads, int):
            if not heads or width % heads:
                told = self._words("n_heads" if self._told("n_heads") else "d_head")
                raise RefusedFile(
                    f"{self.name} contradicts itself: {told}, but the weights have heads that are {width} wide together"
                    f"{self.fit.example('he')}, which it does not divide"
                )
            return heads
        possible = tuple(n for n in range(1, min(width, 4096) + 1) if width % n == 0)
        raise HeadsNotStated(
            f"{self.name} does not say how many heads there are. Its heads are {width} wide together, so there may be "
            f"{', '.join(map(str, possible[:-1]))}{' or ' if possible[1:] else ''}{possible[-1]}; "
            f"declare the number, for example with --set n_heads=4 on the command line or "
            f"declared={{'n_heads': 4}} in Python, or put the model's config beside the file",
            possible,
        )

    def _check_options(self, config: Config) -> None:
        """Refuse options that the architecture lacks and that could only be checked when the sizes are known."""
        kept = {fact.field: fact for fact in self.facts}
        faults: dict[str, Callable[[Any], str | bool]] = {
            "KV_HEADS": lambda value: value != config.n_heads and "attention is grouped-query attention",
            "ATTN_SCALE": lambda value: (
                abs(value - config.d_head**0.5) > 1e-6 * value
                and f"the attention scores are not divided by the square root of d_head, which is {config.d_head}"
            ),
            "SCALED_BY_LAYER": lambda value: value and config.n_layers > 1 and "attention is scaled by the layer",
            "FINAL_RMS": lambda value: value and config.norm != "RMS" and "the last normalisation is of another kind",
        }
        for field, fault in faults.items():
            said = fault(kept[field].value) if field in kept else False
            if said:
                raise RefusedFile(f"{self.name}: {kept[field].words}, so {said}, which scrubjay does not support")

    def _report(self) -> None:
        said = []
        for source in dict.fromkeys(fact.source for fact in self.facts):
            if source.endswith(("states", "declares")):
                shown = dict.fromkeys(fact.shown for fact in self.facts if fact.source == source)
                said.append(f"{'T' if source.startswith('the ') else source[0]}{source[1:]} {', '.join(shown)}.")
        if self.layout.stated and not self.layout.is_own:
            ordinary = ("attn_coeff", "attn_only")
            fields = ", ".join(f"{key} = {value}" for key, value in self.layout.stated.items() if key not in ordinary)
            said += [f"Every network of the layout {self.layout.name} has {fields}."] if fields else []
        if self.fit.passed_over:
            said.append(f"Keys that do not affect the network were passed over: {self.fit.passed_over}.")
        if self.layout.tied and not self.fit.has("W_U", 0):
            said.append("The unembedding is the transposed embedding, because the file has no key for it.")
        self.read = said + self.read
