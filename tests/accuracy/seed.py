"""The seed of fresh points and formulas: ACTCLI_ACCURACY_SEED, which repeats a run, or the time."""

import os
import time

SEED = int(os.environ.get("ACTCLI_ACCURACY_SEED", time.time_ns() % 2**32))
