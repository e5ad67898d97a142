"""Prints a SAM template as CloudFormation gets to see it: AWS's own transform is applied, in this process.

    sam_transform.py TEMPLATE [PARAMETER=VALUE…]

What `sam package` would put into a bucket stands in its place: functions name a bucket that nobody has, and the state
machine and the description of the HTTP surface are taken in.
"""

import json
import os
import sys

from samtranslator.translator.transform import transform
from samtranslator.yaml_helper import yaml_parse


class NoManagedPolicies:
    def load(self):
        return {}


def main(path, *parameters):
    def read(name):
        with open(os.path.join(os.path.dirname(path), name)) as file:
            return yaml_parse(file.read())

    template = read(os.path.basename(path))
    for name, resource in template["Resources"].items():
        properties = resource.get("Properties", {})
        if resource["Type"] == "AWS::Serverless::Function":
            properties["CodeUri"] = {"Bucket": "packaged", "Key": name}
        elif resource["Type"] == "AWS::Serverless::StateMachine":
            properties["Definition"] = read(properties.pop("DefinitionUri"))
        elif resource["Type"] == "AWS::Serverless::Api":
            properties["DefinitionBody"] = read(properties["DefinitionBody"]["Fn::Transform"]["Parameters"]["Location"])
    values = {name: parameter["Default"] for name, parameter in template["Parameters"].items() if "Default" in parameter}
    values.update(p.split("=", 1) for p in parameters)
    json.dump(transform(template, values, NoManagedPolicies()), sys.stdout, default=str)


main(*sys.argv[1:])
