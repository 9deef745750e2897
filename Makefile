# What make builds lies below .build; images lie in the container engine.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.PHONY: help setup packages engine stop images plugins build demo test format lint unit bench clean

TOOL := go tool -modfile=.ci/tools.mod
FIXTURES := .build/fixtures

# The engine of a container's own machine publishes ports there, which testcontainers
# does not guess from inside a container.
ifeq ($(DOCKER_HOST),)
export TESTCONTAINERS_HOST_OVERRIDE ?= localhost
endif

help: ## list what make can do
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "%-9s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: packages engine images plugins ## install and start what the demo and the tests need; does nothing twice

packages:
	@.ci/packages

engine: ## bring up a container engine where none answers
	@.ci/engine start

stop: ## stop the engine that make brought up
	@.ci/engine stop

images: packages engine $(FIXTURES) ## build the fixture images that are missing, list them in .build/images.json
	@$(FIXTURES) images

plugins: packages $(FIXTURES)
	@$(FIXTURES) plugins

.PHONY: $(FIXTURES)
$(FIXTURES):
	@go build -o $@ ./fixtures/build

build: ## build connectgate into .build
	@CGO_ENABLED=0 go build -trimpath -ldflags '-s -w' -o .build/connectgate ./cmd/connectgate

demo: setup build ## upgrade a real sink on a real Kafka, Connect and PostgreSQL, and see it blocked
	@$(FIXTURES) demo .build/demo .build/connectgate

test: setup format lint unit demo ## run everything that CI runs

format:
	@unformatted=$$($(TOOL) gofumpt -l .); [ -z "$$unformatted" ] || \
		{ printf 'not formatted, run gofumpt -w on:\n%s\n' "$$unformatted" >&2; exit 1; }

lint: ## lint, vet, and see that go.mod is tidy
	$(TOOL) golangci-lint run --build-tags engine ./...
	go vet -tags engine ./...
	go mod tidy -diff

# Once, with everything: the engine tests are ordinary tests behind a tag, and what the
# race detector costs is small against the JVMs that they wait for. -count=1, because
# what they prove depends on the engine, which the cache of test results does not know.
# One package at a time, because some tests demand that nothing is left on the engine;
# what the first line compiles, it compiles side by side. A package is covered by whoever
# runs it: the scripts of cmd/connectgate run the command line and the gate.
UNIT := -tags engine -race -coverpkg ./... -coverprofile .build/cover.out
unit: setup
	@go test $(UNIT) -run '^$$' ./... >/dev/null
	go test -p 1 $(UNIT) -shuffle=on -count=1 -timeout 20m ./...
	@.ci/coverage .build/cover.out

bench: ## measure loading, classifying and deciding over 1,000 releases
	go test -run '^$$' -bench . -benchmem ./policy/...

clean: ## remove what make built; images stay in the engine
	rm -rf .build/demo .build/layers .build/connectgate .build/fixtures .build/images.json .build/cover.out
