"""How many tasks wait in Celery's queues."""

from celery import Celery, current_app
from redis import Redis

QUEUES = ("trading", "io", "compute")
REDIS_TIMEOUT_S = 1.0


def queue_depths(app: Celery = current_app) -> dict[str, int]:
    """By queue. Empty where the broker is not Redis: RabbitMQ has figures of its own. Raises RedisError."""
    broker = str(app.conf.broker_url)
    if not broker.startswith(("redis:", "rediss:", "unix:")):
        return {}
    prefix = app.conf.broker_transport_options["global_keyprefix"]
    with Redis.from_url(broker, socket_timeout=REDIS_TIMEOUT_S, socket_connect_timeout=REDIS_TIMEOUT_S) as redis:
        pipeline = redis.pipeline(transaction=False)
        for queue in QUEUES:
            pipeline.llen(f"{prefix}{queue}")
        return dict(zip(QUEUES, pipeline.execute(), strict=True))
