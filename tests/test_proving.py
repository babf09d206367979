"""Everything that is proved of a map at once: its certificates hold, and its folder is whole or left as it was."""

from __future__ import annotations

import errno
import hashlib
import json
import math
from dataclasses import replace
from fractions import Fraction
from functools import cache
from pathlib import Path
from types import ModuleType

import mpmath
import numpy as np
import pytest

import dynlatch as d
from dynlatch import proving
from dynlatch.cells.settle import LEAVES, OPEN
from dynlatch.certificates.document import number
from dynlatch.errors import InputError, OutputError
from dynlatch.noise.invariant_box import InvariantBox
from dynlatch.proving import Proofs
from dynlatch.regions.reduced_set import READINGS, Membership
from dynlatch.verdict import Verdict
from dynlatch.views import folder
from dynlatch.views.json_values import to_text
from dynlatch.views.region_results import of_noisy_decay, of_proofs
from dynlatch.views.results import of_fixed_points, of_map

MAPS: dict[str, tuple[d.Map, int, object]] = {
    "neuron": (d.neuron(2), 8, 2),
    "network": (d.tanh_network([[2, "1/5"], ["1/5", "1/2"]]), 4, "inf"),
    "contracting": (d.neuron("1/2"), 6, 2),
    "chaotic": (d.logistic("3.7"), 6, 2),
    "lost": (d.logistic(5), 6, 2),
}


@cache
def proofs(name: str) -> Proofs:
    m, depth, norm = MAPS[name]
    return d.prove(m, depth=depth, norm=norm)


def latched(points: int, latches: int) -> list[str]:
    """The certificates of a map with so many fixed points and, among them, latches; a single one is never lost."""
    lost = latches > 1
    return [
        *(f"fixed_point_{i}" for i in range(points)),
        *(["critical_input"] if lost else []),
        *(f"trapping_region_{k}_0" for k in range(latches)),
        "basins",
        "reduced_set",
        *(f"{what}_{k}" for k in range(latches) for what in (("tolerance", "escape") if lost else ("tolerance",))),
        *(f"decay_{k}" for k in range(latches)),
    ]


EXPECTED = {
    "neuron": latched(3, 2),
    "network": latched(3, 2),
    "contracting": latched(1, 1),
    "chaotic": ["fixed_point_0", "fixed_point_1", "basins"],
    "lost": ["fixed_point_0", "fixed_point_1", "basins"],
}


# --- the certificates -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", MAPS)
def test_every_certificate_is_proved_again(name: str) -> None:
    found = proofs(name)
    assert [n for n, _ in found.certificates] == EXPECTED[name]
    for title, certificate in found.certificates:
        again = d.verify(certificate)
        assert (again.verdict, again.checked, again.clean) == (Verdict.PROVED, again.total, True), (title, again)


def test_no_certificate_holds_of_another_map() -> None:
    for name, certificate in proofs("neuron").certificates:
        assert d.verify(replace(certificate, map=d.neuron("23/10"))).verdict is not Verdict.PROVED, name


def test_the_numbers_are_the_neuron_s() -> None:
    """h* from both sides, and under half of it no gradient decays slower than where the state is pushed to."""
    found = proofs("neuron")
    with mpmath.workdps(60):
        h = mpmath.sqrt(2) - mpmath.acosh(mpmath.sqrt(2))
        exact = Fraction(str(h))
        for tolerance, decay in zip(found.regions.tolerances, found.decays, strict=True):
            assert tolerance.upper is not None
            assert Fraction(tolerance.lower) <= exact <= Fraction(tolerance.upper)
            assert exact - Fraction(tolerance.lower) < Fraction(1, 10**12)
            assert decay.noise == Fraction(tolerance.lower) / 2
            pushed = mpmath.findroot(lambda a, b=float(decay.noise): 2 * mpmath.tanh(a) - b - a, 1.6)
            slope = 2 * mpmath.sech(pushed) ** 2
            assert decay.rate is not None
            assert slope <= decay.rate <= slope * (1 + 1e-9)
    assert found.critical is not None
    assert found.critical.value is not None
    assert found.critical.value.lower < exact < found.critical.value.upper


def test_what_is_claimed_is_what_was_found() -> None:
    for name in ("neuron", "network"):
        found = proofs(name)
        claims = {title: certificate.claim for title, certificate in found.certificates}
        for t in found.regions.tolerances:
            assert t.proof is not None
            assert claims[f"tolerance_{t.attractor}"]["noise"] == number(t.proof.noise)
            assert 0 <= t.proof.noise - Fraction(t.lower) <= Fraction(1, 2**53)
            assert claims[f"tolerance_{t.attractor}"]["noise_norm"] == f"{t.norm:g}"
        for decay in found.decays:
            assert claims[f"decay_{decay.attractor}"]["noise"] == number(decay.noise)
        areas = [found.regions.basins.areas(k) for k in found.regions.basins.targets]
        assert claims["basins"]["areas"] == [{"inner": number(a.inner), "outer": number(a.outer)} for a in areas]


