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

.PHONY: generate
generate: ## Write the generated code again
	go generate ./...

.PHONY: bench
bench: ## Run the Go benchmarks
	go test -run '^$$' -bench . -benchmem ./...

.PHONY: release
release: ## Build a release into dist/, signed with SIGN_KEY; see docs/release.md
	deploy/release/build.sh dist

.PHONY: fuzz
fuzz: ## Run every fuzz test for FUZZTIME
	@set -e; for pkg in $$(go list ./...); do \
	  for f in $$(go test -list '^Fuzz' $$pkg | grep '^Fuzz' || true); do \
	    echo "$$pkg $$f"; out=$$(go test -run '^$$' -fuzz "^$$f$$" -fuzztime $(FUZZTIME) $$pkg 2>&1) || { echo "$$out"; exit 1; }; \
	  done; done
