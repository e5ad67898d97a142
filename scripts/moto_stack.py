"""Creates a stack on moto's CloudFormation and tells what became of it.

A template comes in on standard input, as SAM's transform leaves it; {"status", "outputs", "made", "left_out", "tables",
"buckets", "roles", "machines", "functions"} goes out on standard output. `made` are logical ids with the names of what was
made, `left_out` those of types that moto doesn't know. Nothing of it remains.

moto takes the template as it is, but for two things. Of an HTTP API it wants a name, and can't read methods out of a body,
so what is deployed of them is left out, and so is a stack within, whose template is in no bucket yet. Of a state machine it knows no substitutions; they are made here.
"""

import ast
import json
import logging
import re
import sys
import warnings

import boto3
from moto import mock_aws

REGION, STACK = "us-east-1", "videovector-exports"
LEFT_OUT = ("AWS::ApiGateway::Deployment", "AWS::ApiGateway::Stage", "AWS::CloudFormation::Stack")


def client(service):
    return boto3.client(service, region_name=REGION)


def document(policy):
    """moto keeps those that CloudFormation made as Python would print them."""
    return ast.literal_eval(policy) if isinstance(policy, str) else policy


def described(made):
    """What moto made, as the services themselves tell."""
    of = lambda kind: {name: r["id"] for name, r in made.items() if r["type"] == kind}
    s3, iam, states, functions = client("s3"), client("iam"), client("stepfunctions"), client("lambda")
    dynamodb = client("dynamodb")
    return {
        "tables": {
            name: dynamodb.describe_table(TableName=table)["Table"]
            for name, table in of("AWS::DynamoDB::Table").items()
        },
        "buckets": {
            name: s3.get_bucket_encryption(Bucket=bucket)["ServerSideEncryptionConfiguration"]["Rules"]
            for name, bucket in of("AWS::S3::Bucket").items()
        },
        "roles": {
            name: {
                "arn": iam.get_role(RoleName=role)["Role"]["Arn"],
                "policies": {
                    policy: document(iam.get_role_policy(RoleName=role, PolicyName=policy)["PolicyDocument"])
                    for policy in iam.list_role_policies(RoleName=role)["PolicyNames"]
                },
            }
            for name, role in of("AWS::IAM::Role").items()
        },
        "machines": {
            name: {key: machine[key] for key in ("name", "definition", "roleArn", "type")}
            for name, arn in of("AWS::StepFunctions::StateMachine").items()
            for machine in [states.describe_state_machine(stateMachineArn=arn)]
        },
        "functions": {
            name: functions.get_function_configuration(FunctionName=function)
            for name, function in of("AWS::Lambda::Function").items()
        },
    }


def main():
    template = json.load(sys.stdin)
    every = template["Resources"]
    template["Resources"] = {name: r for name, r in every.items() if r["Type"] not in LEFT_OUT}
    for resource in template["Resources"].values():
        if resource["Type"] == "AWS::ApiGateway::RestApi":
            resource["Properties"].setdefault("Name", "api")
        elif resource["Type"] == "AWS::StepFunctions::StateMachine":
            separator, lines = resource["Properties"]["DefinitionString"]["Fn::Join"]
            substitutions = resource["Properties"].pop("DefinitionSubstitutions")
            pieces = re.split(r"\$\{(\w+)\}", separator.join(lines))  # text and names in turn
            pieces[1::2] = [substitutions[name] for name in pieces[1::2]]
            resource["Properties"]["DefinitionString"] = {"Fn::Join": ["", pieces]}
    logging.disable()  # types that it doesn't know are in left_out
    warnings.simplefilter("ignore")
    with mock_aws():
        s3, stacks = client("s3"), client("cloudformation")
        s3.create_bucket(Bucket="packaged")
        for name in every:
            s3.put_object(Bucket="packaged", Key=name, Body=b"code")
        s3.put_object(Bucket="packaged", Key="template.json", Body=json.dumps(template).encode())
        stacks.create_stack(
            StackName=STACK, TemplateURL="https://s3.amazonaws.com/packaged/template.json", Capabilities=["CAPABILITY_IAM"]
        )
        stack = stacks.describe_stacks(StackName=STACK)["Stacks"][0]
        made = {
            r["LogicalResourceId"]: {"type": r["ResourceType"], "id": r.get("PhysicalResourceId", "")}
            for r in stacks.describe_stack_resources(StackName=STACK)["StackResources"]
            if "LogicalResourceId" in r
        }
        json.dump(
            {
                "status": stack["StackStatus"],
                "outputs": {o["OutputKey"]: o["OutputValue"] for o in stack.get("Outputs", [])},
                "made": made,
                "left_out": {name: r["Type"] for name, r in every.items() if name not in made},
                **described(made),
            },
            sys.stdout,
            default=str,
        )


main()
