"""``python -m serving_exporter.config``: print the JSON Schema of the configuration file, for editors and linters."""

import json
import sys

from serving_exporter.config.schema import schema

sys.stdout.write(json.dumps(schema(), indent=2) + "\n")
