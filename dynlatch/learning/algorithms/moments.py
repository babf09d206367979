"""What Adam and RMSProp share: decays of running means, and clipping by the norm of the gradient."""

# pyright: reportMissingParameterType=false, reportUnknownParameterType=false
from __future__ import annotations

from dynlatch.errors import InputError
from dynlatch.jit import jit
from dynlatch.lanes import at_least, fma, load, root, spread, where
from dynlatch.learning.checks import is_number, shown


def check_decays(algorithm: object, *names: str) -> None:
    """Check settings. Raises: InputError unless all are at least 0 and less than 1."""
    for name in names:
        value = getattr(algorithm, name)
        if not (is_number(value) and 0.0 <= value < 1.0):
            raise InputError(f"{name}={shown(value)} of {type(algorithm).__name__} must be at least 0 and less than 1")


@jit
def clipped(gradient, num_parameters, clip):
    """By what to multiply the gradient so that its 2-norm is at most ``clip``: lanes of numbers up to 1."""
    square = spread(0.0)
    for p in range(num_parameters):
        square = fma(load(gradient, p), load(gradient, p), square)
    norm = root(square)
    return where(at_least(norm, clip), clip / norm, 1.0)