def test_two_runs_write_the_same_certificates() -> None:
    for name in ("neuron", "chaotic"):
        m, depth, norm = MAPS[name]
        again = d.prove(m, depth=depth, norm=norm, threads=1)
        assert [(n, c.text()) for n, c in again.certificates] == [(n, c.text()) for n, c in proofs(name).certificates]


# --- what cannot be proved --------------------------------------------------------------------------------------------


def test_a_single_attractor_has_no_critical_input_and_no_escape() -> None:
    found = proofs("contracting")
    (tolerance,) = found.regions.tolerances
    assert found.critical is None
    assert (tolerance.verdict, tolerance.upper, tolerance.escape) == (Verdict.PROVED, None, None)
    assert isinstance(tolerance.proof, InvariantBox)
    ((_, reach),) = tolerance.proof.box
    assert 1 < tolerance.lower <= reach - Fraction(1, 2) * Fraction(math.tanh(reach)), "no noise drives it out"
    assert "no input was found" in tolerance.reason
    assert found.regions.basins.decided == 1


def test_a_chaotic_attractor_is_not_called_proved() -> None:
    found = proofs("chaotic")
    (attractor,) = found.regions.basins.attractors.listed
    assert (attractor.verdict, attractor.point, attractor.traps) == (Verdict.INCONCLUSIVE, None, ())
    assert found.regions.basins.blocks == (0,)
    assert (found.critical, found.regions.tolerances, found.decays) == (None, (), ())
    basins = dict(found.certificates)["basins"]
    assert basins.claim["targets"] == [{"kind": "block"}]


def test_no_gamma_is_claimed_around_a_chaotic_attractor() -> None:
    """M'(1/2) = 0, and so is every product from there: that state must not be proved outside."""
    reduced = proofs("chaotic").regions.reduced_set
    assert all(reduced.volume(name, Membership.IN) == 0 for name in READINGS)
    lo, hi = reduced.tree.ends(reduced.tree.leaves)
    here = reduced.tree.leaves[(lo[0] <= 0.5) & (hi[0] >= 0.5)]
    assert here.size == 2
    assert np.all(reduced.members[:, here] == Membership.UNDECIDED)
    assert reduced.share("norm", Membership.OUT) > Fraction(99, 100)


def test_a_map_without_an_attractor_is_told_as_one() -> None:
    found = proofs("lost")
    basins = found.regions.basins
    assert len(basins.attractors) == 0
    assert basins.targets == ()
    assert set(basins.label[basins.tree.leaves].tolist()) == {OPEN, LEAVES}
    assert (found.critical, found.regions.tolerances, found.decays) == (None, (), ())
    assert dict(found.certificates)["basins"].claim["targets"] == []
    assert all(found.regions.reduced_set.volume(name, Membership.IN) == 0 for name in READINGS)


def test_it_reads_as_a_sentence() -> None:
    assert repr(proofs("neuron")).startswith("Proofs of neuron: CertifiedBasins of neuron: 0.992188 of the box decided")
    assert repr(proofs("neuron")).endswith("2 tolerances, 14 certificates")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"norm": 1}, "norm='1' is no norm for noise"),
        ({"norm": "adapted"}, "norm='adapted'"),
        ({"m": d.tanh_network([[2 if i == j else 0 for j in range(5)] for i in range(5)])}, "has 5 states but cells"),
        ({"box": [(0, 1), (0, 1)]}, "has the wrong shape"),
        ({"box": (1, 1)}, "is empty or inverted"),
    ],
)
def test_bad_questions_are_refused_before_any_work(
    monkeypatch: pytest.MonkeyPatch, arguments: dict[str, object], said: str
) -> None:
    monkeypatch.setattr(proving, "find_attractors", lambda *_, **__: pytest.fail("work was begun"))
    with pytest.raises(InputError, match=said) as caught:
        d.prove(**{"m": d.neuron(2), **arguments})  # pyright: ignore[reportArgumentType]
    assert "\n" not in str(caught.value)


# --- the folder -------------------------------------------------------------------------------------------------------


def digest(place: Path) -> dict[str, str]:
    files = sorted(p for p in place.rglob("*") if p.is_file())
    return {p.relative_to(place).as_posix(): hashlib.sha256(p.read_bytes()).hexdigest() for p in files}


