# One command each: run, test, check, build, bench. `make help` lists them.
GO        ?= go
GOARCH_TARGET ?= arm64
GOFLAGS_BUILD = -trimpath -ldflags="-s -w -buildid=" -tags lambda.norpc
FUNCTIONS := $(notdir $(patsubst %/,%,$(wildcard functions/*/)))
CACHE     ?= $(or $(XDG_CACHE_HOME),$(HOME)/.cache)/videovector-exports
TESTFLAGS ?=
SIZE      ?= 1GB
SEEDS     ?= 1000000
FROM      ?= 100000
SEED      ?=

.PHONY: help run test test-race test-crash test-crash-race test-kill soak mutants fuzz events world check validate build sbom bench screenshot neighbours large tools clean

help: ## this list
	@awk -F':.*## ' '/^[a-z-]+:.*## /{printf "  make %-15s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

run: ## the whole service on this machine, with demo data
	$(GO) run ./cmd/local

test: ## every test; installs the parts it needs into $(CACHE) and says so
	@scripts/test.sh $(TESTFLAGS)

test-race: ## every Go test under the race detector
	$(GO) test -race ./...

fuzz: ## every decoder and parser on made-up input, FUZZTIME=30s each
	@scripts/fuzz.sh

test-crash: ## 10,000 schedules of crashes, lost replies and late workers, one for each seed; SEED=n plays one and prints it
	$(GO) test -count=1 -v -timeout 30m -run '^TestSeeds$$' ./internal/simulation $(if $(SEED),-seed $(SEED))

test-crash-race: ## 2,000 of them under the race detector
	$(GO) test -race -count=1 -timeout 30m -run '^TestSeeds$$' ./internal/simulation -report

test-kill: ## 300 schedules of SIGKILL over real processes and emulators, one for each seed; SEED=n plays one
	$(GO) test -count=1 -v -timeout 40m -parallel 4 -run '^TestSchedules$$' ./internal/kill -worlds 2 $(if $(SEED),-seed $(SEED),-seeds 300)

soak: ## a million of them, from seed FROM on; takes hours
	$(GO) test -count=1 -v -timeout 0 -run '^TestSeeds$$' ./internal/simulation -seeds $(SEEDS) -from $(FROM)

mutants: ## plants one defect after the other, each of which a test must see
	$(GO) run ./internal/mutants $(if $(PASSED),-passed)

events: ## every fixture of events/ once, each reply compared with the stored one
	$(GO) test -count=1 -run '^TestReplays$$' ./cmd/local

world: ## what `sam local` needs: a container engine where there is none, DynamoDB Local, S3, the fixtures' records
	@scripts/world.sh

check: ## formatting, vet and the linters
	@scripts/check.sh

validate: ## the template, the HTTP description and the state machine under their own tools
	@scripts/validate.sh

build: $(addprefix build/,$(FUNCTIONS)) ## every function's bootstrap, for GOARCH_TARGET=arm64 or amd64

build/%: FORCE
	@mkdir -p $@
	CGO_ENABLED=0 GOOS=linux GOARCH=$(GOARCH_TARGET) $(GO) build $(GOFLAGS_BUILD) -o $@/bootstrap ./functions/$*

sbom: build ## what each function contains, in CycloneDX, below build/sbom
	@scripts/sbom.sh

bench: ## `vvx pack` against DuckDB, Polars, jq and gzip on SIZE of records (1GB; 100MB is quick), HTTP, starts, sizes
	$(GO) run ./internal/bench -size $(SIZE)

screenshot: ## the README's picture of the local service's page, made by a browser
	$(GO) test -count=1 -run '^TestScreenshot$$' ./cmd/local -update

neighbours: ## how one account slows another in the local service: one creates steadily, alone and beside one at ten times its limit; ten minutes
	$(GO) test -tags neighbours -count=1 -timeout 1h -v -run '^TestNeighbours$$' ./cmd/local

large: ## an export of 10 GB through the local service, sharded and verified; needs some 40 GB of disk and half an hour
	$(GO) test -tags large -count=1 -timeout 2h -v -run TestLargeExport ./cmd/local

clean: ## everything that was built, and the local service's data
	rm -rf build bin .aws-sam .local

# What `sam build` calls by way of scripts/sam: build-CreateExportFunction makes $(ARTIFACTS_DIR)/bootstrap out of functions/create-export.
build-%Function: FORCE
	CGO_ENABLED=0 GOOS=linux GOARCH=$(GOARCH_TARGET) $(GO) build $(GOFLAGS_BUILD) -o "$(ARTIFACTS_DIR)/bootstrap" \
		./functions/$(shell echo '$*' | sed -E 's/([a-z])([A-Z])/\1-\2/g' | tr A-Z a-z)

FORCE:
