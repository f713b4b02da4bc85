"""The recorded claims that come with the package; `docs/claims/study.py` writes the file."""

import json
from pathlib import Path

from actcli.analysis.claim import RecordedClaim

_BUNDLED = Path(__file__).with_name("claims.json")


def load_claims() -> tuple[tuple[RecordedClaim, ...], str]:
    """Return the claims in order, and when and where they were recorded."""
    document = json.loads(_BUNDLED.read_text("utf-8"))
    claims = tuple(
        RecordedClaim(number, **{**claim, "screen": tuple(claim["screen"])})
        for number, claim in enumerate(document["claims"], 1)
    )
    return claims, document["origin"]
