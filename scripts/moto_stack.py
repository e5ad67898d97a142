"""Creates a stack on moto's CloudFormation and tells what became of it.

A template comes in on standard input, as SAM's transform leaves it; {"status", "outputs", "made", "unmade", "left_out",
"tables", "buckets", "roles", "machines", "functions"} goes out on standard output. `made` are logical ids with the names of
what was made, `unmade` those that should be there and aren't, `left_out` those of types that moto doesn't know, or knows
too little of to take: KEPT are the others. Nothing of it remains.

Of what is kept, moto takes the template as it is, but for two things: an HTTP API must have a name, and a state machine's
substitutions, which it doesn't know, are made here.
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
KEPT = (
    "AWS::ApiGateway::RestApi",
    "AWS::DynamoDB::Table",
    "AWS::Events::Rule",
    "AWS::IAM::Role",
    "AWS::KMS::Key",
    "AWS::Lambda::Function",
    "AWS::Logs::LogGroup",
    "AWS::S3::Bucket",
    "AWS::StepFunctions::StateMachine",
)


def client(service):
    return boto3.client(service, region_name=REGION)


def without(value, left_out):
    """The value with words in the place of references to what is left out."""
    if isinstance(value, list):
        return [without(v, left_out) for v in value]
    if isinstance(value, str):
        return re.sub(r"\$\{(\w+)((?:\.\w+)*)\}", lambda m: m[1] + m[2] if m[1] in left_out else m[0], value)
    if not isinstance(value, dict):
        return value
    if value.get("Ref") in left_out:
        return value["Ref"]
    attribute = value.get("Fn::GetAtt")
    if isinstance(attribute, str):
        attribute = attribute.split(".", 1)
    if attribute and attribute[0] in left_out:
        return ".".join(attribute)
    return {name: without(v, left_out) for name, v in value.items()}


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
    left_out = {name: r["Type"] for name, r in every.items() if r["Type"] not in KEPT}
    template = without(template | {"Resources": {name: r for name, r in every.items() if name not in left_out}}, left_out)
    for resource in template["Resources"].values():
        if resource["Type"] == "AWS::ApiGateway::RestApi":
            resource["Properties"].setdefault("Name", "api")
        elif resource["Type"] == "AWS::StepFunctions::StateMachine":
            separator, lines = resource["Properties"]["DefinitionString"]["Fn::Join"]
            substitutions = resource["Properties"].pop("DefinitionSubstitutions")
            pieces = re.split(r"\$\{(\w+)\}", separator.join(lines))  # text and names in turn
            pieces[1::2] = [substitutions[name] for name in pieces[1::2]]
            resource["Properties"]["DefinitionString"] = {"Fn::Join": ["", pieces]}
        resource.pop("DependsOn", None)  # of what may be left out; order follows from references
    logging.disable()
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
                "unmade": [n for n, r in template["Resources"].items() if n not in made and "Condition" not in r],
                "left_out": left_out,
                **described(made),
            },
            sys.stdout,
            default=str,
        )


main()
