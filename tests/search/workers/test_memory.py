"""A share of a GPU, with what CUDA itself takes of it."""

import pytest
import torch

from search.workers.memory import CONTEXT_BYTES, cap, fraction

GB = 10**9


@pytest.mark.parametrize(
    ("share", "total", "context", "part"),
    [
        (0.25, 80 * GB, GB, 0.2375),
        (0.5, 16 * GB, GB // 2, 0.46875),
        (1.0, 10 * GB, GB, 0.9),
        (0.1, 80 * GB, 0, 0.1),
    ],
)
def test_what_may_be_allocated_is_the_share_without_what_cuda_takes(
    share: float, total: int, context: int, part: float
) -> None:
    assert fraction(share, total=total, context=context) == pytest.approx(part)
    neighbours = int(1 / share) * (part * total + context)
    assert neighbours <= total * (1 + 1e-9)


def test_a_share_that_cuda_itself_takes_whole_is_refused_with_the_sizes() -> None:
    said = r"a share of 0\.01 of a GPU of 16\.0 GB is 0\.2 GB, and CUDA itself takes 0\.9 - ask"
    with pytest.raises(ValueError, match=said):
        fraction(0.01, total=16 * GB)


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")
def test_a_process_cannot_allocate_more_than_its_share_nor_cuda_take_more_than_is_counted() -> None:
    cuda = "cuda"
    lstm = torch.nn.LSTM(64, 256, batch_first=True).to(cuda)
    lstm(torch.randn(8, 32, 64, device=cuda))[0].sum().backward()
    torch.cuda.synchronize()
    free, total = torch.cuda.mem_get_info()
    if total - free < total / 2:  # nobody else is on this card
        assert total - free - torch.cuda.memory_reserved() <= CONTEXT_BYTES
    cap(0.25)
    try:
        torch.empty(int(total * 0.2), dtype=torch.uint8, device=cuda)
        with pytest.raises(torch.OutOfMemoryError):
            torch.empty(int(total * 0.25), dtype=torch.uint8, device=cuda)
    finally:
        torch.cuda.set_per_process_memory_fraction(1.0)
        torch.cuda.empty_cache()
