"""Judges what the image is deployed with, by the tools of those who deploy: no network, no engine, no cluster.

argv: the checkout; stdin: {"cases": {name: values of the chart}, "versions": ["1.30", ...]}
stdout: {"dockerfile": [hadolint's findings], "compose": {check-jsonschema's verdict}, "services": the compose file as read,
         "lint": [helm's warnings and errors], "charts": {name: [documents]}, "refused": {name: message}, "invalid": [[name, version, kind, message]]}
"""

import json
import subprocess
import sys
from pathlib import Path

import helm_python
import kubernetes_validate
import yaml


def said_by(program: str, *arguments: str):
    """Return what a program of this environment prints as JSON, whatever its exit code."""
    ended = subprocess.run([Path(sys.executable).parent / program, *arguments], capture_output=True, text=True, check=False)
    if not ended.stdout:
        raise RuntimeError(f"{program} ended with {ended.returncode}: {ended.stderr}")
    return json.loads(ended.stdout)


def documents_of(chart, values: dict) -> list[dict]:
    """Render a chart and read every manifest in it."""
    rendered = chart.render(values, name="demo", namespace="prod")
    return [document for text in rendered.values() for document in yaml.safe_load_all(text) if document]


def main() -> None:
    """Judge the checkout."""
    root = Path(sys.argv[1])
    question = json.load(sys.stdin)
    folder = str(root / "deploy" / "helm" / "stac-mosaic")
    charts, refused, invalid = {}, {}, []
    with helm_python.Chart.load(folder) as chart:
        for name, values in question["cases"].items():
            try:
                charts[name] = documents_of(chart, values)
            except helm_python.HelmError as error:
                refused[name] = str(error)
    for name, documents in charts.items():
        for version in question["versions"]:
            for document in documents:
                try:
                    kubernetes_validate.validate(document, version, strict=True)
                except (kubernetes_validate.ValidationError, kubernetes_validate.SchemaNotFoundError) as error:
                    invalid.append([name, version, document["kind"], error.message])
    answer = {
        "dockerfile": said_by("hadolint", "-c", str(root / ".hadolint.yaml"), "-f", "json", str(root / "Dockerfile")),
        "compose": said_by("check-jsonschema", "--builtin-schema", "vendor.compose-spec", "-o", "json", str(root / "compose.yaml")),
        "services": yaml.safe_load((root / "compose.yaml").read_text())["services"],
        # 1 is helm's word for information: this chart has no icon.
        "lint": [message for message in helm_python.lint(folder)["messages"] if message["severity"] > 1],
        "charts": charts,
        "refused": refused,
        "invalid": invalid,
    }
    json.dump(answer, sys.stdout)


if __name__ == "__main__":
    main()
