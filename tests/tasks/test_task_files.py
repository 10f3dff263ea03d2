"""Tasks from TOML files: every key, every refusal, and the words that make a task again."""

import itertools
import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from scrubjay.core.errors import BadInput, RefusedFile, ScrubjayError
from scrubjay.tasks.domain import Domain, ListedDomain
from scrubjay.tasks.named import as_task, named_task, split_task
from scrubjay.tasks.task import Task
from scrubjay.tasks.task_document import KEYS, POSITION_KEYS
from scrubjay.tasks.task_files import task_from_toml

PAGE = Path(__file__).parents[2] / "docs" / "tasks.md"
PAIRS = """
labels = "(a + b) % 3"
[[position]]
name = "a"
tokens = "0-2"
[[position]]
name = "b"
tokens = "0-3"
[[position]]
name = "="
tokens = 5
"""
"""The inputs [a, b, 5] with a of 0 to 2 and b of 0 to 3."""
TABLE = [[(a + b) % 3 for b in range(4)] for a in range(3)]


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "task.toml"


def made(file: Path, text: str, **options: Any) -> Task:
    file.write_text(text)
    return task_from_toml(file, **options)


def refused(file: Path, text: str, message: str, **options: Any) -> None:
    with pytest.raises(BadInput, match=re.escape(f"{file}: {message}")):
        made(file, text, **options)


def inputs_of(task: Task) -> list[list[int]]:
    rows: list[list[int]] = task.domain.tokens(task.domain.inputs()).tolist()
    return rows


def labels_of(task: Task) -> list[int]:
    assert task.labels is not None
    return task.labels.tolist()


def changed(text: str, key: str, value: str | None) -> str:
    """A file with another value for a key at its top, or without it."""
    without = re.sub(rf"(?m)^{key} = .*\n", "", text, count=1)
    return without if value is None else f"{key} = {value}\n{without}"


class TestTheFile:
    def test_a_small_file_is_a_task(self, file: Path) -> None:
        task = made(file, PAIRS)
        assert task.name == "task" and task.answer == "argmax" and task.token_names == ()
        assert task.domain == Domain(((0, 1, 2), (0, 1, 2, 3), (5,)), 2)
        assert task.position_names == ("a", "b", "=")
        assert task.classes == ((0,), (1,), (2,))
        assert labels_of(task) == list(itertools.chain(*TABLE))
        assert task.train is None and not task.last_is_assumed

    def test_the_page_shows_a_task_that_is_made_as_it_says(self, file: Path) -> None:
        blocks = re.findall(r"```toml\n(.*?)```", PAGE.read_text(), re.S)
        task = made(file, blocks[0])
        assert task.name == "the largest of five digits"
        assert task.domain.size == 10**5 and task.domain.n_ctx == 11 and task.domain.read_at == 10
        assert task.position_names == ("1", "n1", "3", "n2", "5", "n3", "7", "n4", "9", "n5", "answer")
        digits = [at for at, count in enumerate(task.domain.counts) if count == 10]
        chosen = torch.arange(0, 10**5, 997)
        tokens = task.domain.tokens(chosen)
        assert task.labels is not None
        assert task.labels[chosen].tolist() == [max(row[at] for at in digits) for row in tokens.tolist()]
        assert [task.token_name(token) for token in tokens[0].tolist()][::10] == ["BOS", "ANS"]
        for at, block in enumerate(blocks[1:]):
            assert made(file.with_name(f"{at}.toml"), block).labels is not None

    def test_the_page_names_every_key(self) -> None:
        page = PAGE.read_text()
        assert [key for key in (*KEYS, *POSITION_KEYS) if f"`{key}`" not in page] == []

    def test_a_path_may_be_text(self, file: Path) -> None:
        file.write_text(PAIRS)
        assert labels_of(task_from_toml(str(file))) == labels_of(as_task(file)) == labels_of(as_task(str(file)))

    def test_a_missing_file_is_named(self, file: Path) -> None:
        with pytest.raises(BadInput, match=re.escape(f"cannot read {file}: No such file")):
            task_from_toml(file)

    @pytest.mark.parametrize(
        "content",
        [b"name = ", b"\xff\xfe", b"a = 1\na = 2", b"x = " + b"[" * 5000, b"labels = " + b"[" * 60 + b"]" * 60],
    )
    def test_what_is_no_toml_is_refused(self, file: Path, content: bytes) -> None:
        file.write_bytes(content)
        with pytest.raises(RefusedFile, match=re.escape(f"{file} is no TOML file: ")):
            task_from_toml(file)

    def test_an_unknown_key_lists_the_known_ones(self, file: Path) -> None:
        refused(file, "label = 3\n" + PAIRS, "`'label'` is no known key; the keys are name, tokens, read_at, answer,")
        unknown = '[[position]]\ntoken = "0-2"\n'
        refused(file, unknown, "`'token'` of `position 1` is no known key; the keys are name, tokens, repeat")

    @pytest.mark.parametrize("key", KEYS)
    def test_a_value_of_a_wrong_type_names_its_key(self, file: Path, key: str) -> None:
        value = "2.5" if key != "position" else "3"
        refused(file, f"{key} = {value}\n", f"`{key}` must be ")
        refused(file, f"{key} = 1979-05-27\n", f"`{key}` must be ")

    @pytest.mark.parametrize("key", POSITION_KEYS)
    def test_a_value_of_a_wrong_type_names_its_position(self, file: Path, key: str) -> None:
        refused(file, f"[[position]]\ntokens = 1\n[[position]]\n{key} = 2.5\n", f"`{key}` of `position 2` must be ")

    def test_a_truth_is_no_number(self, file: Path) -> None:
        refused(file, "sample = true\n", "`sample` must be a whole number, and is True")
        refused(file, "inputs_are_a_sample = 1\n", "`inputs_are_a_sample` must be true or false, and is 1")
        refused(file, "position = [3]\n", "`position` must be written as tables [[position]]; number 1 is 3")


