"""Addresses of the exchange account pages."""

from django.urls import include, path

from exchanges import pages

accounts = [
    path("", pages.list_page, name="list"),
    path("new", pages.new_page, name="new"),
    path("<int:account_id>/", pages.detail_page, name="detail"),
    path("<int:account_id>/edit", pages.edit_page, name="edit"),
    path("<int:account_id>/test", pages.test_post, name="test"),
    path("<int:account_id>/switch", pages.switch_post, name="switch"),
    path("<int:account_id>/delete", pages.delete_post, name="delete"),
]

urlpatterns = [path("exchanges/", include((accounts, "exchanges")))]
