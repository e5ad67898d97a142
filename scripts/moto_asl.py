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

functions = {"client": None}
path = []


def route_functions(address):
    functions["client"] = boto3.client(
        "lambda",
        region_name=REGION,
        endpoint_url=address,
        config=Config(parameter_validation=False, retries={"total_max_attempts": 1}),
    )


def patch():
    lambda_eval_utils.boto_client_for = lambda **_: functions["client"]
    retrier_decl.time = types.SimpleNamespace(sleep=lambda seconds: None)
    add_event = event_manager.EventManager.add_event

    def add_and_note(self, *args, **kwargs):
        entered = (kwargs.get("event_details") or {}).get("stateEnteredEventDetails")
        if entered:
            path.append(entered["name"])
        return add_event(self, *args, **kwargs)

    event_manager.EventManager.add_event = add_and_note


def put_objects(buckets):
    s3 = boto3.client("s3", region_name=REGION)
    for bucket, objects in buckets.items():
        s3.create_bucket(Bucket=bucket)  # moto takes the same owner's bucket again
        for key, text in objects.items():
            s3.put_object(Bucket=bucket, Key=key, Body=text.encode())


def run(sfn, number, case):
    route_functions(case["functions"])
    put_objects(case.get("objects") or {})
    path.clear()
    try:
        machine = sfn.create_state_machine(
            name=f"machine-{number}",
            definition=json.dumps(case["definition"]),
            roleArn="arn:aws:iam::123456789012:role/machine",
        )["stateMachineArn"]
    except sfn.exceptions.ClientError as refusal:
        return {"status": "REFUSED", "cause": str(refusal)[:500]}
    execution = sfn.start_execution(stateMachineArn=machine, name="x", input=json.dumps(case["input"]))["executionArn"]
    give_up = time.monotonic() + PATIENCE_SECONDS
    while True:
        end = sfn.describe_execution(executionArn=execution)
        if end["status"] != "RUNNING":
            break
        if time.monotonic() > give_up:
            return {"status": "STUCK", "path": list(path)}
        time.sleep(0.002)
    return {
        "status": end["status"],
        "output": json.loads(end["output"]) if "output" in end else None,
        "error": end.get("error", ""),
        "cause": end.get("cause", ""),
        "path": list(path),
    }


def main():
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "w")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())  # what libraries print must not get between the answers
    logging.disable()  # failing executions are what is asked for
    patch()
    config = {"stepfunctions": {"execute_state_machine": True}, "core": {"passthrough": {"services": ["lambda"]}}}
    with mock_aws(config=config):
        sfn = boto3.client("stepfunctions", region_name=REGION)
        for number, line in enumerate(sys.stdin):
            print(json.dumps(run(sfn, number, json.loads(line))), file=answers, flush=True)


main()
