"""What the house rules say about every file of the package, checked on the syntax trees."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

PACKAGE = Path(__file__).resolve().parents[1] / "dynlatch"
FILES = sorted(PACKAGE.rglob("*.py"))
MAX_LINES = 400

EXECUTING = {"eval", "exec", "__import__"}
"""Built-in names that run text; no reference to them is allowed, called or not."""
PARSING = {"sympify", "parse_expr", "parse_latex", "lambdify"}
"""SymPy's ways from text or trees to executed code."""
UNPICKLING = {"pickle", "cPickle", "_pickle", "cloudpickle", "dill", "marshal", "shelve", "joblib"}
"""Modules whose files can run code when they are read."""
HEAVY = ("sympy", "numba", "matplotlib", "scipy", "flint", "xarray", "networkx", "pandas")
"""Modules that take long to import."""


def unsafe(source: str) -> list[str]:
    """Every place of the source that could run text or unpickle data."""
    return [f"line {line}: {what}" for line, what in sorted(_unsafe(ast.parse(source)))]


def _unsafe(tree: ast.AST) -> set[tuple[int, str]]:
    found: set[tuple[int, str]] = set()
    for node in ast.walk(tree):
        match node:
            case ast.Name(id=name) if name in EXECUTING | PARSING:
                found.add((node.lineno, name))
            case ast.Attribute(attr=name) if name in PARSING:
                found.add((node.lineno, name))
            case ast.Attribute(value=ast.Name(id="builtins" | "__builtins__"), attr=name) if name in EXECUTING:
                found.add((node.lineno, name))
            case ast.Call(func=ast.Name(id="S") | ast.Attribute(value=ast.Name(id="sympy" | "sp"), attr="S")):
                found.add((node.lineno, "S(...)"))
            case ast.Call(keywords=keywords) if any(map(_may_unpickle, keywords)):
                found.add((node.lineno, "allow_pickle"))
            case ast.Import(names=names):
                found |= {(node.lineno, a.name) for a in names if a.name.split(".")[0] in UNPICKLING}
            case ast.ImportFrom(module=module, names=names):
                if module is not None and module.split(".")[0] in UNPICKLING:
                    found.add((node.lineno, module))
                found |= {(node.lineno, a.name) for a in names if a.name in EXECUTING | PARSING}
            case _:
                pass
    return found


def _may_unpickle(keyword: ast.keyword) -> bool:
    refused = isinstance(keyword.value, ast.Constant) and keyword.value.value is False
    return keyword.arg == "allow_pickle" and not refused


def prints(source: str) -> list[int]:
    """The lines of the source that write to the terminal."""
    lines: list[int] = []
    for node in ast.walk(ast.parse(source)):
        match node:
            case ast.Name(id="print") | ast.Attribute(value=ast.Name(id="sys"), attr="stdout" | "stderr"):
                lines.append(node.lineno)
            case ast.ImportFrom(module="sys", names=names) if {a.name for a in names} & {"stdout", "stderr"}:
                lines.append(node.lineno)
            case _:
                pass
    return sorted(lines)


def heavy_imports(statement: str) -> list[str]:
    """Which heavy modules a fresh interpreter holds after the statement."""
    code = f"import sys\n{statement}\nprint(*[name for name in {HEAVY!r} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=PACKAGE.parent)
    return done.stdout.split()


def name_of(path: Path) -> str:
    return path.relative_to(PACKAGE.parent).as_posix()


def test_the_package_is_found() -> None:
    assert PACKAGE / "__init__.py" in FILES
    assert len(FILES) > 5


@pytest.mark.parametrize("path", FILES, ids=name_of)
def test_no_file_is_longer_than_a_reader_can_hold(path: Path) -> None:
    assert len(path.read_text(encoding="utf-8").splitlines()) <= MAX_LINES


@pytest.mark.parametrize("path", FILES, ids=name_of)
def test_nothing_runs_text_or_unpickles(path: Path) -> None:
    assert unsafe(path.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize("path", FILES, ids=name_of)
def test_only_the_command_line_prints(path: Path) -> None:
    if PACKAGE / "cli" not in path.parents:
        assert prints(path.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize(
    "mutant",
    [
        "eval(text)",
        "run = exec",
        "import builtins\nbuiltins.eval(text)",
        "from builtins import eval as harmless",
        "__import__(text)",
        "import sympy\nsympy.sympify(text)",
        "from sympy import sympify as read",
        "sympy.parsing.sympy_parser.parse_expr(text)",
        "sympy.S(text)",
        "from sympy import S\nS(text)",
        "sympy.lambdify(x, e)",
        "import pickle",
        "from pickle import loads",
        "import joblib.memory",
        "np.load(path, allow_pickle=True)",
        "np.load(path, allow_pickle=flag)",
    ],
)
def test_the_safety_check_has_teeth(mutant: str) -> None:
    assert unsafe(mutant)


@pytest.mark.parametrize(
    "harmless",
    [
        "import re\nre.compile(text)",
        "import ast\nast.literal_eval(text)",
        "value.evaluate()",
        "class F(Function):\n    def eval(cls, x): ...",
        "sympy.S.Half",
        "np.load(path, allow_pickle=False)",
        "note = 'eval(text)'",
    ],
)
def test_the_safety_check_lets_the_harmless_pass(harmless: str) -> None:
    assert unsafe(harmless) == []


def test_the_print_check_has_teeth() -> None:
    assert prints("print('x')") == [1]
    assert prints("import sys\nsys.stderr.write('x')") == [2]
    assert prints("from sys import stdout") == [1]
    assert prints("'print'\nx.print_()") == []


@pytest.mark.parametrize("module", ["dynlatch", "dynlatch.cli"])
def test_a_bare_import_is_light(module: str) -> None:
    assert heavy_imports(f"import {module}") == []


def test_the_import_check_has_teeth() -> None:
    assert "networkx" in heavy_imports("import networkx")
