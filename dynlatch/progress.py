"""How long work reports where it stands, without knowing who listens."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol, TypeVar, runtime_checkable

from dynlatch.errors import InputError

Result = TypeVar("Result")


@runtime_checkable
class Progress(Protocol):
    """A listener to one long piece of work after another. Raising ``KeyboardInterrupt`` stops the work."""

    def start(self, title: str, total: int) -> None:
        """A piece of work of ``total`` units begins."""
        ...

    def advance(self, amount: int = 1) -> None:
        """``amount`` more units are done."""
        ...

    def finish(self) -> None:
        """The piece of work is over."""
        ...


class _Silent:
    def start(self, title: str, total: int) -> None:
        pass

    def advance(self, amount: int = 1) -> None:
        pass

    def finish(self) -> None:
        pass


SILENT: Progress = _Silent()


def check_progress(progress: object) -> None:
    """Raises: InputError for what cannot listen."""
    if not isinstance(progress, Progress):
        raise InputError(
            f"progress={progress!r:.40} must be a listener with start, advance and finish; leave it out for none"
        )


def one_step(progress: Progress, title: str, work: Callable[[], Result]) -> Result:
    """Do one piece of work that cannot say how far it is."""
    progress.start(title, 1)
    result = work()
    progress.advance()
    progress.finish()
    return result
