"""Addresses of the pages of exchange accounts and of recorded history."""

from django.urls import include, path

from exchanges.pages import accounts as pages
from exchanges.pages import data as pages_data
from exchanges.pages import differences as pages_differences
from exchanges.pages import markets as pages_markets
from exchanges.pages import orders as pages_orders
from exchanges.pages import rehearsal as pages_rehearsal

accounts = [
    path("", pages.list_page, name="list"),
    path("new", pages.new_page, name="new"),
    path("<int:account_id>/", pages.detail_page, name="detail"),
    path("<int:account_id>/edit", pages.edit_page, name="edit"),
    path("<int:account_id>/test", pages.test_post, name="test"),
    path("<int:account_id>/switch", pages.switch_post, name="switch"),
    path("<int:account_id>/delete", pages.delete_post, name="delete"),
    path("<int:account_id>/orders/check", pages_orders.check_post, name="order-check"),
    path("<int:account_id>/orders/place", pages_orders.place_post, name="order-place"),
    path("<int:account_id>/orders/cancel", pages_orders.cancel_post, name="order-cancel"),
    path("<int:account_id>/rehearsal/begin", pages_rehearsal.begin_post, name="rehearsal-begin"),
    path("<int:account_id>/rehearsal/end", pages_rehearsal.end_post, name="rehearsal-end"),
    path("<int:account_id>/differences", pages_differences.differences_page, name="differences"),
    path("<int:account_id>/reconcile", pages_differences.reconcile_post, name="reconcile"),
    path(
        "<int:account_id>/differences/<int:difference_id>/settle",
        pages_differences.settle_post,
        name="difference-settle",
    ),
    path("<int:account_id>/orders/<int:order_id>/settle", pages_differences.declare_post, name="order-settle"),
]

urlpatterns = [
    path("exchanges/", include((accounts, "exchanges"))),
    path("markets/", pages_markets.markets_page, name="markets"),
    path("markets/prices", pages_markets.prices_part, name="markets-prices"),
    path("markets/<slug:exchange>/<path:symbol>/", pages_markets.market_page, name="market"),
    path("data/", pages_data.data_page, name="data"),
    path("data/<int:series_id>/", pages_data.series_part, name="data-series"),
    path("data/downloads/<int:download_id>/cancel", pages_data.cancel_post, name="data-cancel"),
]
