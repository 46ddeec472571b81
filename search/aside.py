"""Events that were taken while something could not be written, and wait for their turn."""

from collections import deque

from search.records import Event, Reported


class Aside:
    """Events in the order in which they came."""

    def __init__(self) -> None:
        self._events: deque[Event] = deque()
        self._any = False

    def __len__(self) -> int:
        return len(self._events)

    def put(self, event: Event) -> None:
        """Let an event wait behind the others."""
        self._events.append(event)
        self._any = True

    def take(self) -> Event | None:
        """Take the one whose turn it is; None where none waits."""
        return self._events.popleft() if self._events else None

    def is_spent(self) -> bool:
        """Tell, once, that all that has waited was taken."""
        spent = self._any and not self._events
        self._any = self._any and not spent
        return spent

    def has_later(self, than: Reported) -> bool:
        """Tell whether a trial has reported a later epoch, which waits to be recorded."""
        mine = (than.number, than.attempt)
        later = (event for event in self._events if isinstance(event, Reported))
        return any((event.number, event.attempt) == mine for event in later)
