"""GitHub's OpenAPI description, trimmed to what Slipway calls, so that the validator starts in seconds.

A request to a path that is not listed here is answered with 404 by the validator: whoever makes Slipway call
something new adds it here and has it checked from then on.
"""

import json
import re

# Paths of the description, with the methods that Slipway uses.
CALLS = {
    "/app": ["get"],
    "/app/installations/{installation_id}/access_tokens": ["post"],
    "/orgs/{org}/installation": ["get"],
    "/orgs/{org}/teams/{team_slug}/memberships/{username}": ["get"],
    "/repos/{owner}/{repo}": ["get"],
    "/repos/{owner}/{repo}/check-runs": ["post"],
    "/repos/{owner}/{repo}/check-runs/{check_run_id}": ["patch"],
    "/repos/{owner}/{repo}/collaborators/{username}/permission": ["get"],
    "/repos/{owner}/{repo}/commits/{commit_sha}/pulls": ["get"],
    "/repos/{owner}/{repo}/commits/{ref}/check-runs": ["get"],
    "/repos/{owner}/{repo}/deployments": ["get", "post"],
    "/repos/{owner}/{repo}/deployments/{deployment_id}/statuses": ["post"],
    "/repos/{owner}/{repo}/installation": ["get"],
    "/repos/{owner}/{repo}/issues/comments/{comment_id}": ["get", "patch"],
    "/repos/{owner}/{repo}/issues/comments/{comment_id}/reactions": ["post"],
    "/repos/{owner}/{repo}/issues/{issue_number}/comments": ["get", "post"],
    "/repos/{owner}/{repo}/pulls/{pull_number}": ["get"],
    "/repos/{owner}/{repo}/pulls/{pull_number}/reviews": ["get"],
    "/repos/{owner}/{repo}/statuses/{sha}": ["post"],
    "/user": ["get"],
}


def references(value):
    if isinstance(value, dict):
        if isinstance(value.get("$ref"), str):
            yield value["$ref"]
        for inner in value.values():
            yield from references(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from references(inner)


def close_bodies(schema):
    """The description permits unknown members everywhere; a misspelt one is a mistake all the same."""
    for inner in schema.get("properties", {}).values():
        close_bodies(inner)
    if "properties" in schema and "additionalProperties" not in schema:
        schema["additionalProperties"] = False


def trim(description_path, trimmed_path):
    with open(description_path) as file:
        whole = json.load(file)
    paths = {}
    for path, methods in CALLS.items():
        item = whole["paths"][path]
        paths[path] = {name: item[name] for name in methods}
        for operation in paths[path].values():
            # What comes back is the emulator's; only requests are ours to get right.
            operation["responses"] = {"default": {"description": "any"}}
            for body in operation.get("requestBody", {}).get("content", {}).values():
                close_bodies(body["schema"])
        if "parameters" in item:
            paths[path]["parameters"] = item["parameters"]
    components, wanted = {}, list(references(paths))
    while wanted:
        match = re.fullmatch(r"#/components/([^/]+)/([^/]+)", wanted.pop())
        kind, name = match.groups()
        if name in components.setdefault(kind, {}):
            continue
        components[kind][name] = whole["components"][kind][name]
        wanted.extend(references(components[kind][name]))
    trimmed = {
        "openapi": whole["openapi"],
        "info": whole["info"],
        "paths": paths,
        "components": components,
    }
    with open(trimmed_path, "w") as file:
        json.dump(trimmed, file)
