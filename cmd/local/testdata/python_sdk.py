"""The published Python SDK against a running local service, as its users call it.

    python_sdk.py LOCAL.JSON CREDENTIALS.JSON

LOCAL.JSON is the service's own description of itself; CREDENTIALS.JSON is a service account file whose key opens
nothing. SSL_CERT_FILE names the service's authority. Every reply goes through the SDK's own validation.
"""

import asyncio
import hashlib
import io
import json
import sys
import tempfile
import unittest
import urllib.request
from pathlib import Path

from videovector import (
    AsyncVideoVector,
    AuthenticationError,
    AuthorizationError,
    ConflictError,
    IdempotencyError,
    NotFoundError,
    ProcessingError,
    ValidationError,
    VideoVector,
)

LOCAL = json.loads(Path(sys.argv[1]).read_text())
CREDENTIALS = sys.argv[2]
BUCKET = "review-team-bucket"
WRONG_KEY = "sk_live_" + "0" * 48


def client(scope="write", key=None, **options):
    return VideoVector(api_key=key or LOCAL["api_keys"][scope], base_url=LOCAL["tls_base_url"], **options)


def sha256(data):
    return hashlib.sha256(data).hexdigest()


class Suite(unittest.TestCase):
    def setUp(self):
        self.client = client()
        self.addCleanup(self.client.close)

    def refused(self, kind, code, call, *args, **kwargs):
        with self.assertRaises(kind) as caught:
            call(*args, **kwargs)
        self.assertEqual(caught.exception.error_code, code)
        self.assertTrue(caught.exception.request_id)
        return caught.exception

    def finished(self, export_id):
        return self.client.exports.wait_for_completion(export_id, poll_interval=0.05, timeout=60)


class Credentials(Suite):
    def test_every_scope_is_valid(self):
        for scope in ("admin", "write", "read", "search", "other_account"):
            with client(scope) as c:
                self.assertEqual(c.authenticate(), {"accepted": True, "wake_status": "accepted", "reason": "recorded"})

    def test_bearer(self):
        with VideoVector(bearer_token=LOCAL["api_keys"]["read"], base_url=LOCAL["tls_base_url"]) as c:
            self.assertIsInstance(c.exports.list(), list)

    def test_a_wrong_key(self):
        with client(key=WRONG_KEY) as c:
            self.refused(AuthenticationError, "authentication_invalid_api_key", c.authenticate)
            self.refused(AuthenticationError, "authentication_invalid_api_key", c.exports.list)
            self.refused(AuthenticationError, "authentication_invalid_api_key", c.connectors.list)


