"""gearman-cffi exporter: gearmand's queues as Prometheus metrics, with the names that bakins/gearman-exporter uses."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterable
from typing import TYPE_CHECKING

from gearman_cffi.admin import Admin
from gearman_cffi.cli.errors import exit_on_error, with_address_in_errors
from gearman_cffi.cli.extras import need
from gearman_cffi.cli.io import print_message
from gearman_cffi.cli.options import command, namespace_option, option, servers_option, timeout_option
from gearman_cffi.cli.types import Integer
from gearman_cffi.exceptions import GearmanError
from gearman_cffi.servers import ServerCollection

if TYPE_CHECKING:
    from prometheus_client import Metric

PORT = 9418  # for Gearman in Prometheus's list of default ports


@command(
    examples=[
        (
            "Serve the metrics of two servers to Prometheus on another machine:",
            "exporter --servers 10.0.0.5:4730,10.0.0.6:4730 --host 0.0.0.0",
        ),
    ]
)
@servers_option
@namespace_option
@timeout_option(5.0, "How long to wait for each server.")
@option("--host", default="127.0.0.1", metavar="ADDRESS", help="The address to listen on; 0.0.0.0 for all.")
@option(
    "--port",
    type=Integer(0, 65535),
    default=PORT,
    metavar="PORT",
    help="The port to listen on; 0 for a free one.",
)
def exporter(servers: ServerCollection, namespace: str | None, timeout: float, host: str, port: int) -> None:
    """Serve the queues of all servers as Prometheus metrics, until SIGTERM or Ctrl-C."""
    with exit_on_error():
        need("metrics", "prometheus_client")
        _serve(Admin(servers, timeout, namespace=namespace), host, port)


def _serve(admin: Admin, host: str, port: int) -> None:
    from prometheus_client import CollectorRegistry, start_http_server
    from prometheus_client.registry import Collector

    class Queues(Collector):
        """Asks the servers when Prometheus scrapes."""

        def collect(self) -> Iterable[Metric]:
            return collect(admin)

    registry = CollectorRegistry()
    registry.register(Queues())
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    with with_address_in_errors(host, port):
        server, _ = start_http_server(port, host, registry)
    print_message(f"serving http://{host}:{server.server_port}/metrics")
    while not stop.wait(3600):
        pass
    server.shutdown()
    server.server_close()


def collect(admin: Admin) -> Iterable[Metric]:
    """The metrics of all servers: gearman_up, and gearman_status_total, _running and _workers for each function."""
    from prometheus_client.metrics_core import GaugeMetricFamily

    up = GaugeMetricFamily("gearman_up", "Whether the server answers.", labels=["server", "version"])
    names = ["server", "function"]
    total = GaugeMetricFamily("gearman_status_total", "Waiting and running jobs.", labels=names)
    running = GaugeMetricFamily("gearman_status_running", "Running jobs.", labels=names)
    workers = GaugeMetricFamily("gearman_status_workers", "Connected workers of the function.", labels=names)
    for server, answer in admin.gather(lambda one: (one.version(), one.status())).items():
        if isinstance(answer, GearmanError):
            up.add_metric([str(server), "unknown"], 0)
            continue
        versions, rows = answer
        up.add_metric([str(server), versions[server]], 1)
        for row in rows:
            labels = [str(server), row.function.encode("utf-8", "backslashreplace").decode()]
            total.add_metric(labels, row.total)
            running.add_metric(labels, row.running)
            workers.add_metric(labels, row.workers)
    return [up, total, running, workers]
