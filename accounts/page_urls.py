"""Addresses of the account pages."""

from django.urls import path

from accounts import pages

urlpatterns = [
    path("login", pages.login_page, name="login"),
    path("register", pages.register_page, name="register"),
    path("logout", pages.logout_page, name="logout"),
    path("settings/", pages.settings_page, name="settings"),
    path("settings/password", pages.password_page, name="settings-password"),
    path("settings/theme", pages.theme_switch, name="settings-theme"),
    path("settings/language", pages.language_switch, name="settings-language"),
]
