# `make` alone prints the verbs: every line that ends in `## words` below.

PREFIX ?= /usr/local
OUT ?= packages
BINARY := .build/release/diva-tui
REFERENCE := Tests/Reference
# The pinned environment of `make parity` when it is there, otherwise the python3 on PATH.
PYTHON ?= $(or $(if $(PEERS),.venv-parity/bin/python),$(wildcard .venv-parity/bin/python),python3)
# Everything in Tests/Reference writes fixtures, except these.
TOOLS := $(addprefix $(REFERENCE)/,parity.py families.py exports.py family_models.py peer.py peer_engines.py peer_export.py peer_models.py peer_ops.py mini.py random_source.py scaling.py)
FIXTURES := $(filter-out $(TOOLS),$(sort $(wildcard $(REFERENCE)/*.py)))
SOURCES := Package.swift Sources Tests

.DEFAULT_GOAL := help
.PHONY: help run build release test fuzz crash bench parity fixtures golden install uninstall package pictures format lint floors map portable check toolchain

help:
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/  make \1\t\2/p' $(MAKEFILE_LIST) | expand -t 18

run: release ## install what is missing, build, open the explorer (ARGS="RUN …" opens runs)
	@exec $(BINARY) $(ARGS)

build: toolchain ## build for debugging
	swift build

release: toolchain ## build the program that people run
	@swift build --configuration release --product diva-tui

test: toolchain ## run all tests
	@scripts/install-packages test
	swift test --disable-xctest $(STRICT) $(ARGS)

fuzz: toolchain ## damage valid files at random; then by coverage with sanitizers; every reader must read or refuse them (FILES=5000 SEED=1 READER=JSON SECONDS=60)
	DIVA_FUZZ_FILES=$(or $(FILES),5000) DIVA_FUZZ_SEED=$(or $(SEED),1) $(if $(READER),DIVA_FUZZ_READER='$(READER)') swift test --disable-xctest --filter FuzzTests
	scripts/fuzz-guided $(or $(SECONDS),60)

crash: release ## kill runs and make their files fail; nothing may be lost (ARGS="kills --count 200", "failures", "full" or "storm --count 20")
	python3 Tests/Crash/crash.py $(or $(ARGS),kills) --program $(BINARY)

bench: release $(if $(PEERS),.venv-parity/peers) ## the table of docs/benchmarks.md, beside PyTorch and other libraries where they are installed (ARGS="--part step --threads 1"; PEERS=1 installs them)
	@if $(PYTHON) -c 'import torch, transformers, diffusers' 2>/dev/null; \
	then $(BINARY) bench --table --python $(PYTHON) $(ARGS); \
	else echo "no PyTorch for $(PYTHON), so no comparison with it; 'make parity' installs one"; \
	  $(BINARY) bench --table $(ARGS); fi

parity: release .venv-parity/installed ## compare all model families with their own libraries (installs PyTorch, 3 GB)
	.venv-parity/bin/python $(REFERENCE)/parity.py --program $(BINARY)
	.venv-parity/bin/python $(REFERENCE)/families.py --program $(BINARY)
	.venv-parity/bin/python $(REFERENCE)/exports.py --program $(BINARY)

.venv-parity/installed: $(REFERENCE)/requirements.txt
	@scripts/install-packages parity
	python3 -m venv .venv-parity
	.venv-parity/bin/pip install --quiet --requirement $<
	@touch $@

# torch.compile needs a C++ compiler as well.
.venv-parity/peers: $(REFERENCE)/requirements-peers.txt .venv-parity/installed
	.venv-parity/bin/pip install --quiet --requirement $<
	@touch $@

fixtures: .venv-parity/installed ## write the tests' expected numbers again, from PyTorch
	@for script in $(FIXTURES); do echo $$script; .venv-parity/bin/python $$script || exit 1; done

golden: toolchain ## write the screens that tests expect again; the tests fail once, so that a person looks
	DIVA_GOLDEN=write swift test --disable-xctest --filter ExplorerTests

install: release ## put program, models, man page and shell completions under PREFIX (/usr/local)
	@scripts/install-packages install
	@packaging/install $(BINARY) $(DESTDIR)$(PREFIX)

uninstall: ## remove what install put there
	@packaging/uninstall $(DESTDIR)$(PREFIX)

package: toolchain ## make a .deb and a tarball that need no Swift, in OUT (packages)
	@scripts/install-packages install package
	swift build --configuration release --static-swift-stdlib --scratch-path .build-package --product diva-tui
	@packaging/build-packages .build-package/release/diva-tui $(OUT)

pictures: release ## make the pictures of the docs from a default run, trained where .build/pictures has none
	@scripts/install-packages pictures
	@scripts/pictures $(BINARY) .build/pictures

format: ## format the Swift code
	swift format format --in-place --parallel --recursive $(SOURCES)

lint: floors ## refuse Swift code that is formatted differently or breaks a rule, and docs with dead links
	@scripts/install-packages lint
	@scripts/check-docs
	swift format lint --strict --parallel --recursive $(SOURCES)

floors: ## refuse code that uses a higher floor (docs/ARCHITECTURE.md), and see that this would be noticed
	@scripts/install-packages lint
	@scripts/check-floors
	@scripts/test-check-floors

map: ## draw the folders of Sources, floor by floor, with what each uses
	@scripts/install-packages lint
	@scripts/check-floors --map

portable: toolchain ## build the kernels for aarch64 too, and test them in C in an emulator and on this machine
	@scripts/install-packages portable
	@scripts/check-portable

check: toolchain lint portable ## what must hold before a change lands: lint, no warnings, all tests
	@$(MAKE) --no-print-directory test STRICT="-Xswiftc -warnings-as-errors -Xcc -Werror=all"

toolchain:
	@scripts/check-swift
	@scripts/install-packages build