class TestTokens:
    NAMED = 'tokens = ["5", "6", "-", "a-c", "b"]\n'

    def test_names_and_numbers_and_ranges_mean_tokens(self, file: Path) -> None:
        written: Mapping[str, tuple[int, ...]] = {
            '"5"': (0,),
            "5": (5,),
            '"9"': (9,),
            '"5-6"': (0, 1),
            '"-"': (2,),
            '"a-c"': (3,),
            '"6--"': (1, 2),
            '"--b"': (2, 3, 4),
            '"a-c-b"': (3, 4),
            '" 5 - 6 "': (0, 1),
            '"6-9"': (1, 2, 3, 4, 5, 6, 7, 8, 9),
            '["b", 7, "5-6"]': (4, 7, 0, 1),
        }
        for value, tokens in written.items():
            task = made(file, f"{self.NAMED}classes = [[0], [1]]\n[[position]]\ntokens = {value}\n")
            assert task.domain.positions == (tokens,), value
        assert task.token_names == ("5", "6", "-", "a-c", "b")
        assert task.token_name(3) == "a-c" and task.token_name(7) == "7"

    @pytest.mark.parametrize(
        ("value", "message"),
        [
            ('"c"', "`tokens` of `position 1` has the token 'c', which is neither a name nor a number up to"),
            ('"c"', "up to 10,000,000; the names are 5, 6, -, a-c, b"),
            ('"b-5"', "`tokens` of `position 1` has the range 'b-5', whose last token 0 is before its first"),
            ('["0", [1]]', "`tokens` of `position 1` has the token [1]"),
            ("[true]", "`tokens` of `position 1` has the token True"),
            ("-1", "`tokens` of `position 1` has the token -1"),
            ('"-1"', "`tokens` of `position 1` has the token '-1'"),
            ("10000001", "`tokens` of `position 1` has the token 10000001"),
            ('"0-99999999999"', "`tokens` of `position 1` has the token '0-99999999999'"),
            ('["0-9999999", "0-9999999"]', "`tokens` of `position 1` has more than 10,000,000 tokens"),
            ("[]", "`position`: position 0 of the domain has no tokens"),
            ("[1, 1]", "`position`: position 0 of the domain repeats a token: [1, 1]"),
        ],
    )
    def test_tokens_that_are_none_are_refused(self, file: Path, value: str, message: str) -> None:
        with pytest.raises(BadInput) as caught:
            made(file, f"{self.NAMED}classes = [[0], [1]]\n[[position]]\ntokens = {value}\n")
        assert str(caught.value).startswith(f"{file}: `") and message in str(caught.value)

    def test_names_of_tokens_are_different_texts(self, file: Path) -> None:
        refused(file, 'tokens = ["a", "b", "a"]\n', "`tokens` gives the name 'a' to two tokens")
        refused(file, 'tokens = ["a", 1]\n', "`tokens` must be a list of names; that of the token 1 is 1")
        refused(file, 'tokens = [""]\n', "`tokens` must be a list of names; that of the token 0 is ''")

    def test_a_range_by_names_goes_by_their_numbers(self, file: Path) -> None:
        task = made(file, 'tokens = ["9", "8", "7"]\nclasses = [["9"], ["7"]]\n[[position]]\ntokens = "9-7"\n')
        assert task.domain.positions == ((0, 1, 2),) and task.classes == ((0,), (2,))


