"""The back office in the colours of the pages (static/css/tokens.css), and where its parts are found."""

from collections.abc import Callable
from typing import Any

from django.http import HttpRequest
from django.templatetags.static import static
from django.urls import reverse_lazy
from django.utils.translation import gettext_lazy as _
from django.utils.translation import gettext_noop, pgettext_lazy

Entry = dict[str, Any]

OF_THE_LIBRARY = (gettext_noop("Type to search"), gettext_noop("Search apps and models..."), gettext_noop("Show all"))
"""Words of the library's own pages that it does not bring in Chinese."""

COLORS = {
    "base": {
        "50": "#f6f8fa",
        "100": "#f3f5f8",
        "200": "#e2e7ed",
        "300": "#c3ccd7",
        "400": "#8592a3",
        "500": "#5f6b7b",
        "600": "#475364",
        "700": "#354050",
        "800": "#212a35",
        "900": "#11161d",
        "950": "#0a0d12",
    },
    "primary": {
        "50": "#eff4fd",
        "100": "#dfe9fb",
        "200": "#c2d6f7",
        "300": "#9cc2ff",
        "400": "#74abff",
        "500": "#5b97f5",
        "600": "#1b5cce",
        "700": "#174fb2",
        "800": "#164792",
        "900": "#173c75",
        "950": "#11264a",
    },
}


def _entry(title: Any, icon: str, model: str) -> Entry:
    return {"title": title, "icon": icon, "link": reverse_lazy(f"admin:{model}_changelist")}


def _file(path: str) -> Callable[[HttpRequest], str]:
    """Named when a page is drawn: file names carry their content's hash."""
    return lambda request: static(path)


def navigation(request: HttpRequest) -> list[Entry]:
    return [
        {
            "title": _("Installation"),
            "items": [
                {"title": _("Overview"), "icon": "dashboard", "link": reverse_lazy("admin:index")},
                {"title": _("Health"), "icon": "monitor_heart", "link": reverse_lazy("health")},
                _entry(_("Schedules"), "schedule", "django_celery_beat_periodictask"),
                _entry(_("Audit log"), "history", "accounts_auditentry"),
            ],
        },
        {
            "title": _("Users"),
            "items": [
                _entry(_("Users"), "group", "accounts_user"),
                _entry(_("Log-ins"), "login", "accounts_loginsession"),
                _entry(_("API tokens"), "key", "accounts_apitoken"),
                _entry(_("Exchange accounts"), "account_balance", "exchanges_exchangeaccount"),
            ],
        },
        {
            "title": _("Trading"),
            "items": [
                _entry(_("Bots"), "smart_toy", "bots_bot"),
                _entry(_("Orders"), "list_alt", "trading_order"),
                _entry(_("Fills"), "done_all", "trading_fill"),
                _entry(_("Positions"), "swap_vert", "trading_position"),
                _entry(_("Pair trades"), "compare_arrows", "trading_trade"),
                _entry(_("Cycles"), "cycle", "trading_cycle"),
                _entry(_("Ledger"), "receipt_long", "trading_ledgerline"),
                _entry(pgettext_lazy("of all bots", "Journal"), "notes", "trading_tradelog"),
            ],
        },
        {
            "title": _("Safety"),
            "items": [
                _entry(_("Kill switches"), "power_settings_new", "trading_tradingswitch"),
                _entry(_("Limits"), "shield", "trading_risklimits"),
                _entry(_("Differences"), "difference", "trading_difference"),
                _entry(_("Equity"), "show_chart", "trading_equitysnapshot"),
                _entry(_("Claimed markets"), "lock", "bots_symbolclaim"),
                _entry(_("Wishes of users"), "pan_tool", "bots_intent"),
            ],
        },
        {
            "title": _("Research"),
            "items": [
                _entry(_("Back-tests"), "science", "trading_backtest"),
                _entry(_("Recorded candles"), "candlestick_chart", "exchanges_candleset"),
                _entry(_("Recorded funding"), "percent", "exchanges_fundingset"),
                _entry(_("Downloads"), "download", "exchanges_candledownload"),
            ],
        },
    ]


UNFOLD = {
    "SITE_TITLE": "ChainMakes",
    "SITE_HEADER": "ChainMakes",
    "SITE_SUBHEADER": _("Back office"),
    "SITE_ICON": _file("img/mark.svg"),
    "SITE_FAVICONS": [{"rel": "icon", "type": "image/svg+xml", "href": _file("img/mark.svg")}],
    "SITE_DROPDOWN": [
        {"icon": "show_chart", "title": _("Trading pages"), "link": reverse_lazy("dashboard")},
        {"icon": "monitor_heart", "title": _("Health"), "link": reverse_lazy("health")},
    ],
    "SHOW_VIEW_ON_SITE": False,
    "COLORS": COLORS,
    "BORDER_RADIUS": "6px",
    "STYLES": [_file("css/back_office.css")],
    "DASHBOARD_CALLBACK": "chainmakes.installation_page.overview",
    "SIDEBAR": {"show_search": True, "show_all_applications": False, "navigation": navigation},
}
