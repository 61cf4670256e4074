# make book   builds the site       make test   runs the tests
# Both set themselves up on a fresh clone; `make help` lists the rest.

PYTHON ?= python3
DEVICE ?= $(or $(BOOK_DEVICE),cpu)
EDITION ?= $(or $(BOOK_EDITION),instructor)
PORT ?= 8000
VENV := .venv

# One thread per kernel: chapters and tests run in parallel, one per core, and
# both add numbers in the same order.
export OMP_NUM_THREADS ?= 1
export BOOK_DEVICE := $(DEVICE)
export BOOK_EDITION := $(EDITION)
export PORT
unexport PYTHONPATH

python := $(VENV)/bin/python
site := $(if $(filter student,$(EDITION)),student,html)
pdf := $(if $(filter student,$(EDITION)),book-student.pdf,book.pdf)

# The stamp is named after what was installed, and where: if either changes, the
# set-up runs again. A virtual environment is recreated if its Python no longer
# exists, if it was moved here, or if its set-up was interrupted.
checksum = $(shell (cat $(1); pwd -P) | cksum | cut -d ' ' -f 1)
book-files := requirements.txt constraints.txt pyproject.toml \
	booktools/ipython_kernel_config.py
installed := $(VENV)/installed-$(call checksum,$(book-files))
installed-dev := $(VENV)/dev-$(call checksum,$(book-files) requirements-dev.txt)
healthy := $(if $(wildcard $(VENV)/installed-*),$(shell { \
	$(python) -c 'print("yes")'; } 2>/dev/null))
ifneq ($(healthy),yes)
.PHONY: $(installed)
endif

too_old := Python 3.11 or newer is needed, but '$(PYTHON)' is missing or older. \
	Install it, or say where yours is: make PYTHON=/path/to/python3.11
is_python := import sys; print("new" if sys.version_info >= (3, 11) else "old")

.DEFAULT_GOAL := book
.PHONY: help setup book lab notebooks pdf slides assignments test test-slow live bench \
	linkcheck archives serve lint figures constraints clean clean-all

help: ## list the targets
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 16

setup: $(installed) ## create .venv and install the dependencies, as other targets do

$(installed):
	$(if $(filter new,$(shell { $(PYTHON) -c '$(is_python)'; } 2>/dev/null)),,$(error $(too_old)))
	@echo "Installing into $(VENV), once; this takes a minute or two."
	@$(PYTHON) -m venv $(if $(healthy),,--clear) $(VENV)
	@$(python) -m pip install --quiet --disable-pip-version-check \
		--requirement requirements.txt --constraint constraints.txt
	@PYTHONWARNINGS=ignore $(python) -m pip install --quiet --disable-pip-version-check \
		--no-build-isolation --no-deps --editable .
	@mkdir -p $(VENV)/etc/ipython
	@cp booktools/ipython_kernel_config.py $(VENV)/etc/ipython/
	@$(python) -m jupytext_config --settings-file \
		$(VENV)/share/jupyter/lab/settings/overrides.json set-default-viewer markdown
	@rm -f $(VENV)/installed-* $(VENV)/dev-*
	@touch $@

$(installed-dev): $(installed) requirements-dev.txt
	@echo "Installing what lint, browser and slow tests need."
	@$(python) -m pip install --quiet --disable-pip-version-check \
		--requirement requirements-dev.txt --constraint constraints.txt
	@rm -f $(VENV)/dev-*
	@touch $@

book: $(installed) ## build the site; DEVICE=cpu, cuda, mps, auto; EDITION=student
	@$(python) -m booktools build

# Clicking a chapter opens it as a notebook: the set-up has configured JupyterLab.
lab: $(installed) ## open the chapters as notebooks in JupyterLab
	@$(python) -m booktools lab

# The tests and the benchmark use the edition that contains everything.
test test-slow bench: export BOOK_EDITION := instructor

# The tests compare with the book, so it is built first. They run even if that
# fails, since they say more; the exit status covers both. Each test file, or
# chapter, stays in one process.
pytest := $(python) -m pytest --numprocesses auto --dist loadfile --no-loadscope-reorder

