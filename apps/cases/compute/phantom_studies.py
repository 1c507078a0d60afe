"""Which invented studies does the demo hold? A fixed list of patients, indications and findings,
and the DICOM files made from it, kept in a folder so that they are made once.
"""

from __future__ import annotations

from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from datetime import date, timedelta
from multiprocessing import get_context
from pathlib import Path

from apps.cases.compute.phantom_facts import StudyFacts, stable_uid

# Raise it when a phantom or a file of the demo would change: old files are then made again.
DEMO_VERSION = 1
DEMO_SIZE = 1024
FIRST_DAY = date(2025, 3, 3)
UTF8 = ("ISO_IR 192",)
GB18030 = ("GB18030",)
LATIN = ("ISO_IR 100",)


@dataclass(frozen=True)
class DemoStudy:
    """One study of the demo.

    Parameters
    ----------
    seed : int, of the phantom; apart from the seeds of training
    name, charset : PatientName as stored; an empty charset is a file that does not say it
    findings : true findings, empty for a normal chest
    view : "PA", "AP"; "LL" is a frontal image whose view was entered wrongly at the console
    day : int, days after FIRST_DAY
    """

    seed: int
    name: str
    sex: str
    charset: tuple[str, ...]
    birth_date: str
    findings: frozenset[str]
    view: str
    day: int
    indication: str

    @property
    def accession_number(self) -> str:
        """Names the study, and with it all its UIDs."""
        return f"DEMO25{self.seed:06d}"

    @property
    def sop_instance_uid(self) -> str:
        """SOP Instance UID of the one image."""
        return stable_uid("instance", self.accession_number)


def _study(
    seed: int,
    name: str,
    sex: str,
    charset: tuple[str, ...],
    birth_date: str,
    *,
    findings: str = "",
    view: str = "PA",
    day: int,
    indication: str,
) -> DemoStudy:
    codes = frozenset(findings.split())
    return DemoStudy(seed, name, sex, charset, birth_date, codes, view, day, indication)


STUDIES = (
    _study(9001, "Larsen^Astrid", "F", LATIN, "19610412", findings="pneumothorax", day=14,
           indication="Sudden left chest pain and dyspnoea"),
    _study(9002, "Wang^Xiaohong=王^小红=", "F", UTF8, "19560918", findings="nodule", day=13,
           indication="体检发现结节，复查"),
    _study(9003, "Okafor^Emeka", "M", LATIN, "19840127", day=13, indication="Pre-employment check"),
    _study(9004, "Li^Jianguo=李^建国=", "M", GB18030, "19480730", findings="effusion cardiomegaly",
           day=12, indication="气促两周，双下肢水肿"),
    _study(9005, "Moreau^Élodie", "F", LATIN, "19790203", findings="pneumonia", day=12,
           indication="Fever and productive cough for 4 days"),
    _study(9006, "Zhang^Wei=张^伟=", "M", UTF8, "19900615", day=12, indication="入职体检"),
    _study(9007, "Novák^Jiří", "M", ("ISO_IR 101",), "19531121", findings="cardiomegaly", view="AP",
           day=11, indication="Ankle swelling; known hypertension"),
    _study(9008, "Tanaka^Haruto", "M", LATIN, "20010809", findings="pneumothorax", day=11,
           indication="Tall young man, pleuritic pain after sport"),
    _study(9009, "Liu^Guifang=刘^桂芳=", "F", GB18030, "19440305", findings="effusion", view="AP",
           day=10, indication="胸腔积液引流术后"),
    _study(9010, "O'Brien^Niamh", "F", LATIN, "19720514", day=10,
           indication="Cough for three weeks, non-smoker"),
    _study(9011, "Chen^Yuhan=陈^雨涵=", "F", UTF8, "19960228", findings="pneumonia nodule", day=9,
           indication="发热、咳嗽5天"),
    _study(9012, "Schneider^Klaus", "M", LATIN, "19500101", findings="nodule effusion", day=9,
           indication="Weight loss, 40 pack years"),
    _study(9013, "Abebe^Selam", "F", LATIN, "19880711", day=8,
           indication="Visa medical examination"),
    _study(9014, "Zhao^Min=赵^敏=", "F", (), "19690416", findings="nodule", day=8,
           indication="Follow-up of a nodule"),
    _study(9015, "Silva^João", "M", LATIN, "19650922", findings="cardiomegaly effusion", view="AP",
           day=7, indication="Portable film, intensive care, day 2"),
    _study(9016, "Huang^Zhiqiang=黄^志强=", "M", GB18030, "19820606", day=7, indication="例行体检"),
    _study(9017, "Kowalska^Zofia", "F", UTF8, "19580319", findings="pneumonia effusion", view="AP",
           day=6, indication="Sepsis of unknown origin"),
    _study(9018, "Rossi^Giulia", "F", LATIN, "19930930", day=6,
           indication="Positive tuberculin test, no symptoms"),
    _study(9019, "Xu^Lihua=徐^丽华=", "F", UTF8, "19470822", findings="nodule cardiomegaly", day=5,
           indication="咯血一次"),
    _study(9020, "Haddad^Yusuf", "M", LATIN, "19760112", findings="pneumothorax effusion",
           view="AP", day=4, indication="Fall from 3 m, rib tenderness"),
    _study(9021, "Sun^Hao=孙^浩=", "M", UTF8, "19991024", day=4, indication="咳嗽一月"),
    _study(9022, "Larsen^Astrid", "F", LATIN, "19610412", day=0,
           indication="Routine check before knee surgery"),
    _study(9023, "Müller^Jürgen", "M", LATIN, "19460617", findings="pneumonia", view="LL", day=3,
           indication="Second exposure; view entered wrongly at the console"),
    _study(9024, "Wu^Jing=吴^静=", "F", GB18030, "19871203", findings="pneumonia", day=2,
           indication="妊娠前检查；近日低热"),
)  # fmt: skip


