"""What encoded data say of themselves."""

from lstm_attn.batches import Table
from lstm_attn.metrics import LanguagePredictions
from lstm_attn.tasks import task_for
from lstm_attn.training import fresh_model


def test_as_much_is_scored_of_a_split_as_is_said_to_be_there(tiny):
    task = task_for(tiny.data, tiny.training.objective)
    model = fresh_model(tiny.model, seed=0)
    predicted = task.predict(model, Table(tiny.data.validation), tiny.training.context)
    is_text = isinstance(predicted, LanguagePredictions)
    scored = int(predicted.tokens.sum()) if is_text else len(predicted)
    assert tiny.data.scorable(tiny.data.validation) == scored > 0
