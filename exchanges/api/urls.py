"""REST paths under /api/v1/."""

from django.urls import path

from exchanges.api import accounts as api
from exchanges.api import data as api_data
from exchanges.api import markets as api_markets

urlpatterns = [
    path("exchanges", api.AccountsView.as_view(), name="api-accounts"),
    path("exchanges/supported", api.SupportedView.as_view(), name="api-exchanges-supported"),
    path("exchanges/connect", api.ConnectView.as_view(), name="api-exchanges-connect"),
    path("exchanges/<int:account_id>", api.AccountView.as_view(), name="api-account"),
    path("exchanges/<int:account_id>/test", api.TestView.as_view(), name="api-account-test"),
    path("exchanges/<int:account_id>/ping", api.PingView.as_view(), name="api-account-ping"),
    path("account/<int:account_id>/balance", api.BalanceView.as_view(), name="api-account-balance"),
    path("account/<int:account_id>/positions", api.PositionsView.as_view(), name="api-account-positions"),
    path("markets/<str:exchange>/markets", api_markets.MarketsView.as_view(), name="api-markets"),
    path("markets/<str:exchange>/tickers", api_markets.TickersView.as_view(), name="api-tickers"),
    path("markets/<str:exchange>/ticker/<path:symbol>", api_markets.TickerView.as_view(), name="api-ticker"),
    path("markets/<str:exchange>/ohlcv/<path:symbol>", api_markets.CandlesView.as_view(), name="api-ohlcv"),
    path("markets/<str:exchange>/orderbook/<path:symbol>", api_markets.BookView.as_view(), name="api-orderbook"),
    path("markets/<str:exchange>/trades/<path:symbol>", api_markets.TradesView.as_view(), name="api-trades"),
    path("markets/<str:exchange>/funding/<path:symbol>", api_markets.FundingView.as_view(), name="api-funding"),
    path("data", api_data.SeriesView.as_view(), name="api-data"),
    path("data/<int:series_id>/holes", api_data.HolesView.as_view(), name="api-data-holes"),
    path("data/download", api_data.DownloadView.as_view(), name="api-data-download"),
    path("data/downloads", api_data.DownloadsView.as_view(), name="api-data-downloads"),
    path("data/downloads/<int:download_id>", api_data.OneDownloadView.as_view(), name="api-data-one-download"),
]
