"""What a data set costs a worker in memory of its own.

Data are generated as arrays; their size is what lies in Ray's object store, training and validation
rows together. A real worker trains a small model on them.
"""

from statistics import median

import numpy as np
import psutil

from lstm_attn.config import ModelConfig, TaskConfig, TaskKind, TrainingConfig
from lstm_attn.encoding import Encoding, Scaler
from lstm_attn.sequences import SequenceData, Split
from lstm_attn.vocabulary import fit_tokenizer
from search import workers
from search.records import Reported, TrialTask

MEGABYTE = 1_000_000
WORKERS = 3
"""Fresh workers that are measured of each size, the sizes by turns."""
CHARACTERS = [chr(code) for code in range(ord("0"), ord("p"))]
FEATURES = 4
HORIZON = 7
CONTEXT = 32


def difference(kind: TaskKind, *, small: float, large: float) -> float:
    """Give the bytes that a worker needs more of its own with the larger data set.

    Own are the pages that no other process has (`uss`), after the first epoch, while the second is
    under way. The median of some workers, in megabytes.

    Arguments:
        kind: `language-modeling` or `forecasting`.
        small: megabytes of the smaller data set.
        large: megabytes of the larger one.
    """
    sizes = {size: _data(kind, int(size * MEGABYTE)) for size in (small, large)}
    workers.connect(None, slots=1, cpus=1)
    try:
        needed = {size: [0.0] * WORKERS for size in sizes}
        for turn in range(WORKERS):
            for size, data in sizes.items():
                needed[size][turn] = _own_memory(data) / MEGABYTE
    finally:
        workers.disconnect()
    return median(needed[large]) - median(needed[small])


def _own_memory(data: SequenceData) -> int:
    """Give the bytes that a fresh worker needs of its own after its first epoch."""
    places = workers.RayWorkers(data, slots=1, cpus=1, gpus=0.0)
    places.open(1)
    while not (free := places.free_slots()):
        places.next_event()
    process = psutil.Process(int(free[0].where.rpartition(":")[2]))
    places.start(free[0], _trial(data))
    while not isinstance(places.next_event(), Reported):
        pass
    own: int = process.memory_full_info().uss
    places.close()
    return own


def _trial(data: SequenceData) -> TrialTask:
    """Give two epochs of a small model."""
    tokens = data.tokens
    model = ModelConfig(
        variant="embed_ffn" if tokens else "ffn",
        input_size=data.input_size,
        output_size=data.input_size if tokens else HORIZON,
        tokens=tokens,
        causal=True,
        hidden_size=32,
        heads=2,
        ffn_width=32,
        embedding_dim=16 if tokens else None,
    )
    training = TrainingConfig(
        epochs=2,
        batch_size=16,
        learning_rate=1e-3,
        weight_decay=0.0,
        objective="cross_entropy" if tokens else "mae",
        context=CONTEXT,
        epoch_steps=50,
        validation_rows=2_000,
    )
    return TrialTask(number=0, attempt=0, model=model, training=training, seed=0, threads=1)


def _data(kind: TaskKind, size: int) -> SequenceData:
    """Generate a data set whose arrays have `size` bytes, a tenth of it validation rows."""
    return _text(size) if kind == "language-modeling" else _series(size)


def _text(size: int) -> SequenceData:
    """Generate characters by chance."""
    tokenizer = fit_tokenizer("character", CHARACTERS, vocabulary=len(CHARACTERS), lowercase=False)
    a_token = np.int32().nbytes + np.int64().nbytes  # the token, and where it ends in the text
    rng = np.random.default_rng(0)

    def split(tokens: int) -> Split:
        return Split(
            inputs=rng.integers(tokenizer.size, size=tokens, dtype=np.int32),
            offsets=np.array([0, tokens]),
            character_ends=np.arange(1, tokens + 1),
        )

    return _encoded(
        TaskConfig(kind="language-modeling", inputs=("text",)),
        Encoding(tokenizer=tokenizer),
        split(size * 9 // 10 // a_token),
        split(size // 10 // a_token),
    )


def _series(size: int) -> SequenceData:
    """Generate a series of noise, of which one channel is forecast."""
    a_row = FEATURES * np.float32().nbytes + np.float64().nbytes + np.int64().nbytes
    rows = size // a_row
    rng = np.random.default_rng(0)
    targets = rng.standard_normal((rows, 1))
    inputs = rng.standard_normal((rows, FEATURES), dtype=np.float32)
    end = rows * 9 // 10

    def split(first: int, last: int) -> Split:
        return Split(
            inputs=inputs,
            offsets=np.array([0, rows]),
            targets=targets,
            origins=np.arange(first, last - HORIZON),
        )

    columns = tuple(f"x{number}" for number in range(FEATURES))
    unscaled = Scaler(mean=(0.0,) * FEATURES, deviation=(1.0,) * FEATURES)
    return _encoded(
        TaskConfig(kind="forecasting", inputs=columns, targets=("x0",), horizon=HORIZON),
        Encoding(scaler=unscaled, target_scaler=Scaler(mean=(0.0,), deviation=(1.0,))),
        split(CONTEXT, end),
        split(end, rows),
        training_end=end,
    )


def _encoded(
    task: TaskConfig, encoding: Encoding, train: Split, validation: Split, *, training_end: int = 0
) -> SequenceData:
    return SequenceData(
        task=task,
        encoding=encoding,
        train=train,
        validation=validation,
        test=None,
        training_end=training_end,
        naive_error=np.ones(len(task.targets)),
        fingerprint="",
        summary={},
    )
