"""What a process may take of a GPU that it shares."""

CONTEXT_BYTES = 900_000_000
"""What CUDA and its libraries take of a card in each process, beside what PyTorch allocates."""


def fraction(share: float, *, total: int, context: int = CONTEXT_BYTES) -> float:
    """Give the part of a card that PyTorch may allocate, so that all of a share is its part.

    (total x share - context) / total: what CUDA itself takes counts, else neighbours that each
    keep to their share would not fit together.

    Arguments:
        share: of the card, above 0 and up to 1.
        total: bytes of the card.
        context: bytes that CUDA itself takes.

    Raises:
        ValueError: the share leaves nothing to allocate.
    """
    left = total * share - context
    if left <= 0:
        raise ValueError(
            f"a share of {share:g} of a GPU of {total / 1e9:.1f} GB is {total * share / 1e9:.1f} "
            f"GB, and CUDA itself takes {context / 1e9:.1f} - ask for more in "
            "resources.gpus_per_trial"
        )
    return left / total


def cap(share: float) -> None:
    """Hold this process to its share of the GPU that it sees.

    Arguments:
        share: of the card, above 0 and up to 1.

    Raises:
        ValueError: the share leaves nothing to allocate.
    """
    import torch

    total = torch.cuda.get_device_properties(0).total_memory
    torch.cuda.set_per_process_memory_fraction(fraction(share, total=total))
