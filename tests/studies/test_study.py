"""Study files: what cells they mean, and that every error names the line at fault."""

from __future__ import annotations

import itertools
import tomllib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dynlatch.errors import InputError
from dynlatch.learning.algorithms import NAMES
from dynlatch.learning.tasks import TASKS
from dynlatch.studies.cell import Cell
from dynlatch.studies.kinds import kind_of
from dynlatch.studies.study import QUICK_TRIALS, read_study, study_from_toml
from dynlatch.studies.toml_lines import line_at, lines_of

STUDIES = sorted((Path(__file__).parents[2] / "analyses" / "studies").glob("*.toml"))
HEAD = 'name = "s"\ntrials = 4\n[[grid]]\n'
LATCH = HEAD + 'task = "latch"\nalgorithm = "back-propagation"\n'


def train_cell(**given: object) -> Cell:
    """From the kind's own defaults."""
    usual = kind_of("train").usual({"task": given.get("task", "latch"), "algorithm": given["algorithm"]})  # type: ignore
    return Cell.of("train", usual | {name.replace("__", "."): value for name, value in given.items()})  # type: ignore


def test_every_list_is_an_axis() -> None:
    study = study_from_toml(
        HEAD + 'task = ["latch", "parity"]\nT = [10, 20]\nnoise = [0.0, 0.2]\nalgorithm = ["adam", "annealing"]\n'
    )
    product = itertools.product(["latch", "parity"], [10, 20], [0.0, 0.2], ["adam", "annealing"])
    assert set(study.cells) == {train_cell(task=t, T=T, noise=n, algorithm=a) for t, T, n, a in product}
    assert len(study.cells) == 16
    assert len(study) == 64


def test_defaults_are_written_into_the_cell() -> None:
    (cell,) = study_from_toml(LATCH).cells
    assert dict(cell.settings) == {
        "task": "latch", "T": 50, "noise": 0.0, "algorithm": "back-propagation", "budget": 30_000,
        "algorithm.rate": 0.01, "task.num_train": 50, "task.num_test": 300, "task.target": 0.8,
    }  # fmt: skip
    assert study_from_toml(LATCH + "[grid.set]\nrate = 0.01\n").cells == (cell,)
    assert study_from_toml(LATCH + "[grid.set]\nrate = 0.02\n").cells != (cell,)


def test_equal_numbers_are_one_cell() -> None:
    found = study_from_toml(LATCH + "noise = [0, 0.0, -0.0]\n")
    assert len(found.cells) == 1
    for noise in ("0", "0.0", "-0.0"):
        assert '"noise",0.0' in study_from_toml(LATCH + f"noise = {noise}\n").cells[0].text()


def test_only_searches_have_what_only_searches_read() -> None:
    found = study_from_toml(HEAD + 'task = "latch"\nalgorithm = ["adam", "guessing"]\naccepted = [0.05, 0.01]\n').cells
    assert [(cell["algorithm"], "accepted" in cell) for cell in found] == [
        ("adam", False), ("guessing", True), ("guessing", True),
    ]  # fmt: skip


def test_settings_of_one_owner_and_of_all_that_have_them() -> None:
    found = study_from_toml(
        HEAD + 'task = "latch"\nalgorithm = ["adam", "back-propagation", "annealing"]\n'
        "[grid.set]\nrate = 0.5\nnum_train = 30\n[grid.set.adam]\nrate = [0.1, 0.2]\nbudget = 77\n"
    ).cells
    told = [(c["algorithm"], dict(c.settings).get("algorithm.rate"), c["budget"]) for c in found]
    assert told == [
        ("adam", 0.1, 77), ("adam", 0.2, 77), ("back-propagation", 0.5, 30_000), ("annealing", None, 3_000_000),
    ]  # fmt: skip
    assert all(c["task.num_train"] == 30 for c in found)


def test_what_varies_varies_alone() -> None:
    found = study_from_toml(
        HEAD + 'task = "latch"\nalgorithm = "annealing"\nT = [10, 20]\n[grid.vary]\ncycles = [5, 20]\ncooling = 0.5\n'
    ).cells
    usual = {"algorithm": "annealing"}
    wanted = {
        train_cell(T=T, **usual, **change)
        for T in (10, 20)
        for change in ({}, {"algorithm__cycles": 5}, {"algorithm__cycles": 20}, {"algorithm__cooling": 0.5})
    }
    assert set(found) == wanted
    assert len(found) == 8


def test_the_minimal_problem_has_the_names_of_the_figure() -> None:
    (cell,) = study_from_toml(HEAD + 'kind = "minimal"\nw_0 = 1.5\nvariance = 0\ntrained = "inputs"\n').cells
    assert cell.kind == "minimal"
    assert (cell["w_0"], cell["variance"], cell["trained"], cell["T"], cell["budget"]) == (
        1.5,
        0.0,
        "inputs",
        20,
        20_000,
    )
    assert (cell["task.L"], cell["task.streak"], cell["algorithm.rate"]) == (3, 20, 0.01)


