#!/bin/sh
# dist.sh PYTHON FOLDER: the release, as `make dist` makes it: wheel, source archive, and the list of every component that an installation of
# the wheel has, with the versions of requirements.lock. PYTHON has the development tools; nothing is installed into it.
set -eu
python=$1
folder=$2
case $folder in /*) ;; *) folder=$PWD/$folder ;; esac
rm -rf "$folder"
"$python" -m build --outdir "$folder" . > /dev/null
environment=$(mktemp -d)
trap 'rm -rf "$environment"' EXIT
"$python" -m venv --without-pip "$environment"
"$python" -m pip --python "$environment/bin/python" install --quiet --disable-pip-version-check --constraint requirements.lock "$folder"/*.whl
"$python" -m cyclonedx_py environment --pyproject pyproject.toml --output-reproducible --output-format JSON \
    --output-file "$environment/bill.json" "$environment/bin/python"
# Its version is read from the package at build time, so the tool finds none in pyproject.toml.
version=$(ls "$folder"/*.whl | sed 's/.*serving_exporter-\([^-]*\)-.*/\1/')
"$python" - "$environment/bill.json" "$version" > "$folder/serving-exporter.cdx.json" << 'END'
import json
import sys

path, version = sys.argv[1:]
bill = json.load(open(path))
ours = bill["metadata"]["component"]
ours |= {"version": version, "purl": f"pkg:pypi/serving-exporter@{version}"}
bill["components"] = [each for each in bill["components"] if each["name"] != ours["name"]]
print(json.dumps(bill, indent=2))
END
ls "$folder"
