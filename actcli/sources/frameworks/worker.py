"""The process of one framework: `python -m actcli.sources.frameworks.worker NAME FOLDER PARENT`.

Each line on standard input is a request in JSON, each line on standard output its answer. Numbers go through .npy files
in the folder. What native code prints goes nowhere.
"""

import json
import os
import sys
from pathlib import Path
from typing import Any

from actcli.sources.parent import end_with


def main() -> None:
    """Answer requests until there are no more: first with the version, or with what is missing."""
    name, folder, parent = sys.argv[1:]
    end_with(int(parent))
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    nowhere = os.open(os.devnull, os.O_WRONLY)
    for descriptor in (1, 2):
        os.dup2(nowhere, descriptor)

    def answer(**members: Any) -> None:
        answers.write(json.dumps(members) + "\n")
        answers.flush()

    import numpy as np

    from actcli.activations import activation
    from actcli.sources.frameworks.kernels import load

    try:
        framework = load(name)
    except ImportError as error:
        answer(missing=str(error))
        return
    answer(version=framework.version)
    for line in sys.stdin:
        request = json.loads(line)
        patterns = np.load(Path(folder) / "x.npy", allow_pickle=False)
        results = framework.compute(
            activation(request["function"]), patterns, request["type"], request["order"]
        )
        if results is not None:
            np.save(Path(folder) / "y.npy", results, allow_pickle=False)
        answer(computed=results is not None)


if __name__ == "__main__":
    main()
