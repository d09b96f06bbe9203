"""``python -m serving_exporter.config [schema]``: print the configuration page of the documentation, or the JSON Schema of the file."""

import json
import sys

from serving_exporter.config.documentation import markdown
from serving_exporter.config.schema import schema

sys.stdout.write(json.dumps(schema(), indent=2) + "\n" if sys.argv[1:] == ["schema"] else markdown())
