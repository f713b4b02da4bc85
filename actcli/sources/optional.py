"""Optional libraries: importing one, with its reports to its vendor turned off first."""

import os

_REPORTING_OFF = {
    # onnxruntime 1.32 stores a device id and, after 11 s, looks its vendor's host up.
    "ORT_DISABLE_TELEMETRY": "1",
    # Hugging Face's libraries read either; others follow the second (consoledonottrack.com).
    "HF_HUB_DISABLE_TELEMETRY": "1",
    "DO_NOT_TRACK": "1",
}


def turn_reporting_off() -> None:
    """Set the variables that libraries read, while they are imported, to send no usage statistics."""
    os.environ.update(_REPORTING_OFF)


def require_library(library: str, user: str) -> None:
    """Raise ImportError, with the command that helps, where a library that a part of the package needs is missing."""
    from importlib.util import find_spec

    if find_spec(library) is None:
        raise ImportError(f"{user} needs {library}: pip install {library}", name=library)
