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
