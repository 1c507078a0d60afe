"""Was a round read blind? Claims checked against the exposure ledger and the sealed audit chain.

Each claim is computed from the rows themselves, never from a flag that the code of reading set, and
says how much there was to check: a claim about nothing is no proof.
"""

import hashlib
from typing import Any, Final

import orjson
from django.utils import timezone

from apps.feedback.labeling.models.rounds import ReadingRound, RoundCase
from apps.feedback.labeling.selectors.claims_of_people import (
    arbitrators_apart,
    blind_before_reveal,
    distinct_readers,
    readers_unexposed,
)
from apps.feedback.labeling.selectors.claims_of_records import (
    lock_hashes,
    locks_in_chain,
    policy_of_last_lock,
    released_in_order,
    rereads_apart,
)
from apps.feedback.labeling.selectors.findings_of_claims import Checked
from apps.feedback.labeling.selectors.results import released_cases

FORMAT: Final = 1
MOST_ROWS: Final = 100

CLAIMS: Final = {
    "readers_unexposed": readers_unexposed,
    "distinct_readers": distinct_readers,
    "arbitrators_apart": arbitrators_apart,
    "blind_before_reveal": blind_before_reveal,
    "lock_hashes": lock_hashes,
    "locks_in_chain": locks_in_chain,
    "policy_of_last_lock": policy_of_last_lock,
    "rereads_apart": rereads_apart,
    "released_in_order": released_in_order,
}


def certificate(
    reading_round: ReadingRound, *, sealed: int, head_sha256: str, broken_at: int | None
) -> dict[str, Any]:
    """Check every claim.

    Parameters
    ----------
    sealed, head_sha256, broken_at : what a walk along the audit chain just found

    Returns
    -------
    plain values; `certificate_sha256` is of everything else as JSON with sorted keys
    """
    found = {code: check(reading_round) for code, check in CLAIMS.items()}
    chain = Checked(sealed)
    if broken_at is not None:
        chain.against("audit_seal", broken_at, "the chain is broken at this link")
    found["chain_intact"] = chain
    body: dict[str, Any] = {
        "format": FORMAT,
        "round_id": str(reading_round.pk),
        "round_name": reading_round.name,
        "issued_at": timezone.now().isoformat(),
        "passed": not any(each.offending for each in found.values()),
        "cases": RoundCase.objects.filter(
            round=reading_round, purpose=RoundCase.Purpose.PRIMARY
        ).count(),
        "released_cases": released_cases(reading_round).count(),
        "chain": {"sealed": sealed, "head_sha256": head_sha256, "broken_at": broken_at},
        "claims": [
            {
                "code": code,
                "passed": not each.offending,
                "checked": each.checked,
                "offending": each.offending[:MOST_ROWS],
                "offending_count": len(each.offending),
            }
            for code, each in found.items()
        ],
    }
    digest = hashlib.sha256(orjson.dumps(body, option=orjson.OPT_SORT_KEYS)).hexdigest()
    return body | {"certificate_sha256": digest}
