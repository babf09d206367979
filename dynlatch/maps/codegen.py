"""Programs to compiled kernels: source text in the cache folder, one module per structure.

The source holds generated names and operations only, never a user's text, and no constant: those are an argument,
so that maps that differ in parameter values share one compiled kernel.
"""

from __future__ import annotations

import hashlib
import importlib.util
import os
import sys
import tempfile
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from typing import Any

from dynlatch.jit import cache_folder
from dynlatch.maps.program import Program, run

_FLOAT_HEADER = """\
import math
from math import acos, acosh, asin, asinh, atan, atanh, cos, cosh, log, sin, sinh, sqrt, tan
from dynlatch.jit import KERNEL, jit_as
from dynlatch.maps.elementary import exp, sech2, sign, tanh


@jit_as(KERNEL)
def kernel(x, c, out, m):
"""

_INTERVAL_HEADER = """\
from dynlatch.jit import INTERVAL_KERNEL, jit_as
from dynlatch.rigor import intervals as iv


@jit_as(INTERVAL_KERNEL)
def kernel(x_lo, x_hi, c_lo, c_hi, out_lo, out_hi, m):
"""


def float_kernel(program: Program) -> Any:
    """A compiled kernel of signature ``KERNEL``; nan where the map is undefined. Cost: seconds the first time."""
    return _load(_float_source(program))


def interval_kernel(program: Program) -> Any:
    """A compiled kernel of signature ``INTERVAL_KERNEL``, rounded outward; (nan, nan) where nothing is known."""
    return _load(_interval_source(program))


def _float_source(program: Program) -> str:
    emitted: list[str] = []
    text = _text_operations(lambda e: _name(emitted, "v", e))
    states = [f"s{i}[j]" for i in range(program.num_states)]
    constants = [f"c{k}" for k in range(len(program.constants))]
    outputs = run(program, states, constants, text)
    lines = [f"    s{i} = x[{i}]" for i in range(program.num_states)]
    lines += [f"    c{k} = c[{k}]" for k in range(len(program.constants))]
    lines += [f"    o{i} = out[{i}]" for i in range(len(outputs))]
    lines += ["    for j in range(m):", *(f"        {line}" for line in emitted)]
    lines += [f"        o{i}[j] = {value}" for i, value in enumerate(outputs)]
    return _FLOAT_HEADER + "\n".join(lines) + "\n"


def _interval_source(program: Program) -> str:
    emitted: list[str] = []
    states = [(f"sl{i}[j]", f"sh{i}[j]") for i in range(program.num_states)]
    constants = [(f"cl{k}", f"ch{k}") for k in range(len(program.constants))]
    outputs = run(program, states, constants, _interval_operations(emitted))
    lines: list[str] = []
    for i in range(program.num_states):
        lines += [f"    sl{i} = x_lo[{i}]", f"    sh{i} = x_hi[{i}]"]
    for k in range(len(program.constants)):
        lines += [f"    cl{k} = c_lo[{k}]", f"    ch{k} = c_hi[{k}]"]
    lines += ["    for j in range(m):", *(f"        {line}" for line in emitted)]
    for i, (lo, hi) in enumerate(outputs):  # pyright: ignore[reportGeneralTypeIssues]
        lines += [f"        out_lo[{i}, j] = {lo}", f"        out_hi[{i}, j] = {hi}"]
    return _INTERVAL_HEADER + "\n".join(lines) + "\n"


def _name(emitted: list[str], prefix: str, expression: str) -> str:
    name = f"{prefix}{len(emitted)}"
    emitted.append(f"{name} = {expression}")
    return name


class _TextOperations(dict[str, Callable[..., object]]):
    """Operations on source text; a name that is not listed is a function call."""

    def __init__(self, listed: dict[str, Callable[..., object]], call: Callable[[str], Callable[..., object]]) -> None:
        self.update(listed)
        self._call = call

    def __missing__(self, name: str) -> Callable[..., object]:
        return self._call(name)


def _text_operations(name: Callable[[str], str]) -> dict[str, Callable[..., object]]:
    def powi(x: str, exponent: int) -> str:
        value = _power_by_squaring(x, abs(exponent), name)
        return name(f"1.0 / {value}") if exponent < 0 else value

    listed: dict[str, Callable[..., object]] = {
        "add": lambda x, y: name(f"{x} + {y}"),
        "sub": lambda x, y: name(f"{x} - {y}"),
        "mul": lambda x, y: name(f"{x} * {y}"),
        "div": lambda x, y: name(f"{x} / {y}"),
        "neg": lambda x: name(f"-{x}"),
        "absolute": lambda x: name(f"abs({x})"),
        "powi": powi,
    }
    return _TextOperations(listed, lambda function: lambda x: name(f"{function}({x})"))


def _power_by_squaring(x: str, exponent: int, name: Callable[[str], str]) -> str:
    result = ""
    while exponent:
        if exponent & 1:
            result = name(f"{result} * {x}") if result else x
        exponent >>= 1
        if exponent:
            x = name(f"{x} * {x}")
    return result or name("1.0")


def _interval_operations(emitted: list[str]) -> dict[str, Callable[..., object]]:
    def call(function: str) -> Callable[..., object]:
        def apply(*operands: tuple[str, str] | int) -> tuple[str, str]:
            words = [", ".join(o) if isinstance(o, tuple) else str(o) for o in operands]
            lo, hi = f"l{len(emitted)}", f"h{len(emitted)}"
            emitted.append(f"{lo}, {hi} = iv.{function}({', '.join(words)})")
            return lo, hi

        return apply

    return _TextOperations({}, call)


@lru_cache(maxsize=256)
def _load(source: str) -> Any:
    digest = hashlib.sha256(source.encode()).hexdigest()[:24]
    path = cache_folder() / f"kernel_{digest}.py"
    if not path.exists() or path.read_text() != source:  # whatever stands there is run: it must be this source
        _write_atomically(path, source)
    module_name = f"_dynlatch_kernel_{digest}"
    spec = importlib.util.spec_from_file_location(module_name, path)
    if spec is None or spec.loader is None:
        raise ImportError(f"cannot load the generated kernel {path.name}")
    module = importlib.util.module_from_spec(spec)
    sys.modules[module_name] = module
    spec.loader.exec_module(module)
    return module.kernel


def _write_atomically(path: Path, text: str) -> None:
    handle, temporary = tempfile.mkstemp(dir=path.parent, suffix=".tmp")
    with os.fdopen(handle, "w") as stream:
        stream.write(text)
    Path(temporary).replace(path)
