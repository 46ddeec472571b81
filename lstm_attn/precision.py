"""How exactly a model is computed: coarser while training, in full while scoring.

Unless told otherwise PyTorch lets cuDNN round the products of an LSTM to TF32, so scoring says what
it wants just as training does.
"""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from functools import cache
from typing import Literal

import torch
from torch import nn
from torch.nn.attention import SDPBackend, sdpa_kernel


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


@cache
def multiplies_bfloat16(device: torch.device) -> bool:
    """Tell whether a device multiplies bfloat16 by itself: CUDA, and CPUs with instructions for it.

    Other CPUs would take each number apart first, which is slower than float32.
    """
    if device.type != "cpu":
        return device.type == "cuda"
    can = torch.cpu.get_capabilities()
    return bool(can.get("avx512_bf16") or can.get("amx_bf16"))


@contextmanager
def mixed(device: torch.device) -> Iterator[None]:
    """Run a training step's forward pass in bfloat16 where the device multiplies it by itself.

    On the CPU attention is then made of plain products: going back through PyTorch's fused kernel
    takes twenty times as long in bfloat16 as in float32 (25 steps, 16 features a head).
    """
    with ExitStack() as stack:
        if multiplies_bfloat16(device):
            stack.enter_context(torch.autocast(device.type, dtype=torch.bfloat16))
            if device.type == "cpu":
                stack.enter_context(sdpa_kernel(SDPBackend.MATH))
        yield


@contextmanager
def lstms_in_float32(model: nn.Module, device: torch.device) -> Iterator[None]:
    """Keep every LSTM of a model out of autocast on CUDA, and as before afterwards.

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
