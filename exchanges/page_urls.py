"""Addresses of the pages of exchange accounts and of recorded history."""

from django.urls import include, path

from exchanges import pages, pages_data

accounts = [
    path("", pages.list_page, name="list"),
    path("new", pages.new_page, name="new"),
    path("<int:account_id>/", pages.detail_page, name="detail"),
    path("<int:account_id>/edit", pages.edit_page, name="edit"),
    path("<int:account_id>/test", pages.test_post, name="test"),
    path("<int:account_id>/switch", pages.switch_post, name="switch"),
    path("<int:account_id>/delete", pages.delete_post, name="delete"),
]

urlpatterns = [
    path("exchanges/", include((accounts, "exchanges"))),
    path("data/", pages_data.data_page, name="data"),
    path("data/<int:series_id>/", pages_data.series_part, name="data-series"),
    path("data/downloads/<int:download_id>/cancel", pages_data.cancel_post, name="data-cancel"),
]
