"""The loop of a study: fill slots, take an event, decide, record."""

import time
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

from lstm_attn.reports import EpochReport
from search.aside import Aside
from search.checkpoints import Store
from search.coordinator.port import Workers
from search.ledger import Ledger
from search.patience import Beside, Interrupted, StopSignal, Through, at_once
from search.records import (
    Ended,
    Ending,
    Event,
    Fact,
    Lost,
    Payload,
    PayloadLate,
    PayloadLost,
    Quiet,
    Reported,
    Slots,
    StateGiven,
    Stopping,
    Told,
    TrialSummary,
    Unwritten,
    Verdict,
    WeightsGiven,
)

WEIGHTS_SECONDS = 30.0
"""How often a leading trial that runs is asked for its best weights, at most."""
HAND_IN_SECONDS = 60.0
"""How long running trials are waited for when a study is interrupted."""


@dataclass(slots=True, kw_only=True)
class Coordinator:
    """Decides and records for one study, alone."""

    ledger: Ledger
    workers: Workers[Any]
    store: Store
    checkpoint_every: float
    """Seconds between two states of a running trial."""
    watch: Callable[[Fact], None] = lambda _: None
    """Sees what is started and what happens."""
    through: Through = at_once
    """Brings a write to its end; meanwhile events are put aside."""
    beside: Beside = field(default_factory=Beside)
    """Looks after Ray: where that is away, what still comes from workers is recorded as ever."""
    clock: Callable[[], float] = time.monotonic
    _handing_in: bool = False
    _aside: Aside = field(default_factory=Aside)
    _slots: Slots | None = None
    _state_wished: dict[int, float] = field(default_factory=dict)
    _states_written: dict[int, Future[None]] = field(default_factory=dict)
    """The last one of each trial, until it is there; one that is lost stays till the next."""
    _weights_kept: dict[int, int] = field(default_factory=dict)
    """From which epoch, of each running trial; also while they are being written."""
    _weights_written: dict[int, Future[None]] = field(default_factory=dict)
    _weights_wished: dict[int, float] = field(default_factory=dict)

    def run(self, stop: StopSignal) -> Ending:
        """Run the study until its budget is spent or someone asks it to stop."""
        try:
            return self._run(stop)
        except Interrupted as interrupted:
            blocked = str(interrupted.outage)
            self.watch(Stopping(ending=interrupted.ending, blocked=blocked))
            return interrupted.ending

    def put_aside(self) -> None:
        """Take an event while something cannot be written, to be handled in its turn."""
        event = self.workers.next_event()
        if not isinstance(event, Quiet):
            self._aside.put(event)
            self.watch(Unwritten(reports=len(self._aside)))

    def _run(self, stop: StopSignal) -> Ending:
        for number in self.ledger.running():
            for best in self._kept(number):
                self.ledger.know(number, best)
        self.through(lambda: self.store.sweep(self.ledger.running(), self.ledger.leaders()))
        self._weights_kept.update(self.through(self.store.weights))
        while not self.ledger.budget_spent():
            if why := stop.asked():
                return self._hand_in(why)
            is_within_reach = self.beside(self.workers.check)
            if is_within_reach and not self._aside:
                self._fill()
            self._wish_states()
            self._handle_next()
            self._look_after_written()
            self.through(self.store.check)
        self.through(self.store.finish)
        return Ending.EXHAUSTED if self.ledger.exhausted else Ending.SPENT

    def _handle_next(self) -> None:
        self._handle(self._aside.take() or self.workers.next_event())
        if self._aside.is_spent():
            self.watch(Unwritten(reports=0))

    def _fill(self) -> None:
        """Give every free slot a trial; without any left, give the slots back."""
        self.workers.open(self.workers.busy + self.ledger.open_places())
        for slot in self.workers.free_slots():
            if self._aside:  # what has come meanwhile is heard before the next is tried
                break
            if task := self.ledger.ask():
                upto = self.ledger.last_epoch(task.number)
                state = self.through(partial(self.store.state, task.number, upto=upto))
                task = replace(task, state=state)
                self.workers.start(slot, task)
                self._state_wished[task.number] = self.clock()
                self.watch(replace(self.ledger.started(task.number), where=str(slot)))
        if not self.ledger.open_places() and not self._aside:  # weights may lie with an idle one
            self.workers.release_idle()
        if self.workers.slots != self._slots:
            self._slots = self.workers.slots
            self.watch(self._slots)

    def _look_after_written(self) -> None:
        """Forgive a trial its losses once a state of it is written; note which weights are lost."""
        for number, kept in list(self._states_written.items()):
            if kept.done() and kept.exception() is None:
                del self._states_written[number]
                self.ledger.state_kept(number)
        for number, written in list(self._weights_written.items()):
            if written.done():
                del self._weights_written[number]
                if written.exception() is not None:
                    del self._weights_kept[number]

    def _wish_states(self) -> None:
        for number in self.ledger.running():
            wished = self._state_wished.get(number)
            if wished is not None and self.clock() - wished >= self.checkpoint_every:
                self._state_wished[number] = self.clock()
                self.workers.wish_state(number)

    def _handle(self, event: Event) -> None:
        match event:
            case Reported(number=number, attempt=attempt, report=report):
                was_ours = self.ledger.is_running(number, attempt)
                verdict = self.ledger.report(
                    number, attempt, report, is_newest=lambda: not self._aside.has_later(event)
                )
                if verdict is Verdict.PRUNE:
                    self._prune(number)
                elif verdict is Verdict.GO_ON:
                    self._wish_weights(number)
                elif was_ours:
                    self.workers.stop(number, epoch=0)
                    self._tell_watch(self.ledger.told(number))
            case StateGiven(number=number, attempt=attempt, epoch=epoch):
                if self._counts(number, attempt, epoch) and self.ledger.goes_on(number, attempt):
                    self._keep_state(event)
            case WeightsGiven(number=number, attempt=attempt, epoch=epoch):
                if self._counts(number, attempt, epoch) and self._are_wanted(number, epoch):
                    self._keep_weights(number, epoch, event.payload)
            case Ended(number=number, attempt=attempt):
                if self.ledger.is_running(number, attempt):
                    self._end(event)
            case Lost(number=number, attempt=attempt, reason=reason):
                self._let_go_on(number, attempt, reason, blames_trial=event.blames_trial)
        self.watch(event)

    def _counts(self, number: int, attempt: int, epoch: int) -> bool:
        """Tell whether a checkpoint is the current attempt's, of epochs that are recorded."""
        return self.ledger.is_running(number, attempt) and epoch <= self.ledger.last_epoch(number)

    def _end(self, event: Ended) -> None:
        """Keep the weights of a trial that leads, then record its end, then delete."""
        number, outcome, weights = event.number, event.outcome, event.weights
        for noted in (self._state_wished, self._weights_wished):
            noted.pop(number, None)
        given = outcome.best
        if outcome.kind == "handed_in" and self.ledger.goes_on(number, event.attempt):
            keeps = given is not None and self._are_wanted(number, given.epoch)
        else:
            best = self.ledger.worth(number, outcome, partial(self._kept, number))
            outcome = replace(outcome, best=best)
            keeps = best is given and self._leads(number)
        if keeps and given and weights:
            try:
                written = self._keep_weights(number, given.epoch, weights)
                self.through(lambda: self.store.finish(written))
            except PayloadLost as error:
                is_late = isinstance(error, PayloadLate)  # as they may be each time, without end
                self._let_go_on(number, event.attempt, str(error), blames_trial=is_late)
                return
        told = self.ledger.tell(number, event.attempt, outcome)
        if told is None and not self._handing_in:
            self._go_on_elsewhere(event)
        self._tell_watch(told)

    def _kept(self, number: int) -> list[EpochReport]:
        """Read which best epochs a trial's checkpoints hold, once all that was given is written."""
        self.through(self.store.finish)
        last = self.ledger.last_epoch(number)
        return self.through(partial(self.store.bests, number, upto=last))

    def _let_go_on(self, number: int, attempt: int, reason: str, *, blames_trial: bool) -> None:
        """Have a trial whose attempt has come to nothing go on from its last state, or fail."""
        kept = partial(self._kept, number)
        self._tell_watch(
            self.ledger.requeue(number, attempt, reason, blames_trial=blames_trial, kept=kept)
        )

    def _go_on_elsewhere(self, event: Ended) -> None:
        """Let a trial that gave its state because its slot goes, go on from it in another."""
        reason, is_late = event.outcome.reason, False
        if written := self._states_written.get(event.number):
            try:
                self.through(lambda: self.store.finish(written))
            except PayloadLost as error:  # it goes on from the state before
                del self._states_written[event.number]
                reason, is_late = str(error), isinstance(error, PayloadLate)
        self._let_go_on(event.number, event.attempt, reason, blames_trial=is_late)

    def _keep_weights(self, number: int, epoch: int, payload: Payload) -> Future[None]:
        leaders = self.ledger.leaders()
        written = self.through(
            lambda: self.store.keep_weights(number, epoch=epoch, payload=payload, leaders=leaders)
        )
        self._weights_kept[number], self._weights_written[number] = epoch, written
        return written

    def _keep_state(self, given: StateGiven) -> None:
        self._states_written[given.number] = self.through(
            lambda: self.store.keep_state(
                given.number, epoch=given.epoch, step=given.step, payload=given.payload
            )
        )

    def _settle(self, number: int) -> None:
        self.through(lambda: self.store.settle(number, self.ledger.leaders()))

    def _tell_watch(self, told: TrialSummary | None) -> None:
        """Let go of what a trial that has ended leaves behind."""
        if told:
            self._settle(told.number)
            self.watch(Told(trial=told))

    def _prune(self, number: int) -> None:
        self.workers.stop(number, epoch=self.ledger.last_epoch(number))

    def _leads(self, number: int) -> bool:
        return self.store.leads(number, self.ledger.leaders())

    def _are_wanted(self, number: int, epoch: int) -> bool:
        """Tell whether weights that a running trial gives are its best, and not kept already."""
        is_best = epoch == self.ledger.best_epoch(number) != self._weights_kept.get(number)
        return is_best and self._leads(number)

    def _wish_weights(self, number: int) -> None:
        """Ask a trial that leads for its weights, now and then, so that they outlive a crash.

        One that runs recorded epochs again has nothing to give before it has caught up.
        """
        is_kept = self.ledger.best_epoch(number) == self._weights_kept.get(number)
        if is_kept or not self.ledger.has_caught_up(number):
            return
        last = self._weights_wished.get(number, -WEIGHTS_SECONDS)
        if self.clock() - last >= WEIGHTS_SECONDS and self._leads(number):
            self._weights_wished[number] = self.clock()
            self.workers.wish_weights(number)

    def _hand_in(self, why: Ending) -> Ending:
        """Take a state from every running trial; the study can go on from them."""
        self._handing_in = True
        self.watch(Stopping(ending=why))
        self.workers.hand_in()
        deadline = self.clock() + HAND_IN_SECONDS
        while (self._aside or self.workers.busy) and self.clock() < deadline:
            self._handle_next()
        self.through(self.store.finish)
        return why
