"""The statements of BSF94 as data: printed, refuted, repaired, with checkers that decide them on any map.

>>> from dynlatch import theorems
>>> theorems.statement("T3").verdict
<Verdict.REFUTED: 'REFUTED'>
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
