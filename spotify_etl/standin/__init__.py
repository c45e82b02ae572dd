"""A small stand-in of the Spotify Web API and accounts service: real HTTP on this machine, made-up content.

It answers as Spotify answered in 2026, an app in development mode unless the `World` says otherwise: rows hold `item`,
`/tracks` is forbidden, pages have at most 50 rows, only the user's own playlists show their items. What it serves is
the `World` that it is given; what goes wrong is in `faults`.
"""

from __future__ import annotations

from spotify_etl.standin.accounts import RefreshAnswer, TokenRequest
from spotify_etl.standin.messages import Answer, Before, Request, Twist
from spotify_etl.standin.paging import API, EMBEDDED_ROWS, MOST_ROWS, items_page
from spotify_etl.standin.service import StandIn
from spotify_etl.standin.world import Mode, ServedPlaylist, World

__all__ = [
    "API",
    "EMBEDDED_ROWS",
    "MOST_ROWS",
    "Answer",
    "Before",
    "Mode",
    "RefreshAnswer",
    "Request",
    "ServedPlaylist",
    "StandIn",
    "TokenRequest",
    "Twist",
    "World",
    "items_page",
]
