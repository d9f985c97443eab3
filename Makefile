# Everything is done in .venv of this clone; uv itself is put into .uv where the machine has none.
UV := $(shell command -v uv 2>/dev/null || echo .uv/bin/uv)
RUN := .venv/bin
PYTHON ?= python3
# Other people's data with known truth; left out where they are not on this machine.
LINKAGE_DATA ?= /work/shared/data/linkage
export DO_NOT_TRACK = 1
export DAGSTER_DISABLE_TELEMETRY = 1
export DBT_SEND_ANONYMOUS_USAGE_STATS = false
export FJO_HOME ?= .fjo

.PHONY: setup demo ui test test-slow bench torture audit sbom clean

setup: .venv/.made

.venv/.made: uv.lock pyproject.toml | uv-is-here
	$(UV) sync --frozen --quiet --compile-bytecode
	touch $@

.PHONY: uv-is-here
uv-is-here:
	@command -v $(UV) >/dev/null 2>&1 || { $(PYTHON) -m venv .uv && .uv/bin/pip install --quiet uv; }

demo: setup
	$(RUN)/fjo demo

ui: setup
	$(RUN)/fjo init
	DAGSTER_HOME=$(abspath $(FJO_HOME))/dagster $(RUN)/dagster dev --workspace workspace.yaml --host 127.0.0.1 --port 3000

test: setup
	$(UV) lock --check --offline --quiet
	$(RUN)/ruff format --check .
	$(RUN)/ruff check .
	$(RUN)/mypy
	$(RUN)/lint-imports
	$(RUN)/pytest -m "not slow and not torture" -n 2 --dist loadgroup --cov

# Spark is an extra of 400 MB that only slow tests use; it stays until `make setup` has to sync again.
test-slow: setup
	$(UV) sync --frozen --quiet --compile-bytecode --extra spark
	$(RUN)/pytest -m "slow and not torture" -n 2 --dist loadfile

bench: setup
	$(RUN)/python -m benchmarks.linking_field
	$(RUN)/python -m benchmarks.synthetic --register 1000000 --people 100000
	$(RUN)/python -m benchmarks.provider --rows 10000000
	$(RUN)/python -m benchmarks.england
	$(RUN)/python -m benchmarks.bulletin
	$(RUN)/python -m benchmarks.extract
	$(RUN)/python -m benchmarks.england_series
	$(RUN)/python -m benchmarks.marts
	$(RUN)/python -m benchmarks.linkage_blocking $(foreach set,febrl4 historical_50k,$(set)=$(LINKAGE_DATA)/$(set))
	$(RUN)/python -m benchmarks.linkage_groups
	$(RUN)/python -m benchmarks.linkage_speed
	$(RUN)/python -m benchmarks.linkage_speed --growth

# Attacks on what docs/security.md promises; writes docs/torture.csv.
torture: setup
	$(RUN)/pytest -m torture
	$(RUN)/python -m benchmarks.torture

# What is known to be wrong with the locked packages, asked of PyPI: needs the network, so it is no part of `make test`.
# --strict: a package that the index knows nothing of is a failure, not a pass.
audit: | uv-is-here
	mkdir -p dist
	$(UV) export --frozen --all-extras --all-groups --no-emit-project --quiet --output-file dist/requirements.txt
	$(UV) tool run pip-audit@2.10.1 --strict --disable-pip --require-hashes --requirement dist/requirements.txt

# CycloneDX, from uv.lock alone: made for a release, so that none in the repository goes stale.
sbom: | uv-is-here
	mkdir -p dist
	$(UV) export --frozen --no-dev --all-extras --format cyclonedx1.5 --preview-features sbom-export --quiet --output-file dist/sbom.cdx.json

clean:
	rm -rf .venv .uv .fjo .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache dbt_models/target dbt_models/logs
