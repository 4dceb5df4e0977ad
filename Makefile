# What a person or a machine does with this checkout, by name. `make` alone lists it.
#
# Everything built lies under build/<preset>/ (CMakePresets.json); `rm -rf build` undoes all but the installed packages.

SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.NOTPARALLEL:
MAKEFLAGS += --no-print-directory

export CTEST_PARALLEL_LEVEL ?= $(shell nproc)
export PYTHONDONTWRITEBYTECODE = 1
# What one checkout compiled, another finds in the cache.
export CCACHE_BASEDIR ?= $(CURDIR)
export CCACHE_NOHASHDIR ?= true

FUZZ ?= *
FUZZ_SECONDS ?= 600
BASE ?= HEAD

# $(call compile,PRESET[,TARGET]): configures and builds, all of it or that target. One at a time in a checkout: a second `make`
# waits, since two would write the same files and, on a small machine, both be slower than one after the other.
define compile
@mkdir -p build; exec 9> build/.lock; \
flock -n 9 || { echo "another build of this checkout is running; waiting for it"; flock 9; }; \
{ cmake --preset $(1) --log-level=WARNING && cmake --build --preset $(1) $(if $(2),--target $(2)); } 9>&-
endef

.PHONY: help setup build demo test nightly bench detection fuzz check test-clients clean

help: ## this list
	@awk -F ': .*## ' '/^[a-z-]+: .*## /{ printf "  make %-14s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: ## install the Debian 12 packages that are missing
	@tools/setup

build: setup ## the release build: build/release/sallyport
	$(call compile,release)

demo: build ## gateway, simulated vendor and example policy, playing real conversations
	@build/release/sallyport demo

# Each test once: the program as it is shipped from outside, its parts under ASan and UBSan (`make nightly` runs all of it both
# ways). ctest has the last word here: its closing line is what others read.
test: setup ## end-to-end tests of the release; then unit tests, fuzz corpora and a short end-to-end test under ASan and UBSan
	$(call compile,release,sallyport)
	@ctest --preset e2e
	$(call compile,asan)
	@ctest --preset asan

nightly: build ## hours: all tests of the release, the long runs, then everything under ASan and UBSan, then under TSan
	@ctest --preset release
	@ctest --preset nightly
	$(call compile,asan)
	@ctest --preset asan-all
	$(call compile,tsan)
	@ctest --preset tsan

bench: ## cost per exchange against haproxy and nginx, as a table
	@tools/setup bench
	$(call compile,release)
	@test/bench/run

detection: build ## how well secrets are found, on labelled texts made up from seeds
	@test/detection/measure.py

# New inputs go to build/fuzz/found, crashes beside them; what is worth keeping is moved to test/fuzz/corpus by hand.
fuzz: setup ## each fuzz target for FUZZ_SECONDS (600), or only FUZZ=name
	$(call compile,fuzz)
	@printf '%s\n' test/fuzz/fuzz_$(FUZZ).cpp | sed -E 's|.*/fuzz_(.*)\.cpp|\1|' | xargs -P "$$(nproc)" -I NAME bash -c ' \
	    found=build/fuzz/found/NAME; mkdir -p $$found; echo "NAME: started"; \
	    if build/fuzz/fuzz_NAME -max_total_time=$(FUZZ_SECONDS) -timeout=10 -artifact_prefix=$$found- $$found \
	        test/fuzz/corpus/NAME > $$found.log 2>&1; \
	    then echo "NAME: nothing found in $(FUZZ_SECONDS) s"; \
	    else echo "NAME: FAILED; the end of $$found.log:"; tail -n 30 $$found.log; exit 1; fi'

check: setup ## before a commit: format, tidy tests, clang-tidy on what changed since BASE (HEAD)
	@git ls-files -z --cached --others --exclude-standard 'src/*.h' 'src/*.cpp' 'test/*.h' 'test/*.cpp' | \
	    xargs -0 -r clang-format-19 --dry-run --Werror --ferror-limit=1 || { echo "mend with: clang-format-19 -i FILE"; exit 1; }
	@python3 -m unittest discover -s test/tidy
	@if [[ ! -e build/release/compile_commands.json ]]; then echo "clang-tidy: skipped, it needs a make build first"; \
	elif git rev-parse -q --verify $(BASE) > /dev/null; then \
	    { git diff -z --name-only --relative --diff-filter=d $(BASE) -- 'src/*.cpp'; \
	      git ls-files -z --others --exclude-standard 'src/*.cpp'; } | \
	    xargs -0 -r -n 1 -P "$$(nproc)" clang-tidy-19 --quiet -p build/release 2>&1 | \
	    { grep -v ' warnings generated\.$$' || true; }; fi

test-clients: ## the real coding clients, from their npm packages, through the gateway; other implementations of logs
	@tools/setup clients
	$(call compile,release,sallyport)
	@ctest --preset clients

clean: ## remove everything built
	@rm -rf build