class Exports(Suite):
    def test_documented_example(self):
        request = dict(
            index_id="idx_archive",
            prompt_run_ids=["run_123", "run_124"],
            destination_connector_id="conn_export",
            destination_subpath="exports/review-team",
            idempotency_key="export-archive-review",
        )
        made = self.client.exports.create_index_export(**request)
        self.assertEqual(made.status, "pending")
        self.assertEqual(self.client.exports.create_index_export(**request).export_id, made.export_id)
        export = self.finished(made.export_id)
        self.assertEqual((export.destination_type, export.destination_connector_id), ("connector", "conn_export"))
        self.assertEqual(export.destination_uri, f"s3://{BUCKET}/videovector/exports/review-team/{made.export_id}.json")
        self.assertEqual(export.gcs_uri, export.destination_uri)
        self.assertIsNone(export.download_url)
        self.assertIsNone(self.client.exports.download_url(made.export_id))
        self.refused(ConflictError, "export_not_downloadable", self.client.exports.download, made.export_id, io.BytesIO())
        self.refused(
            IdempotencyError, "idempotency_request_mismatch",
            self.client.exports.create_index_export, **{**request, "destination_subpath": "elsewhere"},
        )

    def test_every_way_to_download(self):
        made = self.client.exports.create_index_export("idx_archive")
        export = self.finished(made.export_id)
        self.assertEqual(export.download_url, f"/api/v2/exports/{made.export_id}/download")
        memory = io.BytesIO()
        written = self.client.exports.download(made.export_id, memory)
        self.assertEqual(written, export.file_size_bytes)
        document = json.loads(memory.getvalue())
        self.assertEqual(document["counts"]["results"], len(document["results"]))
        with tempfile.TemporaryDirectory() as folder:
            target = Path(folder) / "metadata.json"
            self.client.exports.download(made.export_id, target)
            self.assertEqual(sha256(target.read_bytes()), sha256(memory.getvalue()))
        chunks = list(self.client.exports.iter_download(made.export_id, chunk_size=1000))
        self.assertEqual(sha256(b"".join(chunks)), sha256(memory.getvalue()))
        first, second = (self.client.exports.download_url(made.export_id) for _ in range(2))
        self.assertNotEqual(first, second)
        for minted in (first, second):
            with urllib.request.urlopen(minted) as reply:
                self.assertEqual(sha256(reply.read()), sha256(memory.getvalue()))

    def test_a_prompt_run(self):
        made = self.client.exports.create_prompt_run_export("run_123", destination_connector_id="conn_export")
        export = self.finished(made.export_id)
        self.assertEqual((export.export_type, export.target_id), ("prompt_run", "run_123"))
        self.assertTrue(export.destination_uri.endswith(f"/videovector/{made.export_id}.json"))

    def test_every_stage_is_valid(self):
        made = self.client.exports.create_index_export("idx_archive")
        seen = []
        while not seen or seen[-1] not in ("completed", "failed"):
            export = self.client.exports.retrieve(made.export_id)
            if export.status not in seen[-1:]:
                seen.append(export.status)
            if self.client.exports.download_url(made.export_id):
                self.assertEqual(self.client.exports.retrieve(made.export_id).status, "completed")
        self.assertEqual(seen[-1], "completed")
        self.assertEqual(seen, [s for s in ("pending", "processing", "completed") if s in seen])

    def test_listing(self):
        made = [self.client.exports.create_prompt_run_export("run_124").export_id for _ in range(3)]
        listed = [e.export_id for e in self.client.exports.list(limit=200)]
        self.assertEqual([i for i in listed if i in made], made[::-1])
        self.assertEqual(len(self.client.exports.list(limit=2)), 2)
        for limit in (0, 201, -1):
            self.refused(ValidationError, "validation_failed", self.client.exports.list, limit=limit)

    def test_a_key_is_made_where_none_is_given(self):
        first, second = (self.client.exports.create_prompt_run_export("run_123").export_id for _ in range(2))
        self.assertNotEqual(first, second)

    def test_refusals(self):
        e = self.client.exports
        self.refused(NotFoundError, "index_not_found", e.create_index_export, "idx_unknown")
        self.refused(NotFoundError, "prompt_run_not_found", e.create_prompt_run_export, "run_unknown")
        self.refused(NotFoundError, "connector_not_found", e.create_prompt_run_export, "run_123", destination_connector_id="conn_unknown")
        self.refused(NotFoundError, "export_not_found", e.retrieve, "exp_unknown")
        self.refused(NotFoundError, "export_not_found", e.download_url, "exp_unknown")
        self.refused(NotFoundError, "export_not_found", e.download, "exp_unknown", io.BytesIO())
        self.refused(ValidationError, "validation_failed", e.create_index_export, "idx_archive", prompt_run_ids=["run_unknown"])
        self.refused(ValidationError, "validation_failed", e.create_prompt_run_export, "run_123", destination_subpath="a")
        self.refused(
            ValidationError, "validation_failed",
            e.create_prompt_run_export, "run_123", destination_connector_id="conn_export", destination_subpath="../a",
        )
        self.refused(IdempotencyError, "idempotency_key_invalid", e.create_prompt_run_export, "run_123", idempotency_key="k" * 256)

    def test_scopes_and_accounts(self):
        with client("read") as reader, client("search") as searcher, client("other_account") as stranger:
            self.refused(AuthorizationError, "authorization_insufficient_scope", reader.exports.create_index_export, "idx_unknown")
            self.refused(AuthorizationError, "authorization_insufficient_scope", searcher.exports.list)
            made = self.client.exports.create_prompt_run_export("run_123")
            self.assertEqual(reader.exports.retrieve(made.export_id).export_id, made.export_id)
            self.refused(NotFoundError, "export_not_found", stranger.exports.retrieve, made.export_id)
            self.refused(NotFoundError, "index_not_found", stranger.exports.create_index_export, "idx_archive")
            self.assertEqual(stranger.exports.list(), [])

    def test_a_failed_export(self):
        connector = create_s3(self.client, bucket="no-such-bucket-here")
        made = self.client.exports.create_prompt_run_export("run_123", destination_connector_id=connector.connector_id)
        with self.assertRaises(ProcessingError):
            self.finished(made.export_id)
        export = self.client.exports.retrieve(made.export_id)
        self.assertEqual((export.status, export.queue_status), ("failed", "failed"))
        self.assertIn("bucket", export.error_message)
        self.assertIsNone(self.client.exports.download_url(made.export_id))


