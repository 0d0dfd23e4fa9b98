"""Addresses of the orders page."""

from django.urls import path

from trading import pages

urlpatterns = [
    path("orders/", pages.orders_page, name="orders"),
    path("orders/export.csv", pages.orders_export, name="orders-export"),
]
