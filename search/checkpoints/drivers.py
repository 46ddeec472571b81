"""What goes wrong in an object store, as its drivers raise it, told in our words.

Drivers are extras that may not be installed, and only some of their errors are Python's own: the
others are known by name.
"""

import errno
import re
import sys
from collections.abc import Iterator

from lstm_attn.scratch import FULL
from search.errors import Outage, StoreError

_OTHERS = {
    "botocore.exceptions": ("BotoCoreError", "ClientError"),
    "aiohttp": ("ClientError",),
    "gcsfs.retry": ("HttpError", "ChecksumError"),
    "google.auth.exceptions": ("GoogleAuthError",),
    "azure.core.exceptions": ("AzureError",),
}
"""Errors of drivers that are none of Python's, by module."""
_LINK = {
    "botocore.exceptions.ConnectionError",
    "botocore.exceptions.HTTPClientError",
    "aiohttp.client_exceptions.ClientConnectionError",
    "aiohttp.client_exceptions.ClientPayloadError",
    "requests.exceptions.ConnectionError",
    "requests.exceptions.Timeout",
    "requests.exceptions.ChunkedEncodingError",
    "gcsfs.retry.ChecksumError",
    "google.auth.exceptions.TransportError",
    "azure.core.exceptions.ServiceRequestError",
    "azure.core.exceptions.ServiceResponseError",
}
"""Those of a store that cannot be reached, or of an answer that was cut short."""
_BUSY = {
    errno.EBUSY,  # s3fs: slow down, or not available
    getattr(errno, "EREMOTEIO", errno.EIO),  # s3fs: the store's own fault
    errno.ENETDOWN,
    errno.ENETUNREACH,
    errno.EHOSTDOWN,
    errno.EHOSTUNREACH,
    errno.ETIMEDOUT,
}
_FULL = {"QuotaExceeded", "XMinioStorageFull", "XMinioAdminBucketQuotaExceeded"}
"""Codes of a store, or of a share of it, that has no room left."""
_WAITED_FOR = {408, 425, 429, 500, 502, 503, 504, 507, 509}
"""HTTP's codes of what may go away by itself."""
_FULL_STATUS = 507
_REFUSED = {401, 403}
_SECRETS = re.compile(r"(?<=//)[^/\s@]*@|\?\S*=\S*")
"""The user and password of a URL, such as a proxy's, and what signs one, behind its path."""


def known() -> tuple[type[Exception], ...]:
    """Give all errors of the drivers that are loaded now, for an `except`."""
    loaded = ((sys.modules.get(module), names) for module, names in _OTHERS.items())
    others = [getattr(module, name) for module, names in loaded if module for name in names]
    return (OSError, ValueError, *others)


def trouble(place: str, done: str, error: Exception) -> Outage | StoreError:
    """Tell an error: as an outage where it may go away by itself.

    Arguments:
        place: the store's URL.
        done: what it cannot be, as `written`.
        error: as it was caught; what has caused it is looked at too.
    """
    said = (getattr(error, "strerror", None) or str(error) or type(error).__name__).splitlines()[0]
    line = f"the checkpoint store {place} cannot be {done}: {_SECRETS.sub('', said)}"
    if any(_is_full(one) for one in _chain(error)):
        return Outage(f"{line} - make room in it")
    if any(_passes(one) for one in _chain(error)):
        return Outage(f"{line} - see that it is up and can be reached")
    if lacks_bucket(error) or isinstance(error, FileNotFoundError):
        return StoreError(f"{line} - see that the bucket is there, or name another")
    if any(_is_refused(one) for one in _chain(error)):
        return StoreError(f"{line} - check the credentials in the environment and their rights")
    return StoreError(f"{line} - name another place, or see to this one")


def lacks_bucket(error: BaseException) -> bool:
    """Tell whether it is the bucket that is missing, not a file or folder in it."""
    return any(_code(one) == "NoSuchBucket" for one in _chain(error))


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__


def _is_full(error: BaseException) -> bool:
    full_disk = isinstance(error, OSError) and error.errno in FULL
    return full_disk or _status(error) == _FULL_STATUS or _code(error) in _FULL


def _passes(error: BaseException) -> bool:
    if isinstance(error, TimeoutError | ConnectionError):
        return True
    if isinstance(error, OSError) and error.errno in _BUSY:
        return True
    return _status(error) in _WAITED_FOR or not _LINK.isdisjoint(_names(error))


def _is_refused(error: BaseException) -> bool:
    lacking = {"botocore.exceptions.NoCredentialsError", "google.auth.exceptions.GoogleAuthError"}
    is_refused = isinstance(error, PermissionError) or _status(error) in _REFUSED
    return is_refused or not lacking.isdisjoint(_names(error))


def _names(error: BaseException) -> set[str]:
    return {f"{one.__module__}.{one.__qualname__}" for one in type(error).__mro__}


def _status(error: BaseException) -> int | None:
    """Give HTTP's status code, wherever a driver keeps it."""
    response = getattr(error, "response", None)
    kept = [getattr(error, name, None) for name in ("status", "code", "status_code")]
    if isinstance(response, dict):
        kept.append(response.get("ResponseMetadata", {}).get("HTTPStatusCode"))
    return next((int(str(one)) for one in kept if re.fullmatch("[0-9]{3}", str(one))), None)


def _code(error: BaseException) -> str | None:
    """Give the store's own code of an error, which botocore keeps."""
    response = getattr(error, "response", None)
    return response.get("Error", {}).get("Code") if isinstance(response, dict) else None
