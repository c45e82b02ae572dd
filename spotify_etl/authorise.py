"""`spotify-etl auth`: from nothing to credentials that are known to work, and a look at those that are there."""

from __future__ import annotations

import contextlib
import secrets
import sys
import threading
import webbrowser
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from lambda_extract.errors import ConsentEndedError, ExtractError, ScopeMissingError
from lambda_extract.settings import CONSENT_DAYS, DEFAULT_BUDGET, Credentials, addresses
from lambda_extract.spotify import SCOPES, SpotifyClient, open_session
from lambda_extract.tokens import Token, TokenEndpoint
from spotify_etl import consent
from spotify_etl.account import BY_OTHERS, BY_SPOTIFY, Account, printable, read_account
from spotify_etl.credentials import NAMES, Keep, overrides
from spotify_etl.errors import CommandError, RefusedError
from spotify_etl.places import Place
from spotify_etl.terminal import Terminal

WARN_DAYS = 32
"""A consent with fewer days left is worth a word: there is time for one more monthly look."""

_NOTHING_STORED = " Nothing was stored."
_PASTES = 3

_STEPS = """\
Spotify wants an app of your own, which is made once on its dashboard:
  1. https://developer.spotify.com/dashboard: create an app for the Web API. The account that owns it needs Premium.
     Its redirect URI has to be exactly:  {redirect}
  2. Under User Management of the app, add the account whose playlists are to be read (up to 5 accounts).
  3. Under its settings you find the client id and the client secret.
"""
_APP_STEPS = """\
Client credentials are for apps with extended quota: they read public playlists that you name, in nobody's name.
`mine`, the playlists of an account, does not work with them. For an app in development mode leave the option out.
"""


@dataclass(frozen=True)
class Road:
    """How the consent comes back: to a port of this machine, or `headless` through the clipboard."""

    port: int = consent.PORT
    headless: bool = False
    wait_seconds: float = consent.WAIT_SECONDS


