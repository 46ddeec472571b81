"""Training as a generator: reports, states and the best weights come out, a wish goes in.

    for event in fit(model, data, config, seed=seed, wish=wish):
        if isinstance(event, EpochReport) and not worth_going_on(event):
            wish.stop(epoch=event.epoch)

Nothing global stays changed while the caller has its turn: random numbers and the precision of
float32 are lent to the run for its own turns.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import nullcontext

import torch
from torch import nn

from lstm_attn.chance import Chance, weights_drawn_from
from lstm_attn.config import ModelConfig, TrainingConfig
from lstm_attn.models import SequenceModel, build
from lstm_attn.precision import float32_products, lstms_in_float32
from lstm_attn.reports import EpochReport, Wish
from lstm_attn.run import Run, Tables, load_tables
from lstm_attn.sequences import SequenceData
from lstm_attn.state import BestWeights, Finished, TrainingState

Event = EpochReport | TrainingState | BestWeights | Finished
"""What `fit` yields."""


def fresh_model(config: ModelConfig, seed: int) -> SequenceModel:
    """Build a model with the weights that a seed gives; global chance stays as it was.

    Arguments:
        config: the model's numbers.
        seed: of the trial, 0 or more.
    """
    with weights_drawn_from(seed):
        return build(config)


def fit(
    model: nn.Module,
    data: SequenceData,
    config: TrainingConfig,
    *,
    seed: int,
    wish: Wish,
    state: TrainingState | None = None,
    device: str = "cpu",
    tables: Tables | None = None,
    clock: Callable[[], float] = time.perf_counter,
) -> Iterator[Event]:
    """Train a model, epoch by epoch, until it is done or told to end.

    Yields an `EpochReport` after each epoch; before any batch a `TrainingState`, or `BestWeights`
    once an epoch has ended, if wished; last a `Finished`, after which no wish is read. Going on
    from a state is the uninterrupted run, bit for bit on the CPU (the same kind of processor, the
    same number of threads), in everything but seconds.

    The model is trained in place and ends with its last weights; the best are in `Finished`. In one
    process runs may take turns, in threads side by side they may not (see `Chance`).

    Arguments:
        model: takes the data's inputs and gives the task's outputs; fresh, or any with a state.
        data: encoded sequences.
        config: how to train.
        seed: of the order of rows and of dropout, 0 or more.
        wish: what the caller wants; read before every batch.
        state: what to go on from; never written to.
        device: a device as PyTorch names it.
        tables: the data where they are already on that device; brought there where None.
        clock: gives seconds; those that pass during the caller's turn don't count.

    Raises:
        DataError: no training row has as many steps as `config.context`.
        CheckpointError: the state is of another model.
        torch.OutOfMemoryError: as PyTorch raises it.
    """
    where = torch.device(device)
    run = Run(
        model.to(where),
        data,
        config,
        seed=seed,
        tables=tables or load_tables(data, device),
        clock=clock,
    )
    chance = Chance.of_seed(where, seed)
    if state is not None:
        run.go_on_from(state)
        chance = chance.with_states(state.generators)
    events = _events(run, wish, chance)
    with lstms_in_float32(model, where) if where.type == "cuda" else nullcontext():
        while True:
            with chance, float32_products("tf32"):
                event = next(events, None)
            if event is None:
                return
            yield event


def _events(run: Run, wish: Wish, chance: Chance) -> Iterator[Event]:
    """Train with the run's own chance and precision in force: what `fit` does in its turns."""
    while (ending := run.ending(stop_at=wish.stop_at)) is None:
        if wish.stopping_now:
            ending = run.stopped()
            break
        if wish.handing_in:
            yield run.state(chance.now())
            ending = run.handed_in()
            break
        if wish.take_state():
            yield run.state(chance.now())
        if run.best and wish.take_weights():
            yield run.best
        run.train_batch()
        if run.leg_is_over:
            report = run.end_epoch()
            if isinstance(report, Finished):
                ending = report
                break
            yield report
    yield ending