test: $(installed) ## build the book, then run every quick test; TESTS=tests/unit
	@status=0; \
	$(python) -m booktools build || status=1; \
	$(pytest) $(TESTS) || status=1; \
	exit $$status

test-slow: $(installed-dev) ## build, then test in browsers, fresh environments, whole builds
	@$(python) -m booktools build
	@status=0; \
	$(pytest) -m "slow and not serial" tests || status=1; \
	$(python) -m pytest -m serial tests || status=1; \
	exit $$status

bench: $(installed) ## time building and training, as ratios; ten minutes
	@status=0; \
	$(python) -m benchmarks.training || status=1; \
	$(python) -m benchmarks.build || status=1; \
	exit $$status

notebooks: $(installed) ## export the chapters for Colab and Binder; OUTPUTS=1
	@OUTPUTS=$(OUTPUTS) $(python) -m booktools notebooks

pdf: $(installed-dev) ## print the whole book as _build/book.pdf; needs Pango
	@$(python) -m booktools pdf

slides: $(installed) ## make slides in _build/slides; CHAPTER=01, or all chapters
	@CHAPTER="$(CHAPTER)" $(python) -m booktools slides

assignments: $(installed) ## make assignments for nbgrader; CHAPTER=04, or all; SEED=7
	@CHAPTER="$(CHAPTER)" SEED="$(SEED)" $(python) -m booktools assignments

linkcheck: $(installed) ## check the book's links to other sites
	@BOOK_OFFLINE=1 $(VENV)/bin/jupyter-book build . --builder linkcheck \
		--path-output _build/links --keep-going --quiet

# Packed in a temporary folder first, so that no partial archive is released.
archives: notebooks pdf ## pack site, notebooks and PDF for a release
	@rm -rf _build/archives.new && mkdir _build/archives.new
	@cd _build && $(CURDIR)/$(python) -m zipfile -c archives.new/site.zip $(site)
	@cd _build && $(CURDIR)/$(python) -m zipfile -c archives.new/notebooks.zip notebooks
	@cp _build/$(pdf) _build/archives.new
	@cd _build/archives.new && sha256sum * > SHA256SUMS
	@rm -rf _build/archives && mv _build/archives.new _build/archives

live: $(installed) ## rebuild on each save, and reload the browser; PORT=8000
	@$(python) -m booktools live

serve: $(installed) ## serve the built site on 127.0.0.1; PORT=8000, EDITION=student
	@$(python) -m booktools serve

lint: $(installed-dev) ## check style and types, and the CI scripts
	@$(python) -m ruff check .
	@$(python) -m ruff format --check .
	@$(python) -m mypy helpers interactive booktools benchmarks figures
	@$(python) -m check_jsonschema --builtin-schema vendor.github-workflows \
		.github/workflows/*.yml
	@$(python) -m check_jsonschema --builtin-schema vendor.dependabot \
		.github/dependabot.yml
	@$(VENV)/bin/zizmor --offline --no-progress --quiet .github
	@$(VENV)/bin/shellcheck .ci/run binder/postBuild binder/start

figures: $(installed) ## redraw the pictures in figures/
	@$(python) -m figures

constraints: ## upgrade to the newest allowed versions and record them
	@$(PYTHON) -m venv --clear $(VENV)
	@$(python) -m pip install --quiet --requirement requirements.txt \
		--requirement requirements-dev.txt
	@$(python) -m pip freeze --all --exclude pip > constraints.new
	@sed 's/+cpu$$//' constraints.new > constraints.txt
	@rm constraints.new

# _build may be a link; the trailing slash makes find follow it.
clean: ## remove built files, keep cached results
	@if [ -d _build ]; then find _build/ -mindepth 1 -maxdepth 1 \
		! -name cache ! -name results ! -name lock -exec rm -rf {} +; fi

clean-all: ## remove everything that is not in the repository
	@if [ -d _build ]; then find _build/ -mindepth 1 -delete; fi
	@rm -rf _build $(VENV) *.egg-info .pytest_cache .ruff_cache .mypy_cache .hypothesis
