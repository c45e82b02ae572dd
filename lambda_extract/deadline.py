"""How much time the Lambda has left, and how much of it is spoken for."""

from __future__ import annotations

import math

from lambda_extract.errors import LandingTimeError, OutOfTimeError

# A request may hang for 15 s before it times out, and then the marker has to be put.
_AT_LEAST = 25.0
# To put the marker and to say why.
_LAST = 3.0
# To land one playlist's last extract again: read, written anew, put.
_A_PLAYLIST = 0.25


class Deadline:
    """The end of the time, by what Lambda's context says; without a context there is none.

    A part of the time is kept back for landing what was not read; at most half of it, so that something is read.
    """

    def __init__(self, context: object) -> None:
        self._context = context
        self._most = self.left / 2
        self._kept = min(_AT_LEAST, self._most)

    @property
    def left(self) -> float:
        """Seconds until Lambda ends the run."""
        remaining = getattr(self._context, "get_remaining_time_in_millis", None)
        return remaining() / 1000 if remaining else math.inf

    def keep_back(self, playlists: int) -> None:
        """Keep the time back that it takes to land so many playlists as they were."""
        self._kept = min(_AT_LEAST + _A_PLAYLIST * playlists, self._most)

    def fits(self, seconds: float) -> bool:
        """Tell whether there is time for a wait."""
        return self.left - self._kept > seconds

    def check(self) -> None:
        """Make sure that there is time for one more request.

        Raises
        ------
        OutOfTimeError
            If there is none.
        """
        if not self.fits(0):
            raise OutOfTimeError(
                f"Only {self.left:.0f} s of the Lambda's time are left, which landing takes. Tomorrow it comes first; "
                "a longer timeout of the function reads more."
            )

    def check_landing(self) -> None:
        """Make sure that there is time to land what was read before.

        Raises
        ------
        LandingTimeError
            If Lambda would end the run without a word.
        """
        if self.left < min(_LAST, self._most):
            raise LandingTimeError(
                "The Lambda's time is over before everything could land. What has landed stays; invoke it again with "
                "the same time, and give the function a longer timeout or more memory."
            )