def create_s3(c, **fields):
    return c.connectors.create_s3(**{
        "name": "Published client", "bucket": BUCKET, "region": LOCAL["s3_region"], "scopes": ["import", "export"],
        "aws_access_key_id": LOCAL["s3_access_key_id"], "aws_secret_access_key": LOCAL["s3_secret_access_key"], **fields,
    })


class Connectors(Suite):
    def test_s3_from_create_to_delete(self):
        made = create_s3(self.client, export_base_path="published/", import_mode="new_only", idempotency_key="connector-s3")
        self.assertEqual((made.provider, made.bucket, made.region, made.import_mode), ("s3", BUCKET, LOCAL["s3_region"], "new_only"))
        self.assertEqual(sorted(made.scopes), ["export", "import"])
        again = create_s3(self.client, export_base_path="published/", import_mode="new_only", idempotency_key="connector-s3")
        self.assertEqual(again.connector_id, made.connector_id)
        self.refused(
            IdempotencyError, "idempotency_request_mismatch",
            create_s3, self.client, name="Another", idempotency_key="connector-s3",
        )
        self.assertEqual(self.client.connectors.retrieve(made.connector_id).name, made.name)
        self.assertIn(made.connector_id, [c.connector_id for c in self.client.connectors.list()])
        tested = self.client.connectors.test(made.connector_id)
        self.assertTrue(tested.success, tested.error_message)
        after = self.client.connectors.retrieve(made.connector_id)
        self.assertEqual(after.status, "active")
        self.assertTrue(after.last_tested_at)
        export = self.finished(self.client.exports.create_prompt_run_export(
            "run_124", destination_connector_id=made.connector_id, destination_subpath="deep/er").export_id)
        self.assertEqual(export.destination_uri, f"s3://{BUCKET}/published/deep/er/{export.export_id}.json")
        self.browse(made.connector_id, export.export_id)
        self.refused(AuthorizationError, "authorization_insufficient_scope", self.client.connectors.delete, made.connector_id)
        with client("admin") as admin:
            self.assertTrue(admin.connectors.delete(made.connector_id).message)
            self.refused(NotFoundError, "connector_not_found", admin.connectors.delete, made.connector_id)
        self.refused(NotFoundError, "connector_not_found", self.client.connectors.retrieve, made.connector_id)

    def browse(self, connector_id, export_id):
        browse = self.client.connectors.browse
        found = browse(connector_id, prefix="published/", pattern="*.{json,csv}")
        self.assertEqual({f.name for f in found}, {f"{export_id}.json", f"{export_id}.manifest.json"})
        for f in found:
            self.assertEqual((f.path, f.size_bytes > 0), (f"published/deep/er/{f.name}", True))
            self.assertEqual(f.extension.lstrip("."), "json")
        self.assertEqual(browse(connector_id, prefix="published/", recursive=False), [])
        self.assertEqual(len(browse(connector_id, prefix="published/deep/er/", recursive=False)), 2)
        self.assertEqual(browse(connector_id, prefix="published/", pattern="*.mp4"), [])

    def test_gcs(self):
        made = self.client.connectors.create_gcs(
            name="GCS", bucket="videovector-examples", gcp_project_id="project-1", credentials_file=CREDENTIALS,
            scopes=["import", "export"], idempotency_key="connector-gcs",
        )
        self.assertEqual((made.provider, made.bucket, made.gcp_project_id), ("gcs", "videovector-examples", "project-1"))
        with open(CREDENTIALS, "rb") as source:
            again = self.client.connectors.create_gcs(
                name="GCS", bucket="videovector-examples", gcp_project_id="project-1", credentials_file=source,
                scopes=["import", "export"], idempotency_key="connector-gcs",
            )
        self.assertEqual(again.connector_id, made.connector_id)
        for broken in (b"{}", b"not json", b'{"type":"authorized_user"}'):
            self.refused(
                ValidationError, "validation_failed", self.client.connectors.create_gcs,
                name="GCS", bucket="videovector-examples", gcp_project_id="project-1", credentials_file=io.BytesIO(broken),
            )

    def test_azure(self):
        fields = dict(
            name="Azure", storage_account="archivefootage", container="exports",
            tenant_id="0f8fad5b-d9cb-469f-a165-70867728950e", client_id="7c9e6679-7425-40de-944b-e07fc1f90ae7", client_secret="nothing",
        )
        made = self.client.connectors.create_azure(**fields)
        self.assertEqual((made.provider, made.storage_account, made.container, made.scopes), ("azure", "archivefootage", "exports", ["import"]))
        self.refused(
            ValidationError, "validation_failed",
            self.client.connectors.create_azure, **{**fields, "storage_account": "evil.example.com/"},
        )

    def test_a_test_that_fails_says_what_to_mend(self):
        for fields, words in (({"bucket": "no-such-bucket-here"}, "bucket"), ({"aws_secret_access_key": "wrong"}, "secret access key")):
            made = create_s3(self.client, **fields)
            tested = self.client.connectors.test(made.connector_id)
            self.assertFalse(tested.success)
            self.assertIn(words, tested.error_message)
            self.assertEqual(self.client.connectors.retrieve(made.connector_id).status, "failed")

    def test_no_secret_comes_back(self):
        made = create_s3(self.client)
        text = made.model_dump_json() + "".join(c.model_dump_json() for c in self.client.connectors.list())
        self.assertNotIn(LOCAL["s3_secret_access_key"], text)

    def test_refusals(self):
        c = self.client.connectors
        for call in (c.retrieve, c.test, c.browse):
            self.refused(NotFoundError, "connector_not_found", call, "conn_unknown")
        self.refused(ValidationError, "validation_failed", create_s3, self.client, name="")
        self.refused(ValidationError, "validation_failed", create_s3, self.client, name="x" * 101)
        self.refused(ValidationError, "validation_failed", create_s3, self.client, region="moon-1")
        self.refused(ValidationError, "validation_failed", create_s3, self.client, scopes=["everything"])
        with client("read") as reader, client("other_account") as stranger:
            self.refused(AuthorizationError, "authorization_insufficient_scope", create_s3, reader)
            self.refused(AuthorizationError, "authorization_insufficient_scope", reader.connectors.test, "conn_export")
            self.refused(NotFoundError, "connector_not_found", stranger.connectors.retrieve, "conn_export")
            self.assertEqual(stranger.connectors.list(), [])

    def test_an_import_connector_takes_no_export(self):
        made = create_s3(self.client, scopes=None)
        self.assertEqual(made.scopes, ["import"])
        self.refused(
            ValidationError, "connector_scope_missing",
            self.client.exports.create_prompt_run_export, "run_123", destination_connector_id=made.connector_id,
        )


