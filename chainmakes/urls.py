"""Every address: pages, API, documentation, back office, health."""

from django.conf import settings
from django.contrib import admin
from django.urls import include, path
from drf_spectacular.views import SpectacularAPIView, SpectacularRedocView, SpectacularSwaggerSplitView

from accounts.api import urls as accounts_api
from bots.api import urls as bots_api
from chainmakes.back_office import admin_login, guard, tidy
from chainmakes.health import healthz, readyz
from chainmakes.health_page import health_page
from chainmakes.metrics import metrics
from chainmakes.paths import either_slash
from exchanges.api import urls as exchanges_api
from trading.api import urls as trading_api

guard()
tidy()

api_v1 = [
    *accounts_api.urlpatterns,
    *exchanges_api.urlpatterns,
    *bots_api.urlpatterns,
    *trading_api.urlpatterns,
]

documents = [
    path("healthz", healthz, name="healthz"),
    path("readyz", readyz, name="readyz"),
    path("metrics", metrics, name="metrics"),
    path("api/schema", SpectacularAPIView.as_view(), name="schema"),
    path("docs", SpectacularSwaggerSplitView.as_view(url_name="schema"), name="docs"),
    path("redoc", SpectacularRedocView.as_view(url_name="schema"), name="redoc"),
]

urlpatterns = [
    *either_slash(documents),
    path("api/v1/", include(either_slash(api_v1))),
    path(f"{settings.ADMIN_URL}login/", admin_login),
    path(f"{settings.ADMIN_URL}health/", admin.site.admin_view(health_page), name="health"),
    path(settings.ADMIN_URL, admin.site.urls),
    path("", include("accounts.pages.urls")),
    path("", include("exchanges.pages.urls")),
    path("", include("bots.pages.urls")),
    path("", include("trading.pages.urls")),
]

handler400 = "chainmakes.errors.bad_request"
handler403 = "chainmakes.errors.permission_denied"
handler404 = "chainmakes.errors.page_not_found"
handler500 = "chainmakes.errors.server_error"
