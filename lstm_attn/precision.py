"""How exactly float32 is computed on CUDA: coarser while training, in full while scoring.

All of it changes nothing on the CPU. Unless told otherwise PyTorch lets cuDNN round the products of
an LSTM to TF32, so scoring says what it wants just as training does.
"""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Literal

import torch
from torch import nn


@contextmanager
def float32_products(precision: Literal["tf32", "ieee"]) -> Iterator[None]:
    """Have float32 products on CUDA computed in a precision, and as before afterwards.

    Arguments:
        precision: `tf32` rounds factors to 10 bits of fraction where the device can; `ieee` never.
    """
    matmul, rnn = torch.backends.cuda.matmul, torch.backends.cudnn.rnn
    before = matmul.fp32_precision, rnn.fp32_precision  # type: ignore[attr-defined]
    matmul.fp32_precision = rnn.fp32_precision = precision  # type: ignore[attr-defined]
    try:
        yield
    finally:
        matmul.fp32_precision, rnn.fp32_precision = before  # type: ignore[attr-defined]


def mixed(device: torch.device) -> AbstractContextManager[object]:
    """Give the context of a training step's forward pass: bfloat16 on CUDA."""
    if device.type != "cuda":
        return nullcontext()
    return torch.autocast("cuda", dtype=torch.bfloat16)


@contextmanager
def lstms_in_float32(model: nn.Module, device: torch.device) -> Iterator[None]:
    """Keep every LSTM of a model out of autocast, and as before afterwards.

    Autocast runs cuDNN's LSTM in float16, whatever type it was told (`_cudnn_rnn_cast_reflatten` in
    PyTorch's AutocastRNN.cpp), where small gradients vanish unless the loss is scaled.
    """
    outside: list[bool] = []

    def leave(*_: object) -> None:
        outside.append(torch.is_autocast_enabled(device.type))
        torch.set_autocast_enabled(device.type, False)

    def go_back(*_: object) -> None:
        torch.set_autocast_enabled(device.type, outside.pop())

    lstms = [module for module in model.modules() if isinstance(module, nn.LSTM)]
    handles = [lstm.register_forward_pre_hook(leave) for lstm in lstms]
    handles += [lstm.register_forward_hook(go_back, always_call=True) for lstm in lstms]
    try:
        yield
    finally:
        for handle in handles:
            handle.remove()
