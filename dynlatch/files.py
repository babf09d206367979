"""Files that appear whole or not at all."""

from __future__ import annotations

import contextlib
import os
import secrets
import shutil
import tempfile
from collections.abc import Generator
from pathlib import Path

from dynlatch.errors import OutputError


@contextlib.contextmanager
def replacing(path: Path) -> Generator[Path, None, None]:
    """A temporary path beside ``path`` to write to: it takes the name ``path`` when the block ends well.

    The bytes are on the disk before the name is. After an exception or an interrupt the temporary file is removed
    and what ``path`` was before is untouched.
    """
    temporary = path.with_name(f".{secrets.token_hex(8)}.tmp")
    try:
        yield temporary
        _flush(temporary)
        temporary.replace(path)
        _flush_folder(path.parent)
    finally:
        temporary.unlink(missing_ok=True)


@contextlib.contextmanager
def whole_file(path: Path) -> Generator[Path, None, None]:
    """``replacing`` for a file that a user has named.

    Raises: OutputError in place of every OSError of the block.
    """
    try:
        with replacing(path) as temporary:
            yield temporary
    except OutputError:
        raise
    except OSError as error:
        raise OutputError(f"{path} cannot be written ({_reason(error)}); choose another place") from error


@contextlib.contextmanager
def going_on(path: Path) -> Generator[None, None, None]:
    """For work whose finished parts are kept: the same call takes it up again.

    Raises: OutputError in place of every OSError of the block.
    """
    try:
        yield
    except OutputError:
        raise
    except OSError as error:
        raise OutputError(f"{path} cannot be written ({_reason(error)}); make room and call again to go on") from error


@contextlib.contextmanager
def staged_folder(folder: Path) -> Generator[Path, None, None]:
    """An empty folder to write into: its files move into ``folder`` when the block ends well.

    Files of the same name are replaced, all others in ``folder`` stay. After an exception or an interrupt at any
    moment ``folder`` is what it was before, or does not exist if it did not.
    Raises: OutputError in place of every OSError of the block.
    """
    made = [ancestor for ancestor in (folder, *folder.parents) if not _exists(ancestor)]
    try:
        folder.mkdir(parents=True, exist_ok=True)
        stage = Path(tempfile.mkdtemp(prefix=".dynlatch-", dir=folder))
        try:
            new, old = stage / "new", stage / "old"
            new.mkdir()
            yield new
            _move_in(new, old, folder)
        finally:
            shutil.rmtree(stage, ignore_errors=True)
        made.clear()
    except OutputError:
        raise
    except OSError as error:
        raise OutputError(f"{folder} cannot be written ({_reason(error)}); nothing in it was changed") from error
    finally:
        _remove_empty(made)


def writable_parent(path: Path) -> Path:
    """``path``, absolute, if a file of that name could be made now.

    Raises: OutputError if it is a folder, or its folder is missing or cannot be written to.
    """
    target = path.absolute()
    if target.is_dir():
        raise OutputError(f"{path} is a folder; give the name of a file in it")
    if not target.parent.is_dir():
        raise OutputError(f"{path} cannot be written: there is no folder {target.parent}; make it first")
    _probe(target.parent, path)
    return target


def writable_folder(folder: Path) -> Path:
    """``folder``, absolute, if it could be written to now, or made; it is not made yet.

    Raises: OutputError if a file is in the way, or nothing may be written there.
    """
    target = folder.absolute()
    existing = next(ancestor for ancestor in (target, *target.parents) if _exists(ancestor))
    if not existing.is_dir():
        raise OutputError(f"{folder} cannot be written: {existing} is a file, not a folder; choose another folder")
    _probe(existing, folder)
    return target


def _exists(path: Path) -> bool:
    try:
        return os.path.lexists(path)
    except (OSError, ValueError):
        return False


def _probe(folder: Path, asked: Path) -> None:
    try:
        with tempfile.TemporaryFile(dir=folder) as stream:
            stream.write(b"\0")
            stream.flush()
    except OSError as error:
        raise OutputError(f"{asked} cannot be written ({_reason(error)}); choose another folder") from error


def _reason(error: OSError) -> str:
    return error.strerror or " ".join(str(error).split()) or type(error).__name__


def _move_in(new: Path, old: Path, folder: Path) -> None:
    """Move every file of ``new`` into ``folder``; put everything back if one cannot be moved."""
    names = sorted(path.relative_to(new) for path in new.rglob("*") if path.is_file())
    for name in names:
        _flush(new / name)
    parents = {folder / name.parent for name in names if not (folder / name.parent).exists()}
    try:
        for name in names:
            target = folder / name
            target.parent.mkdir(parents=True, exist_ok=True)
            if os.path.lexists(target):
                _keep(target, old / name)
            (new / name).replace(target)
        for place in sorted({(folder / name).parent for name in names}):
            _flush_folder(place)
    except BaseException:
        # What is where says how far it came, whatever interrupted it.
        for name in names:
            if os.path.lexists(old / name):
                (old / name).replace(folder / name)
            elif not (new / name).exists():
                (folder / name).unlink(missing_ok=True)
        _remove_empty(sorted(parents, reverse=True))
        raise


def _keep(target: Path, copy: Path) -> None:
    """A second name for a file, or a copy where the file system knows no second names."""
    copy.parent.mkdir(parents=True, exist_ok=True)
    try:
        os.link(target, copy)
    except OSError:
        half = copy.with_name(f"{copy.name}.half")
        shutil.copy2(target, half)
        half.replace(copy)


def _remove_empty(folders: list[Path]) -> None:
    for folder in folders:
        with contextlib.suppress(OSError):
            folder.rmdir()


def _flush(path: Path) -> None:
    with path.open("r+b") as stream:
        os.fsync(stream.fileno())


def _flush_folder(folder: Path) -> None:
    """Make names durable, where a folder can be opened (not on every system)."""
    with contextlib.suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
