"""An analysis as a folder: the report, the figures, the numbers and the labelled arrays."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from dynlatch.files import staged_folder
from dynlatch.regions.grid_file import grid_file
from dynlatch.regions.reduced_set import MEMBERSHIPS, READINGS, ReducedSet
from dynlatch.views.figures import figures, png_bytes, proof_figures, svg_text
from dynlatch.views.json_values import to_text
from dynlatch.views.region_results import of_noisy_decay, of_proofs
from dynlatch.views.report import render_report
from dynlatch.views.results import SCHEMA, of_critical_input, of_fixed_points, of_map, results

if TYPE_CHECKING:
    from dynlatch.analysis import Analysis
    from dynlatch.proving import Proofs


def save(analysis: Analysis, folder: Path) -> Path:
    """Write ``report.html``, ``results.json``, ``basins.nc`` and ``figures/*.svg`` and ``*.png``; returns the folder.

    All of it is written aside first and moved in at the end: a failure or an interrupt leaves the folder as it was.
    Files of other names in the folder stay.
    Raises: OutputError if the folder cannot be written, or the disk is full.
    """
    with staged_folder(folder) as stage:
        drawn = figures(analysis)
        svgs = {name: svg_text(figure) for name, figure in drawn.items()}
        (stage / "figures").mkdir()
        for name, figure in drawn.items():
            (stage / "figures" / f"{name}.svg").write_text(svgs[name], encoding="utf-8")
            (stage / "figures" / f"{name}.png").write_bytes(png_bytes(figure))
        (stage / "report.html").write_text(render_report(analysis, svgs), encoding="utf-8")
        (stage / "results.json").write_text(to_text(results(analysis)), encoding="utf-8")
        write_arrays(analysis.reduced_set, stage / "basins.nc")
    return folder


def save_proofs(proofs: Proofs, folder: Path) -> Path:
    """Write ``proofs.json``, ``certificates/*.json`` and ``figures/*.svg`` and ``*.png``; returns the folder.

    Raises: OutputError as ``save``.
    """
    drawn = proof_figures(proofs.regions)
    with staged_folder(folder) as stage:
        (stage / "figures").mkdir()
        (stage / "certificates").mkdir()
        for name, figure in drawn.items():
            (stage / "figures" / f"{name}.svg").write_text(svg_text(figure), encoding="utf-8")
            (stage / "figures" / f"{name}.png").write_bytes(png_bytes(figure))
        for name, certificate in proofs.certificates:
            (stage / "certificates" / f"{name}.json").write_text(certificate.text(), encoding="utf-8", newline="\n")
        summary = {
            "schema": SCHEMA, "map": of_map(proofs.map), **of_fixed_points(proofs.points),
            "critical_input": None if proofs.critical is None else of_critical_input(proofs.critical),
            "proofs": of_proofs(proofs.regions), "noisy_decays": [of_noisy_decay(d) for d in proofs.decays],
            "certificates": [name for name, _ in proofs.certificates],
        }  # fmt: skip
        (stage / "proofs.json").write_text(to_text(summary), encoding="utf-8")
    return folder


def write_arrays(reduced: ReducedSet, path: Path) -> None:
    """Labels, times and the three readings of Gamma over the cells' middles as NetCDF 4, for ``xarray.open_dataset``.

    Raises: OSError if the file cannot be written.
    """
    found = reduced.basins
    with grid_file(path, found.map, found.grid, found.attractors, found.max_steps) as new_variable:
        new_variable("label", np.int16)[...] = found.labels
        new_variable("time", np.int32, units="steps")[...] = found.times
        for name in READINGS:
            new_variable(f"gamma_{name}", np.int8, values=MEMBERSHIPS)[...] = reduced.reading(name)
