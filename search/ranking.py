"""Which of two trials, or of two epochs of one, is the better: one rule for all who ask."""

from lstm_attn.config import Direction


def rank(value: float, loss: float, number: int, direction: Direction) -> tuple[float, float, int]:
    """Give the key that orders trials or epochs, the best first: value, then loss, then number.

    Arguments:
        value: of the objective.
        loss: the task's, which orders equal values; less is better.
        number: the trial's or the epoch's; of equals the earlier comes first.
        direction: of the objective.
    """
    return (-value if direction == "maximize" else value, loss, number)
