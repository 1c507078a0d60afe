"""The released labels of a round with where each comes from, a row a finding of a case."""

import csv
from collections.abc import Iterable, Iterator
from typing import Any, Final

import orjson

from apps.feedback.labeling.models.rounds import Arbitration, ReadingRound, RoundCase
from apps.feedback.labeling.models.verdicts import Consensus
from apps.feedback.labeling.selectors.facts import SaidRead, final_reads
from apps.feedback.labeling.selectors.results import pseudonyms, released_cases

AT_ONCE: Final = 200
# What a spreadsheet takes for the beginning of a formula (OWASP, CSV injection).
_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r", "\n")
COLUMNS: Final = (
    *("round_id", "round_name", "round_case_id", "case_id", "epoch", "policy_version"),
    *("compared_at", "sealed_at", "released_at", "method", "is_unreadable", "is_concordant"),
    *("consensus_sha256", "finding", "value", "grade", "share_present", "length_mm"),
    *("roi_method", "rois", "source", "person", "slot", "said", "said_grade", "confidence"),
    *("said_length_mm", "lock_sha256", "lock_number", "locked_at", "final_at", "active_s"),
    *("read_policy_version", "guideline_version", "choice", "reason", "blind_value"),
)


def export_rows(reading_round: ReadingRound) -> Iterator[dict[str, Any]]:
    """Give one case after the other, with its reads, decisions and consensus."""
    names = pseudonyms(reading_round)
    keys = list(released_cases(reading_round).order_by("pk").values_list("pk", flat=True))
    for start in range(0, len(keys), AT_ONCE):
        cases = list(
            RoundCase.objects.filter(pk__in=keys[start : start + AT_ONCE])
            .select_related("consensus__policy", "comparison__policy")
            .prefetch_related("consensus__labels__finding", "arbitrations__decisions__finding")
            .order_by("pk")
        )
        said = final_reads(cases)
        for case in cases:
            yield _case(case, said.get(case.pk, []), names)


def _case(case: RoundCase, said: list[SaidRead], names: dict[Any, str]) -> dict[str, Any]:
    sealed: Consensus = case.consensus
    return {
        "round_case_id": str(case.pk),
        "case_id": str(case.case_id),
        "epoch": case.epoch,
        "policy_version": sealed.policy.version,
        "compared_at": _time(case.comparison.created_at),
        "sealed_at": _time(case.sealed_at),
        "released_at": _time(case.released_at),
        "is_concordant": case.comparison.is_concordant,
        "consensus": {
            "method": sealed.method,
            "is_unreadable": sealed.is_unreadable,
            "content_sha256": sealed.content_sha256,
            "labels": [
                {
                    "finding": label.finding.code,
                    "value": label.value,
                    "grade": label.grade,
                    "share_present": label.share_present,
                    "length_mm": label.length_mm,
                    "roi_method": label.roi_method,
                    "rois": label.rois,
                }
                for label in sorted(sealed.labels.all(), key=lambda each: each.finding.code)
            ],
        },
        "reads": [
            {
                "person": names.get(each.read.reader_id, "Former reader"),
                "slot": each.read.slot,
                "lock_sha256": each.lock.content_sha256,
                "lock_number": each.lock.number,
                "locked_at": _time(each.lock.created_at),
                "final_at": _time(each.read.final_at),
                "active_s": each.lock.active_s,
                "policy_version": each.lock.policy.version,
                "guideline_version": each.lock.guideline.version,
                "content": each.lock.content,
            }
            for each in said
        ],
        "decisions": [
            decision
            for seat in sorted(case.arbitrations.all(), key=lambda each: each.seat)
            for decision in _decisions(seat, names)
        ],
    }


