.DEFAULT_GOAL := help
FUZZTIME ?= 30s

.PHONY: help
help: ## Show what can be made
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  %-18s %s\n", $$1, $$2}'

.PHONY: sandbox
sandbox: ## Run the whole product on this machine
	go run ./cmd/pointgrid sandbox

.PHONY: tour
tour: ## Drive the product through its main job
	go run ./cmd/pointgrid tour

.PHONY: test
test: ## Run all tests
	go test ./...

.PHONY: compose-test
compose-test: ## Run docker-compose.yml from images built here (needs a Docker Engine)
	POINTGRID_COMPOSE=1 go test -count=1 -v -timeout 20m ./deploy/docker/

SEEDS ?= 10000

.PHONY: simulate
simulate: ## Play SEEDS seeds of the alliance with everything going wrong
	go run ./cmd/pointgrid simulate --seeds $(SEEDS)

.PHONY: race
race: ## Run the tests under the race detector
	go test -race -short ./...

.PHONY: lint
lint: openapi-lint ## Run vet, staticcheck and the linter of the API descriptions
	go vet ./...
	go tool -modfile=tools/go.mod staticcheck ./...

.PHONY: openapi-tools
openapi-tools: ## Install the linter of the API descriptions (needs Node.js 20.19 or later)
	npm ci --prefix tools/openapi --no-audit --no-fund --ignore-scripts

.PHONY: openapi-lint
openapi-lint: ## Lint the API descriptions, and compare them with the last release
	go test -count=1 ./openapi

.PHONY: openapi-baseline
openapi-baseline: ## Make today's API descriptions the release that changes are compared with
	cp openapi/*.yaml openapi/baseline/

.PHONY: attack-tools
attack-tools: ## Install what attacks the APIs by their descriptions (needs Python 3.11 or later)
	test -x tools/schemathesis/.venv/bin/st || python3 -m venv --clear tools/schemathesis/.venv
	tools/schemathesis/.venv/bin/pip install --quiet --disable-pip-version-check --require-hashes -r tools/schemathesis/requirements.txt

EXAMPLES ?= 100
SEED ?= 1

.PHONY: attack
attack: attack-tools ## Attack both APIs with EXAMPLES random requests to each operation, from SEED on
	POINTGRID_REQUIRE=all POINTGRID_ATTACK_EXAMPLES=$(EXAMPLES) POINTGRID_ATTACK_SEED=$(SEED) \
	  go test -count=1 -v -timeout 0 -run NotDocumented ./cmd/pointgrid ./cmd/partnersim

.PHONY: generate
generate: ## Write the generated code again
	go generate ./...

.PHONY: bench
bench: ## Run the Go benchmarks
	go test -run '^$$' -bench . -benchmem ./...

.PHONY: release
release: ## Build a release into dist/, signed with SIGN_KEY; see docs/release.md
	deploy/release/build.sh dist

.PHONY: release-check
release-check: ## Build a release in two folders, compare, and check it as its readers do
	POINTGRID_RELEASE=1 go test -count=1 -timeout 30m -run TestAReleaseIs ./cmd/pointgrid

# Packages with fuzz tests are found by their text, and each is built and linked once.
# Only code of ours is instrumented: libraries come as they are from the build cache.
.PHONY: fuzz
fuzz: ## Run every fuzz test for FUZZTIME (ONLY=./folder/... for those of one)
	@FUZZTIME=$(FUZZTIME) FUZZROOT=$(CURDIR) FUZZCACHE=$$(go env GOCACHE)/fuzz/pointgrid \
	  go test -v -count=1 -timeout 0 -vet=off -ldflags='-s -w' -gcflags='github.com/pointgrid/pointgrid/...=-d=libfuzzer' \
	  -exec $(CURDIR)/tools/fuzz/all $(or $(ONLY),$$(grep -rl --include='*_test.go' '^func Fuzz' . | xargs -n1 dirname | sort -u))
