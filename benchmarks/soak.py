"""What a worker comes to that trains many trials: its memory, its open files, its threads.

One worker in one slot trains short trials of changing variant, size, batch and context for real,
and gives a state and weights on the way, as in a search. Printed is a row every 50 trials, and
whether the law holds: in the last third of the trials the worker's memory is on average within
5 % of the second third's, and it has no more files open and no more threads. Ends with 1 if not.

    .venv/bin/python benchmarks/soak.py --trials 300
"""

import argparse
import sys
import tempfile
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from random import Random
from statistics import mean

import psutil

from lstm_attn.config import (
    VARIANTS,
    WITH_ATTENTION,
    WITH_FEEDFORWARD,
    DataConfig,
    ModelConfig,
    TaskConfig,
    TrainingConfig,
    has_embedding,
)
from lstm_attn.data import prepare
from lstm_attn.sequences import SequenceData
from search import workers
from search.records import Ended, Reported, StateGiven, TrialTask, WeightsGiven

EVERY = 50
"""Trials between two rows."""
ALLOWED = 0.05
"""By how much of itself the memory may differ between the two thirds."""
MIB = 2**20


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """A worker's process after a trial."""

    memory: float
    """What it alone has (USS), in MiB."""
    files: int
    threads: int


def soak(trials: int, *, seed: int) -> Iterator[Sample]:
    """Train trials in one worker; look at its process after each."""
    chance = Random(seed)
    with tempfile.TemporaryDirectory() as folder:
        data = text(Path(folder), chance)
    places = workers.RayWorkers(data, slots=1, cpus=1, gpus=0.0, trials_a_worker=trials + 1)
    places.open(1)
    process = None
    for number in range(trials):
        while not places.free_slots():
            places.next_event()
        (slot,) = places.free_slots()
        process = process or psutil.Process(int(slot.where.rpartition(":")[2]))
        places.start(slot, task(number, data, chance))
        follow(places)
        with process.oneshot():
            yield Sample(
                memory=process.memory_full_info().uss / MIB,
                files=process.num_fds(),
                threads=process.num_threads(),
            )
    places.close()


def follow(places: workers.RayWorkers) -> None:
    """Take what a trial says and gives, as a coordinator does, up to its end."""
    while not isinstance(event := places.next_event(), Ended):
        match event:
            case Reported(number=number):
                places.wish_state(number)
                places.wish_weights(number)
            case StateGiven(payload=payload) | WeightsGiven(payload=payload):
                payload.fetch()
    assert event.outcome.kind == "completed", event.outcome.reason
    assert event.weights is not None
    event.weights.fetch()


def task(number: int, data: SequenceData, chance: Random) -> TrialTask:
    """Draw a trial."""
    variant = chance.choice(VARIANTS)
    embeds = has_embedding(variant, tokens=True)
    model = ModelConfig(
        variant=variant,
        input_size=data.input_size,
        output_size=data.input_size,
        tokens=True,
        causal=True,
        hidden_size=chance.randrange(16, 257, 16),
        layers=chance.randint(1, 3),
        heads=chance.choice((1, 2, 4, 8)) if variant in WITH_ATTENTION else None,
        ffn_width=chance.randrange(32, 513, 32) if variant in WITH_FEEDFORWARD else None,
        embedding_dim=chance.choice((8, 16, 32, 64)) if embeds else None,
    )
    training = TrainingConfig(
        epochs=3,
        batch_size=chance.choice((4, 8, 16, 32, 64)),
        learning_rate=1e-3,
        weight_decay=1e-2,
        objective="cross_entropy",
        context=chance.choice((8, 16, 32, 64, 128)),
        epoch_steps=4,
        validation_rows=512,
    )
    return TrialTask(
        number=number, attempt=0, model=model, training=training, seed=number, threads=1
    )


def text(folder: Path, chance: Random) -> SequenceData:
    """Write a text of drawn words, and prepare it."""
    words = ("to", "be", "or", "not", "that", "is", "the", "question")
    file = folder / "text.txt"
    file.write_text(" ".join(chance.choices(words, k=20_000)), encoding="utf-8")
    return prepare(
        DataConfig(format="text", train=(str(file),), validation=0.1),
        TaskConfig(kind="language-modeling", inputs=("text",)),
    )


def broken(samples: list[Sample]) -> list[str]:
    """List what grew between the second and the last third, a line each."""
    third = len(samples) // 3
    before, after = samples[third : 2 * third], samples[-third:]
    problems = []
    was, now = (mean(sample.memory for sample in part) for part in (before, after))
    if abs(now - was) > ALLOWED * was:
        problems.append(f"memory went from {was:.0f} to {now:.0f} MiB on average")
    for name in ("files", "threads"):
        most, more = (max(getattr(sample, name) for sample in part) for part in (before, after))
        if more > most:
            problems.append(f"{name} went from {most} to {more}")
    return problems


def main() -> None:
    """Soak a worker, print the table and whether the law holds."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--trials", type=int, default=300)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    warnings.filterwarnings("ignore", module="ray")
    workers.connect(None, slots=1, cpus=1)
    print(f"{options.trials} trials in one worker, seed {options.seed}\n")
    print(f"{'trials':>8}{'memory, MiB':>14}{'files':>8}{'threads':>10}")
    samples: list[Sample] = []
    for sample in soak(options.trials, seed=options.seed):
        samples.append(sample)
        if len(samples) == 1 or len(samples) % EVERY == 0:
            line = f"{len(samples):8}{sample.memory:14.1f}{sample.files:8}{sample.threads:10}"
            print(line, flush=True)
    workers.disconnect()
    problems = broken(samples)
    print(f"\nThe law holds: {'no' if problems else 'yes'}", *problems, sep="\n  ")
    sys.exit(bool(problems))


if __name__ == "__main__":
    main()
