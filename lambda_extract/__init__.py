"""The scheduled Lambda: reads the wanted Spotify playlists and lands them as raw JSON on S3.

The modules follow the data. `settings` and `playlist_ids` say what is wanted; `tokens` and `spotify` ask for it, one
request at a time, `retries` as often as is any use within `budget` and `deadline`; `library` and `plan` decide what and
in which order; `extract` lands it by the names of `raw_zone` in a `storage` and remembers it in `state`. `handler` is
what AWS calls, with `logs` and `metrics`. Nothing here knows the Glue job: both keep to the data contract.
"""
