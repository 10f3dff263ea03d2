"""The explorer's modules, joined into one script, since a page that is opened from disk cannot import modules.

Each module is a file in ``assets/explorer``. The script wraps each one in a function with its own scope, in the order
below. The function returns what the module exports, and an ``import`` reads from what earlier functions have returned.
The modules that the Web Worker needs are included a second time as a string, from which the Worker is started.
"""

import json
import re
from importlib.resources import files

_WORKER = ("activation", "decode", "domain", "network", "readout", "worker")
_EXPLORER = (
    *("activation", "decode", "domain", "network", "readout", "inner", "answers", "scene", "recorded"),
    *("colours", "elements", "grid", "curves", "legend", "points"),
    *("image", "gallery", "neuron", "plane", "space", "pattern", "strips", "inspector", "parts", "controls"),
    *("status", "stages", "explorer"),
)
_IMPORT = re.compile(r'^import (\{[^}]*\}) from "\./(\w+)\.js";$', re.MULTILINE)
_EXPORT = re.compile(r"^export (?=(?:class|function|const) (\w+))", re.MULTILINE)


def page_script() -> str:
    """The script of a report's page."""
    return _joined("page")


def widget_script() -> str:
    """The script of the notebook widget, a module with a default export."""
    return _joined("widget")


def style(*names: str) -> str:
    """The named style sheets of ``assets``, one after the other."""
    return "\n".join(_asset(f"{name}.css") for name in names)


def template(page: str) -> str:
    """The HTML of a page with placeholders: ``page`` for one network, ``population`` for many. Both begin alike."""
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