@pytest.mark.parametrize("path", STUDIES, ids=lambda path: path.stem)
def test_the_studies_that_are_kept_can_be_read_and_the_quick_one_is_a_part(path: Path) -> None:
    whole, quick = read_study(path), read_study(path, quick=True)
    assert whole.name == path.stem
    assert set(quick.cells) <= set(whole.cells)
    assert quick.trials == min(whole.trials, QUICK_TRIALS)
    assert quick.seed == whole.seed
    assert 0 < len(quick) < len(whole)
    seconds = sum(kind_of(cell.kind).seconds(cell) for cell in quick.cells)
    assert quick.trials * seconds < 1000


def test_some_studies_are_kept() -> None:
    assert {path.stem for path in STUDIES} >= {"fig2a", "fig2b", "fig4", "fig4-long", "sensitivity"}


def test_fig4_is_the_whole_figure() -> None:
    (path,) = (path for path in STUDIES if path.stem == "fig4")
    cells = {(c["task"], c["T"], c["noise"], c["algorithm"]) for c in read_study(path).cells}
    assert cells == set(itertools.product(TASKS, (10, 20, 50, 100), (0.0, 0.2), NAMES))
    assert read_study(path).trials >= 50


# --- refusals ---------------------------------------------------------------------------------------------------------

REFUSED = {
    'name = "s"\ntrials = 4\nT = = 3\n': (3, "not TOML"),
    'name = "s"\ntrials = 4\n[[grid]\n': (3, "not TOML"),
    'name = "s"\ntrials = 4\n\ntrails = 5\n': (4, "trails", "did you mean trials?"),
    'name = "s"\n[[grid]]\n': (1, "trials is missing"),
    "trials = 4\n[[grid]]\n": (1, "name must be"),
    'trials = 4\nname = "a b"\n[[grid]]\n': (2, "name must be"),
    'name = "s"\ntrials = 0\n[[grid]]\n': (2, "from 1 to"),
    'name = "s"\ntrials = true\n[[grid]]\n': (2, "whole number"),
    'name = "s"\ntrials = 4\nseed = -1\n': (3, "from 0 to"),
    'name = "s"\ntrials = 4\nseed = 9223372036854775808\n': (3, "from 0 to"),
    'name = "s"\ntrials = 4\n': (1, "[[grid]]"),
    'name = "s"\ntrials = 4\ngrid = [1]\n': (3, "[[grid]]"),
    HEAD + 'kind = "trian"\n': (4, "unknown kind 'trian'", "did you mean train?"),
    HEAD + 'algorithm = "adam"\n': (3, "task is missing"),
    HEAD + 'task = ["latch",\n  "pairty"]\nalgorithm = "adam"\n': (5, "unknown task 'pairty'", "did you mean parity?"),
    HEAD + 'task = "latch"\nalgorithm = [\n"adam",\n\n"adan", # no\n]\n': (8, "unknown algorithm 'adan'", "mean adam?"),
    LATCH + "nois = 0.2\n": (6, "unknown key", "did you mean noise?", "[grid.set]"),
    LATCH + "rate = 0.2\n": (6, "unknown key", "[grid.set]"),
    LATCH + "T = [10, 1]\n": (6, "T=1 must be", "from 2"),
    LATCH + "T = 10.0\n": (6, "'10.0' is not a whole number"),
    LATCH + 'noise = "loud"\n': (6, "is not a finite number"),
    LATCH + "noise = nan\n": (6, "is not a finite number"),
    LATCH + "noise = [0.0,\n 0.1, -0.2]\n": (7, "noise=-0.2"),
    LATCH + "T = []\n": (6, "an empty list"),
    LATCH + "T = [[10]]\n": (6, "no number"),
    LATCH + "T = 1979-05-27\n": (6, "no number"),
    LATCH + "budget = 0\n": (6, "whole number from 1"),
    LATCH + "set = 3\n": (6, "must be a table"),
    LATCH + "\n[grid.set]\nrat = 1\n": (8, "nothing in this grid", "did you mean rate?"),
    LATCH + "\n[grid.set]\ncycles = 1\n": (8, "nothing in this grid", "num_train"),
    LATCH + "\n[grid.set.adam]\nrate = 1.0\n": (8, "nothing in this grid"),
    LATCH + "\n[grid.set]\nrate = -1\n": (8, "rate=-1.0", "positive"),
    LATCH + '\n[grid.set]\ntask = "parity"\n': (8, "stands in [[grid]]"),
    LATCH + "\n[grid.vary]\nrate = [0.1,\n\n0]\n": (10, "rate=0.0", "positive"),
    LATCH + "set.target = 2.0\n": (6, "target=2.0"),
    HEAD + 'kind = "minimal"\nvariance = -1\n': (5, "variance=-1.0"),
    HEAD + 'kind = "minimal"\ntrained = "all"\n': (5, "trained='all'", "w or inputs"),
    HEAD + 'kind = "minimal"\nT = 2\n': (5, "T=2"),
    HEAD + 'kind = "minimal"\ntask = "latch"\n': (5, "unknown key"),
    HEAD + 'task = "latch"\nalgorithm = "annealing"\nbudget = 49\n': (6, "less than one pass over the 50"),
    LATCH + '[[grid]]\ntask = "latch"\nalgorithm = "adam"\n# a comment\nT = 0\n': (10, "T=0"),
}  # fmt: skip


