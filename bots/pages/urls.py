"""Addresses of the dashboard, the bots and the help."""

from django.urls import include, path, register_converter

from bots.pages import bot as pages_bot
from bots.pages import bots as pages
from bots.pages import bulk as pages_bulk
from bots.pages import dashboard as pages_dashboard
from bots.pages import form as pages_form
from bots.pages import help as pages_help
from bots.pages import welcome as pages_welcome


class Action:
    """What can be asked of a bot."""

    regex = "start|pause|stop|close|delete"

    def to_python(self, value: str) -> str:
        return value

    def to_url(self, value: str) -> str:
        return value


register_converter(Action, "action")

bots = [
    path("", pages.list_page, name="list"),
    path("new", pages_form.new_page, name="new"),
    path("markets", pages_form.markets_part, name="markets"),
    path("several", pages_bulk.bulk_page, name="bulk"),
    path("<int:bot_id>/", pages_bot.bot_page, name="detail"),
    path("<int:bot_id>/edit", pages_form.edit_page, name="edit"),
    path("<int:bot_id>/chart", pages_bot.bot_chart, name="chart"),
    path("<int:bot_id>/chart/lines", pages_bot.bot_chart_lines, name="chart-lines"),
    path("<int:bot_id>/figures", pages_bot.bot_figures, name="figures"),
    path("<int:bot_id>/confirm/<action:action>", pages.confirm_page, name="confirm"),
    path("<int:bot_id>/<action:action>", pages.action_post, name="action"),
]

urlpatterns = [
    path("", pages_dashboard.dashboard_page, name="dashboard"),
    path("welcome", pages_welcome.welcome_page, name="welcome"),
    path("bots/", include((bots, "bots"))),
    path("help/", pages_help.help_page, name="help"),
    path("help/guide/", pages_help.search_page, name="help-search"),
    path("help/guide/<slug:name>", pages_help.guide_page_view, name="help-page"),
]
