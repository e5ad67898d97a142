"""The published Python SDK's webhooks against a running local service, with receivers of events behind https.

    python_sdk_webhooks.py LOCAL.JSON PORT CERTIFICATE.PEM KEY.PEM

LOCAL.JSON is the service's own description of itself. The receiver listens on PORT of loopback with the certificate,
which the service trusts. SSL_CERT_FILE names the service's authority.
"""

import hashlib
import hmac
import http.server
import json
import ssl
import sys
import threading
import time
import unittest
from pathlib import Path

from videovector import AuthorizationError, ConflictError, IdempotencyError, NotFoundError, ValidationError, VideoVector

LOCAL = json.loads(Path(sys.argv[1]).read_text())
PORT = int(sys.argv[2])


class Receiver(http.server.BaseHTTPRequestHandler):
    """Remembers what came to each path, and answers by its name: /ok…, /five… after five failures, /never…, /gone…."""

    protocol_version = "HTTP/1.1"
    came = {}
    lock = threading.Lock()

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        with self.lock:
            arrivals = self.came.setdefault(self.path, [])
            arrivals.append((dict(self.headers.items()), body))
            n = len(arrivals)
        if self.path.startswith("/never"):
            threading.Event().wait()
        status = 200
        if self.path.startswith("/five") and n <= 5:
            status = (500, 503, 429, 404, 302)[n - 1]
        if self.path.startswith("/gone"):
            status = 410
        self.send_response(status)
        self.send_header("Content-Length", "4")
        self.end_headers()
        self.wfile.write(b"done")

    def log_message(self, *_):
        pass