@pytest.mark.parametrize("text", REFUSED, ids=range(len(REFUSED)))
def test_an_error_names_its_line(text: str) -> None:
    line, *said = REFUSED[text]
    with pytest.raises(InputError) as caught:
        study_from_toml(text, where="file.toml")
    message = str(caught.value)
    assert message.startswith(f"file.toml, line {line}: ")
    assert "\n" not in message
    for words in said:
        assert str(words) in message


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"none\.toml: no such file"):
        read_study(tmp_path / "none.toml")
    with pytest.raises(InputError, match="a folder"):
        read_study(tmp_path)
    (tmp_path / "latin.toml").write_bytes(b'name = "s"\n# caf\xe9\n')
    with pytest.raises(InputError, match=r"latin\.toml, line 2: no UTF-8"):
        read_study(tmp_path / "latin.toml")
    (tmp_path / "crlf.toml").write_bytes((LATCH + "T = 1\n").replace("\n", "\r\n").encode("utf-8-sig"))
    with pytest.raises(InputError, match=r"crlf\.toml, line 6: .*T=1"):
        read_study(tmp_path / "crlf.toml")


def test_too_many_cells(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("dynlatch.studies.grid.MOST_CELLS", 3)
    with pytest.raises(InputError, match=r"line 3: .*more than 3 cells"):
        study_from_toml(LATCH + "T = [2, 3, 4, 5]\n")


@given(st.text(alphabet="[]\"'=#\n\\,. {}grid1set", max_size=60))
def test_any_text_is_a_study_or_refused_with_a_line(text: str) -> None:
    try:
        study_from_toml(HEAD + text)
        message = "<toml>, line 1: none"
    except InputError as error:
        message = str(error)
    assert message.startswith("<toml>, line ")
    assert "\n" not in message


# --- lines ------------------------------------------------------------------------------------------------------------

TRICKY = '''# a = 1
a = "b = [ # no" # [[c]]
"x.y" = 'it\\'
long = """
k = 3
[t]
""" # tail
list = [ # [
  1, 2,
  "]", # 4
  [5,
   6],
  {p = 1, q = [2]},

  7,
]
[t] # "
  b.c = 1
[[t.u]]
e = """"quoted""""
[[t.u]]
e = \'\'\'
\'\'\'
[t.u.v]
f = 1
'''


def test_lines_of_tricky_texts() -> None:
    tomllib.loads(TRICKY)
    lines = lines_of(TRICKY)
    assert lines == {
        ("a",): 2, ("x.y",): 3, ("long",): 4, ("list",): 8, ("list", 0): 9, ("list", 1): 9, ("list", 2): 10,
        ("list", 3): 11, ("list", 4): 13, ("list", 5): 15, ("t",): 17, ("t", "b"): 18, ("t", "b", "c"): 18,
        ("t", "u", 0): 19, ("t", "u", 0, "e"): 20, ("t", "u", 1): 21, ("t", "u", 1, "e"): 22,
        ("t", "u", 1, "v"): 24, ("t", "u", 1, "v", "f"): 25,
    }  # fmt: skip
    assert line_at(lines, ("list", 4, "q", 0)) == 13
    assert line_at(lines, ("nothing",)) == 1


VALUES = st.sampled_from([
    "1", '"="', "'#'", "[1, 2]", '["]", # x = 1\n "a"]', '"""\n[a]\nb = 2\n"""', "{ a = [1, 2] }", "[\n\n[1],\n]",
    '"\\""',
])  # fmt: skip
SPACES = st.sampled_from(["", "\n", "# c = [\n", "  \n\n", '# "\n'])


@given(st.lists(st.tuples(SPACES, st.booleans(), VALUES), min_size=1, max_size=8))
def test_keys_are_where_they_were_written(pieces: list[tuple[str, bool, str]]) -> None:
    text, wanted, table = "", {}, ()
    for k, (space, header, value) in enumerate(pieces):
        text += space
        if header:
            table = (f"t{k}",)
            wanted[table] = text.count("\n") + 1
            text += f"[t{k}] # =\n"
        wanted[(*table, f"k{k}")] = text.count("\n") + 1
        text += f"k{k} = {value}\n"
    lines = lines_of(text)
    assert {place: line for place, line in lines.items() if not isinstance(place[-1], int)} == wanted
    read = tomllib.loads(text)
    for place in wanted:
        value = read[place[0]] if len(place) == 1 else read[place[0]][place[1]]
        elements = [other[-1] for other in lines if other[:-1] == place and isinstance(other[-1], int)]
        assert elements == (list(range(len(value))) if isinstance(value, list) else [])
