"""Raw objects by name: when one was extracted, which date it belongs to, where it goes. Pure functions of the listing.

Grain: one `RawObject` per listed object. Source: the listing of the raw bucket; nothing here opens an object.
"""

from __future__ import annotations

import re
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, timezone
from hashlib import sha256
from pathlib import PurePosixPath

from load_transform import reasons
from load_transform.contract import PARTITION, PROCESSED, QUARANTINE, TO_BE_PROCESSED

MAX_OBJECT_BYTES = 256 * 1024 * 1024
SUFFIXES = (".json", ".jsonl")
REASON_SUFFIX = ".reason.json"

_LONGEST_NAME = 255 - len(REASON_SUFFIX)

# Ranks of a time: what the extract or the file's name says goes before what a file system says.
STATED_TIME, FILE_TIME = 1, 0

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_DATE_FOLDER = re.compile(r"^extract_date=(\d{4}-\d{2}-\d{2})$")
_DROPPED_FOLDER = re.compile(r"^(\d{8}T\d{6}\d{6}Z)-[0-9a-f]{12}$")
_QUARANTINE_FOLDER = re.compile(r"^\d{8}T\d{6}\d{6}Z(?:-\d+)?(?:-reasons)?$")
_OWN_NAME = re.compile(r"^(?:run|[0-9A-Za-z]+)-\d{8}T\d{6}Z\.jsonl?$")
_TIMESTAMP = re.compile(
    r"""(?<![0-9A-Za-z])
    (?P<year>(?:19|2[01])\d{2})-?(?P<month>\d{2})-?(?P<day>\d{2})
    (?:[T\ _-](?P<hour>\d{2})[:._-]?(?P<minute>\d{2})(?:[:._-]?(?P<second>\d{2})(?:[.,](?P<fraction>\d{1,9}))?)?
       (?P<zone>Z|\ ?[+-](?:0\d|1[0-4]):?[0-5]\d)?)?
    (?![0-9A-Za-z])""",
    re.VERBOSE,
)
_STAMP = "%Y%m%dT%H%M%S%fZ"


@dataclass(frozen=True)
class RawObject:
    """One listed object of the raw bucket.

    `uri` is the encoded address, as Spark reports it; `key` the decoded one, relative to the bucket. `length` is in
    bytes, `modified` in UTC.
    """

    uri: str
    key: str
    length: int
    modified: datetime

    @property
    def modified_ms(self) -> int:
        """`modified` in epoch milliseconds."""
        return (self.modified - _EPOCH) // timedelta(milliseconds=1)

    @property
    def name(self) -> str:
        """The last part of the key."""
        return PurePosixPath(self.key).name

    @property
    def date_folder(self) -> str | None:
        """The date of the key's first `extract_date=` folder, if that is a date."""
        dates = (folder_date(part) for part in _folders(self.key))
        return next((found for found in dates if found), None)

    @property
    def relative_name(self) -> str:
        """The name with the sub-folders that its user gave it, without the zone's own folders."""
        folders = [part for part in _folders(self.key) if not folder_date(part)]
        return "/".join([*(folders[2:] if self.dropped_folder else folders), self.name])

    @property
    def dropped_folder(self) -> str | None:
        """The `<time>-<digits>` folder that the job gave an object which the extract did not write."""
        folders = [part for part in _folders(self.key) if not folder_date(part)]
        return folders[1] if folders[:1] == ["dropped"] and len(folders) > 1 and _stamp_of(folders[1]) else None

    @property
    def file_time(self) -> datetime:
        """The file's own time: that of its `dropped/<time>-…` folder, else its modification time.

        A moved object keeps the time that its folder was named after, so that a rebuild sees what the first load saw
        (S3 gives it a new modification time).
        """
        return (_stamp_of(self.dropped_folder) if self.dropped_folder else None) or self.modified

    @property
    def has_own_name(self) -> bool:
        """Whether the extract names its objects so: straight under a date folder, an id or `run`, and a run_id."""
        return len(_folders(self.key)) == 1 and self.date_folder is not None and bool(_OWN_NAME.match(self.name))


@dataclass(frozen=True)
class ObjectTime:
    """When an object's content was read from the API, and how much that can be trusted (`rank`, higher is better)."""

    at: datetime
    rank: int


def unreadable(item: RawObject) -> str | None:
    """Return the reason code for an object that is not opened at all, None for one that is to be read."""
    parts = [*_folders(item.key), item.name]
    if any(part.startswith(("_", ".")) for part in parts) or item.name.endswith("._COPYING_"):
        return reasons.HIDDEN_NAME
    if not item.name.endswith(SUFFIXES):
        return reasons.UNSUPPORTED_NAME
    if item.length == 0:
        return reasons.EMPTY_FILE
    if item.length > MAX_OBJECT_BYTES:
        return reasons.TOO_LARGE
    return None


def extraction_time(item: RawObject, stated: str | None) -> ObjectTime:
    """When the object was extracted: the envelope's word, else the name's timestamp, else the file's own time."""
    said = _iso(stated) or name_timestamp(item.name)
    return ObjectTime(said, STATED_TIME) if said else ObjectTime(item.file_time, FILE_TIME)


def extract_date(item: RawObject, time: ObjectTime) -> str:
    """Return the snapshot date that the object belongs to: its folder's, else the UTC date of its extraction."""
    return item.date_folder or time.at.astimezone(UTC).date().isoformat()


def name_timestamp(name: str) -> datetime | None:
    """Return the first ISO-like timestamp of a file name in UTC; without a zone it is UTC, without a time midnight.

    Years from 1900 to 2199: eight digits that name another year are some other number.
    """
    match = _first_timestamp(name)
    return _moment(match) if match else None


