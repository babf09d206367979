"""Reading a certificate: nothing of it is believed, and no more of it is unpacked than it declares.

A certificate is one UTF-8 JSON object, ``{"format", "version", "kind", "map", "claim"}``, of exact text. What each kind
claims, and by which local rules it is proved again, is told in ``certificates.md`` beside this file, completely enough
to write another checker from.
"""

from __future__ import annotations

import base64
import binascii
import json
import sys
import zlib
from array import array
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, NoReturn, Protocol, runtime_checkable

from dynlatch.checker.fields import Field, shown
from dynlatch.errors import InputError
from dynlatch.maps.definition import Map
from dynlatch.maps.text import map_from_json

FORMAT: Final = "dynlatch certificate"
VERSION: Final = 1
MAX_BYTES: Final = 1_000_000_000
"""Of a file; a larger one is refused before anything of it is read."""
MAX_PARTS: Final = 2_000_000
"""Commas of a document, which bound the values it can hold: arrays are packed, so few are needed."""
MAX_OPENED: Final = 500_000
"""Brackets of a document that open a list or an object."""
MAX_DEPTH: Final = 32
MAX_LENGTH: Final = 200_000_000
"""Of a packed array."""

_SIZES: Final = {"u1": 1, "i4": 4}
_TYPECODES: Final = {"u1": "B", "i4": "i"}


@dataclass(frozen=True, slots=True)
class Document:
    """What a certificate says: the kind of its claim, the map it is about, and the claim, not yet read."""

    kind: str
    map: Map
    claim: Field


@runtime_checkable
class HasText(Protocol):
    """Something with the text of a certificate, such as a ``Certificate``."""

    def text(self) -> str:
        """The document."""
        ...


def read_document(source: object) -> Document:
    """The certificate in a file, or the text of one that was just made.

    Raises: InputError in one line: no such file, larger than 1 GB, not UTF-8 or JSON, cut, nested too deep, of another
    format or version, or with a map that is not one. Cost: a few times the size of the file in memory.
    """
    if isinstance(source, str | Path):
        where, data = shown(Path(source).name or str(source)), _bytes(Path(source))
    elif isinstance(source, HasText):
        where, data = "certificate", source.text().encode("utf-8")
    else:
        raise InputError(f"source of type {type(source).__name__} is no certificate; give a path or a Certificate")
    top = Field(_json(data, where), where).parts("format", "version", "kind", "map", "claim")
    if top["format"].value != FORMAT:
        raise top["format"].refuse(f'must be "{FORMAT}"; is it another kind of file?')
    version = top["version"].value
    if isinstance(version, bool) or version != VERSION:
        raise top["version"].refuse(f"this checker reads version {VERSION}; use the dynlatch that wrote the file")
    return Document(top["kind"].text(), map_from_json(top["map"].value, where=top["map"].where), top["claim"])


def _bytes(path: Path) -> bytes:
    where = shown(path.name or str(path))
    try:
        if not path.is_file():
            found = "a folder" if path.is_dir() else "no such file"
            raise InputError(f"{where}: {found}; give the path of a certificate")
        size = path.stat().st_size
        if size > MAX_BYTES:
            raise InputError(f"{where}: {size} bytes, more than the {MAX_BYTES} that a certificate may have")
        with path.open("rb") as stream:
            return stream.read(MAX_BYTES + 1)
    except InputError:
        raise
    except (OSError, ValueError) as error:  # ValueError: a NUL in the path
        reason = getattr(error, "strerror", None) or "not a path"
        raise InputError(f"{where}: cannot be read ({reason}); check the path and its permissions") from None


def _json(data: bytes, where: str) -> object:
    if len(data) > MAX_BYTES:
        raise InputError(f"{where}: more than {MAX_BYTES} bytes; a certificate may not have as many")
    if data.count(b",") > MAX_PARTS or data.count(b"[") + data.count(b"{") > MAX_OPENED:
        raise InputError(f"{where}: far more parts than a certificate has; is it another kind of file?")
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise InputError(f"{where}: byte {error.start + 1} is not UTF-8; is it another kind of file?") from None
    try:
        value = json.loads(
            text, parse_float=_no_float, parse_constant=_no_float, parse_int=_whole, object_pairs_hook=_object
        )
    except json.JSONDecodeError as error:
        what = "is empty" if not text.strip() else f"not JSON from line {error.lineno}, column {error.colno} on"
        raise InputError(f"{where}: {what}; is the file cut, or another kind of file?") from None
    except RecursionError:
        raise InputError(f"{where}: nested deeper than {MAX_DEPTH}; no certificate is") from None
    except ValueError as error:
        raise InputError(f"{where}: {error}") from None
    if _is_deep(value, MAX_DEPTH):
        raise InputError(f"{where}: nested deeper than {MAX_DEPTH}; no certificate is")
    return value


def _no_float(text: str) -> NoReturn:
    raise ValueError(
        f"the number {shown(text)} is not exact; certificates, which `dynlatch certify` writes into "
        'FOLDER/certificates, write numbers as text, such as "5/4"'
    )


def _whole(text: str) -> int:
    if len(text) > 20:
        raise ValueError(f"the whole number {shown(text)} is too long; certificates write large numbers as text")
    return int(text)


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        seen: set[str] = set()
        twice = next(name for name, _ in pairs if name in seen or seen.add(name))
        raise ValueError(f"the part {shown(twice)} is given twice; which one is meant?")
    return found


def _is_deep(value: Any, depth: int) -> bool:
    if depth == 0:
        return isinstance(value, dict | list)
    if isinstance(value, dict):
        return any(_is_deep(v, depth - 1) for v in value.values())
    return isinstance(value, list) and any(_is_deep(v, depth - 1) for v in value)


def unpack(field: Field, kind: str, length: int | None = None, most: int = MAX_LENGTH) -> array[int]:
    """A packed array of the given type, of the given length where that is known, and of ``most`` values.

    Raises: InputError if it is of another type or length, is not base64 of a zlib stream, or unpacks to another size
    than it declares; no more than that is ever unpacked.
    """
    parts = field.parts("type", "length", "data")
    parts["type"].text(kind)
    count = parts["length"].whole(0, min(most, MAX_LENGTH))
    if length is not None and count != length:
        raise field.refuse(f"has {count} values where {length} are expected")
    size = count * _SIZES[kind]
    text = parts["data"].text()
    try:
        stream = zlib.decompressobj()
        data = stream.decompress(base64.b64decode(text, validate=True), size + 1)
    except (binascii.Error, ValueError, zlib.error):
        raise parts["data"].refuse("is not compressed data in base64; is the file cut or edited?") from None
    if len(data) != size or not stream.eof or stream.unused_data:
        raise parts["data"].refuse(f"does not unpack to the {size} bytes that it declares")
    found = array(_TYPECODES[kind])
    found.frombytes(data)
    if sys.byteorder == "big":
        found.byteswap()
    return found