class TestPositions:
    def test_a_repeated_position_has_running_numbers(self, file: Path) -> None:
        text = """
classes = [[0], [1]]
[[position]]
tokens = 9
[[position]]
name = "n"
tokens = "0-1"
repeat = 3
[[position]]
tokens = [2, 3]
repeat = 2
[[position]]
name = "m"
tokens = 4
repeat = 1
"""
        task = made(file, text)
        assert task.domain.positions == ((9,), (0, 1), (0, 1), (0, 1), (2, 3), (2, 3), (4,))
        assert task.position_names == ("1", "n1", "n2", "n3", "5", "6", "m1")

    def test_positions_without_names_are_numbered(self, file: Path) -> None:
        task = made(file, 'labels = "x[0]"\n[[position]]\ntokens = "0-1"\nrepeat = 2\n')
        assert task.names == () and task.position_names == ("1", "2")

    @pytest.mark.parametrize("repeat", ["0", "-3", "10001", f"{10**30}"])
    def test_a_position_is_repeated_at_least_once(self, file: Path, repeat: str) -> None:
        text = f"[[position]]\ntokens = 1\nrepeat = {repeat}\n"
        refused(file, text, f"`position` number 1 has a `repeat` of {repeat}; it is from 1 to 10,000")

    def test_positions_need_tokens_and_there_must_be_some(self, file: Path) -> None:
        refused(file, 'name = "t"\n', "`position` is missing")
        refused(file, "position = []\n", "`position` is missing")
        refused(file, "classes = [[0], [1]]\n[[position]]\n", "`position` number 1 has no `tokens`")

    def test_too_many_positions_or_tokens_are_refused(self, file: Path) -> None:
        many = "[[position]]\ntokens = 1\nrepeat = 6000\n" * 2
        refused(file, many, "`position` makes 12,000 positions; an input has at most 10,000")
        wide = '[[position]]\ntokens = "0-99999"\nrepeat = 1000\n'
        refused(file, wide, "`position` has more than 10,000,000 tokens at all positions together")

    @pytest.mark.parametrize(
        ("value", "at"), [("0", 0), ("1", 1), ("-1", 2), ("-3", 0), ('"b"', 1), ('"="', 2), (None, 2)]
    )
    def test_the_answer_is_read_where_the_file_says(self, file: Path, value: str | None, at: int) -> None:
        assert made(file, changed(PAIRS, "read_at", value)).domain.read_at == at

    @pytest.mark.parametrize(
        ("value", "message"),
        [
            ("3", "`read_at` is 3, and the positions are 0 to 2, or -3 to -1 from the end"),
            ("-4", "`read_at` is -4, and the positions"),
            (f"{10**30}", "`read_at` is 1000"),
            ('"c"', "`read_at` is 'c', which is not the name of just one position; the names are a, b, ="),
            ('"3"', "`read_at` is '3', which is not the name of just one position"),
            ('""', "`read_at` is '', which"),
        ],
    )
    def test_a_position_that_there_is_not_is_refused(self, file: Path, value: str, message: str) -> None:
        refused(file, changed(PAIRS, "read_at", value), message)

    def test_a_name_that_two_positions_have_names_neither(self, file: Path) -> None:
        two = PAIRS.replace('name = "b"', 'name = "a"')
        refused(file, changed(two, "read_at", '"a"'), "`read_at` is 'a', which is not the name of just one position")
        refused(file, changed(two, "labels", '"a"'), "`labels`: the expression `a` is no known name; the names are x")
        assert labels_of(made(file, changed(two, "labels", '"x[0]"'))) == [a for a in range(3) for _ in range(4)]
        refused(file, two.replace('"="', '"3"').replace("\ntokens = 5", ""), "`position` number 3 has no `tokens`")


