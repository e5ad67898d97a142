"""Serves moto on loopback: its Step Functions, which runs executions, and its CloudFormation with what that makes.

    moto_server.py PORT [FUNCTIONS]

FUNCTIONS is the address that answers Lambda's Invoke for executions, such as that of `sam local start-lambda`. The
server's own address is printed once requests are answered. With UNTIL_EOF=1 it ends when its standard input does.

moto is used as it is, but for one thing: executions call functions at FUNCTIONS, not moto's own.
"""

import os
import signal
import sys

import boto3
from botocore.config import Config
from moto.core.config import default_user_config
from moto.server import ThreadedMotoServer
from moto.stepfunctions.parser.asl.component.state.exec.state_task import lambda_eval_utils

PATIENCE_SECONDS = 120  # for one call, a container's start included


def main(port, functions=None):
    default_user_config["stepfunctions"] = {"execute_state_machine": True}
    if functions:
        client = boto3.client(
            "lambda",
            region_name="us-east-1",
            endpoint_url=functions,
            aws_access_key_id="local",
            aws_secret_access_key="local",
            config=Config(parameter_validation=False, retries={"total_max_attempts": 1}, read_timeout=PATIENCE_SECONDS),
        )
        lambda_eval_utils.boto_client_for = lambda **_: client
    server = ThreadedMotoServer("127.0.0.1", int(port), verbose=False)
    server.start()
    print("http://127.0.0.1:%d" % server.get_host_and_port()[1], flush=True)
    if os.environ.get("UNTIL_EOF") == "1":
        sys.stdin.read()
    else:
        signal.pause()
    os._exit(0)  # executions that still run end with it


main(*sys.argv[1:])