def playlist_stem(name: str) -> str:
    """Return the file's stem without its timestamp: the playlist's id where nothing in the content tells one."""
    stem = PurePosixPath(name).stem
    match = _first_timestamp(stem)
    if not match:
        return stem
    before, after = stem[: match.start()].rstrip(" _-."), stem[match.end() :].lstrip(" _-.")
    return "_".join(part for part in (before, after) if part) or stem


def processed_key(item: RawObject, date_: str, time: ObjectTime, sha256_: str, *, own: bool) -> str:
    """Where an object goes when its rows are in Parquet.

    The extract's own keep their names; others lie under their time and the first 12 digits of their content's
    SHA-256, so that two different objects of one name do not collide and the time survives the move.
    """
    folder = f"{PROCESSED}extract_date={date_}/"
    if own:
        return folder + item.name
    return f"{folder}dropped/{_stamp(time.at)}-{sha256_[:12]}/{item.relative_name}"


def quarantine_key(item: RawObject, others: int = 0) -> str:
    """Where an object goes that cannot be read: under its file time, so that a repeated move ends in one place.

    `others` is how many objects of that name and time, with other bytes, lie there already. A name that leaves no room
    for its reason's is shortened; the reason tells the whole.
    """
    folder = _stamp(item.file_time) + (f"-{others}" if others else "")
    dated = [part for part in _folders(item.key) if folder_date(part)]
    *folders, name = [*dated, *PurePosixPath(item.relative_name).parts] if item.dropped_folder else _parts(item.key)
    if name.endswith(REASON_SUFFIX):
        # Beside an object of the shorter name it would be taken for that object's reason.
        folder += "-reasons"
    if len(name.encode("utf-8", "surrogateescape")) > _LONGEST_NAME:
        name = f"{name[: _LONGEST_NAME // 4]}-{sha256(name.encode('utf-8', 'surrogateescape')).hexdigest()[:12]}"
    return QUARANTINE + "/".join([folder, *folders, name])


def requeue_key(key: str, original: str | None) -> str:
    """Where a quarantined object goes to be tried again; `original` is the key that it came from, None if unknown.

    The extract's own go where they were. Others lie under the file time that their quarantine folder tells, as
    in `processed/`: S3 would give them that of the move.
    """
    stamp, _, within = _within_zone(key).partition("/")
    came_from = RawObject("", original or TO_BE_PROCESSED + within, 0, datetime.min.replace(tzinfo=UTC))
    if came_from.has_own_name or not _QUARANTINE_FOLDER.match(stamp):
        return TO_BE_PROCESSED + _within_zone(came_from.key)
    dated = f"{PARTITION}={came_from.date_folder}/" if came_from.date_folder else ""
    name = came_from.relative_name
    digits = sha256(key.encode("utf-8", "surrogateescape")).hexdigest()[:12]
    return f"{TO_BE_PROCESSED}{dated}dropped/{stamp.partition('-')[0]}-{digits}/{name}"


def _parts(key: str) -> tuple[str, ...]:
    return PurePosixPath(_within_zone(key)).parts


def _within_zone(key: str) -> str:
    for zone in (TO_BE_PROCESSED, PROCESSED, QUARANTINE):
        if key.startswith(zone):
            return key[len(zone) :]
    return key


def _stamp(moment: datetime) -> str:
    at = moment.astimezone(UTC)
    return f"{at.year:04}{at:%m%dT%H%M%S%fZ}"


def _stamp_of(folder: str) -> datetime | None:
    """Return the time that a `dropped/<time>-…` folder is named after; None for any other folder."""
    match = _DROPPED_FOLDER.match(folder)
    with suppress(ValueError):
        return datetime.strptime(match[1], _STAMP).replace(tzinfo=UTC) if match else None
    return None


def _folders(key: str) -> list[str]:
    return list(_parts(key)[:-1])


def folder_date(part: str) -> str | None:
    """Return the date of an `extract_date=…` folder; None for any other folder."""
    match = _DATE_FOLDER.match(part)
    if not match:
        return None
    try:
        date.fromisoformat(match[1])
    except ValueError:
        return None
    return match[1]


def _first_timestamp(text: str) -> re.Match[str] | None:
    return next((match for match in _TIMESTAMP.finditer(text) if _moment(match)), None)


def _moment(match: re.Match[str]) -> datetime | None:
    part = match.groupdict()
    try:
        day = datetime(int(part["year"]), int(part["month"]), int(part["day"]), tzinfo=UTC)
    except ValueError:
        return None
    try:
        moment = day.replace(
            hour=int(part["hour"] or 0),
            minute=int(part["minute"] or 0),
            second=int(part["second"] or 0),
            microsecond=int((part["fraction"] or "0").ljust(6, "0")[:6]),
            tzinfo=_zone(part["zone"]),
        )
    except ValueError:
        # A number behind a date is not always a time: `export-2023-10-28-9999.json`.
        return day
    return moment.astimezone(UTC)


def _zone(text: str | None) -> timezone:
    if text in (None, "Z"):
        return UTC
    digits = text.replace(":", "").strip()
    offset = timedelta(hours=int(digits[1:3]), minutes=int(digits[3:5]))
    return timezone(-offset if digits[0] == "-" else offset)


def _iso(text: str | None) -> datetime | None:
    try:
        moment = datetime.fromisoformat(text or "")
    except ValueError:
        return None
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    try:
        return moment.astimezone(UTC)
    except OverflowError:
        return None
