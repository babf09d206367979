"""The statements of BSF94 as data: printed, refuted, repaired, with checkers that decide them on any map.

``statement(id, reading)`` gives one, ``statements()`` all; ``print`` tells one in full, and ``replay`` checks the
witness of a refuted one again. ``case`` makes what a statement is checked on: a map of your own and a trajectory of it.

>>> from dynlatch import neuron, theorems
>>> printed = theorems.statement("T3", "norm")
>>> printed.verdict, printed.replay().verdict, printed.repaired_by
(<Verdict.REFUTED: 'REFUTED'>, <Verdict.REFUTED: 'REFUTED'>, "T3'")
>>> on = theorems.case(neuron("5/4"), "3/4", inputs=["1/100"] * 20, radius="1/10")
>>> theorems.statement("T3'").check(on).verdict
<Verdict.PROVED: 'PROVED'>

Property tests of one's own draw their cases from ``dynlatch.theorems.strategies`` (extra ``dynlatch[hypothesis]``).
"""

from dynlatch.theorems.cases import Case as Case
from dynlatch.theorems.cases import case as case
from dynlatch.theorems.findings import Finding as Finding
from dynlatch.theorems.statements import Check as Check
from dynlatch.theorems.statements import Statement as Statement
from dynlatch.theorems.statements import Witness as Witness
from dynlatch.theorems.table import statement as statement
from dynlatch.theorems.table import statements as statements
from dynlatch.theorems.telling import tell as tell

__all__ = ["Case", "Check", "Finding", "Statement", "Witness", "case", "statement", "statements", "tell"]
