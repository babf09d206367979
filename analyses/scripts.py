"""What the scripts share: their command line, where what they make goes, and one line about what cannot be used."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import NoReturn

from dynlatch.errors import DynlatchError

HERE = Path(__file__).parent


class Words(argparse.ArgumentParser):
    """The command line of a script; whatever is wrong with it is one line."""

    def __init__(self, doc: str | None, quick: str, out: str) -> None:
        super().__init__(description=doc, formatter_class=argparse.RawDescriptionHelpFormatter)
        self.add_argument("--quick", action="store_true", help=quick)
        self.add_argument("--out", type=Path, help=out)

    def error(self, message: str) -> NoReturn:
        refuse(f"{self.prog}: {message}; --help shows what there is")


def options(doc: str | None, quick: str, kept: str = "pictures") -> argparse.Namespace:
    """What was typed: ``quick``, and ``out``, a folder that is there."""
    parser = Words(doc, quick, f"the folder for what is made (default: {kept}/ here; quick: {quick_out()}/)")
    found = parser.parse_args()
    found.out = made(found.out or (quick_out() if found.quick else HERE / kept))
    return found


def quick_out() -> Path:
    """Where the quick form of the script that runs leaves what it makes: what is kept stays as it is."""
    return Path("out") / Path(sys.argv[0]).stem


def made(folder: Path) -> Path:
    """The folder, which is there now."""
    with told(f"{folder}: no folder can be made there; name another one: "):
        folder.mkdir(parents=True, exist_ok=True)
    return folder


@contextmanager
def told(what: str = "") -> Generator[None]:
    """Errors that are about what was given end the script."""
    try:
        yield
    except DynlatchError as error:
        refuse(f"{what}{error}")
    except OSError as error:
        refuse(f"{what}{error.strerror or error}")


def refuse(text: str) -> NoReturn:
    """One line to stderr, and exit code 2."""
    print(text, file=sys.stderr)
    raise SystemExit(2)
