"""The examples in the docstrings of public names run and print what they say."""

import doctest
import importlib

import pytest

import scrubjay


@pytest.mark.parametrize("name", scrubjay.__all__)
def test_the_example_prints_what_it_says(
    name: str, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path_factory.mktemp("examples"))
    public = getattr(scrubjay, name)
    finder = doctest.DocTestFinder(recurse=False)
    module = importlib.import_module(public.__module__)
    (example,) = finder.find(
        public, name, module=module, globs={each: getattr(scrubjay, each) for each in scrubjay.__all__}
    )
    assert example.examples
    outcome = doctest.DocTestRunner(optionflags=doctest.ELLIPSIS).run(example)
    assert outcome.failed == 0
