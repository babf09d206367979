"""Executable documents, one per statement: the claim, why it holds or fails, the witness, the repair.

``python -m proofs`` replays all of them; ``python -m proofs T3`` prints one with the outcome of every step.
"""

from __future__ import annotations

import importlib

from proofs.document import Document

MODULES = (
    "neuron_claims",
    "tradeoff",
    "definition_1",
    "definition_2",
    "definition_3",
    "definition_4",
    "definition_5",
    "definition_6",
    "symmetric",
    "unit_norm",
    "schur",
    "theorem_1",
    "growth",
    "theorem_2",
    "theorem_3",
    "theorem_4",
    "lemma",
    "trichotomy",
    "projection",
    "reduction",
    "subsample",
    "jump",
)  # fmt: skip
"""In the order of the table."""


def document(module: str) -> Document:
    """The document of one module."""
    return importlib.import_module(f"proofs.{module}").DOCUMENT