class Automations(Suite):
    """The SDK has no resource of automations: its transport makes the calls, with its credentials, retries and errors."""

    PATH = "/indexes/idx_archive/automations/export"

    def test_its_life(self):
        # In this order: the index has one automation, and the first test of it finds none.
        http = self.client._http
        self.refused(NotFoundError, "automation_not_found", http.get, self.PATH)
        self.refused(NotFoundError, "automation_not_found", http.post, self.PATH + "/pause")
        wanted = {"enabled": True, "paused": False, "destination_connector_id": "conn_export", "destination_subpath": "nightly"}
        saved = http.put(self.PATH, json=wanted)
        self.assertEqual({name: saved[name] for name in wanted}, wanted)
        self.assertEqual(saved["debounce_interval"], "5m")
        self.assertEqual(http.get(self.PATH), saved)
        paused = http.post(self.PATH + "/pause", headers={"Idempotency-Key": "pause:1"})
        self.assertEqual({**saved, "paused": True, "updated_at": paused["updated_at"]}, paused)
        resumed = http.post(self.PATH + "/resume", headers={"Idempotency-Key": "pause:1"})
        self.assertEqual({**saved, "updated_at": resumed["updated_at"]}, resumed)
        http.put(self.PATH, json={**wanted, "enabled": False, "destination_subpath": None})
        self.assertIsNone(http.get(self.PATH)["destination_subpath"])
        with client("read") as reader, client("other_account") as stranger:
            self.assertFalse(reader._http.get(self.PATH)["enabled"])
            self.refused(AuthorizationError, "authorization_insufficient_scope", reader._http.post, self.PATH + "/resume")
            self.refused(NotFoundError, "automation_not_found", stranger._http.get, self.PATH)

    def test_refusals(self):
        http, path = self.client._http, "/indexes/idx_archive/automations/export"
        wanted = {"destination_connector_id": "conn_export"}
        self.refused(NotFoundError, "index_not_found", http.put, "/indexes/idx_unknown/automations/export", json=wanted)
        self.refused(NotFoundError, "connector_not_found", http.put, path, json={"destination_connector_id": "conn_unknown"})
        for wrong in ({}, {**wanted, "debounce_interval": "7m"}, {**wanted, "destination_subpath": "../up"}, {**wanted, "format": "csv"}):
            self.refused(ValidationError, "validation_failed", http.put, path, json=wrong)


