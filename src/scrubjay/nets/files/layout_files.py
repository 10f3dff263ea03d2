"""Layouts that a user describes in a TOML file."""

from collections.abc import Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any

from scrubjay.core.errors import BadInput, RefusedFile
from scrubjay.core.files import read_whole
from scrubjay.core.toml_text import parsed_toml
from scrubjay.nets.config import LAYER_AXES, WEIGHT_AXES, Config
from scrubjay.nets.files.layouts import Entry, Layout
from scrubjay.nets.files.stated_config import short

_LARGEST = 2**20
"""The largest number of bytes of a file that describes a layout."""

_NORM_WEIGHTS = ("ln1_w", "ln2_w", "ln_final_w")


def layout_from_toml(path: str | Path) -> Layout:
    """Read a layout from a TOML file.

    The table ``[config]`` declares fields of ``Config`` that the weights do not say: ``norm`` and ``attention``, and
    ``act_fn`` if the network has MLPs. Each entry of ``[weights]`` is the name of one of our weights, with

    - ``key``: its key in the checkpoint, in which ``{l}`` stands for the layer and ``{h}`` for the head,
    - ``axes``: its axes in the order of the checkpoint, such as ``"d v"`` for a transposed embedding, ``"d (he)"``
      where one axis holds all heads, or ``"d 3(he)"`` where it holds queries, keys and values of all heads,
    - ``part``: 0, 1 or 2, with an axis ``3``,
    - ``optional``: true if the weight may be absent from the checkpoint; it is then zero.

    ``W_U = { tied = true }`` stands for an unembedding that is the transposed embedding. ``keys`` under
    ``[passed_over]`` is a list of patterns of keys that do not affect what the network computes.

    Args:
        path: the file.

    Raises:
        BadInput: there is no such file, or it does not describe a layout. The message names the file and the entry.
        RefusedFile: the file is not TOML.
    """
    path = Path(path)
    content = read_whole(path)
    if len(content) > _LARGEST:
        raise RefusedFile(f"{path} has {len(content)} bytes; a file that describes a layout has at most {_LARGEST}")
    return layout_from_mapping(parsed_toml(content, path), path.name, str(path))


def layout_from_mapping(described: Mapping[str, Any], name: str, file: str) -> Layout:
    """Make a layout from what a TOML file holds.

    Args:
        described: the tables of the file.
        name: a name for the layout.
        file: where it comes from, for error messages.

    Raises:
        BadInput: it does not describe a layout.
    """
    _known(described, ("config", "weights", "passed_over"), "tables", file)
    declared = _table(described, "config", file)
    _known(declared, [each.name for each in fields(Config)], "keys of [config]", file)
    given = _table(described, "weights", file)
    _known(given, list(WEIGHT_AXES), "weights", file)
    weights, is_tied = {}, False
    for weight, entry in given.items():
        if not isinstance(entry, dict):
            raise BadInput(f"{file}: {weight} must be a table with a key and axes, and is {short(entry)}")
        if weight == "W_U" and "tied" in entry:
            if entry != {"tied": True}:
                raise BadInput(f"{file}: a tied unembedding is W_U = {{ tied = true }}, with no further entries")
            is_tied = True
            continue
        weights[weight] = _entry(weight, entry, file)
    _check_whole(weights, declared, file)
    passed_over = _table(described, "passed_over", file)
    _known(passed_over, ("keys",), "keys of [passed_over]", file)
    patterns = passed_over.get("keys", [])
    if not isinstance(patterns, list) or not all(isinstance(each, str) for each in patterns):
        raise BadInput(f"{file}: keys under [passed_over] must be a list of patterns, and is {short(patterns)}")
    try:
        return Layout(name, weights, passed_over=tuple(patterns), tied=is_tied, stated=declared, is_own=True)
    except BadInput as error:
        raise BadInput(f"{file}: {error}") from error


def _entry(weight: str, entry: Mapping[str, Any], file: str) -> Entry:
    _known(entry, ("key", "axes", "part", "optional"), f"entries of {weight}", file)
    key, axes = entry.get("key"), entry.get("axes")
    part, optional = entry.get("part"), entry.get("optional", False)
    if not isinstance(key, str) or not isinstance(axes, str):
        raise BadInput(f"{file}: {weight} needs a key and axes, both strings; it has {short(dict(entry))}")
    if (part is not None and (not isinstance(part, int) or isinstance(part, bool))) or not isinstance(optional, bool):
        raise BadInput(
            f"{file}: the part of {weight} must be 0, 1 or 2, and optional true or false; they are {short(part)} and "
            f"{short(optional)}"
        )
    made = Entry(key, axes, part, optional)
    try:
        made.check(weight)
    except BadInput as error:
        raise BadInput(f"{file}: {error}") from error
    return made


def _check_whole(weights: Mapping[str, Entry], declared: Mapping[str, Any], file: str) -> None:
    """Check that a layout has weights together that belong together."""
    if ("W_in" in weights) != ("W_out" in weights) or ("W_in" not in weights and {"b_in", "b_out"} & set(weights)):
        raise BadInput(f"{file}: an MLP needs entries for both W_in and W_out")
    norms = [name for name in _NORM_WEIGHTS if name != "ln2_w" or "W_in" in weights]
    there = [name for name in weights if name.startswith("ln")]
    missing = [name for name in norms if name not in weights]
    if there and missing:
        raise BadInput(
            f"{file}: scrubjay's networks normalise before each part and before the unembedding; there is an entry for "
            f"{there[0]}, and none for {', '.join(missing)}"
        )
    if "W_pos" not in weights and declared.get("positions") is not False:
        raise BadInput(f"{file}: W_pos has no entry; if there are no positional embeddings, declare positions = false")
    numbered = {name for name, entry in weights.items() if name in LAYER_AXES and "{l}" in entry.key}
    plain = sorted(name for name in weights if name in LAYER_AXES and name not in numbered)
    if numbered and plain:
        raise BadInput(
            f"{file}: the key of {plain[0]} has no placeholder {{l}} for the layer, and that of {min(numbered)} has one"
        )


def _table(described: Mapping[str, Any], name: str, file: str) -> Mapping[str, Any]:
    table = described.get(name, {})
    if not isinstance(table, dict):
        raise BadInput(f"{file}: [{name}] must be a table, and is {short(table)}")
    return table


def _known(given: Mapping[str, Any], known: "list[str] | tuple[str, ...]", what: str, file: str) -> None:
    foreign = [key for key in given if key not in known]
    if foreign:
        raise BadInput(f"{file}: unknown {what}: {short(foreign)}; the known ones are {', '.join(known)}")
