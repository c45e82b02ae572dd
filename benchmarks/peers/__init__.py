"""What the job is measured against: whole processes that make albums, artists and songs of raw JSON.

    python -m benchmarks.peers.NAME RAW_DIR OUT_DIR

RAW_DIR is what lies below `raw_data/to_be_processed/`. OUT_DIR gets `albums_data`, `artists_data` and `songs_data`,
partitioned by `extract_date`, with the columns of the data contract but for `load_id`. Each is written as people write
it, and gives what the job gives: of several rows of one key, the one with a name first, then the newest, then the
smallest values.

What all of them leave out and the job does: `playlist_items_data` and `playlists_data`; which of several extractions of
a playlist counts; the runs' markers; values that do not fit; quarantine; the gates on what was written; replacing the
partitions of a date that is there; moving the raw objects; load reports; recovery after a crash.
"""
