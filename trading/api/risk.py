"""REST doors of limits, the kill switch and the stress table."""

from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import Http404
from django.utils import timezone
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.api.permissions import UserRequest
from accounts.models import User
from accounts.step_up import require_fresh_second_factor
from exchanges.api.accounts import VENUE_ERRORS
from exchanges.models import Exchange, ExchangeAccount
from trading.api.serializers_risk import (
    SCOPES,
    KillSwitchSerializer,
    RiskLimitsChange,
    RiskLimitsSerializer,
    RiskQuery,
    RiskSerializer,
    RiskUsageSerializer,
    ShockSerializer,
    StressSerializer,
    SwitchedSerializer,
    TargetLimitsSerializer,
    TradingStateSerializer,
    target_name,
)
from trading.kill_switch.actions import Target, kill_switch, named
from trading.models import RiskLimits, Scope, TradingState, TradingSwitch
from trading.risk import services
from trading.risk.stress import MOVE_PCT, stress, totals
from trading.risk.usage import states, usages
from trading.risk.wishes import Kind

SCOPE = OpenApiParameter("scope", str, OpenApiParameter.PATH, enum=[str(scope) for scope in SCOPES])


class RiskView(APIView):
    """Limits of the user, how near every limit of his is, and what is switched off."""

    error_statuses = VENUE_ERRORS

    @extend_schema(parameters=[RiskQuery], responses={200: RiskSerializer})
    def get(self, request: UserRequest) -> Response:
        return Response(_risk(request))

    @extend_schema(parameters=[RiskQuery], request=RiskLimitsChange, responses={200: RiskSerializer})
    def put(self, request: UserRequest) -> Response:
        _save(request, Scope.USER, request.user)
        return Response(_risk(request))


class TargetLimitsView(APIView):
    """Limits of the user, of one of his accounts or of one of his bots."""

    @extend_schema(parameters=[SCOPE], responses={200: TargetLimitsSerializer})
    def get(self, request: UserRequest, scope: str, target_id: int) -> Response:
        return Response(_limits(*_target(request.user, scope, target_id)))

    @extend_schema(parameters=[SCOPE], request=RiskLimitsChange, responses={200: TargetLimitsSerializer})
    def put(self, request: UserRequest, scope: str, target_id: int) -> Response:
        found = _target(request.user, scope, target_id)
        _save(request, *found)
        return Response(_limits(*found))


class KillSwitchView(APIView):
    """Switches trading off and on again. Active trades, reducing closes only, halted sends nothing by itself."""

    error_statuses = (404, 409)

    @extend_schema(request=KillSwitchSerializer, responses={200: SwitchedSerializer})
    def post(self, request: UserRequest) -> Response:
        wish = KillSwitchSerializer(data=request.data)
        wish.is_valid(raise_exception=True)
        wanted = wish.validated_data
        scope, state = Scope(wanted["scope"]), TradingState(wanted["state"])
        target = _switch_target(request.user, scope, wanted.get("id"))
        if is_switched_looser(scope, target, state):
            require_fresh_second_factor(request)
        switched = kill_switch(
            actor=request.user,
            scope=scope,
            target=target,
            state=state,
            flatten=wanted["flatten"],
            now=timezone.now(),
            reason=wanted["reason"],
        )
        row = switched.switch
        shown = {"scope": row.scope, "state": row.state, "reason": row.reason, "changed_at": row.changed_at}
        return Response(SwitchedSerializer(shown | {"bots": list(switched.bots)}).data)


class StressView(APIView):
    """What the open pairs would gain or lose in a shock."""

    @extend_schema(parameters=[RiskQuery], responses={200: StressSerializer})
    def get(self, request: UserRequest) -> Response:
        kind = _kind(request)
        shocks = stress(request.user, kind)
        rows = {
            "pairs": ShockSerializer(shocks, many=True).data,
            "totals": ShockSerializer(totals(shocks), many=True).data,
        }
        return Response({"kind": kind, "move_pct": str(MOVE_PCT), **rows})


def is_switched_looser(scope: Scope, target: Target, state: TradingState) -> bool:
    order = list(TradingState)
    row = TradingSwitch.objects.filter(scope=scope, **named(scope, target)).first()
    return row is not None and order.index(state) < order.index(TradingState(row.state))


def _risk(request: UserRequest) -> dict[str, Any]:
    kind = _kind(request)
    limits = _limits(Scope.USER, request.user)
    return {
        "kind": kind,
        "limits": limits["limits"],
        "admin_limits": limits["admin_limits"],
        "usage": RiskUsageSerializer(usages(request.user, kind, timezone.now()), many=True).data,
        "states": TradingStateSerializer(states(request.user, kind), many=True).data,
    }


def _limits(scope: Scope, target: Target) -> dict[str, Any]:
    assert target is not None
    admin = RiskLimits.objects.filter(scope=scope, is_admin=True, **named(scope, target)).first()
    return {
        "scope": str(scope),
        "id": target.pk,
        "name": target_name(target),
        "limits": RiskLimitsSerializer(services.limits_row(scope, target)).data,
        "admin_limits": RiskLimitsSerializer(admin).data if admin else None,
    }


def _save(request: UserRequest, scope: Scope, target: Target) -> None:
    sent: Any = request.data
    values = services.clean_limits(sent)
    measure_anew = sent.get("measure_anew") is True
    if measure_anew or services.is_loosened(services.limits_row(scope, target), values):
        require_fresh_second_factor(request)
    services.limits_save(
        actor=request.user,
        scope=scope,
        target=target,
        values=values,
        now=timezone.now(),
        measure_anew=measure_anew,
    )


def _target(user: User, scope: str, target_id: int) -> tuple[Scope, Target]:
    if scope not in SCOPES:
        raise Http404
    return Scope(scope), services.target_of(user, Scope(scope), target_id)


def _switch_target(user: User, scope: Scope, target_id: int | None) -> Target:
    if scope == Scope.INSTALLATION:
        if not services.administers(user):
            raise PermissionDenied
        return None
    return services.target_of(user, scope, user.pk if scope == Scope.USER and target_id is None else target_id or 0)


def _kind(request: UserRequest) -> Kind:
    query = RiskQuery(data=request.query_params)
    query.is_valid(raise_exception=True)
    if wished := query.validated_data.get("kind"):
        kind: Kind = wished
        return kind
    has_live = ExchangeAccount.objects.filter(owner=request.user).exclude(exchange=Exchange.PAPER).exists()
    return "live" if has_live else "paper"
