"""REST doors of notifications and of the channels over which they are sent."""

from django.db.models import QuerySet
from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework.exceptions import NotFound
from rest_framework.generics import ListAPIView
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.api.filters_notifications import DeliveryFilter, NotificationFilter
from accounts.api.permissions import UserRequest
from accounts.api.serializers_notifications import (
    ChannelChangeSerializer,
    ChannelSerializer,
    ChannelWithSecretSerializer,
    DeliverySerializer,
    NewChannelSerializer,
    NotificationSerializer,
    ReadDoneSerializer,
    ReadSerializer,
    channel_values,
)
from accounts.models import ApiScope, Channel, Delivery, Notification
from accounts.notifications import channels, inbox
from accounts.step_up import require_fresh_second_factor


class NotificationsView(ListAPIView):
    """The user's news, newest first."""

    serializer_class = NotificationSerializer
    queryset = Notification.objects.none()
    filterset_class = NotificationFilter
    request: UserRequest

    def get_queryset(self) -> QuerySet[Notification]:
        return inbox.notifications_of(self.request.user)


class NotificationsReadView(APIView):
    """Marks some or all as read. Viewers may: it is their own list."""

    viewers_may_write = True
    error_statuses = (400,)

    @extend_schema(request=ReadSerializer, responses={200: ReadDoneSerializer})
    def post(self, request: UserRequest) -> Response:
        serializer = ReadSerializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        done = inbox.notifications_read(request.user, timezone.now(), serializer.validated_data.get("ids"))
        return Response({"read": done, "unread": inbox.unread_count(request.user.pk)})


class ChannelsView(ListAPIView):
    serializer_class = ChannelSerializer
    queryset = Channel.objects.none()
    filter_backends = ()
    write_scope = ApiScope.ADMIN
    request: UserRequest

    def get_queryset(self) -> QuerySet[Channel]:
        return channels.channels_of(self.request.user)

    @extend_schema(
        operation_id="notifications_channels_create",
        request=NewChannelSerializer,
        responses={201: ChannelWithSecretSerializer},
    )
    def post(self, request: UserRequest) -> Response:
        """A webhook's signing secret is in the answer, this once."""
        serializer = NewChannelSerializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        require_fresh_second_factor(request)
        sent = serializer.validated_data
        channel, secret = channels.channel_create(
            user=request.user, kind=sent["kind"], address=sent.get("address", ""), values=channel_values(sent)
        )
        return Response({**ChannelSerializer(channel).data, "signing_secret": secret}, status=201)


class ChannelView(APIView):
    write_scope = ApiScope.ADMIN

    @extend_schema(responses={200: ChannelSerializer})
    def get(self, request: UserRequest, channel_id: int) -> Response:
        return Response(ChannelSerializer(_channel(request, channel_id)).data)

    @extend_schema(request=ChannelChangeSerializer, responses={200: ChannelWithSecretSerializer})
    def patch(self, request: UserRequest, channel_id: int) -> Response:
        """A blank address keeps the one that is there. A renewed signing secret is in the answer, this once."""
        channel = _channel(request, channel_id)
        serializer = ChannelChangeSerializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        require_fresh_second_factor(request)
        sent = serializer.validated_data
        secret = channels.channel_change(
            channel=channel,
            values=channel_values(sent),
            address=sent.get("address", ""),
            renews_secret=sent["renew_signing_secret"],
        )
        return Response({**ChannelSerializer(channel).data, "signing_secret": secret})

    @extend_schema(responses={204: None})
    def delete(self, request: UserRequest, channel_id: int) -> Response:
        """What it has not sent yet goes with it."""
        channel = _channel(request, channel_id)
        require_fresh_second_factor(request)
        channels.channel_delete(channel=channel)
        return Response(status=204)


class ChannelTestView(APIView):
    write_scope = ApiScope.ADMIN
    error_statuses = (400,)

    @extend_schema(request=None, responses={202: DeliverySerializer})
    def post(self, request: UserRequest, channel_id: int) -> Response:
        """A test message gets on its way; the log of deliveries says what became of it."""
        delivery = channels.channel_test(channel=_channel(request, channel_id), now=timezone.now())
        return Response(DeliverySerializer(delivery).data, status=202)


class DeliveriesView(ListAPIView):
    """What was sent over the channels, newest first."""

    serializer_class = DeliverySerializer
    queryset = Delivery.objects.none()
    filterset_class = DeliveryFilter
    request: UserRequest

    def get_queryset(self) -> QuerySet[Delivery]:
        return channels.deliveries_of(self.request.user)


def _channel(request: Request, channel_id: int) -> Channel:
    """Raises NotFound."""
    user = request.user
    channel = channels.channels_of(user).filter(pk=channel_id).first()  # type: ignore[arg-type]
    if channel is None:
        raise NotFound
    return channel
