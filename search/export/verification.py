"""An export scored again in a fresh process, and held to what its trial recorded."""

import json
import math
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path

import torch

from lstm_attn.config import DataConfig
from lstm_attn.verify import Verified
from search.errors import VerificationFailed
from search.trial import device_name

SAME_KIND = 1e-5
"""Relative difference allowed on the kind of device that trained."""
OTHER_KIND = 1e-3
"""Relative difference allowed on another; the order of sums differs there."""
ZERO = 1e-12
"""What is as good as zero, to which no difference is relative."""


def verified(
    folder: Path,
    recorded: Mapping[str, float],
    *,
    files: DataConfig | None,
    trained_on: str | None,
    with_test: bool,
) -> Verified:
    """Score an export afresh and compare.

    Arguments:
        folder: the export.
        recorded: every metric on the validation rows that rank.
        files: where the data are now; None: where the export says.
        trained_on: the kind of device that trained; None where it isn't known.
        with_test: whether to score test rows too.

    Raises:
        VerificationFailed: it scores something else, or cannot be scored.
    """
    on_gpu = trained_on is not None and not trained_on.startswith("cpu")
    device = "cuda" if on_gpu and torch.cuda.is_available() else "cpu"
    scored = in_fresh_process(folder, files, device=device, with_test=with_test)
    tolerance = SAME_KIND if device_name(device) == trained_on else OTHER_KIND
    problems = differences(recorded, scored, tolerance=tolerance)
    if problems:
        raise VerificationFailed(*problems)
    return scored


def differences(
    recorded: Mapping[str, float], scored: Verified, *, tolerance: float
) -> tuple[str, ...]:
    """List the metrics that aren't what was recorded, a line each.

    Arguments:
        recorded: every metric on the validation rows that rank.
        scored: what the export scores.
        tolerance: relative difference allowed; counted metrics are allowed rows instead.
    """
    problems = []
    for metric, was in recorded.items():
        now = scored.ranked.metrics.get(metric, math.nan)
        allowed = scored.reach.get(metric, tolerance * abs(was)) + ZERO
        if not abs(now - was) <= allowed:  # what isn't a number isn't equal
            problems.append(
                f"{metric} was recorded as {was:.9g} and is {now:.9g}, loaded afresh: more than "
                f"{allowed:.2g} off - replay the trial to see which is right"
            )
    return tuple(problems)


def in_fresh_process(
    folder: Path, files: DataConfig | None, *, device: str, with_test: bool
) -> Verified:
    """Have another process load and score an export.

    Arguments:
        folder: the export.
        files: where the data are now; None: where the export says.
        device: where to compute, as PyTorch names it.
        with_test: whether to score test rows too.

    Raises:
        VerificationFailed: it could not; says why.
    """
    command = [sys.executable, "-P", "-m", "lstm_attn.verify", str(folder), "--device", device]
    if not with_test:
        command.append("--without-test")
    if files:
        command.append("--files")
    ended = subprocess.run(  # noqa: S603 - our own program
        command,
        input=json.dumps(asdict(files)) if files else "",  # too long for a command line, perhaps
        capture_output=True,
        encoding="utf-8",
        errors="replace",
        check=False,
    )
    try:
        answer = json.loads(ended.stdout.splitlines()[-1])
    except (IndexError, ValueError) as error:
        last = (ended.stderr.strip() or "without a word").splitlines()[-1]
        raise VerificationFailed(
            f"the process that was to load it ended with code {ended.returncode}, {last} - "
            "export again"
        ) from error
    if "problems" in answer:
        raise VerificationFailed(*answer["problems"])
    return Verified.from_json(answer)
