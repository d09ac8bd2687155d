"""Accounts of venues whose name has a hyphen. The engine looks an account up by its id before the first hyphen."""

import functools
from collections.abc import Callable, Sequence
from typing import Any

from nautilus_trader.common import Cache
from nautilus_trader.model import AccountId, ClientId, Venue
from nautilus_trader.portfolio import Portfolio


class HyphenatedVenues:
    """Venues of a replay whose name has a hyphen, with their accounts.

    For such a venue the engine answers None to `portfolio.account` and `cache.account_for_venue`, and stops the replay with an
    error at other calls. It answers all of them right if the call names the account instead.

    Args:
        venues: Names of all venues of the replay.
    """

    def __init__(self, venues: Sequence[str]) -> None:
        self.accounts = {venue: AccountId(f"{venue}-001") for venue in venues if "-" in venue}

    def methods(self, component: type) -> dict[str, Any]:
        """Return the attributes of a strategy, an actor or an algorithm that name the account. None without such venues."""
        if not self.accounts:
            return {}
        base: Any = component
        views = {"cache": CacheView, "portfolio": PortfolioView}
        found: dict[str, Any] = {
            name: functools.cached_property(functools.partial(_view_of, getattr(base, name), view, self))
            for name, view in views.items()
            if hasattr(base, name)
        }
        if hasattr(base, "query_account"):

            def query_account(
                this: Any,
                account_id: AccountId,
                client_id: ClientId | None = None,
                params: dict[str, Any] | None = None,
            ) -> None:
                venue = next((venue for venue, account in self.accounts.items() if account == account_id), None)
                client_id = client_id or (ClientId(venue) if venue else None)
                base.query_account(this, account_id, client_id, params)

            found["query_account"] = query_account
        return found

    def account(self, venue: Venue | None) -> AccountId | None:
        """Return the account of a venue with a hyphen."""
        return None if venue is None else self.accounts.get(str(venue))


class _View:
    """An object of the engine, of which some methods are replaced.

    It holds the other methods as attributes, so that a call through it takes no longer.
    """

    def __init__(self, engine: Any, venues: HyphenatedVenues) -> None:
        self._engine, self._venues = engine, venues
        vars(self).update({name: getattr(engine, name) for name in dir(engine) if not hasattr(type(self), name)})


class CacheView(_View):
    """The cache, which knows the accounts of venues with a hyphen."""

    @property  # type: ignore[misc]
    def __class__(self) -> type:
        return Cache

    def account_for_venue(self, venue: Venue) -> Any:
        """Return the account of a venue."""
        account_id = self._venues.account(venue)
        return self._engine.account(account_id) if account_id else self._engine.account_for_venue(venue)

    def account_id(self, venue: Venue) -> AccountId | None:
        """Return the id of the account of a venue."""
        account = self.account_for_venue(venue)
        return None if account is None else account.id


def _of_account(name: str) -> Callable[..., Any]:
    """Return the method of the portfolio that names the account of a venue."""

    def query(self: Any, venue: Venue | None = None, account_id: AccountId | None = None, *args: Any, **options: Any) -> Any:
        if account_id is None and (found := self._venues.account(venue)):
            # The engine refuses venue and account together until there is an order.
            venue, account_id = None, found
        return getattr(self._engine, name)(venue, account_id, *args, **options)

    query.__name__ = name
    return query


class PortfolioView(_View):
    """The portfolio, which knows the accounts of venues with a hyphen."""

    @property  # type: ignore[misc]
    def __class__(self) -> type:
        return Portfolio

    account = _of_account("account")
    balances_locked = _of_account("balances_locked")
    equity = _of_account("equity")
    instrument_initial_margins = _of_account("instrument_initial_margins")
    instrument_maintenance_margins = _of_account("instrument_maintenance_margins")
    net_exposures = _of_account("net_exposures")


def _view_of(of_engine: Any, view: type[_View], venues: HyphenatedVenues, component: Any) -> _View:
    """Return the view of an attribute of a component. A component has none before the replay: the engine raises an error."""
    return view(of_engine.__get__(component), venues)