def serve():
    server = http.server.ThreadingHTTPServer(("127.0.0.1", PORT), Receiver)
    server.daemon_threads = True
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(sys.argv[3], sys.argv[4])
    server.socket = context.wrap_socket(server.socket, server_side=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()


def client(scope="write"):
    return VideoVector(api_key=LOCAL["api_keys"][scope], base_url=LOCAL["tls_base_url"])


def url(path):
    return f"https://127.0.0.1:{PORT}{path}"


class Suite(unittest.TestCase):
    def setUp(self):
        self.client = client()
        self.addCleanup(self.client.close)

    def refused(self, kind, code, call, *args, **kwargs):
        with self.assertRaises(kind) as caught:
            call(*args, **kwargs)
        self.assertEqual(caught.exception.error_code, code)

    def hook(self, path, **fields):
        made = self.client.webhooks.create(**{"name": path, "url": url(path), "events": ["export.ready", "export.failed"], **fields})
        self.addCleanup(self.remove, made.webhook_id)
        return made

    def remove(self, webhook_id):
        with client("admin") as admin:
            try:
                admin.webhooks.delete(webhook_id)
            except NotFoundError:
                pass

    def export(self, **fields):
        made = self.client.exports.create_index_export("idx_archive", **fields)
        return self.client.exports.wait_for_completion(made.export_id, poll_interval=0.05, timeout=60)

    def arrivals(self, path):
        with Receiver.lock:
            return list(Receiver.came.get(path, []))

    def until(self, what, seconds=60):
        deadline = time.monotonic() + seconds
        while True:
            found = what()
            if found:
                return found
            self.assertLess(time.monotonic(), deadline, "it took too long")
            time.sleep(0.05)

    def delivery(self, webhook_id, *states):
        return self.until(lambda: next((d for d in self.client.webhooks.list_deliveries(webhook_id) if d.status in states), None))

    def verify(self, arrival, secret, webhook_id):
        headers, body = {name.lower(): value for name, value in arrival[0].items()}, arrival[1]
        signature = "sha256=" + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
        self.assertEqual(headers["x-webhook-signature"], signature)
        envelope = json.loads(body)
        self.assertEqual(headers["x-webhook-id"], webhook_id)
        self.assertEqual(headers["x-event-type"], envelope["event"])
        self.assertEqual(headers["idempotency-key"], envelope["id"])
        self.assertEqual(envelope["api_version"], "2024-01")
        return envelope


class Webhooks(Suite):
    def test_the_life_of_one(self):
        c = self.client.webhooks
        self.assertEqual(c.list_events(), ["export.failed", "export.ready"])
        made = c.create(
            name="Life", url=url("/ok-life"), events=["export.ready"], index_ids=["idx_archive"],
            metadata={"team": "review", "nested": {"n": [1, 2.5, None, True]}}, idempotency_key="life",
        )
        self.addCleanup(self.remove, made.webhook_id)
        self.assertTrue(made.secret)
        self.assertEqual((made.status, made.failure_count, made.index_ids), ("active", 0, ["idx_archive"]))
        again = c.create(
            name="Life", url=url("/ok-life"), events=["export.ready"], index_ids=["idx_archive"],
            metadata={"nested": {"n": [1, 2.5, None, True]}, "team": "review"}, idempotency_key="life",
        )
        self.assertEqual((again.webhook_id, again.secret), (made.webhook_id, made.secret))
        self.refused(
            IdempotencyError, "idempotency_request_mismatch", c.create,
            name="Other", url=url("/ok-life"), events=["export.ready"], idempotency_key="life",
        )
        found = c.retrieve(made.webhook_id)
        self.assertEqual(found.metadata, {"team": "review", "nested": {"n": [1, 2.5, None, True]}})
        self.assertNotIn(made.secret, found.model_dump_json())
        self.assertNotIn("secret", found.model_dump())
        self.assertIn(made.webhook_id, [w.webhook_id for w in c.list()])
        changed = c.update(made.webhook_id, name="Renamed", status="paused", index_ids=[], events=["export.failed"])
        self.assertEqual((changed.name, changed.status, changed.index_ids, changed.events), ("Renamed", "paused", None, ["export.failed"]))
        self.assertEqual(c.update(made.webhook_id, status="active").status, "active")
        rotated = c.rotate_secret(made.webhook_id)
        self.assertNotEqual(rotated.new_secret, made.secret)
        tested = c.test(made.webhook_id)
        self.assertEqual((tested.success, tested.status_code, tested.error), (True, 200, None))
        self.assertEqual(self.verify(self.arrivals("/ok-life")[-1], rotated.new_secret, made.webhook_id)["event"], "webhook.test")
        with client("admin") as admin:
            self.assertTrue(admin.webhooks.delete(made.webhook_id).message)
            self.refused(NotFoundError, "webhook_not_found", admin.webhooks.delete, made.webhook_id)

    def test_refusals(self):
        c = self.client.webhooks
        for call in (c.retrieve, c.test, c.rotate_secret, c.list_deliveries):
            self.refused(NotFoundError, "webhook_not_found", call, "wh_unknown")
        self.refused(NotFoundError, "delivery_not_found", c.get_delivery, "dlv_unknown")
        self.refused(NotFoundError, "delivery_not_found", c.retry_delivery, "dlv_unknown")
        good = {"name": "n", "url": "https://example.com", "events": ["export.ready"]}
        for wrong in ({"url": "http://example.com"}, {"events": ["media.created"]}, {"events": []}, {"name": "x" * 101}, {"index_ids": ["a b"]}):
            self.refused(ValidationError, "validation_failed", c.create, **{**good, **wrong})
        made = self.hook("/ok-refusals")
        self.refused(ValidationError, "validation_failed", c.update, made.webhook_id, status="disabled")
        self.refused(ValidationError, "validation_failed", c.list_deliveries, made.webhook_id, limit=101)
        self.refused(AuthorizationError, "authorization_insufficient_scope", c.delete, made.webhook_id)
        with client("read") as reader, client("other_account") as stranger:
            self.refused(AuthorizationError, "authorization_insufficient_scope", reader.webhooks.create, **good)
            self.refused(NotFoundError, "webhook_not_found", stranger.webhooks.retrieve, made.webhook_id)
            self.assertEqual(stranger.webhooks.list(), [])


class Events(Suite):
    def test_a_receiver_that_verifies(self):
        made = self.hook("/ok-verifies", metadata={"team": "review"}, index_ids=["idx_archive"])
        elsewhere = self.hook("/ok-elsewhere", index_ids=["idx_other"])
        paused = self.hook("/ok-paused")
        self.client.webhooks.update(paused.webhook_id, status="paused")
        export = self.export(destination_connector_id="conn_export")
        delivery = self.delivery(made.webhook_id, "delivered")
        self.assertEqual((delivery.event_type, delivery.attempts, delivery.response_status_code, delivery.response_body), ("export.ready", 1, 200, "done"))
        arrivals = self.arrivals("/ok-verifies")
        self.assertEqual(len(arrivals), 1)
        envelope = self.verify(arrivals[0], made.secret, made.webhook_id)
        self.assertEqual((envelope["event"], envelope["metadata"]), ("export.ready", {"team": "review"}))
        shown = self.client.exports.retrieve(export.export_id).model_dump()
        for field in ("export_id", "status", "target_id", "destination_uri", "gcs_uri", "completed_at", "file_size_bytes"):
            self.assertEqual(envelope["data"][field], shown[field])
        self.assertIsNone(envelope["data"]["presigned_url"])
        self.assertEqual(self.client.webhooks.get_delivery(delivery.delivery_id).payload, envelope)
        self.assertIsNotNone(self.client.webhooks.retrieve(made.webhook_id).last_success_at)
        self.refused(ConflictError, "delivery_not_retryable", self.client.webhooks.retry_delivery, delivery.delivery_id)
        time.sleep(1)
        for other in (elsewhere, paused):
            self.assertEqual(self.client.webhooks.list_deliveries(other.webhook_id), [])
        self.assertEqual(len(self.arrivals("/ok-verifies")), 1)

    def test_a_receiver_that_fails_five_times(self):
        made = self.hook("/five")
        self.export()
        delivery = self.delivery(made.webhook_id, "delivered")
        self.assertEqual((delivery.attempts, delivery.error_message), (6, None))
        arrivals = self.arrivals("/five")
        self.assertEqual(len(arrivals), 6)
        for arrival in arrivals:
            self.verify(arrival, made.secret, made.webhook_id)
            self.assertEqual(arrival[1], arrivals[0][1])
            self.assertEqual({k.lower(): v for k, v in arrival[0].items()}["x-delivery-id"], delivery.delivery_id)
        self.assertEqual(self.client.webhooks.retrieve(made.webhook_id).failure_count, 0)

    def test_a_receiver_that_never_answers(self):
        made = self.hook("/never")
        export = self.export()
        self.assertEqual(export.status, "completed")
        waiting = self.until(lambda: next((d for d in self.client.webhooks.list_deliveries(made.webhook_id) if d.error_message), None))
        self.assertIn(waiting.status, ("retrying", "processing"))
        self.assertEqual((waiting.error_message, waiting.response_status_code), ("No answer came within 10s.", None))

    def test_a_private_address(self):
        for address in ("https://127.0.0.1:1/", "https://10.0.0.1/", "https://169.254.169.254/latest/meta-data/", "https://localhost/", "https://[fd00:ec2::254]/"):
            made = self.hook("/private", url=address)
            tested = self.client.webhooks.test(made.webhook_id)
            self.assertEqual((tested.success, tested.status_code), (False, None))
            self.assertIn("isn't on the public internet", tested.error)
        self.export()
        delivery = self.until(lambda: next((d for d in self.client.webhooks.list_deliveries(made.webhook_id) if d.error_message), None))
        self.assertIn("isn't on the public internet", delivery.error_message)

    def test_a_receiver_that_is_gone(self):
        made = self.hook("/gone")
        self.export()
        failed = self.delivery(made.webhook_id, "failed")
        self.assertEqual(failed.response_status_code, 410)
        self.until(lambda: self.client.webhooks.retrieve(made.webhook_id).status == "disabled")
        self.refused(ConflictError, "webhook_disabled", self.client.webhooks.retry_delivery, failed.delivery_id)
        self.client.webhooks.update(made.webhook_id, url=url("/ok-moved"), status="active")
        self.assertEqual(self.client.webhooks.retry_delivery(failed.delivery_id).status, "pending")
        self.assertEqual(self.delivery(made.webhook_id, "delivered").delivery_id, failed.delivery_id)
        self.verify(self.arrivals("/ok-moved")[-1], made.secret, made.webhook_id)
        self.assertEqual([d.delivery_id for d in self.client.webhooks.list_deliveries(made.webhook_id, status="delivered", limit=1)], [failed.delivery_id])


if __name__ == "__main__":
    serve()
    unittest.main(argv=sys.argv[:1], verbosity=2)