@pytest.mark.parametrize("name", MAPS)
def test_the_folder_holds_everything(tmp_path: Path, name: str) -> None:
    found = proofs(name)
    assert found.save(tmp_path / "new" / "out") == tmp_path / "new" / "out"
    figures = ("certified", "bounds") if found.map.dimension == 2 else ("certified",)
    assert set(digest(tmp_path / "new" / "out")) == {
        "proofs.json",
        *(f"certificates/{n}.json" for n in EXPECTED[name]),
        *(f"figures/{n}.{end}" for n in figures for end in ("svg", "png")),
    }
    for title, certificate in found.certificates:
        path = tmp_path / "new" / "out" / "certificates" / f"{title}.json"
        assert path.read_bytes() == certificate.text().encode()
    assert d.verify(path).verdict is Verdict.PROVED


@pytest.fixture
def drawn(monkeypatch: pytest.MonkeyPatch) -> None:
    """Figures that cost nothing."""
    monkeypatch.setattr(folder, "proof_figures", lambda _: {"certified": 1})
    monkeypatch.setattr(folder, "svg_text", lambda figure: f"<svg>{figure}</svg>")
    monkeypatch.setattr(folder, "png_bytes", lambda figure: b"\x89PNG" + bytes([figure]))


@pytest.mark.usefixtures("drawn")
@pytest.mark.parametrize("name", MAPS)
def test_the_summary_fits_the_schema_of_results(tmp_path: Path, results_schema: ModuleType, name: str) -> None:
    """Part by part: a summary has the parts of results.json that were proved, and more of the schema."""
    found = proofs(name)
    text = (found.save(tmp_path) / "proofs.json").read_text("utf-8")
    summary = json.loads(text, parse_constant=lambda word: pytest.fail(f"{word} is no JSON"))
    known = results_schema.SCHEMA["properties"]
    for key in summary.keys() & known.keys():
        assert list(results_schema.faults(summary[key], known[key], key)) == []
    assert summary.keys() <= known.keys()
    assert summary["certificates"] == EXPECTED[name]
    written = {
        "map": of_map(found.map), **of_fixed_points(found.points), "proofs": of_proofs(found.regions),
        "noisy_decays": [of_noisy_decay(decay) for decay in found.decays],
    }  # fmt: skip
    assert {key: summary[key] for key in written} == json.loads(to_text(written))
    assert (summary["critical_input"] is None) is (found.critical is None)


@pytest.mark.usefixtures("drawn")
def test_saving_twice_changes_nothing_and_keeps_what_is_not_ours(tmp_path: Path) -> None:
    proofs("neuron").save(tmp_path)
    (tmp_path / "certificates" / "mine.json").write_text("mine")
    before = digest(tmp_path)
    proofs("neuron").save(tmp_path)
    assert digest(tmp_path) == before


FAILURES = [(OSError(errno.ENOSPC, "No space left on device"), OutputError), (KeyboardInterrupt(), KeyboardInterrupt)]


@pytest.mark.usefixtures("drawn")
@pytest.mark.parametrize("where", ["svg_text", "png_bytes", "of_proofs", "to_text", "certificate"])
@pytest.mark.parametrize(("failure", "seen"), FAILURES)
def test_a_failure_anywhere_leaves_the_old_proofs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, where: str, failure: BaseException, seen: type[BaseException]
) -> None:
    proofs("contracting").save(tmp_path / "old")
    before = digest(tmp_path)

    def fail(*_: object) -> None:
        raise failure

    if where == "certificate":
        monkeypatch.setattr(type(proofs("neuron").certificates[-1][1]), "text", fail)
    else:
        monkeypatch.setattr(folder, where, fail)
    for place in (tmp_path / "old", tmp_path / "new" / "deeper"):
        with pytest.raises(seen):
            proofs("neuron").save(place)
    assert digest(tmp_path) == before
    assert [p.name for p in tmp_path.iterdir()] == ["old"]


@pytest.mark.usefixtures("drawn")
def test_a_folder_that_cannot_be_written_stays_as_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_text("mine")
    for place in ("file", "file/deeper"):
        with pytest.raises(OutputError, match="nothing in it was changed"):
            proofs("neuron").save(tmp_path / place)

    def refuse(**_: object) -> None:
        raise OSError(errno.EROFS, "Read-only file system")

    monkeypatch.setattr("dynlatch.files.tempfile.mkdtemp", refuse)
    with pytest.raises(OutputError, match="Read-only file system"):
        proofs("neuron").save(tmp_path / "out")
    assert [(p.name, p.read_text()) for p in tmp_path.iterdir()] == [("file", "mine")]
