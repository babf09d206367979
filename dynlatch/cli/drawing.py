"""``--figure FILE``: where a picture goes, checked before the work, and written whole."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

from dynlatch.cli import arguments
from dynlatch.errors import InputError
from dynlatch.files import whole_file, writable_parent

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_FORMATS: Final = (".png", ".svg")


def drawable(path: Path) -> Path:
    """The path of a picture. Raises: InputError for another format, or a place that cannot be written."""
    if path.suffix.lower() not in _FORMATS:
        raise InputError(f"--figure {(path.name or str(path))[:40]!r} is neither .png nor .svg; name the file so")
    return arguments.writable(writable_parent, path, "--figure")


def draw(path: Path, figure: Figure) -> None:
    """Write a figure in the format that the path names."""
    from dynlatch.views.figures import png_bytes, svg_text

    content = png_bytes(figure) if path.suffix.lower() == ".png" else svg_text(figure).encode()
    with whole_file(path) as temporary:
        temporary.write_bytes(content)
