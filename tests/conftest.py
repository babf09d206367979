"""What holds for every test: how hard Hypothesis tries, no window for a figure, the command, small certificates."""

from __future__ import annotations

import importlib.util
import os
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest
from hypothesis import HealthCheck, Phase, settings
from xdist.remote import Producer
from xdist.scheduler import LoadScopeScheduling

os.environ["MPLBACKEND"] = "Agg"

# No deadline: the first example of a test may compile a kernel. No test depends on how fast the machine is.
_COMMON = settings(deadline=None, print_blob=True, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("dev", _COMMON, max_examples=30)
settings.register_profile("ci", _COMMON, max_examples=25, derandomize=True, database=None)
settings.register_profile("nightly", _COMMON, max_examples=2000, phases=list(Phase))
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "dev"))

TOGETHER = {
    "tests/test_analysis.py": "tests/views/test_figures.py",
    "tests/views/test_report.py": "tests/views/test_figures.py",
    "tests/views/test_certified_text.py": "tests/views/test_certified.py",
}
"""Files that share what takes long to make, and the one that names their group."""
APART = {"tests/test_analyses.py"}
"""Files whose tests take long and share nothing."""


class ByFile(LoadScopeScheduling):
    """A file's tests run in one worker, which makes what they share once.

    Marks would not do: the process that deals the tests out does not collect them, and knows their names only.
    """

    def _split_scope(self, nodeid: str) -> str:
        file = nodeid.partition("::")[0]
        return nodeid if file in APART else TOGETHER.get(file, file)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> ByFile:
    """How tests are dealt out to workers."""
    return ByFile(config, log)


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Callable[..., tuple[int, str, str]]:
    """The command in this process: exit code, standard output, standard error."""
    from dynlatch.cli import main

    for name in ("DYNLATCH_DEBUG", "FORCE_COLOR"):
        monkeypatch.delenv(name, raising=False)

    def called(*words: str) -> tuple[int, str, str]:
        code = main(words)
        return code, *capsys.readouterr()

    return called


@pytest.fixture(scope="session")
def maker() -> ModuleType:
    """``checker/maker.py``: certificates by plain arithmetic, and, from ``parts.py``, the parts of one."""
    _loaded("checker_parts", "checker/parts.py")
    return _loaded("checker_maker", "checker/maker.py")


@pytest.fixture(scope="session")
def results_schema() -> ModuleType:
    """``views/test_results.py``: the schema of ``results.json``, and ``faults``: where a value differs from a part."""
    return _loaded("results_schema", "views/test_results.py")


def _loaded(name: str, path: str) -> ModuleType:
    """A file of this folder that several others use, which stand in no package."""
    if name not in sys.modules:
        spec = importlib.util.spec_from_file_location(name, Path(__file__).parent / path)
        assert spec is not None
        assert spec.loader is not None
        sys.modules[name] = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(sys.modules[name])
    return sys.modules[name]
