"""Runs executions of state machines on moto's interpreter of the states language.

One JSON object per line comes in on standard input:

    {"definition": {…}, "input": …, "functions": "http://127.0.0.1:PORT", "objects": {"bucket": {"key": "text"}}}

and one goes out on standard output for each, in order:

    {"status": "SUCCEEDED", "output": …, "error": "", "cause": "", "path": ["A", "B"]}

`functions` answers Lambda's Invoke; `objects` are there in S3 when the execution starts. `path` has every state entered,
those inside Map and Parallel included. A definition that moto refuses ends as {"status": "REFUSED", "cause": …}, an
execution that it never ends as {"status": "STUCK"}. The process ends with its input.

moto's interpreter is used as it is, but for four things:
  - Lambda is called at `functions`, and so are no other services: S3 is moto's own, in this process;
  - the waits between retries take no time: the module that waits sees a clock whose sleep returns at once;
  - states entered are written down as they are, since a distributed Map's children leave no history that can be asked for;
  - it tells when an execution has ended: its status changes before its output is there.
"""

import collections
import json
import logging
import os
import sys
import threading
import types

import boto3
from botocore.config import Config
from moto import mock_aws
from moto.stepfunctions.parser.api import InvalidDefinition
from moto.stepfunctions.parser.asl.component.common.retry import retrier_decl
from moto.stepfunctions.parser.asl.component.state.exec.state_task import lambda_eval_utils
from moto.stepfunctions.parser.asl.eval.event import event_manager
from moto.stepfunctions.parser.backend import execution as executions
from moto.stepfunctions.parser.models import stepfunctions_parser_backends

ACCOUNT, REGION = "123456789012", "us-east-1"
PATIENCE_SECONDS = 60  # far beyond any execution of the tests; none of them waits

functions = {"address": None, "client": None}
buckets = set()
machines = {}  # by definition: reading one takes moto long
ended = collections.defaultdict(threading.Event)  # by name of an execution
path = []


def lambda_client():
    """Making a client takes long, and most executions call no function."""
    if functions["client"] is None:
        functions["client"] = boto3.client(
            "lambda",
            region_name=REGION,
            endpoint_url=functions["address"],
            config=Config(parameter_validation=False, retries={"total_max_attempts": 1}),
        )
    return functions["client"]


def patch():
    lambda_eval_utils.boto_client_for = lambda **_: lambda_client()
    retrier_decl.time = types.SimpleNamespace(sleep=lambda seconds: None)
    add_event = event_manager.EventManager.add_event

    def add_and_note(self, *args, **kwargs):
        entered = (kwargs.get("event_details") or {}).get("stateEnteredEventDetails")
        if entered:
            path.append(entered["name"])
        return add_event(self, *args, **kwargs)

    event_manager.EventManager.add_event = add_and_note
    terminated = executions.BaseExecutionWorkerCommunication.terminated

    def terminated_and_told(self):
        terminated(self)
        ended[self.execution.name].set()

    executions.BaseExecutionWorkerCommunication.terminated = terminated_and_told


def put_objects(s3, objects_by_bucket):
    for bucket, objects in objects_by_bucket.items():
        if bucket not in buckets:
            s3.create_bucket(Bucket=bucket)
            buckets.add(bucket)
        for key, text in objects.items():
            s3.put_object(Bucket=bucket, Key=key, Body=text.encode())


def machine_of(states, definition):
    if definition not in machines:
        machines[definition] = states.create_state_machine(
            name=f"machine-{len(machines)}", definition=definition, roleArn=f"arn:aws:iam::{ACCOUNT}:role/machine"
        ).arn
    return machines[definition]


def run(states, s3, number, case):
    functions.update(address=case["functions"], client=None)
    put_objects(s3, case.get("objects") or {})
    path.clear()
    try:
        machine = machine_of(states, json.dumps(case["definition"]))
    except InvalidDefinition as refusal:
        return {"status": "REFUSED", "cause": str(refusal)[:500]}
    name = f"x-{number}"
    execution = states.start_execution(machine, name, json.dumps(case["input"]))
    if not ended[name].wait(PATIENCE_SECONDS):
        return {"status": "STUCK", "path": list(path)}
    return {
        "status": execution.status,
        "output": execution.output,
        "error": execution.error or "",
        "cause": execution.cause or "",
        "path": list(path),
    }


def main():
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "w")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())  # what libraries print must not get between the answers
    logging.disable()  # failing executions are what is asked for
    patch()
    config = {"stepfunctions": {"execute_state_machine": True}, "core": {"passthrough": {"services": ["lambda"]}}}
    with mock_aws(config=config):
        states, s3 = stepfunctions_parser_backends[ACCOUNT][REGION], boto3.client("s3", region_name=REGION)
        for number, line in enumerate(sys.stdin):
            print(json.dumps(run(states, s3, number, json.loads(line))), file=answers, flush=True)


main()
