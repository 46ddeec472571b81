"""One model's training: where it stands, and the steps it is made of."""

import math
from collections.abc import Callable
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn.utils import clip_grad_norm_

from lstm_attn.batches import Table
from lstm_attn.config import TaskKind, TrainingConfig, is_better, loss_metric
from lstm_attn.optimizer import adamw, copies, moments, rate_factor, set_moments
from lstm_attn.precision import mixed
from lstm_attn.reports import EpochReport
from lstm_attn.sequences import SequenceData
from lstm_attn.state import BestWeights, Finished, Outcome, TrainingState, put_weights
from lstm_attn.stream import Stream, epoch_steps
from lstm_attn.tasks import Task, task_for


class Tables(NamedTuple):
    """The splits that training reads, on the device it runs on."""

    train: Table
    """Rows to train on."""
    validation: Table
    """Rows that rank epochs."""


class Run:
    """A model in training.

    Arguments:
        model: on its device.
        data: encoded sequences.
        config: how to train.
        seed: of the trial.
        tables: the data on the model's device.
        clock: gives seconds.

    Raises:
        DataError: no training row has as many steps as `config.context`.
    """

    def __init__(
        self,
        model: nn.Module,
        data: SequenceData,
        config: TrainingConfig,
        *,
        seed: int,
        tables: Tables,
        clock: Callable[[], float],
    ) -> None:
        self.best: BestWeights | None = None
        self._former_best: BestWeights | None = None
        self._model = model
        self._config = config
        self._tables = tables
        self._clock = clock
        self._kind: TaskKind = data.task.kind
        self._task: Task = task_for(data, config.objective)
        self._stream = Stream(
            self._task, context=config.context, batch_size=config.batch_size, seed=seed
        )
        self._steps = config.epoch_steps or epoch_steps(self._stream.pass_steps)
        self._optimizer = adamw(model, config)
        self._parameters = [weight for weight in model.parameters() if weight.requires_grad]
        self._rate = config.learning_rate
        self._epoch = 0
        self._step = 0
        self._loss_sum = torch.zeros((), dtype=torch.float64, device=tables.train.device)
        self._seconds = 0.0
        model.train()

    @property
    def leg_is_over(self) -> bool:
        """Whether the epoch under way has had all its steps."""
        return self._step == self._steps

    def train_batch(self) -> None:
        """Take one optimizer step; on CUDA without waiting for it."""
        began = self._clock()
        position = self._epoch * self._steps + self._step
        self._set_rate(position)
        starts = self._stream.starts(position)
        batch = self._task.batch(self._tables.train, starts, self._config.context)
        inputs = batch.inputs
        if self._config.noise:
            inputs = inputs + self._config.noise * torch.randn_like(inputs)
        with mixed(self._tables.train.device):
            outputs = self._model(inputs, batch.padding)
        loss = self._task.loss(outputs, batch)
        loss.backward()  # type: ignore[no-untyped-call]
        clip_grad_norm_(self._parameters, self._config.clip, foreach=True)
        self._optimizer.step()
        self._optimizer.zero_grad(set_to_none=True)
        self._loss_sum += loss.detach()
        self._step += 1
        self._seconds += self._clock() - began

    def end_epoch(self) -> EpochReport | Finished:
        """Validate after a leg: a report, or the end where a number is no longer finite."""
        began = self._clock() - self._seconds
        training_loss = self._loss_sum.item() / self._steps  # waits for the device
        leg = self._clock() - began
        first, end = self._epoch * self._steps, (self._epoch + 1) * self._steps
        rows = self._stream.rows_between(first, end)
        self._epoch, self._step, self._seconds = self._epoch + 1, 0, 0.0
        self._loss_sum.zero_()
        if not math.isfinite(training_loss):
            return self._diverged({"training loss": training_loss})
        context, most = self._config.context, self._config.validation_rows
        scored = self._task.predict(self._model, self._tables.validation, context, most)
        report = EpochReport(
            epoch=self._epoch,
            training_loss=training_loss,
            metrics=scored.metrics(),
            seconds=self._clock() - began,
            rows_per_second=rows * self._task.tokens_per_row(context) / leg,
        )
        if not all(map(math.isfinite, report.metrics.values())):
            return self._diverged({"training loss": training_loss, **report.metrics})
        self._remember(report)
        return report

    def ending(self, *, stop_at: int | None) -> Finished | None:
        """Tell whether training ends here, and how; None to take another batch.

        Arguments:
            stop_at: the last epoch that counts, None where none was named. A run that is done with
                that epoch anyway has completed.
        """
        patience = self._config.patience
        if stop_at is not None and stop_at < self._epoch:
            return self._stopped(stop_at)
        if self._epoch == self._config.epochs:
            return _finished("completed", f"all {self._epoch} epochs", self.best)
        if patience is not None and self.best and self._epoch - self.best.best.epoch >= patience:
            reason = f"no better epoch than {self.best.best.epoch} in {patience} more"
            return _finished("completed", reason, self.best)
        if stop_at == self._epoch:
            return self._stopped(stop_at)
        return None

    def stopped(self) -> Finished:
        """End here, as of the last epoch that has ended."""
        return self._stopped(self._epoch)

    def handed_in(self) -> Finished:
        """End here, after a state has been given."""
        where = f"after epoch {self._epoch} and {self._step} of {self._steps} steps"
        return _finished("handed_in", where, self.best)

    def state(self, generators: dict[str, Tensor]) -> TrainingState:
        """Copy all that is needed to go on from here.

        Arguments:
            generators: states of the random generators, by kind of device.
        """
        return TrainingState(
            epoch=self._epoch,
            step=self._step,
            weights=copies(self._model.state_dict()),
            moments=moments(self._optimizer),
            generators=generators,
            loss_sum=self._loss_sum.item(),
            seconds=self._seconds,
            best_weights=self.best,
            former_best=self._former_best,
        )

    def go_on_from(self, state: TrainingState) -> None:
        """Stand where a state was taken.

        Raises:
            CheckpointError: it is of another model.
        """
        put_weights(self._model, state.weights)
        set_moments(self._optimizer, state.moments)
        self._epoch, self._step, self._seconds = state.epoch, state.step, state.seconds
        self._loss_sum.fill_(state.loss_sum)
        self.best, self._former_best = state.best_weights, state.former_best

    def _set_rate(self, position: int) -> None:
        factor = rate_factor(position, self._config.epochs * self._steps)
        rate = self._config.learning_rate * factor
        if rate != self._rate:
            self._rate = rate
            for group in self._optimizer.param_groups:
                group["lr"] = rate

    def _remember(self, report: EpochReport) -> None:
        """Keep the weights if this epoch is the best, and the former best one epoch longer."""
        self._former_best = self.best
        if self.best is None or self._is_better(report, self.best.best):
            self.best = BestWeights(best=report, weights=copies(self._model.state_dict()))

    def _is_better(self, report: EpochReport, than: EpochReport) -> bool:
        """Compare with an earlier epoch: by objective, ties by the task's loss."""
        objective = self._config.objective
        for metric in (objective, loss_metric(self._kind, objective)):
            value, other = report.metrics[metric], than.metrics[metric]
            if value != other:
                return is_better(self._kind, metric, value, other)
        return False

    def _stopped(self, epoch: int) -> Finished:
        known = (self.best, self._former_best)
        best = next((one for one in known if one and one.best.epoch <= epoch), None)
        return _finished("stopped", f"as of epoch {epoch}", best)

    def _diverged(self, numbers: dict[str, float]) -> Finished:
        said = ", ".join(f"{name} {number:g}" for name, number in numbers.items())
        return _finished("diverged", f"epoch {self._epoch}: {said}", self.best)


def load_tables(data: SequenceData, device: str) -> Tables:
    """Bring the splits that training reads to a device, as PyTorch names it."""
    return Tables(Table(data.train, device), Table(data.validation, device))


def _finished(outcome: Outcome, reason: str, best: BestWeights | None) -> Finished:
    return Finished(
        outcome=outcome,
        reason=reason,
        best=best.best if best else None,
        weights=best.weights if best else None,
    )
