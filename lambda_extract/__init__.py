"""The scheduled Lambda: reads the configured Spotify playlists and lands them as raw JSON on S3.

The modules follow the data: `settings` → `runs` → `spotify` → `raw_zone` → `extract` → `storage`, with `handler` as
what AWS calls. Nothing here knows the Glue job: both keep to the data contract.
"""
