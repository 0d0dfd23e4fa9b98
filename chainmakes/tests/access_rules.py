"""Who gets in where, by the name of each address. An address without a rule here fails `test_access`."""

from dataclasses import dataclass
from typing import Literal

from accounts.models import ApiScope

READ, TRADE, ADMIN = ApiScope.READ, ApiScope.TRADE, ApiScope.ADMIN
LOGIN_ONLY = None


@dataclass(frozen=True, slots=True)
class Api:
    """`read`, `write`: smallest scope of an API token, None for log-ins only. `viewers`: they may write here."""

    read: ApiScope | None = READ
    write: ApiScope | None = TRADE
    viewers: bool = False
    public: bool = False
    shared: bool = False  # its address names something that all users see
    empty: bool = False  # 404 while there is nothing to show


@dataclass(frozen=True, slots=True)
class Page:
    """`methods`: those it answers. A page that refuses viewers outright has nothing for them to look at."""

    methods: tuple[Literal["GET", "POST"], ...] = ("GET",)
    viewers: Literal["all", "look", "none"] = "look"
    public: bool = False
    shared: bool = False
    empty: bool = False
    asks: bool = False  # 404 for a form without its fields


PUBLIC_API = Api(public=True)
OWN_LOGIN = Api(read=LOGIN_ONLY, write=LOGIN_ONLY, viewers=True)

API = {
    "api-register": PUBLIC_API,
    "api-login": PUBLIC_API,
    "api-refresh": PUBLIC_API,
    "api-password-forgotten": PUBLIC_API,
    "api-password-reset": PUBLIC_API,
    "api-email-confirm": PUBLIC_API,
    # of one's own account
    "api-logout": PUBLIC_API,  # ends the log-in of the token in its body
    "api-step-up": OWN_LOGIN,
    "api-me": Api(write=ADMIN, viewers=True),
    "api-password": OWN_LOGIN,
    "api-email-send": OWN_LOGIN,
    "api-second-factor": OWN_LOGIN,
    "api-second-factor-off": OWN_LOGIN,
    "api-second-factor-confirm": OWN_LOGIN,
    "api-recovery-codes": OWN_LOGIN,
    "api-sessions": OWN_LOGIN,
    "api-session": OWN_LOGIN,
    "api-tokens": OWN_LOGIN,
    "api-token": OWN_LOGIN,
    "api-addresses": OWN_LOGIN,
    "api-audit": Api(read=ADMIN),
    "api-ticket": Api(write=READ, viewers=True),
    # news
    "api-notifications": Api(),
    "api-notifications-read": Api(viewers=True),
    "api-channels": Api(write=ADMIN),
    "api-channel": Api(write=ADMIN),
    "api-channel-test": Api(write=ADMIN),
    "api-deliveries": Api(),
    # exchange accounts
    "api-accounts": Api(write=ADMIN),
    "api-exchanges-supported": Api(),
    "api-exchanges-connect": Api(),
    "api-account": Api(write=ADMIN),
    "api-account-test": Api(),
    "api-account-ping": Api(),
    "api-account-rehearsal": Api(empty=True),
    "api-account-balance": Api(),
    "api-account-positions": Api(),
    "api-account-orders": Api(),
    "api-account-orders-open": Api(),
    "api-account-orders-closed": Api(),
    "api-account-order": Api(),
    "api-account-order-settle": Api(),
    "api-account-order-foreign": Api(empty=True),
    "api-reconcile": Api(),
    "api-differences": Api(),
    "api-difference-settle": Api(),
    "api-equation": Api(),
    # markets and recorded history
    "api-markets": Api(),
    "api-tickers": Api(),
    "api-ticker": Api(),
    "api-ohlcv": Api(),
    "api-orderbook": Api(),
    "api-trades": Api(),
    "api-funding": Api(),
    "api-data": Api(),
    "api-data-holes": Api(shared=True),
    "api-data-download": Api(),
    "api-data-downloads": Api(),
    "api-data-one-download": Api(),
    # bots
    "api-bots": Api(),
    "api-bots-preview": Api(),
    "api-bot": Api(),
    "api-bot-start": Api(),
    "api-bot-pause": Api(),
    "api-bot-stop": Api(),
    "api-bot-close": Api(),
    "api-bot-stats": Api(),
    "api-bot-orders": Api(),
    "api-bot-positions": Api(),
    "api-bot-logs": Api(),
    "api-bot-spread": Api(),
    "api-bot-parity": Api(),
    "api-strategies": Api(),
    "api-orders": Api(),
    "api-orders-of-bot": Api(),
    # risk
    "api-risk": Api(),
    "api-risk-limits": Api(),
    "api-risk-kill-switch": Api(),
    "api-risk-stress": Api(),
    # back-tests, searches, scans
    "api-backtests": Api(),
    "api-backtest": Api(),
    "api-backtest-cancel": Api(),
    "api-backtest-trades": Api(),
    "api-backtest-equity": Api(),
    "api-backtest-chart": Api(),
    "api-backtest-report": Api(),
    "api-backtest-optimize": Api(),
    "api-backtest-search": Api(),
    "api-backtest-resume": Api(),
    "api-backtest-trials": Api(),
    "api-backtest-heat-map": Api(),
    "api-pairs-scan": Api(),
    "api-pairs-scans": Api(),
    "api-pairs-scan-one": Api(),
    "api-pairs-scan-cancel": Api(),
    "api-pairs-scan-pairs": Api(),
}

