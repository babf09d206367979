"""The search for counterexamples, ``dynlatch.search``, and the random families that it draws from.

>>> from dynlatch import searching
>>> [family.name for family in searching.families()][:2]
['tubes', 'half lines']
"""

from dynlatch.searching.families import families as families
from dynlatch.searching.family import Aim as Aim
from dynlatch.searching.family import Family as Family
from dynlatch.searching.search import Search as Search

__all__ = ["Aim", "Family", "Search", "families"]
