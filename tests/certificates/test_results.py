"""Every proved result has a certificate that the checker proves again; what is not proved has none."""

from __future__ import annotations

import dataclasses
import math
from typing import Any

import pytest
import sympy as sp

import dynlatch
from dynlatch.certificates.results import certificate
from dynlatch.errors import InputError
from dynlatch.latch.contraction import contraction_bound
from dynlatch.latch.critical_input import critical_input
from dynlatch.latch.fixed_points import Stability, fixed_points
from dynlatch.maps.catalogue import cubic, henon, ikeda, logistic, neuron, newton, predator_prey, tanh_network
from dynlatch.maps.definition import Formulas, Map, exact_box, state_symbol
from dynlatch.regions.trapping import trapping_regions
from dynlatch.verdict import Verdict

X, Y = map(state_symbol, "xy")
NETWORK = tanh_network([[2, "1/5"], ["1/5", "9/5"]])
COUPLED = Map(
    "coupled", (X, Y), Formulas((sp.Rational(5, 4) * sp.tanh(X) + Y / 3, sp.tanh(Y) / 2 + X / 10)), (),
    exact_box((-3, 3), 2),
)  # fmt: skip


def proved(found: dynlatch.Verification) -> None:
    assert (found.verdict, found.reason) == (Verdict.PROVED, "")
    assert found.clean


@pytest.mark.parametrize(
    ("m", "period"),
    [
        (neuron(2), 1), (neuron("1.0001"), 1), (neuron(2, "0.3"), 1), (logistic(), 1), (logistic("3.5"), 4),
        (henon(), 1), (henon(), 7), (NETWORK, 1), (newton(), 1), (ikeda(), 1), (cubic(), 1), (predator_prey(), 1),
        (tanh_network([[0, 2], [2, 0]]), 2), (tanh_network([[2, 1, 0], [0, 2, 1], [1, 0, 2]]), 1),
    ],
    ids=lambda v: v.name if isinstance(v, Map) else str(v),
)  # fmt: skip
def test_points_and_cycles(m: Map, period: int) -> None:
    found = fixed_points(m, period=period)
    assert len(found)
    for point in found:
        made = certificate(point, m)
        assert made.claim["moduli"] is not None
        proved(dynlatch.verify(made))


@pytest.mark.parametrize("m", [neuron(2), neuron("1.01"), neuron("5/4", "1/100"), cubic(), NETWORK, COUPLED])
def test_critical_inputs_and_their_folds(m: Map) -> None:
    found = critical_input(m)
    if found.value is None:
        pytest.skip("no fold")
    proved(dynlatch.verify(certificate(found)))
    for fold in found.folds:
        if fold.value is not None:
            proved(dynlatch.verify(certificate(fold, m)))


@pytest.mark.parametrize("norm", [1, 2, math.inf, "adapted"])
@pytest.mark.parametrize(
    ("m", "box"),
    [(neuron(2), None), (neuron(2), (1, 3)), (logistic(), None), (henon(), None), (NETWORK, None), (NETWORK, (1, 2)),
     (COUPLED, None), (COUPLED, (-1, 2))],
    ids=lambda v: v.name if isinstance(v, Map) else str(v),
)  # fmt: skip
def test_contraction_bounds(m: Map, box: Any, norm: Any) -> None:
    found = contraction_bound(m, box, norm)
    assert found.value is not None
    made = certificate(found)
    proved(dynlatch.verify(made))


@pytest.mark.parametrize(
    ("m", "period"), [(neuron(2), 1), (logistic("3.2"), 2), (henon("0.2"), 1), (henon("1.3"), 7), (NETWORK, 1)]
)
def test_trapping_regions(m: Map, period: int) -> None:
    point = fixed_points(m, period=period).attracting[0]
    regions = trapping_regions(m, point)
    assert len(regions) == period
    for region in regions:
        proved(dynlatch.verify(certificate(region, m, point=point)))


def test_a_certificate_survives_the_file(tmp_path: Any) -> None:
    point = fixed_points(NETWORK)[0]
    path = dynlatch.certificate(point, NETWORK).save(tmp_path / "point.json")
    found = dynlatch.verify(path)
    proved(found)
    assert found.map == NETWORK
    assert str(found) == "Verification(fixed point of tanh_network, PROVED)"


def refusal(*arguments: Any, **named: Any) -> str:
    with pytest.raises(InputError) as caught:
        certificate(*arguments, **named)
    return str(caught.value)


def test_what_is_not_proved_has_no_certificate() -> None:
    point = fixed_points(neuron(2))[2]
    unproved = dataclasses.replace(point, verdict=Verdict.INCONCLUSIVE)
    assert "has no certificate: it is INCONCLUSIVE" in refusal(unproved, neuron(2))
    none = critical_input(tanh_network([["1/2", 0], [0, "1/2"]]))
    assert "has no certificate: it is INCONCLUSIVE" in refusal(none)
    assert "has no certificate" in refusal(none.folds[0] if none.folds else object(), neuron(2))
    pole = Map("pole", (X,), Formulas((1 / X,)), (), exact_box((-1, 1), 1))
    assert "has no certificate: it is INCONCLUSIVE" in refusal(contraction_bound(pole))


def test_what_is_missing_is_asked_for() -> None:
    m = neuron(2)
    found = fixed_points(m)
    region = trapping_regions(m, found[2])[0]
    assert "does not know its map" in refusal(found[2])
    assert "does not know its map" in refusal(region, point=found[2])
    assert "does not know its fixed point" in refusal(region, m)
    assert "take one of its points" in refusal(found)
    assert "is not one of the point's" in refusal(dataclasses.replace(region, index=1), m, point=found[2])
    assert "a dict has no certificate" in refusal({})


def test_stability_survives_the_rounding() -> None:
    """The multiplier of the neuron nears 1 as w does: its rounded modulus must stay on its side of 1."""
    m = neuron(1 + 2.0**-40)
    for point in fixed_points(m, (-1e-5, 1e-5)):
        made = certificate(point, m)
        assert made.claim["stability"] in (Stability.ATTRACTING, Stability.REPELLING, Stability.INCONCLUSIVE)
        proved(dynlatch.verify(made))