BOTH: tuple[Literal["GET", "POST"], ...] = ("GET", "POST")
POST: tuple[Literal["GET", "POST"], ...] = ("POST",)
ANYBODY = Page(BOTH, public=True)
OWN_SETTING = Page(BOTH, viewers="all")
OWN_SETTING_POST = Page(POST, viewers="all")
TRADERS_FORM = Page(BOTH, viewers="none")
TRADERS_POST = Page(POST)
TRADERS_POST_ASKS = Page(POST, asks=True)

PAGES = {
    "healthz": Page(public=True),
    "readyz": Page(public=True),
    "metrics": Page(public=True),  # by token or host, not by log-in: see `test_metrics`
    "schema": Page(public=True),
    "docs": Page(public=True),
    "redoc": Page(public=True),
    "login": ANYBODY,
    "login-code": ANYBODY,
    "register": ANYBODY,
    "logout": Page(POST, public=True),
    "password-forgotten": ANYBODY,
    "password-reset": ANYBODY,
    "email-confirm": ANYBODY,
    "help": Page(public=True),
    "help-page": Page(public=True),
    "help-search": Page(public=True),
    "settings-theme": Page(POST, public=True),
    "settings-language": Page(POST, public=True),
    # of one's own account
    "settings": OWN_SETTING,
    "settings-password": OWN_SETTING_POST,
    "settings-email": OWN_SETTING_POST,
    "settings-email-send": OWN_SETTING_POST,
    "settings-sessions-end": OWN_SETTING_POST,
    "settings-session-end": OWN_SETTING_POST,
    "settings-second-factor": Page(viewers="all"),
    "second-factor-set-up": OWN_SETTING,
    "second-factor-picture": Page(viewers="all", empty=True),
    "second-factor-off": OWN_SETTING_POST,
    "second-factor-codes": Page(POST, viewers="all", empty=True),
    "settings-confirm": OWN_SETTING,
    "settings-tokens": OWN_SETTING,
    "settings-token-revoke": OWN_SETTING_POST,
    "settings-addresses": OWN_SETTING,
    "settings-audit": Page(),
    "settings-audit-export": Page(),
    # news
    "notifications": Page(),
    "notifications-read": OWN_SETTING_POST,
    "notifications-unread": Page(),
    "notifications-log": Page(),
    "notifications-channels": Page(),
    "channel-new": TRADERS_FORM,
    "channel": TRADERS_FORM,
    "channel-test": TRADERS_POST,
    "channel-delete": TRADERS_POST,
    "channel-chat": TRADERS_POST_ASKS,
    "channel-chat-end": TRADERS_POST_ASKS,
    "channel-secret": TRADERS_POST_ASKS,
    # exchange accounts and recorded history
    "exchanges:list": Page(),
    "exchanges:new": TRADERS_FORM,
    "exchanges:detail": Page(),
    "exchanges:edit": TRADERS_FORM,
    "exchanges:test": TRADERS_POST,
    "exchanges:switch": TRADERS_POST,
    "exchanges:delete": TRADERS_POST,
    "exchanges:order-check": TRADERS_POST,
    "exchanges:order-place": TRADERS_POST,
    "exchanges:order-cancel": TRADERS_POST_ASKS,
    "exchanges:differences": Page(),
    "exchanges:reconcile": TRADERS_POST,
    "exchanges:difference-settle": TRADERS_POST_ASKS,
    "exchanges:order-settle": TRADERS_POST,
    "exchanges:rehearsal-begin": TRADERS_POST,
    "exchanges:rehearsal-end": TRADERS_POST,
    "data": Page(BOTH),
    "data-series": Page(shared=True),
    "data-cancel": TRADERS_POST,
    # bots
    "dashboard": Page(),
    "markets": Page(),
    "markets-prices": Page(),
    "market": Page(empty=True),
    "welcome": OWN_SETTING,  # leads viewers to the dashboard
    "bots:list": Page(),
    "bots:bulk": Page(BOTH, viewers="none", asks=True),
    "bots:new": TRADERS_FORM,
    "bots:markets": Page(empty=True),
    "bots:detail": Page(),
    "bots:edit": TRADERS_FORM,
    "bots:chart": Page(),
    "bots:chart-lines": Page(),
    "bots:figures": Page(),
    "bots:confirm": Page(),
    "bots:action": TRADERS_POST,
    "bot-parity": Page(),
    "orders": Page(),
    "orders-export": Page(),
    "risk": Page(),
    "risk-limits": Page(BOTH),
    "risk-kill-switch": TRADERS_POST_ASKS,
    # back-tests, searches, scans
    "backtests": Page(),
    "backtests-new": TRADERS_FORM,
    "backtests-compare": Page(),
    "backtest": Page(),
    "backtest-chart": Page(),
    "backtest-report": Page(),
    "backtest-cancel": TRADERS_POST,
    "backtest-delete": TRADERS_POST,
    "searches-new": TRADERS_FORM,
    "search-map": Page(),
    "search-parallel": Page(),
    "search-resume": TRADERS_POST,
    "search-run-set": TRADERS_POST_ASKS,
    "pairs": Page(BOTH),
    "pairs-scan": Page(),
    "pairs-map": Page(),
    "pairs-cancel": TRADERS_POST,
    "pairs-delete": TRADERS_POST,
    "pairs-pair": Page(empty=True),
    "pairs-pair-chart": Page(empty=True),
}

SOCKETS = {  # by class; whether the address names something of one user
    "BotConsumer": True,
    "DashboardConsumer": False,
    "DownloadsConsumer": False,
    "MarketConsumer": False,
    "PricesConsumer": False,
    "BacktestConsumer": True,
    "ScanConsumer": True,
}
