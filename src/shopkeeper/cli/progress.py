"""What a long job says while it works: bars to who watches a terminal, plain lines to a log."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TaskID, TextColumn, TimeElapsedColumn

Tell = Callable[[str, int, int], None]


@contextmanager
def progress() -> Iterator[Tell]:
    """A bar for each step; `tell(step, done, total)` moves it, a new step ends the one before.

    Where nobody watches a terminal: a plain line as each step begins, and one as it ends.
    """
    screen = Console(stderr=True)
    if not screen.is_terminal:
        lines = _Lines(screen)
        yield lines.tell
        lines.end()
        return
    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
    )
    bars = Progress(*columns, console=screen)
    tasks: dict[str, TaskID] = {}

    def end() -> None:
        for task in tasks.values():
            finished = bars.tasks[task].total or 1
            bars.update(task, completed=finished, total=finished)
            bars.stop_task(task)

    def tell(step: str, done: int, total: int) -> None:
        if step not in tasks:
            end()
            bars.start()  # not before: a command that fails at once draws nothing
            tasks[step] = bars.add_task(step, total=None)
        bars.update(tasks[step], completed=done, total=total or None)

    try:
        yield tell
        end()
    finally:
        if tasks:
            bars.stop()


class _Lines:
    """Steps as lines of a log."""

    def __init__(self, screen: Console) -> None:
        self._screen = screen
        self._begun: list[str] = []
        self._since = 0.0

    def tell(self, step: str, done: int, total: int) -> None:
        """A step that was not heard of begins, and the one before it has ended."""
        del done, total
        if step not in self._begun:
            self.end()
            self._begun.append(step)
            self._since = time.monotonic()
            self._screen.print(f"{step} ...", highlight=False, soft_wrap=True)

    def end(self) -> None:
        """The latest step has ended."""
        if self._begun:
            seconds = time.monotonic() - self._since
            self._screen.print(f"{self._begun[-1]}: done in {seconds:.0f} s", highlight=False, soft_wrap=True)
