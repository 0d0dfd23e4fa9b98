"""Addresses of the pairs scanner."""

from django.urls import path

from trading.pages import scans as pages_scans

urlpatterns = [
    path("pairs/", pages_scans.pairs_page, name="pairs"),
    path("pairs/<int:scan_id>/", pages_scans.scan_page, name="pairs-scan"),
    path("pairs/<int:scan_id>/map", pages_scans.map_data, name="pairs-map"),
    path("pairs/<int:scan_id>/cancel", pages_scans.cancel_post, name="pairs-cancel"),
    path("pairs/<int:scan_id>/delete", pages_scans.delete_post, name="pairs-delete"),
    path("pairs/<int:scan_id>/<int:number>/", pages_scans.pair_page, name="pairs-pair"),
    path("pairs/<int:scan_id>/<int:number>/chart", pages_scans.pair_chart, name="pairs-pair-chart"),
]