class TestDomains:
    LARGE = 'labels = "sum(x) % 2"\n[[position]]\ntokens = "0-9"\nrepeat = 8\n'

    def test_a_large_domain_offers_a_sample_and_says_its_size(self, file: Path) -> None:
        message = "makes 100,000,000 inputs, and all inputs are run only up to 10,000,000. State `sample = 5000`"
        refused(file, self.LARGE, f"`position` {message} in the file, or task.toml:sample=5000")
        refused(file, self.LARGE.replace("8", "9000"), "`position` makes about 10^9000 inputs")

    def test_a_sample_is_drawn(self, file: Path) -> None:
        task = made(file, "sample = 50\n" + self.LARGE)
        assert isinstance(task.domain, ListedDomain) and task.domain.is_sample and task.domain.size == 50
        rows = inputs_of(task)
        assert len(set(map(tuple, rows))) == 50 and labels_of(task) == [sum(row) % 2 for row in rows]
        assert inputs_of(made(file, "sample = 50\nseed = 0\n" + self.LARGE)) == rows
        other = inputs_of(made(file, "sample = 50\nseed = 1\n" + self.LARGE))
        assert other != rows
        assert inputs_of(made(file, self.LARGE, sample=50, seed=1)) == other
        assert inputs_of(made(file, "sample = 50\n" + self.LARGE, seed=1)) == other
        assert inputs_of(made(file, "sample = 7\nseed = 1\n" + self.LARGE, sample=50)) == other

    @pytest.mark.parametrize("sample", [0, -5, 13])
    def test_a_sample_of_more_than_there_is_is_refused(self, file: Path, sample: int) -> None:
        refused(file, f"sample = {sample}\n" + PAIRS, f"`sample`: a sample of {sample} inputs cannot be drawn from")

    def test_a_sample_is_no_larger_than_what_can_be_run(self, file: Path) -> None:
        refused(
            file, "sample = 10000001\n" + self.LARGE, "`sample` is 10,000,001, and at most 10,000,000 inputs are run"
        )

    LISTED: Mapping[str, str] = {
        "nested lists": 'inputs = [["a", 1, "="], [2, "b", "="], ["b", 0, "="]]\n',
        "a table of text": 'inputs = "inputs.csv"\n',
        "an archive": 'inputs = "inputs.npz"\n',
    }
    ROWS = ([0, 1, 3], [2, 1, 3], [1, 0, 3])

    @pytest.mark.parametrize("form", LISTED)
    def test_inputs_may_be_listed(self, file: Path, form: str) -> None:
        file.with_name("inputs.csv").write_text("a, 1,=\n2,b,=\n\nb,0,=\n")
        np.savez(file.with_name("inputs.npz"), inputs=np.array(self.ROWS, dtype=np.uint8))
        text = self.LISTED[form] + 'tokens = ["a", "b", "c", "="]\nlabels = "x[0] == 1"\nread_at = 1\n'
        task = made(file, text)
        assert inputs_of(task) == list(self.ROWS) and task.domain.read_at == 1
        assert not task.domain.is_product and not task.domain.is_sample
        assert labels_of(task) == [0, 0, 1] and task.names == ()
        named = made(file, text + '[[position]]\nname="l"\nrepeat=2\n[[position]]\nname="end"\n')
        assert named.position_names == ("l1", "l2", "end") and inputs_of(named) == list(self.ROWS)

    def test_listed_inputs_may_be_a_sample(self, file: Path) -> None:
        task = made(file, "inputs = [[0, 1], [0, 1], [1, 1]]\ninputs_are_a_sample = true\nlabels = [0, 0, 1]\n")
        assert task.domain.is_sample and task.domain.in_words == "a sample of 3 inputs"
        refused(
            file, "inputs = [[0, 1], [0, 1]]\nlabels = [0, 1]\n", "`inputs`: the list of inputs contains an input tw"
        )

    @pytest.mark.parametrize(
        ("text", "message"),
        [
            ("inputs = []\n", "`inputs` has the shape (0,); it is [inputs, positions]"),
            ("inputs = [[], []]\n", "`inputs` has the shape (2, 0)"),
            ("inputs = [[0, 1], [0]]\n", "`inputs` must be lists of tokens of one length, and number 2 differs: [0]"),
            ("inputs = [[0, 1], 3]\n", "`inputs` must be lists of tokens of one length, and number 2 differs: 3"),
            ('inputs = [[0, "z"]]\n', "`inputs` has the token 'z', which is neither a name nor a number"),
            ("inputs = [[0, [1]]]\n", "`inputs` has [1] among its tokens"),
            ("inputs = [[0, true]]\n", "`inputs` has the token True"),
            ("inputs = [[0, -1]]\n", "`inputs` has the token -1"),
            ('inputs = "inputs.txt"\n', "`inputs` is 'inputs.txt'; a file of inputs is a .csv or .npz file"),
            ("inputs = [[0, 1]]\nsample = 1\n", "`sample` cannot stand beside `inputs`"),
            ("inputs = [[0, 1]]\n[[position]]\n", "`position` names 1 positions, and each of the `inputs` has 2"),
            (
                "inputs = [[0]]\n[[position]]\ntokens = 0\n",
                "`position` number 1 has `tokens`, which do not stand beside `inputs`",
            ),
            (
                "inputs_are_a_sample = true\n" + PAIRS,
                "`inputs_are_a_sample` says what `inputs` are, and there are none",
            ),
            ('inputs = "a.npz"\n', "`inputs` must be whole numbers from 0 on; one is -1"),
            ('inputs = "b.npz"\n', "`inputs` must be whole numbers; they are of type float64"),
            ('inputs = "c.npz"\n', "`inputs` has the shape (3,)"),
            ('inputs = "d.npz"\n', "`inputs` must be whole numbers from 0 on; one is 18446744073709551615"),
        ],
    )
    def test_a_list_of_inputs_that_is_none_is_refused(self, file: Path, text: str, message: str) -> None:
        np.savez(file.with_name("a.npz"), inputs=np.array([[0, -1]]))
        np.savez(file.with_name("b.npz"), inputs=np.zeros((2, 2)))
        np.savez(file.with_name("c.npz"), inputs=np.arange(3))
        np.savez(file.with_name("d.npz"), inputs=np.array([[2**64 - 1]], dtype=np.uint64))
        refused(file, text, message)