class Asynchronously(unittest.TestCase):
    def test_an_export_and_a_connector(self):
        asyncio.run(self.both())

    async def both(self):
        async with AsyncVideoVector(api_key=LOCAL["api_keys"]["write"], base_url=LOCAL["tls_base_url"]) as c:
            made, other = await asyncio.gather(*(
                c.exports.create_index_export("idx_archive", idempotency_key="async-twin") for _ in range(2)))
            self.assertEqual(made.export_id, other.export_id)
            export = await c.exports.wait_for_completion(made.export_id, poll_interval=0.05, timeout=60)
            memory = io.BytesIO()
            self.assertEqual(await c.exports.download(made.export_id, memory), export.file_size_bytes)
            self.assertTrue((await c.exports.download_url(made.export_id)).startswith(LOCAL["tls_base_url"]))
            self.assertIn(made.export_id, [e.export_id for e in await c.exports.list()])
            connector = await c.connectors.create_s3(
                name="Asynchronous", bucket=BUCKET, region=LOCAL["s3_region"], scopes=["export"],
                aws_access_key_id=LOCAL["s3_access_key_id"], aws_secret_access_key=LOCAL["s3_secret_access_key"],
            )
            self.assertTrue((await c.connectors.test(connector.connector_id)).success)


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1], verbosity=2)