def _first_study(study: DemoStudy) -> DemoStudy:
    """The study in the list that first names this patient."""
    person = (study.name, study.birth_date)
    return next(other for other in STUDIES if (other.name, other.birth_date) == person)


def study_facts(study: DemoStudy) -> StudyFacts:
    """The words of a demo study; two studies of one name and birth date are one patient."""
    first = _first_study(study)
    when = FIRST_DAY + timedelta(days=study.day)
    minute = study.seed * 37 % 600
    return StudyFacts(
        patient_id=f"DEMO-{first.seed - 9000:04d}",
        patient_name=study.name,
        character_set=study.charset,
        sex=study.sex,
        birth_date=study.birth_date,
        study_date=when.strftime("%Y%m%d"),
        study_time=f"{8 + minute // 60:02d}{minute % 60:02d}00",
        accession_number=study.accession_number,
        indication=study.indication,
        study_description=f"Chest {study.view}",
        view=study.view,
        referring_physician="Demo^Referrer",
    )


def demo_files(folder: Path, *, workers: int = 1) -> list[Path]:
    """Make the DICOM files that are not there yet.

    Parameters
    ----------
    folder : created; its name should carry nothing of the version, file names do
    workers : int, processes

    Returns
    -------
    Paths in the order of STUDIES
    """
    folder.mkdir(parents=True, exist_ok=True)
    paths = [folder / f"v{DEMO_VERSION}-{study.seed}.dcm" for study in STUDIES]
    missing = [(study, path) for study, path in zip(STUDIES, paths, strict=True)
               if not path.exists()]  # fmt: skip
    if missing:
        with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as pool:
            list(pool.map(_write, missing))
    return paths


def _write(task: tuple[DemoStudy, Path]) -> None:
    # scipy and pydicom take a second to import; the demo that is there already needs neither.
    from apps.cases.compute.phantom import make_phantom, sample_parameters
    from apps.cases.compute.phantom_dicom import write_phantom

    study, path = task
    view = "PA" if study.view == "LL" else study.view
    first = _first_study(study)
    parameters = sample_parameters(first.seed, findings=study.findings, view=view, sex=study.sex)
    if first is not study:  # the same chest on another day: another turn, another breath
        body = replace(parameters.body, rotation_deg=-1.5, dome_mm=parameters.body.dome_mm + 4.0)
        parameters = replace(parameters, body=body)
    # A file appears whole or not at all: a start that was cut off is simply repeated.
    partial = path.with_suffix(".partial")
    write_phantom(partial, make_phantom(parameters, size=DEMO_SIZE), study_facts(study))
    partial.replace(path)