class Authoriser:
    """One conversation with the user. Nothing is stored before all of it worked.

    Parameters
    ----------
    environment
        May hold the app's id and secret, and addresses of a stand-in.
    place
        Where the credentials go, and those of before may lie.
    clock
        Returns the present moment: when the consent was given.
    """

    def __init__(
        self, terminal: Terminal, environment: Mapping[str, str], place: Place, *, clock: Callable[[], datetime]
    ) -> None:
        self._terminal = terminal
        self._environment = environment
        self._place = place
        self._clock = clock
        self._api_url, self._token_url = _addresses(environment)

    def in_a_users_name(self, road: Road) -> None:
        """Get a user's consent, try it, and store it.

        Raises
        ------
        RefusedError
            If it cannot be begun as asked for.
        CommandError
            If there was no consent, or what it brought does not work.
        """
        state, redirect = secrets.token_urlsafe(24), consent.redirect_uri(road.port)
        stored = self._place.document()
        with contextlib.nullcontext() if road.headless else consent.Callback(road.port, state) as callback:
            self._terminal.say(_STEPS.format(redirect=redirect))
            app = self._ask_for_app(stored)
            address = consent.authorise_address(self._token_url, client_id=app.client_id, port=road.port, state=state)
            if callback:
                self._open(address)
                code = callback.wait(road.wait_seconds)
            else:
                code = self._paste(address, state)
        with told("Spotify does not give access", _NOTHING_STORED):
            token = self._exchange(app, code, redirect)
            credentials = replace(app, refresh_token=token.refresh_token, authorized_at=self._clock())
            credentials, account = self._try(credentials)
        self._place.save(credentials)
        for line in account_lines(account):
            self._terminal.say(line)
        self._say_stored(f"The consent ends about {self._clock() + timedelta(days=CONSENT_DAYS):%Y-%m-%d}.")

    def in_the_apps_name(self) -> None:
        """Store an app that needs no consent, once it was given a token.

        Raises
        ------
        CommandError
            If it was not.
        """
        self._terminal.say(_APP_STEPS)
        app = self._ask_for_app(self._place.document())
        with told("Spotify does not give access", _NOTHING_STORED), self._client(app) as client:
            client.connect()
        self._place.save(app)
        self._say_stored("Name the playlists: PLAYLISTS cannot be `mine`.")

    def _ask_for_app(self, stored: Mapping[str, object]) -> Credentials:
        """Return the app, from the environment, from what is stored, else asked for."""
        known = {name: stored.get(name) for name in ("client_id", "client_secret")}
        client_id = self._ask("client id", NAMES[0], known["client_id"])
        # The secret of another app is of no use.
        secret_before = known["client_secret"] if client_id == known["client_id"] else None
        client_secret = self._ask("client secret", NAMES[1], secret_before, hidden=True)
        return Credentials(client_id, client_secret, refresh_token=None)

    def _ask(self, what: str, variable: str, stored: object, *, hidden: bool = False) -> str:
        value = self._environment.get(variable, "").strip()
        if value:
            self._terminal.say(f"The {what} is {variable} of the environment.")
        else:
            known = stored if isinstance(stored, str) else ""
            keeps = f", Enter keeps the one in {self._place.name}" if known else ""
            value = self._terminal.ask(f"The app's {what}{keeps}", hidden=hidden) or known
        if not value or not value.isascii() or not value.isprintable() or " " in value:
            raise RefusedError(f"The {what} is empty or no plain text. Copy it from the dashboard.{_NOTHING_STORED}")
        return value

    def _open(self, address: str) -> None:
        self._terminal.say(f"\nOpen this address, log in as the account to be read, and agree:\n\n{address}\n")
        if can_open_browser(self._environment):
            # In a thread: some browsers keep their caller until they are closed.
            threading.Thread(target=webbrowser.open, args=(address,), daemon=True).start()
            self._terminal.say("Waiting for the browser. If none opened, open the address in one on this machine.")
        else:
            self._terminal.say("There is no browser here: stop (Ctrl-C) and add --headless to use one elsewhere.")

    def _paste(self, address: str, state: str) -> str:
        self._terminal.say(
            f"\nOpen this address on any machine, log in as the account to be read, and agree:\n\n{address}\n\n"
            "Then the browser shows an error, since nothing listens at the address that it ends on. That is fine: copy "
            "that address, with everything behind the `?`."
        )
        for _ in range(_PASTES):
            try:
                return consent.pasted_code(self._terminal.ask("The address that the browser ended on"), state)
            except consent.NotAnAnswerError as error:
                self._terminal.say(str(error))
        raise CommandError(f"No answer of Spotify's was pasted.{_NOTHING_STORED}")

    def _exchange(self, app: Credentials, code: str, redirect: str) -> Token:
        with open_session(self._token_url) as session:
            try:
                token = TokenEndpoint(session, self._token_url).exchange(app, code=code, redirect_uri=redirect)
            except ConsentEndedError:
                raise CommandError(
                    "Spotify does not accept the code: it is good once, for some minutes, and only with the redirect "
                    f"URI {redirect}. Run it again.{_NOTHING_STORED}"
                ) from None
        check_scopes(token.scopes or ())
        if token.refresh_token is None:
            raise CommandError(f"Spotify gave no refresh token. Run it again.{_NOTHING_STORED}")
        return token

    def _try(self, credentials: Credentials) -> tuple[Credentials, Account]:
        """Use the credentials as a run does, and return them as they are afterwards."""
        given: list[str] = []
        with self._client(credentials, on_new_refresh_token=given.append) as client:
            account = read_account(client)
        for refresh_token in given:
            credentials = replace(credentials, refresh_token=refresh_token)
        return replace(credentials, user_id=account.user_id), account

    def _client(
        self, credentials: Credentials, *, on_new_refresh_token: Callable[[str], None] = lambda _: None
    ) -> SpotifyClient:
        return SpotifyClient(
            credentials,
            api_url=self._api_url,
            token_url=self._token_url,
            clock=self._clock,
            on_new_refresh_token=on_new_refresh_token,
        )

    def _say_stored(self, more: str) -> None:
        self._terminal.say(f"Stored in {self._place.name}. {more}")
        if self._place.is_secret:
            self._terminal.say("Next: the Lambda whose SPOTIFY_SECRET_ID names it uses it from its next run on.")
            return
        if overrides(self._environment):
            self._terminal.say(f"Before it is used, unset {', '.join(NAMES)}: they go first.")
        self._terminal.say("Next: .venv/bin/spotify-etl run")


def check(
    terminal: Terminal, credentials: Credentials, keep: Keep, environment: Mapping[str, str], *, now: datetime
) -> None:
    """Say whose account stored credentials open, what it granted, and how long that lasts.

    Raises
    ------
    CommandError
        If they do not work any more.
    """
    with connected(terminal, credentials, keep, environment) as client:
        client.connect()
        if credentials.refresh_token is None:
            terminal.say("Account: none, these are client credentials. Spotify accepts them.")
            return
        check_scopes(client.scopes or ())
        me = client.me()
    names = [printable(str(me[name])) for name in ("display_name", "id") if me.get(name)]
    terminal.say(f"Account: {' / '.join(dict.fromkeys(names))}")
    terminal.say(f"Scopes:  {', '.join(map(printable, client.scopes or ()))}")
    terminal.say(f"Consent: {consent_line(credentials, now)}")