def _decisions(seat: Arbitration, names: dict[Any, str]) -> list[dict[str, Any]]:
    person = names.get(seat.arbitrator_id, "Former arbitrator")
    return [
        {
            "person": person,
            "seat": seat.seat,
            "finding": each.finding.code if each.finding else "",
            "choice": each.choice,
            "value": each.value,
            "grade": each.grade,
            "length_mm": each.length_mm,
            "rois": each.rois,
            "reason": each.reason,
            "comment": each.comment,
            "blind_value": each.blind_value,
            "revealed_at": _time(seat.revealed_at),
            "decided_at": _time(seat.decided_at),
        }
        for each in sorted(seat.decisions.all(), key=lambda each: str(each.finding_id))
    ]


def export_json(reading_round: ReadingRound, rows: Iterable[dict[str, Any]]) -> Iterator[bytes]:
    """Write one JSON document, a case at a time."""
    head = {
        "format": 1,
        "round_id": str(reading_round.pk),
        "round_name": reading_round.name,
        "project_id": str(reading_round.project_id),
        "policies": [
            {"version": each.version, "created_at": _time(each.created_at), "content": each.content}
            for each in reading_round.policies.order_by("version")
        ],
        "guidelines": [
            {"version": each.version, "created_at": _time(each.created_at), "text": each.text}
            for each in reading_round.guidelines.order_by("version")
        ],
    }
    yield orjson.dumps(head)[:-1] + b',"cases":['
    for place, row in enumerate(rows):
        yield (b"," if place else b"") + orjson.dumps(row)
    yield b"]}"


class _Line:
    """What `csv` writes to: it hands the line back."""

    def write(self, line: str) -> str:
        return line


def export_csv(reading_round: ReadingRound, rows: Iterable[dict[str, Any]]) -> Iterator[bytes]:
    """Write a line for each thing said of a finding: consensus, each read, each decision."""
    writer = csv.DictWriter(_Line(), COLUMNS, restval="")
    # the byte order mark tells spreadsheets that this is UTF-8
    yield b"\xef\xbb\xbf" + str(writer.writeheader()).encode()
    whole = {"round_id": str(reading_round.pk), "round_name": reading_round.name}
    for row in rows:
        for line in _lines(row):
            cells = {key: harmless(value) for key, value in (whole | line).items()}
            yield str(writer.writerow(cells)).encode()


def harmless(value: Any) -> Any:
    """Make text that a spreadsheet would run as a formula plain text; numbers stay numbers."""
    if isinstance(value, str) and value.startswith(_FORMULA):
        return "'" + value
    return value


def _lines(row: dict[str, Any]) -> Iterator[dict[str, Any]]:
    consensus = row["consensus"]
    case = {
        key: row[key]
        for key in (
            *("round_case_id", "case_id", "epoch", "policy_version", "compared_at"),
            *("sealed_at", "released_at", "is_concordant"),
        )
    } | {
        "method": consensus["method"],
        "is_unreadable": consensus["is_unreadable"],
        "consensus_sha256": consensus["content_sha256"],
    }
    if not consensus["labels"]:
        yield case | {"source": "consensus"}
    for label in consensus["labels"]:
        rois = orjson.dumps(label["rois"]).decode()
        yield case | label | {"rois": rois, "source": "consensus"}
    for read in row["reads"]:
        facts = {key: read[key] for key in read if key not in ("content", "policy_version")}
        facts |= {"source": "read", "read_policy_version": read["policy_version"]}
        if read["content"]["unreadable"]:
            yield case | facts | {"said": "unreadable"}
        for answer in read["content"]["answers"]:
            yield (
                case
                | facts
                | {
                    "finding": answer["finding"],
                    "said": answer["value"],
                    "said_grade": answer["grade"],
                    "confidence": answer["confidence"],
                }
            )
    for each in row["decisions"]:
        yield case | {
            "source": "decision",
            "person": each["person"],
            "slot": each["seat"],
            "finding": each["finding"],
            "said": each["value"],
            "said_grade": each["grade"],
            "said_length_mm": each["length_mm"],
            "final_at": each["decided_at"],
            "choice": each["choice"],
            "reason": each["reason"],
            "blind_value": each["blind_value"],
        }


def _time(moment: Any) -> str:
    return "" if moment is None else str(moment.isoformat())
