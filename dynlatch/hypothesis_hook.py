"""What Hypothesis calls when it starts (entry point ``hypothesis``): it learns how to draw a ``Map``.

Only the class is imported here; the strategies are when a map is drawn.
"""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from dynlatch.maps.definition import Map


def register() -> None:
    """Register ``dynlatch.theorems.strategies.maps`` for ``from_type(dynlatch.Map)``."""
    st.register_type_strategy(Map, _maps)


def _maps(_: type[Map]) -> st.SearchStrategy[Any]:
    from dynlatch.theorems.strategies import maps  # late, so that the start of Hypothesis stays quick

    return maps()
