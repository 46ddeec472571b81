"""A study file and its data: ten times good and ten times bad."""

from pathlib import Path

from sqlalchemy.engine import Engine

from search.spec import load
from search.submissions import Submission, Submissions

STUDY = """
name = "moods"
[data]
format = "csv"
train = "a.csv"
[task]
kind = "classification"
inputs = "text"
target = "mood"
[space]
variant = "attention"
heads = [1, 2]
hidden_size = 8
layers = 1
dropout = 0.0
learning_rate = 1e-3
weight_decay = { low = 0.0, high = 0.1 }
[training]
epochs = 2
[search]
trials = 9
"""
MOODS = "text,mood\n" + "it was good,up\nit was bad,down\n" * 10


def submitted(engine: Engine, folder: Path, name: str = "moods") -> tuple[Submissions, Submission]:
    """Put the study on a database's queue, and give the queue and its place there."""
    path = folder / f"{name}.toml"
    path.write_text(STUDY.replace("moods", name))
    (folder / "a.csv").write_text(MOODS)
    queue = Submissions(engine)
    given = load(path).given
    return queue, queue.add(study=name, given=given, path=str(path), checkpoints=None)
