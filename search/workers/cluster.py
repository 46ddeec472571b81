"""The Ray cluster: joined or started, asked what it has, left."""

import logging
import os

import ray

from search.errors import ClusterError
from search.spec.terms import Resources


def connect(address: str | None, *, slots: int | None, cpus: float) -> None:
    """Join a Ray cluster, or start a Ray of our own on this machine.

    Arguments:
        address: of the cluster; None starts one.
        slots: places asked for, so that our own Ray has as many CPUs; None takes all there are.
        cpus: CPUs a slot.

    Raises:
        ClusterError: the cluster cannot be reached.
    """
    logging.getLogger("ray").setLevel(logging.ERROR)
    # Otherwise Ray warns, on machines without a GPU, of how it will treat those with one.
    os.environ.setdefault("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")
    wanted = max(slots * cpus, os.cpu_count() or 1) if slots and address is None else None
    try:
        ray.init(
            address=address or "local",
            num_cpus=int(wanted) if wanted else None,
            include_dashboard=False,
            log_to_driver=False,
            logging_level=logging.ERROR,
            configure_logging=False,
        )
    except (ConnectionError, RuntimeError, ValueError) as error:
        said = str(error).splitlines()[0]
        raise ClusterError(
            f"Ray cannot be reached at {address or 'this machine'}: {said} - "
            "check RAY_ADDRESS, or unset it to start a Ray of our own"
        ) from error


def disconnect() -> None:
    """Leave the cluster; a Ray of our own ends with it."""
    ray.shutdown()


def has_gpus() -> bool:
    """Tell whether any node of the cluster has a GPU."""
    return resources().get("GPU", 0) > 0


def gpu_share(resources: Resources) -> float:
    """Settle a trial's share of a GPU: what is asked for, else a whole one if there are any."""
    if resources.gpus_per_trial is not None:
        return resources.gpus_per_trial
    return 1.0 if has_gpus() and resources.cpus_per_trial is None else 0.0


def resources() -> dict[str, float]:
    """Tell what the cluster has, in use or not."""
    found: dict[str, float] = ray.cluster_resources()  # type: ignore[no-untyped-call]
    return found