class TestAnswers:
    def test_classes_are_groups_of_tokens(self, file: Path) -> None:
        task = made(file, 'classes = [["0-1", 3], ["2"], [7]]\nanswer = "groups"\n' + PAIRS)
        assert task.classes == ((0, 1, 3), (2,), (7,)) and task.answer == "groups"
        logits = torch.tensor([[0.0, 1, 0, 0, 9, 9, 9, 0.5], [0, 0, 0, 0, 9, 9, 9, 0.5], [0, 0, 2, 0, 9, 9, 9, 0.5]])
        assert task.classes_of(logits).tolist() == [0, 2, 1]

    def test_classes_by_default_are_as_many_as_the_labels_need(self, file: Path) -> None:
        assert made(file, changed(PAIRS, "labels", '"a == b"')).classes == ((0,), (1,))
        assert len(made(file, changed(PAIRS, "labels", '"a * b"')).classes) == 7
        refused(
            file, changed(PAIRS, "labels", None), "`classes` is missing; only a file with `labels` may leave it out"
        )
        refused(file, changed(PAIRS, "labels", '"a * 50000"'), "`labels` count classes from 0, at most 100,000; one is")

    def test_a_file_without_labels_makes_a_task_without_labels(self, file: Path) -> None:
        assert (
            made(file, changed(PAIRS, "labels", None).replace("\n[[", "\nclasses = [[0], [1]]\n[[", 1)).labels is None
        )

    def test_the_sign_of_a_logit_is_an_answer(self, file: Path) -> None:
        text = 'tokens = ["p", "q", "r"]\nsign_of = "q"\n' + changed(PAIRS, "labels", '"a < b"')
        for way in (text, 'answer = "sign"\n' + text):
            task = made(file, way)
            assert task.answer == "sign" and task.classes == ((), (1,)) and task.is_binary
            assert task.classes_of(torch.tensor([[9.0, -1, 9], [0, 0.5, 9]])).tolist() == [0, 1]
        assert made(file, text, sign_of="q").classes == ((), (1,))
        assert made(file, changed(text, "sign_of", None), sign_of="r").classes == ((), (2,))

    @pytest.mark.parametrize(
        ("top", "message"),
        [
            ('answer = "largest"\n', "`answer` must be one of argmax, groups, sign, and is 'largest'"),
            ('answer = "sign"\n', "`sign_of` is missing"),
            ('answer = "groups"\nsign_of = 1\n', "`sign_of` fits the answer sign, and the file's `answer` is groups"),
            ("sign_of = 1\nclasses = [[0], [1]]\n", "`classes` cannot stand beside `sign_of`"),
            ('sign_of = "z"\n', "`sign_of` has the token 'z'"),
            ("classes = [0, 1]\n", "`classes` must be a list of lists"),
            ("classes = [[0]]\n", "`classes`: task task needs two classes or more"),
            ("classes = []\n", "`classes`: task task needs two classes or more"),
            ("classes = [[0], []]\n", "`classes`: task task needs two classes or more, each with a token"),
            ("classes = [[0], [0]]\n", "`classes`: task task has a token in two classes"),
            ('classes = [[0], ["z"]]\n', "`classes` has the token 'z'"),
            ("classes = [[0], [1]]\n", "`labels`: the labels of task task must be classes 0 to 1, and hold 2"),
        ],
    )
    def test_an_answer_that_is_none_is_refused(self, file: Path, top: str, message: str) -> None:
        refused(file, top + PAIRS, message)

    def test_labels_of_one_sign_are_not_taken_for_those_of_another(self, file: Path) -> None:
        text = "sign_of = 0\n" + changed(PAIRS, "labels", '"a < b"')
        refused(file, text, "`labels` are those of the token 0, so `sign_of` cannot be 1", sign_of=1)
        refused(file, changed(text, "labels", json.dumps(TABLE)), "`labels` are those of the token 0", sign_of="1")
        assert made(file, text, sign_of="0").classes == ((), (0,))

    def test_labels_may_depend_on_the_sign_that_is_asked_for(self, file: Path) -> None:
        text = "sign_of = 0\n" + changed(PAIRS, "labels", '"any(x[:2] == sign_of)"')
        for token in range(4):
            task = made(file, text, sign_of=token)
            assert labels_of(task) == [int(token in row[:2]) for row in inputs_of(task)]
        refused(
            file, changed(PAIRS, "labels", '"a == sign_of"'), "`labels`: `sign_of`, at character 6 of the expression"
        )


