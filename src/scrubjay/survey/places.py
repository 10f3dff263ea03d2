"""The network files of some folders."""

from collections.abc import Sequence
from pathlib import Path

from scrubjay.core.errors import BadInput
from scrubjay.core.files import is_file, is_folder

SUFFIXES = (".pt", ".pth", ".safetensors", ".ckpt", ".bin")
"""How the names of network files end."""
_HUGGING_FACE = ("model.safetensors", "pytorch_model.bin")
"""The names of the weights beside ``config.json`` in a folder that Hugging Face's transformers have written."""


def network_places(folders: Sequence[str | Path]) -> list[Path]:
    """All network files of some folders, in the order of their names.

    A folder with ``config.json`` and ``model.safetensors`` or ``pytorch_model.bin`` is one network, whether it is among
    ``folders`` or lies in one of them. Other folders inside are not searched.

    Raises:
        BadInput: a folder does not exist, is no folder, or holds no network file.
    """
    found: list[Path] = []
    for folder in map(Path, folders):
        if not is_folder(folder):
            raise BadInput(f"{folder} is no folder" if is_file(folder) else f"there is no folder {folder}")
        here = [folder] if _is_hugging_face(folder) else sorted(filter(_is_network, folder.iterdir()))
        if not here:
            raise BadInput(f"the folder {folder} holds no network file; their names end with {', '.join(SUFFIXES)}")
        found += here
    return list({place.resolve(): place for place in found}.values())


def place_names(places: Sequence[Path]) -> list[str]:
    """A name for each place: that of its file, with that of its folder if another file has the same name."""
    names = [place.resolve().name for place in places]
    return [
        f"{place.resolve().parent.name}/{name}" if names.count(name) > 1 else name
        for place, name in zip(places, names, strict=True)
    ]


def _is_network(path: Path) -> bool:
    return _is_hugging_face(path) if is_folder(path) else path.suffix in SUFFIXES


def _is_hugging_face(folder: Path) -> bool:
    return is_file(folder / "config.json") and any(is_file(folder / name) for name in _HUGGING_FACE)
