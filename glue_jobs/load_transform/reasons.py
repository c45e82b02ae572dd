"""Why an object is not read: a short code for machines, a sentence for people.

The whole object goes to quarantine with one of these, byte for byte; the rest of the run goes on.
"""

from __future__ import annotations

NOT_JSON = "not_json"
TRUNCATED = "truncated"
EMPTY_FILE = "empty_file"
GZIP = "gzip"
NOT_UTF8 = "not_utf8"
API_ERROR = "api_error"
NO_ROWS = "no_playlist_rows"
PAGE_MISSING = "page_missing"
NEWER_SCHEMA = "newer_schema_version"
SEVERAL_DOCUMENTS = "several_documents_on_a_line"
UNSUPPORTED_NAME = "unsupported_name"
HIDDEN_NAME = "hidden_name"
TOO_LARGE = "too_large"
TOO_MANY_VALUES = "too_many_values"
BEYOND_LIMITS = "beyond_limits"
NOT_RETURNED = "not_returned"
INPUTS_MISSING = "inputs_missing"

SENTENCES = {
    NOT_JSON: "The text is not valid JSON. Drop the object again once it is.",
    TRUNCATED: "The JSON ends in the middle: the object was cut off while it was written. Drop it again, whole.",
    EMPTY_FILE: "The object holds nothing but blanks.",
    GZIP: "The bytes are gzip, not text. Unpack it and drop the JSON.",
    NOT_UTF8: "The bytes are not UTF-8 text. Convert it and drop it again.",
    API_ERROR: "It is an error answer of the Web API, not a playlist.",
    NO_ROWS: "It is JSON, but neither a playlist, a page of its items, nor a list of item rows.",
    PAGE_MISSING: (
        "It holds fewer rows than the playlist's total: a page is missing, which would look like songs removed. "
        "Drop the whole object."
    ),
    NEWER_SCHEMA: "Its schema_version is newer than this job understands. Deploy the newer job, then put it back.",
    SEVERAL_DOCUMENTS: "More than one JSON document stands on one line. Write one document a line.",
    UNSUPPORTED_NAME: "Only names that end in .json or .jsonl are read.",
    HIDDEN_NAME: "Spark hides names that start with _ or . or end in ._COPYING_. Rename it and drop it again.",
    TOO_LARGE: "It is larger than one object may be (256 MiB). Split it, one document a line.",
    TOO_MANY_VALUES: (
        "It has more than 1,000,000 lines, or one document with more than 1,000,000 values or 5,000,000 texts. "
        "Split it, one page of the API a document."
    ),
    BEYOND_LIMITS: (
        "It is JSON, but nested in 1,000 levels or more, or with a number of more than 1,000 digits, a text of more "
        "than 20,000,000 characters or a key of more than 50,000: it is not read. Drop it again without that."
    ),
    NOT_RETURNED: "It was listed, but Spark did not return it. Drop it again under a plain name.",
    INPUTS_MISSING: (
        "Raw objects that this date was loaded from are gone, so the date is not rebuilt from the rest. Restore them, "
        "or rebuild the date from what is left (spotify-etl reprocess --accept), then put this object back "
        "(spotify-etl requeue)."
    ),
}
