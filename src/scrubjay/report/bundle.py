"""The explorer's modules joined into one, since a page opened from disk can import nothing.

Each module is a file of ``assets/explorer``. Joined in the order below, each becomes a function of its own scope that
returns what it exports, and an import takes from what those before it returned. The Worker's part goes in a second
time, as a string to start it from.
"""

import json
import re
from importlib.resources import files

_WORKER = ("decode", "network", "readout", "worker")
_EXPLORER = (
    *("decode", "network", "readout", "answers", "scene", "colours", "elements", "grid"),
    *("image", "gallery", "neuron", "plane", "pattern", "strips", "inspector", "controls", "explorer"),
)
_IMPORT = re.compile(r'^import (\{[^}]*\}) from "\./(\w+)\.js";$', re.MULTILINE)
_EXPORT = re.compile(r"^export (?=(?:class|function|const) (\w+))", re.MULTILINE)


def page_script() -> str:
    """The module of a report's page."""
    return _joined("page")


def widget_script() -> str:
    """The module of a notebook's widget."""
    return _joined("widget")


def style(*names: str) -> str:
    """Style sheets of the assets, one after the other."""
    return "\n".join(_asset(f"{name}.css") for name in names)


def template(page: str) -> str:
    """A page with its places to fill: ``page`` for one network's, ``population`` for many; they begin alike."""
    return _asset("head.html") + _asset(f"{page}.html")


def _joined(last: str) -> str:
    worker = json.dumps(f"{_scoped(_WORKER[:-1])}\n{_linked(_WORKER[-1])}")
    return f"const WORKER_SOURCE = {worker};\n{_scoped(_EXPLORER)}\n{_linked(last)}"


def _scoped(names: tuple[str, ...]) -> str:
    parts = ["const modules = {};"]
    for name in names:
        source = _linked(name)
        exported = ", ".join(_EXPORT.findall(source))
        parts.append(f"modules.{name} = (() => {{\n{_EXPORT.sub('', source)}\nreturn {{ {exported} }};\n}})();")
    return "\n".join(parts)


def _linked(name: str) -> str:
    return _IMPORT.sub(r"const \1 = modules.\2;", _asset(f"explorer/{name}.js"))


def _asset(name: str) -> str:
    return (files("scrubjay.report") / "assets" / name).read_text(encoding="utf-8")