class TestLabels:
    def test_x_ends_where_the_answer_is_read(self, file: Path) -> None:
        task = made(file, changed(PAIRS, "labels", '"sum(x)"'), read_at=1)
        assert labels_of(task) == [a + b for a in range(3) for b in range(4)]
        assert len(task.classes) == 6

    def test_values_stand_for_tokens_in_expressions(self, file: Path) -> None:
        text = 'tokens = ["zero", "one"]\n' + changed(PAIRS, "labels", '"a + b + x[2] + 12"')
        text += '[values]\none = -1\n"3" = -30\n"5" = 20\n"99" = 7\n'
        value = {0: 0, 1: -1, 2: 2, 3: -30, 5: 20}
        task = made(file, text)
        assert labels_of(task) == [sum(value[token] for token in row) + 12 for row in inputs_of(task)]

    @pytest.mark.parametrize(
        ("values", "message"),
        [
            ("one = 2.5", "`values` gives the token 1 the value 2.5, which is no small whole number"),
            ("one = true", "`values` gives the token 1 the value True"),
            (f"one = {2**31}", "`values` gives the token 1 the value 2147483648"),
            ("two = 2", "`values` has the token 'two'"),
            ('one = 2\n"1" = 2', "`values` gives a token two values, one by its name and one by its number"),
        ],
    )
    def test_values_that_are_none_are_refused(self, file: Path, values: str, message: str) -> None:
        refused(file, f'tokens = ["zero", "one"]\n{PAIRS}[values]\n{values}\n', message)

    def test_a_large_domain_is_computed_in_chunks(self, file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        text = 'labels = "n1 * 100 + n2 * 10 + n3"\n[[position]]\nname = "n"\ntokens = "0-9"\nrepeat = 3\n'
        monkeypatch.setattr("scrubjay.tasks.task_files._VALUES_AT_ONCE", 100)
        assert labels_of(made(file, text)) == list(range(1000))

    @pytest.mark.parametrize(
        ("labels", "message"),
        [
            ("foo(a)", "`labels`: the expression `foo(a)` is a call that is not allowed"),
            ("1 // b", "`labels`: the expression `1 // b` divides by zero, on the input where b = 0"),
            ("a - 1", "`labels`: the labels of task task must be classes 0 to 1, and hold -1"),
            ("3", "`labels`: all 12 labels of task task are class 3"),
            ("x", "`labels`: the expression `x` is a list"),
            ("", "`labels`: the expression `` is not well formed"),
            ("c", "`labels`: the expression `c` is no known name; the names are x, a, b"),
        ],
    )
    def test_an_expression_that_gives_no_labels_is_refused(self, file: Path, labels: str, message: str) -> None:
        refused(file, changed(PAIRS, "labels", json.dumps(labels)), message)

    def test_a_position_cannot_take_the_name_of_the_list(self, file: Path) -> None:
        two = PAIRS.replace('name = "a"', 'name = "x"')
        refused(file, changed(two, "labels", '"sum(x)"'), "`labels` uses x, which has a meaning of its own and is also")
        assert labels_of(made(file, changed(two, "labels", '"b"'))) == [b for _ in range(3) for b in range(4)]

    def test_names_are_compared_as_python_compares_them(self, file: Path) -> None:
        micro = PAIRS.replace('name = "a"', 'name = "\\u00b5"')
        assert labels_of(made(file, changed(micro, "labels", '"\\u00b5 == \\u03bc and \\u00b5 == 1"')))[4:8] == [1] * 4

    FORMS: Mapping[str, str] = {
        "nested lists": f"labels = {TABLE}\n",
        "a flat list": f"labels = {list(itertools.chain(*TABLE))}\n",
        "an archive": 'labels = "labels.npz"\n',
        "a table of text": 'labels = "labels.csv"\n',
        "a column of text": 'labels = "column.csv"\n',
    }

    @pytest.fixture
    def beside(self, tmp_path: Path) -> None:
        np.savez(tmp_path / "labels.npz", labels=np.array(TABLE, dtype=np.uint8))
        np.savetxt(tmp_path / "labels.csv", TABLE, fmt="%d", delimiter=",")
        np.savetxt(tmp_path / "column.csv", np.array(TABLE).reshape(-1), fmt="%d")

    @pytest.mark.usefixtures("beside")
    @pytest.mark.parametrize("form", FORMS)
    def test_labels_may_be_an_array(self, file: Path, form: str) -> None:
        task = made(file, self.FORMS[form] + changed(PAIRS, "labels", None))
        assert labels_of(task) == list(itertools.chain(*TABLE))
        for seed in range(10):
            sample = made(file, self.FORMS[form] + changed(PAIRS, "labels", None), sample=3, seed=seed)
            assert labels_of(sample) == [TABLE[a][b] for a, b, _ in inputs_of(sample)]
            assert sample.domain.size == 3 and sample.classes == task.classes

    def test_truths_are_labels(self, file: Path) -> None:
        text = changed(PAIRS, "labels", json.dumps([[a < b for b in range(4)] for a in range(3)]))
        assert labels_of(made(file, text)) == [int(a < b) for a in range(3) for b in range(4)]

    @pytest.mark.parametrize(
        ("labels", "message"),
        [
            ("[[0, 1], [1]]", "`labels` are no array"),
            (
                "[0, 1]",
                "`labels` must have an axis for each varying position, of the lengths (3, 4), or one axis with a",
            ),
            ("[[0, 1], [1, 0]]", "`labels` must have an axis for each varying position, of the lengths (3, 4)"),
            ("[]", "`labels` must be whole numbers; they are of type float64 and shape (0,)"),
            ('["a"]', "`labels` must be whole numbers; they are of type <U1"),
            ("[0.5]", "`labels` must be whole numbers; they are of type float64"),
            ("[1979-05-27]", "`labels` must be whole numbers; they are of type object"),
            ("[[-1]]", "`labels` must be whole numbers from 0 on; one is -1"),
            (f"[{2**63}]", "`labels` must be whole numbers from 0 on; one is 9223372036854775808"),
            (f"[{10**30}]", "`labels` must be whole numbers; they are of type object"),
        ],
    )
    def test_arrays_that_are_no_labels_are_refused(self, file: Path, labels: str, message: str) -> None:
        refused(file, changed(PAIRS, "labels", labels), message)

    def test_a_list_of_inputs_takes_a_list_of_labels(self, file: Path) -> None:
        text = "inputs = [[0, 1], [1, 0]]\nlabels = [[0, 1]]\n"
        refused(file, text, "`labels` must have one axis with a number for each of the 2 inputs; their shape is (1, 2)")

    @pytest.mark.parametrize(
        ("table", "message"),
        [
            ("0,1\n1\n", "`labels` must have lines of one length; line 2 has 1 entries"),
            ("0,x\n", "`labels` must be whole numbers; line 1 holds 'x'"),
            ("0,-1\n", "`labels` must be whole numbers; line 1 holds '-1'"),
            ("0,²\n", "`labels` must be whole numbers; line 1 holds '²'"),
            (f"0,{10**18}\n", "`labels` must be whole numbers; line 1 holds '1000000000000000000'"),
        ],
    )
    def test_a_table_of_something_else_is_refused(self, file: Path, table: str, message: str) -> None:
        file.with_name("labels.csv").write_text(table)
        refused(file, changed(PAIRS, "labels", '"labels.csv"'), message)

    def test_a_file_beside_it_that_is_damaged_or_missing_or_holds_something_else_is_named(self, file: Path) -> None:
        npz, table = file.with_name("labels.npz"), file.with_name("labels.csv")
        text, of_text = (changed(PAIRS, "labels", f'"{path.name}"') for path in (npz, table))
        with pytest.raises(BadInput, match=re.escape(f"cannot read {npz}: No such file")):
            made(file, text)
        for content in (b"", b"PK\x03\x04", b"0,1\n"):
            npz.write_bytes(content)
            with pytest.raises(RefusedFile, match=re.escape(f"{npz} is no .npz of plain arrays")):
                made(file, text)
        np.savez(npz, labels=np.array([[object()]], dtype=object))
        with pytest.raises(RefusedFile, match=re.escape(f"{npz} is no .npz of plain arrays")):
            made(file, text)
        np.savez(npz, label=TABLE)
        with pytest.raises(BadInput, match=re.escape(f"{npz} must hold the array `labels`, and holds ['label']")):
            made(file, text)
        np.savez(npz, labels=TABLE, train=TABLE)
        with pytest.raises(BadInput, match=re.escape("holds ['labels', 'train']; it may hold labels and inputs")):
            made(file, text)
        with npz.open("wb") as handle:
            np.save(handle, TABLE)
        with pytest.raises(RefusedFile, match="is a single array; pack it"):
            made(file, text)
        table.write_bytes(b"")
        with pytest.raises(BadInput, match=re.escape(f"{table} is empty")):
            made(file, of_text)
        table.write_bytes(b"\xff\n")
        with pytest.raises(RefusedFile, match=re.escape(f"{table} is no table of text")):
            made(file, of_text)

    def test_one_archive_may_hold_labels_and_inputs(self, file: Path) -> None:
        np.savez(file.with_name("all.npz"), inputs=[[0, 1], [1, 1], [2, 1]], labels=[0, 1, 0])
        task = made(file, 'inputs = "all.npz"\nlabels = "all.npz"\n')
        assert inputs_of(task) == [[0, 1], [1, 1], [2, 1]] and labels_of(task) == [0, 1, 0]


OPTIONS: Mapping[str, dict[str, Any]] = {
    "": {},
    "read_at=1": {"read_at": 1},
    "read_at=-2": {"read_at": -2},
    "read_at=b": {"read_at": "b"},
    "sign_of=2": {"sign_of": "2"},
    "sign_of=1,read_at=0": {"sign_of": "1", "read_at": 0},
    "sample=5": {"sample": 5},
    "sample=5,seed=3": {"sample": 5, "seed": 3},
    "sample=5,sample_seed=3": {"sample": 5, "sample_seed": 3},
    "fraction=0.5": {"fraction": 0.5},
    "fraction=0.5,seed=7": {"fraction": 0.5, "seed": 7},
    "sample=6,fraction=0.5,seed=7": {"sample": 6, "fraction": 0.5, "seed": 7},
    "sample=6,sample_seed=2,fraction=0.5,seed=7,sign_of=0": {
        "sample": 6,
        "sample_seed": 2,
        "fraction": 0.5,
        "seed": 7,
        "sign_of": "0",
    },
}


def everything(task: Task) -> tuple[Any, ...]:
    split = None if task.train is None else task.train.tolist()
    domain = (task.domain.positions, task.domain.read_at, task.domain.is_sample, inputs_of(task))
    return (task.name, domain, task.classes, task.answer, labels_of(task), split, task.names, task.token_names)


class TestWords:
    TEXT = changed(PAIRS, "labels", '"(a + b) % 2"').replace('"0-2"', "[0, 1, 2]").replace('"0-3"', "[0, 1, 2, 3]")

    @pytest.mark.parametrize("options", OPTIONS)
    @pytest.mark.parametrize("names", ["", 'tokens = ["2", "0", "1"]\n'])
    def test_the_words_of_a_task_make_it_again_from_anywhere(
        self, options: str, names: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        (tmp_path / "elsewhere").mkdir()
        monkeypatch.chdir(tmp_path)
        Path("mine.toml").write_text(names + self.TEXT)
        task = named_task(f"mine.toml:{options}" if options else "mine.toml")
        assert everything(task) == everything(task_from_toml("mine.toml", **OPTIONS[options]))
        assert task.words.startswith(f"{tmp_path.resolve() / 'mine.toml'}:") and "sha256=" in task.words
        monkeypatch.chdir("elsewhere")
        again = named_task(task.words)
        assert everything(again) == everything(task) and again.words == task.words
        if task.train is None:
            split = split_task(task, 0.5, seed=9)
            later = named_task(split.words)
            assert everything(later) == everything(split) and inputs_of(later) == inputs_of(task)

    def test_an_option_that_changes_nothing_leaves_no_word(self, file: Path) -> None:
        words = made(file, self.TEXT).words
        assert re.fullmatch(re.escape(f"{file.resolve()}:sha256=") + "[0-9a-f]{16}", words)

    @pytest.mark.parametrize(
        ("options", "message"),
        [
            (
                "last=3",
                "a task's file has no option 'last', only read_at, sign_of, sample, seed, fraction, sample_seed,",
            ),
            ("", "a task's file has no option ''"),
            ("sample=x", "sample must be a number, and is 'x'"),
            ("sample=5,sample=6", "the option sample is given twice"),
            ("read_at=3", "`read_at` is 3, and the positions are 0 to 2"),
            ("read_at=c", "`read_at` is 'c', which is not the name of just one position"),
            ("sign_of=z", "`sign_of` has the token 'z'"),
            ("fraction=0", "`fraction`: a training fraction of 0.0 leaves one part of the 12 inputs empty"),
        ],
    )
    def test_options_that_are_none_are_refused(self, file: Path, options: str, message: str) -> None:
        file.write_text(self.TEXT)
        with pytest.raises(BadInput, match=re.escape(message)):
            named_task(f"{file}:{options}")

    CHANGES: Mapping[str, tuple[str, str]] = {
        "labels": ('"(a + b) % 2"', '"(a + b) %  3"'),
        "tokens": ("tokens = 5", "tokens = 6"),
        "a name": ('"="', '"end"'),
        "a new key": ("labels =", "read_at = 0\nlabels ="),
    }

    @pytest.mark.parametrize("what", CHANGES)
    def test_a_file_that_has_changed_since_is_noticed(self, file: Path, what: str) -> None:
        words = made(file, self.TEXT).words
        file.write_text(self.TEXT.replace(*self.CHANGES[what]))
        with pytest.raises(BadInput, match=re.escape(f"the task in {file.resolve()} has changed: its SHA-256 begins")):
            named_task(words)

    def test_a_change_of_comments_or_spaces_is_none(self, file: Path) -> None:
        task = made(file, self.TEXT)
        file.write_text("# The order of two numbers.\n" + self.TEXT.replace(" = ", "   =   "))
        assert everything(named_task(task.words)) == everything(task)

    @pytest.mark.parametrize("beside", ["labels.npz", "labels.csv"])
    def test_a_change_in_a_file_beside_it_is_noticed(self, file: Path, beside: str) -> None:
        path = file.with_name(beside)

        def write(table: list[list[int]]) -> None:
            if path.suffix == ".npz":
                np.savez(path, labels=np.array(table, dtype=np.uint8))
            else:
                np.savetxt(path, table, fmt="%d", delimiter=",")

        write(TABLE)
        words = made(file, changed(PAIRS, "labels", f'"{beside}"')).words
        named_task(words)
        if path.suffix == ".npz":
            np.savez_compressed(path, labels=np.array(TABLE))
            named_task(words)
        write([TABLE[1], TABLE[0], TABLE[2]])
        with pytest.raises(BadInput, match="has changed: its SHA-256 begins"):
            named_task(words)

    def test_a_file_that_is_gone_is_named_with_what_to_do(self, file: Path) -> None:
        words = made(file, self.TEXT).words
        file.rename(file.with_name("moved.toml"))
        with pytest.raises(
            BadInput, match=re.escape(f"{file.resolve()}, which holds the stored task, is gone.")
        ) as caught:
            named_task(words)
        assert str(caught.value).endswith("as the task: task.toml")

    def test_a_token_that_no_word_names_is_refused_as_an_option(self, file: Path) -> None:
        text = 'tokens = ["2", "0", "a,b"]\n' + self.TEXT
        for token, word in ((0, "0"), (1, "1"), (5, "5")):
            task = made(file, text.replace('"0"', '"k"').replace('"2"', '"7"'), sign_of=token)
            assert f":sign_of={word}," in task.words and named_task(task.words).classes == ((), (token,))
        task = made(file, text, sign_of=0)
        assert ":sign_of=2," in task.words and named_task(task.words).classes == ((), (0,))
        refused(
            file, text, "`sign_of` is 2, which is the name of another token; give the token a plain name", sign_of=2
        )


class TestFuzz:
    VALUES = st.recursive(
        st.one_of(
            st.booleans(),
            st.sampled_from([-1, 0, 1, 2, 3, 5, 113, 2**31, 10**30]),
            st.sampled_from([0.5, 1e300]),
            st.sampled_from(
                ["a", "b", "0-2", "0", "sign", "groups", "x[0] < x[1]", "a // b", "labels.npz", "i.csv", ""]
            ),
            st.text(max_size=5),
        ),
        lambda inner: st.lists(inner, max_size=4),
        max_leaves=8,
    )
    KEY = st.sampled_from([*KEYS, "label"])
    POSITIONS = st.lists(
        st.dictionaries(st.sampled_from([*POSITION_KEYS, "size"]), VALUES, max_size=3)
        | st.fixed_dictionaries({"tokens": st.sampled_from(["0-2", "1", 4, [0, 3]]), "name": st.sampled_from("abx")}),
        max_size=4,
    )

    @given(content=st.dictionaries(KEY, VALUES, max_size=5), positions=POSITIONS)
    @settings(deadline=None, max_examples=100, suppress_health_check=[HealthCheck.function_scoped_fixture])
    def test_any_content_makes_a_task_or_is_refused_with_a_sentence(
        self, file: Path, content: dict[str, Any], positions: list[dict[str, Any]]
    ) -> None:
        file.with_name("i.csv").write_text("0,1\n1,1\n")
        lines = [f"{key} = {json.dumps(value, ensure_ascii=False)}" for key, value in content.items()]
        for position in positions:
            lines.append("[[position]]")
            lines += [f"{key} = {json.dumps(value, ensure_ascii=False)}" for key, value in position.items()]
        file.write_bytes("\n".join(lines).encode("utf-8", "replace"))
        try:
            task = task_from_toml(file)
        except ScrubjayError as error:
            assert str(file.parent) in str(error)
        else:
            assert everything_but_labels(named_task(task.words)) == everything_but_labels(task)

    @given(data=st.data())
    @settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
    def test_a_damaged_file_makes_a_task_or_is_refused(self, file: Path, data: st.DataObject) -> None:
        content = bytearray(('tokens = ["a", "b", "c"]\nread_at = "b"\n[values]\n"1" = 2\n' + PAIRS[23:]).encode())
        for _ in range(data.draw(st.integers(1, 3))):
            content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
        file.write_bytes(content)
        try:
            task_from_toml(file)
        except ScrubjayError as error:
            assert str(file) in str(error)


def everything_but_labels(task: Task) -> tuple[Any, ...]:
    labels = None if task.labels is None else task.labels.tolist()
    return (task.name, task.domain.positions, task.domain.read_at, task.classes, task.answer, labels, task.names)
