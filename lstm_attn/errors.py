"""What a user can mend: the errors of `lstm_attn`.

LstmAttnError
├── DataError          a file, a column, a value
├── NoRoom             a disk that is full of temporary files; waiting may help
├── ModelError         a configuration no model can be built from
└── CheckpointError    a damaged or foreign file of weights, state or export
"""


class LstmAttnError(Exception):
    """One or more problems, each a line that says what, what was got, and what would do.

    Arguments:
        problems: the lines; printed as they are, one below the other.
    """

    def __init__(self, *problems: str) -> None:
        super().__init__(*problems)
        self.problems = problems

    def __str__(self) -> str:
        return "\n".join(self.problems)


class DataError(LstmAttnError):
    """The input data cannot be read or do not fit the task.

    Arguments:
        problems: the lines.
        row: the first row of a column that is wrong, from 1; None where it is about no rows.
        rows: how many are.
    """

    def __init__(self, *problems: str, row: int | None = None, rows: int = 0) -> None:
        super().__init__(*problems)
        self.row = row
        self.rows = rows


class NoRoom(LstmAttnError):
    """The disk has no room for the temporary files that reading takes."""


class ModelError(LstmAttnError):
    """The numbers given describe no model."""


class CheckpointError(LstmAttnError):
    """A file of weights, a state or an export is damaged or not ours."""
