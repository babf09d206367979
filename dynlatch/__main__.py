"""``python -m dynlatch``: the same as the command ``dynlatch``."""

from __future__ import annotations

import sys

from dynlatch.cli import main

if __name__ == "__main__":
    sys.exit(main())
