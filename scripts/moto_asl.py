"""Runs executions of state machines on moto's interpreter of the states language.

One JSON object per line comes in on standard input:

    {"definition": {…}, "input": …, "functions": "http://127.0.0.1:PORT", "objects": {"bucket": {"key": "text"}}}

and one goes out on standard output for each, in order:

    {"status": "SUCCEEDED", "output": …, "error": "", "cause": "", "path": ["A", "B"]}

`functions` answers Lambda's Invoke; `objects` are there in S3 when the execution starts. `path` has every state entered,
those inside Map and Parallel included. A definition that moto refuses ends as {"status": "REFUSED", "cause": …}, an
execution that it never ends as {"status": "STUCK"}. The process ends with its input.

moto's interpreter is used as it is, but for three things:
  - Lambda is called at `functions`, and so are no other services: S3 is moto's own, in this process;
  - the waits between retries take no time: the module that waits sees a clock whose sleep returns at once;
  - states entered are written down as they are, since a distributed Map's children leave no history that can be asked for.
"""

import json
import logging
import os
import sys
import time
import types

import boto3
from botocore.config import Config
from moto import mock_aws
from moto.stepfunctions.parser.asl.component.common.retry import retrier_decl
from moto.stepfunctions.parser.asl.component.state.exec.state_task import lambda_eval_utils
from moto.stepfunctions.parser.asl.eval.event import event_manager

REGION = "us-east-1"
PATIENCE_SECONDS = 20  # far beyond any execution of the tests; none of them waits

functions = {"address": None, "client": None}
buckets = set()
machines = {}  # by definition: reading one takes moto long
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


def put_objects(s3, objects_by_bucket):
    for bucket, objects in objects_by_bucket.items():
        if bucket not in buckets:
            s3.create_bucket(Bucket=bucket)
            buckets.add(bucket)
        for key, text in objects.items():
            s3.put_object(Bucket=bucket, Key=key, Body=text.encode())


def machine_of(sfn, definition):
    if definition not in machines:
        machines[definition] = sfn.create_state_machine(
            name=f"machine-{len(machines)}", definition=definition, roleArn="arn:aws:iam::123456789012:role/machine"
        )["stateMachineArn"]
    return machines[definition]


def run(sfn, s3, number, case):
    functions.update(address=case["functions"], client=None)
    put_objects(s3, case.get("objects") or {})
    path.clear()
    try:
        machine = machine_of(sfn, json.dumps(case["definition"]))
    except sfn.exceptions.ClientError as refusal:
        return {"status": "REFUSED", "cause": str(refusal)[:500]}
    execution = sfn.start_execution(stateMachineArn=machine, name=f"x-{number}", input=json.dumps(case["input"]))["executionArn"]
    give_up = time.monotonic() + PATIENCE_SECONDS
    while True:
        end = sfn.describe_execution(executionArn=execution)
        if end["status"] != "RUNNING":
            break
        if time.monotonic() > give_up:
            return {"status": "STUCK", "path": list(path)}
        time.sleep(0.01)
    return {
        "status": end["status"],
        "output": read_output(end["output"]) if "output" in end else None,
        "error": end.get("error", ""),
        "cause": end.get("cause", ""),
        "path": list(path),
    }


def read_output(text):
    """moto gives an output that is a string without its quotes."""
    try:
        return json.loads(text)
    except ValueError:
        return text


def main():
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "w")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())  # what libraries print must not get between the answers
    logging.disable()  # failing executions are what is asked for
    patch()
    config = {"stepfunctions": {"execute_state_machine": True}, "core": {"passthrough": {"services": ["lambda"]}}}
    with mock_aws(config=config):
        sfn, s3 = boto3.client("stepfunctions", region_name=REGION), boto3.client("s3", region_name=REGION)
        for number, line in enumerate(sys.stdin):
            print(json.dumps(run(sfn, s3, number, json.loads(line))), file=answers, flush=True)


main()
