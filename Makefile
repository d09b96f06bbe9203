# Two commands do everything: `make demo` shows it, `make test` proves it. Each sets up what it needs in .venv and .tools.

VENV   := .venv
TOOLS  := .tools
BIN    := $(VENV)/bin
PYTHON ?= $(shell for p in python3 python3.14 python3.13 python3.12 python3.11; do \
	"$$p" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && { echo "$$p"; break; }; done)
# A Prometheus on PATH wins over the oldest one of .tools; tests that compare releases take theirs from .tools (tests/tools).
export PATH := $(PATH):$(CURDIR)/$(TOOLS)/prometheus-2.42/usr/bin

.PHONY: help demo demo-alerts score test lint types contracts unit tools docs site dist manifests rules dashboards panels rules-coverage rules-mutate mutants bench lock clean

help: ## show this list
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1\t\2/p' $(MAKEFILE_LIST)

demo: $(VENV)/.runtime ## emulated Baseten, exporter and (if installed) Prometheus; ARGS="--speed 60" passes options on
	@exec $(BIN)/serving-exporter demo $(ARGS)

demo-alerts: $(VENV)/.dev tools ## the shipped rules beside the demo fleet at speed: which alert each story raised (7 minutes)
	$(BIN)/python -m tests.stack.demo_alerts $(ARGS)

score: $(VENV)/.dev tools ## the whole scorecard of the committed rules, into docs/detection-quality.md (three quarters of an hour; SEEDS=4 HOURS=120: a quarter); TRACES=folder for recorded traffic
	PATH="$(CURDIR)/.tools/prometheus-3.5/usr/bin:$$PATH" $(BIN)/serving-simulator score --seeds $(or $(SEEDS),9) --hours $(or $(HOURS),175) --loop 1 --broken \
		$(if $(TRACES),--traces $(TRACES)) --state .score.jsonl --output docs/detection-quality.md --output .score.json $(ARGS)

panels: $(VENV)/.dev tools ## every panel of every dashboard beside the demo fleet: how many series each draws (4 minutes)
	$(BIN)/pytest -n 0 -q -rP tests/stack/test_dashboards.py

test: lint types contracts rules-coverage mutants unit ## everything that CI runs

lint: $(VENV)/.dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(VENV)/.dev
	$(BIN)/mypy

contracts: $(VENV)/.dev
	$(BIN)/lint-imports

unit: $(VENV)/.dev tools
	$(BIN)/pytest $(ARGS)

tools: ## fetch what the tests run against (Prometheus, Alertmanager, Compose, Chromium), and build two judges (linter of dashboards, helm)
	@sh tests/tools/fetch.sh $(TOOLS)
	@sh tests/tools/chromium.sh $(TOOLS)
	@sh tests/tools/linter.sh $(TOOLS)
	@sh tests/tools/helm.sh $(TOOLS)

site: $(VENV)/.dev ## the documents as a site in build/site
	$(BIN)/sphinx-build -q -W --keep-going -c docs . build/site

dist: $(VENV)/.dev ## wheel, source archive and list of components (CycloneDX) in dist/
	@sh deploy/dist.sh $(BIN)/python dist

manifests: $(VENV)/.dev tools ## write deploy/kubernetes/ again from the chart (needs helm, which `make tools` builds with Go)
	$(BIN)/python -m tests.deploy.manifests

docs: $(VENV)/.runtime ## write the generated pages of docs/ again
	$(BIN)/python -m serving_exporter.reference docs
	$(BIN)/python -m serving_simulator.reference docs/simulator.md
	$(BIN)/python -m serving_rules.reference docs
	$(BIN)/python -m serving_dashboards.reference docs

dashboards: $(VENV)/.runtime ## write grafana/ again: the dashboards' JSON and their provisioning
	$(BIN)/python -m serving_dashboards.repository grafana

rules: $(VENV)/.runtime ## write rules/ again: every format, runbooks, tests, schema of the overrides
	$(BIN)/python -m serving_rules.repository rules

rules-coverage: $(VENV)/.dev tools ## every alert and record is tested in every way that it must be
	$(BIN)/python -m serving_rules.coverage

rules-mutate: $(VENV)/.dev tools ## break each rule on purpose and see the tests fail; ARGS="--detection thrash" for one; writes down the score
	$(BIN)/python -m serving_rules.mutation $(ARGS)

mutants: $(VENV)/.dev tools ## the same for the rules that changed since they were last tried; writes nothing
	$(BIN)/python -m serving_rules.mutation --new --dry

bench: $(VENV)/.dev tools ## the performance claims, as ratios to yardsticks of the same run
	@for file in benchmarks/[!y]*.py; do echo "== $$file"; $(BIN)/python "$$file" || exit 1; done

lock: ## write requirements.lock again from the newest allowed versions
	rm -rf $(VENV)/.lock && $(PYTHON) -m venv $(VENV)/.lock
	$(VENV)/.lock/bin/pip install --quiet '.[dev]'
	$(VENV)/.lock/bin/pip freeze --exclude serving-exporter > requirements.lock
	rm -rf $(VENV)/.lock

clean: ## remove what the other targets made
	rm -rf $(VENV) $(TOOLS) dist build

# --- set-up --------------------------------------------------------------------------------------------------------------------

$(VENV)/bin/pip:
	@test -n "$(PYTHON)" || { echo "Python 3.11 or newer is needed and was not found on PATH; set PYTHON=/path/to/python3" >&2; exit 1; }
	@$(PYTHON) -m venv $(VENV) || { echo "could not make a virtual environment: install python3-venv (Debian) or ensurepip" >&2; exit 1; }

# The lock makes a run next year the run of today; pyproject.toml keeps the ranges that users of the package get.
$(VENV)/.runtime: pyproject.toml requirements.lock | $(VENV)/bin/pip
	$(BIN)/pip install --quiet --disable-pip-version-check --constraint requirements.lock --editable .
	@touch $@

$(VENV)/.dev: pyproject.toml requirements.lock | $(VENV)/bin/pip
	$(BIN)/pip install --quiet --disable-pip-version-check --constraint requirements.lock --editable '.[dev]'
	@touch $@ $(VENV)/.runtime
