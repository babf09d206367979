"""Numbers of ``LANES`` trials side by side, as one value of compiled code.

A loop over trials that a compiler may or may not vectorise becomes straight-line arithmetic on vectors, which it
always does. An array of lanes is an ordinary float array of shape ``(rows, LANES)``; a kernel loads a row, computes
with ``+ - * /`` and the functions below, and stores a row. Lanes never mix, so that no trial depends on its company.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Sequence
from typing import Any, Final

import numpy as np
from llvmlite import ir
from numba.core import cgutils
from numba.core.typing.templates import AbstractTemplate, infer_global, signature
from numba.extending import intrinsic, lower_builtin, models, register_model
from numpy.typing import NDArray

from dynlatch.jit import types

LANES: Final = 32
"""Four AVX-512 or eight AVX2 registers: enough independent work to hide the latency of one tanh after another."""

_ALIGNMENT: Final = 64
_DOUBLE: Final = ir.DoubleType()
_INT64: Final = ir.IntType(64)
_INT32: Final = ir.IntType(32)
_VECTOR: Final = ir.VectorType(_DOUBLE, LANES)
_INTEGERS: Final = ir.VectorType(_INT64, LANES)
_BITS: Final = ir.VectorType(ir.IntType(1), LANES)
_POINTERS: Final = ir.VectorType(_DOUBLE.as_pointer(), LANES)
_SHUFFLE: Final = ir.VectorType(_INT32, LANES)


def lane_array(rows: int) -> NDArray[np.float64]:
    """Zeros of shape ``(rows, LANES)`` that begin at a cache line."""
    room = np.zeros(rows * LANES + _ALIGNMENT // 8)
    skip = (-room.ctypes.data // 8) % (_ALIGNMENT // 8)
    return room[skip : skip + rows * LANES].reshape(rows, LANES)


class LanesType(types.Type):
    """The type of a row of lanes."""

    def __init__(self) -> None:
        super().__init__(name=f"lanes{LANES}")


lanes: Final = LanesType()


@register_model(LanesType)
class _LanesModel(models.PrimitiveModel):
    def __init__(self, manager: Any, of: Any) -> None:
        super().__init__(manager, of, _VECTOR)


# --- numbers become lanes where they meet lanes -----------------------------------------------------------------------


def _spread(builder: Any, value: Any, vector: Any = _VECTOR) -> Any:
    """The same number in every lane."""
    empty = ir.Constant(vector, ir.Undefined)
    first = builder.insert_element(empty, value, ir.Constant(_INT32, 0))
    return builder.shuffle_vector(first, empty, ir.Constant(_SHUFFLE, [0] * LANES))


def _wide(builder: Any, args: Sequence[Any], of: Sequence[Any]) -> list[Any]:
    return [a if t == lanes else _spread(builder, a) for a, t in zip(args, of, strict=True)]


def _is_number(t: Any) -> bool:
    return t == lanes or t == types.float64


def _arithmetic(op: Any, instruction: str) -> None:
    class Template(AbstractTemplate):
        def generic(self, args: Any, kws: Any) -> Any:
            if len(args) == 2 and lanes in args and all(map(_is_number, args)):
                return signature(lanes, *args)
            return None

    infer_global(op)(Template)  # pyright: ignore[reportOptionalCall]

    def build(_context: Any, builder: Any, sig: Any, args: Any) -> Any:
        return getattr(builder, instruction)(*_wide(builder, args, sig.args))

    for pair in ((lanes, lanes), (lanes, types.float64), (types.float64, lanes)):
        lower_builtin(op, *pair)(build)


_arithmetic(operator.add, "fadd")
_arithmetic(operator.sub, "fsub")
_arithmetic(operator.mul, "fmul")
_arithmetic(operator.truediv, "fdiv")


# --- functions of numbers and of lanes alike --------------------------------------------------------------------------


def _alike(arity: int, doc: str, build: Callable[[Any, bool, list[Any]], Any]) -> Any:
    """A function of ``arity`` floats that gives a float, or lanes if any argument is lanes."""

    def typed(_typing: Any, given: tuple[Any, ...]) -> Any:
        if not all(map(_is_number, given)):
            return None
        is_wide = lanes in given

        def make(_context: Any, builder: Any, sig: Any, args: Any) -> Any:
            return build(builder, is_wide, _wide(builder, args, sig.args) if is_wide else list(args))

        return signature(lanes if is_wide else types.float64, *given), make

    if arity == 1:
        found = intrinsic(lambda typing, x: typed(typing, (x,)))
    elif arity == 2:
        found = intrinsic(lambda typing, x, y: typed(typing, (x, y)))
    else:
        found = intrinsic(lambda typing, x, y, z: typed(typing, (x, y, z)))
    found.__doc__ = doc
    return found


def _call(builder: Any, name: str, wide: bool, args: list[Any]) -> Any:
    """An LLVM intrinsic of as many floats as there are ``args``."""
    of = _VECTOR if wide else _DOUBLE
    suffix = f"v{LANES}f64" if wide else "f64"
    function = cgutils.get_or_insert_function(
        builder.module, ir.FunctionType(of, [of] * len(args)), f"llvm.{name}.{suffix}"
    )
    return builder.call(function, args)


def _smaller(builder: Any, _is_wide: bool, args: list[Any]) -> Any:
    return builder.select(builder.fcmp_ordered(">", *args), args[1], args[0])


def _larger(builder: Any, _is_wide: bool, args: list[Any]) -> Any:
    return builder.select(builder.fcmp_ordered("<", *args), args[1], args[0])


def _power_of_two(builder: Any, is_wide: bool, args: list[Any]) -> Any:
    integer = _INTEGERS if is_wide else _INT64
    biased = builder.add(builder.bitcast(args[0], integer), _integer(1023, is_wide))
    return builder.bitcast(builder.shl(biased, _integer(52, is_wide)), _VECTOR if is_wide else _DOUBLE)


def _integer(value: int, wide: bool) -> Any:
    return ir.Constant(_INTEGERS, [value] * LANES) if wide else ir.Constant(_INT64, value)


def _number(value: float, wide: bool) -> Any:
    return ir.Constant(_VECTOR, [value] * LANES) if wide else ir.Constant(_DOUBLE, value)


def _comparison(sign: str) -> Callable[[Any, bool, list[Any]], Any]:
    def build(builder: Any, is_wide: bool, args: list[Any]) -> Any:
        return builder.select(builder.fcmp_ordered(sign, *args), _number(1.0, is_wide), _number(0.0, is_wide))

    return build


def _where(builder: Any, is_wide: bool, args: list[Any]) -> Any:
    return builder.select(builder.fcmp_ordered(">", args[0], _number(0.0, is_wide)), args[1], args[2])


fma: Any = _alike(3, "x y + z, rounded once.", lambda b, wide, args: _call(b, "fma", wide, args))
magnitude: Any = _alike(1, "|x|.", lambda b, wide, args: _call(b, "fabs", wide, args))
root: Any = _alike(1, "The square root.", lambda b, wide, args: _call(b, "sqrt", wide, args))
with_sign_of: Any = _alike(2, "|x| with the sign of y.", lambda b, wide, args: _call(b, "copysign", wide, args))
smaller: Any = _alike(2, "The smaller of x and y; nan if x is.", _smaller)
larger: Any = _alike(2, "The larger of x and y; nan if x is.", _larger)
power_of_two: Any = _alike(1, "2^k, from 1.5 * 2^52 + k.", _power_of_two)
at_least: Any = _alike(2, "1 where x >= y, else 0.", _comparison(">="))
equal: Any = _alike(2, "1 where x = y, else 0.", _comparison("=="))
where: Any = _alike(3, "y where x > 0, else z.", _where)


# --- rows of arrays ---------------------------------------------------------------------------------------------------


def _row(context: Any, builder: Any, array_type: Any, array: Any, row: Any, vector: Any = _VECTOR) -> Any:
    """A pointer to a row of an array of lanes."""
    data = context.make_array(array_type)(context, builder, array).data
    return builder.bitcast(builder.gep(data, [builder.mul(row, ir.Constant(_INT64, LANES))]), vector.as_pointer())


def _load(_typing: Any, array: Any, row: Any) -> Any:
    """Row ``row`` of a contiguous float array of shape ``(rows, LANES)``; the caller stays within its rows."""

    def build(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        return builder.load(_row(context, builder, sig.args[0], *args), align=8)

    return lanes(array, types.int64), build


def _store(_typing: Any, array: Any, row: Any, value: Any) -> Any:
    """Set row ``row`` of a contiguous float array of shape ``(rows, LANES)``."""

    def build(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        (value,) = _wide(builder, args[2:], sig.args[2:])
        builder.store(value, _row(context, builder, sig.args[0], *args[:2]), align=8)
        return context.get_dummy_value()

    return types.void(array, types.int64, value), build


def _gather(_typing: Any, flat: Any, places: Any, row: Any, shift: Any) -> Any:
    """``flat[places[row] + shift]``, a place of its own for each lane; the caller stays within ``flat``."""

    def build(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        data = context.make_array(sig.args[0])(context, builder, args[0]).data
        places = builder.load(_row(context, builder, sig.args[1], args[1], args[2], _INTEGERS), align=8)
        index = builder.add(places, _spread(builder, args[3], _INTEGERS))
        base = _spread(builder, builder.ptrtoint(data, _INT64), _INTEGERS)
        address = builder.add(builder.shl(index, _integer(3, True)), base)
        function = cgutils.get_or_insert_function(
            builder.module,
            ir.FunctionType(_VECTOR, [_POINTERS, _INT32, _BITS, _VECTOR]),
            f"llvm.masked.gather.v{LANES}f64.v{LANES}p0",
        )
        return builder.call(
            function,
            [
                builder.inttoptr(address, _POINTERS),
                ir.Constant(_INT32, 8),
                ir.Constant(_BITS, [1] * LANES),
                ir.Constant(_VECTOR, ir.Undefined),
            ],
        )

    return lanes(flat, places, types.int64, types.int64), build


def _at(_typing: Any, array: Any, index: Any) -> Any:
    """``array[index]`` of a contiguous array of one axis, for an index that is known to be within it."""

    def build(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        data = context.make_array(sig.args[0])(context, builder, args[0]).data
        return context.unpack_value(builder, sig.return_type, builder.gep(data, [args[1]]))

    return array.dtype(array, types.int64), build


def _spread_out(_typing: Any, value: Any) -> Any:
    """The same number in every lane."""

    def build(_context: Any, builder: Any, _sig: Any, args: Any) -> Any:
        return _spread(builder, args[0])

    return lanes(types.float64), build


load: Any = intrinsic(_load)
store: Any = intrinsic(_store)
gather: Any = intrinsic(_gather)
spread: Any = intrinsic(_spread_out)
at: Any = intrinsic(_at)