def consent_line(credentials: Credentials, now: datetime) -> str:
    """Return how long the consent lasts, as far as is known."""
    age = credentials.consent_age(now)
    if age is None:
        return (
            f"its age is not known. It ends {CONSENT_DAYS} days after you agreed, and Spotify does not tell when that "
            "was. `spotify-etl auth` begins anew and notes the day."
        )
    left = int(CONSENT_DAYS - age)
    if age > CONSENT_DAYS:
        return f"by its age it should have ended, and Spotify still accepts it. Soon: {_ANEW}"
    if left < WARN_DAYS:
        return f"ends in {_count(left, 'day')}. {_ANEW[0].upper()}{_ANEW[1:]}"
    return f"ends in {_count(left, 'day')}."


_ANEW = "authorise again, which begins another six months: spotify-etl auth"


def check_scopes(scopes: tuple[str, ...]) -> None:
    """Make sure that the user granted what the extract needs.

    Raises
    ------
    ScopeMissingError
        If not; it names what is missing.
    """
    missing = [scope for scope in SCOPES if scope not in scopes]
    if missing:
        raise ScopeMissingError(
            f"The consent does not cover {', '.join(missing)}. Authorise again and agree to it: spotify-etl auth."
        )


def account_lines(account: Account) -> Iterator[str]:
    """Yield what can be read of an account, what cannot and why, and what it costs. Nobody else is named."""
    readable = account.readable
    yield f"Account:  {account.label}"
    items = sum(one.items or 0 for one in readable)
    collaborative = sum(one.relation == "collaborative" for one in readable)
    kinds = f" ({len(readable) - collaborative} of your own, {collaborative} collaborative)"
    yield f"Readable: {_count(len(readable), 'playlist')}{kinds} with {_count(items, 'item')}"
    reasons = [one.why_not for one in account.playlists]
    not_readable = [f"{reasons.count(why)} {why}" for why in (BY_SPOTIFY, BY_OTHERS) if why in reasons]
    if not_readable:
        yield f"Not:      {'; '.join(not_readable)}"
    yield f"Requests: a first load takes {account.first_load:,}: {_when(account)}."
    yield (
        f"          A day on which nothing changed takes {account.usual_day}; what changed is read on top, and each "
        "playlist every 7 days."
    )


@contextlib.contextmanager
def connected(
    terminal: Terminal, credentials: Credentials, keep: Keep, environment: Mapping[str, str]
) -> Iterator[SpotifyClient]:
    """Give a client for stored credentials; its faults come out as one line.

    Raises
    ------
    CommandError
        If Spotify refuses or does not answer.
    """
    api_url, token_url = _addresses(environment)

    def keep_or_tell(refresh_token: str) -> None:
        try:
            keep(refresh_token)
        except CommandError as error:
            terminal.say(str(error))

    with (
        told("Spotify does not give access"),
        SpotifyClient(credentials, api_url=api_url, token_url=token_url, on_new_refresh_token=keep_or_tell) as client,
    ):
        yield client


@contextlib.contextmanager
def told(what: str, ending: str = "") -> Iterator[None]:
    """Turn a typed fault into what the command says."""
    try:
        yield
    except ExtractError as error:
        raise CommandError(f"{what} ({error.code}): {error}{ending}") from error


def can_open_browser(environment: Mapping[str, str]) -> bool:
    """Tell whether a browser may open here. One that draws letters only cannot show Spotify's page."""
    screen = ("BROWSER", "DISPLAY", "WAYLAND_DISPLAY")
    return sys.platform in {"darwin", "win32"} or any(environment.get(name) for name in screen)


def _addresses(environment: Mapping[str, str]) -> tuple[str, str]:
    try:
        return addresses(environment)
    except ExtractError as error:
        raise RefusedError(str(error)) from error


def _when(account: Account) -> str:
    days = account.days_of_first_load()
    if days == 1:
        return f"the first run makes them, within the {DEFAULT_BUDGET} of its day"
    return f"{days} daily runs at {DEFAULT_BUDGET} a day"


def _count(number: int, what: str) -> str:
    return f"{number:,} {what}" if number == 1 else f"{number:,} {what}s"
