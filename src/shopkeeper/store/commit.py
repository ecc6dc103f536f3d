"""Group commit: callers that arrive while one transaction is on its way to the disk share the next one."""

import threading
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Generic, TypeVar

Item = TypeVar("Item")
Outcome = TypeVar("Outcome")


@dataclass(slots=True)
class _Ticket(Generic[Item, Outcome]):
    items: Sequence[Item]
    outcomes: list[Outcome] = field(default_factory=list)
    error: BaseException | None = None
    done: bool = False


class GroupCommit(Generic[Item, Outcome]):
    """Many callers, one write at a time: whoever holds the turn writes for everybody who waits."""

    def __init__(self, turn: AbstractContextManager[object], write: Callable[[list[Item]], list[Outcome]]) -> None:
        """`write` makes items durable and returns an outcome for each; it is called with the turn held."""
        self._turn = turn
        self._write = write
        self._waiting: list[_Ticket[Item, Outcome]] = []
        self._door = threading.Lock()

    def submit(self, items: Sequence[Item]) -> list[Outcome]:
        """The outcome of each item once it is durable. What `write` raises reaches all whose items it held."""
        ticket = _Ticket[Item, Outcome](items)
        with self._door:
            self._waiting.append(ticket)
        with self._turn:
            if not ticket.done:
                self._write_waiting()
        if ticket.error is not None:
            raise ticket.error
        return ticket.outcomes

    def _write_waiting(self) -> None:
        with self._door:
            tickets, self._waiting = self._waiting, []
        try:
            outcomes = iter(self._write([item for ticket in tickets for item in ticket.items]))
            for ticket in tickets:
                ticket.outcomes = [next(outcomes) for _ in ticket.items]
        except BaseException as error:
            for ticket in tickets:
                ticket.error = error
        finally:
            for ticket in tickets:
                ticket.done = True
