# make help lists the targets.
SHELL := /bin/bash
.DEFAULT_GOAL := help
# The toolchain need not be on PATH.
export PATH := $(PATH):/opt/swift/usr/bin
SWIFT ?= swift
RELEASE := -c release --static-swift-stdlib --product everway
# Tests that use the network run in three jobs side by side, in each one after the other; the others share the cores.
PURE := AddressesTests|ObservationTests|HistoryTests|OpenMetricsTests|DoctorTests|BFDTests|CaptureTests|FirewallTests|SpeakerLoadTests|KubeOVNTests|KubernetesProtocolTests|PeerProbeTests|OpenBFDDTests|OVSDBProtocolTests|YAMLTests|ConfigurationFileTests|NamespaceDiagnosisTests|FuzzTests
INTEROP := InteropTests
GATEWAY := NetworkNamespacesTests|CollectorsTests|NetlinkTests|WaysTests|EBPFTests|XDPSocketsTests|SpeakerTests|ProbingTests|GatewayTests|BeaconTests
COMMANDS := ControlTests|JournalTests|ObserverTests|PeerProberTests|CommandTests|LabTests|OVSDBTests|KubernetesTests|DeployTests|ClusterSourcesTests

.PHONY: help
help: ## list the targets
	@awk -F':.*## ' '/^[a-z-]+:.*## / {printf "  make %-16s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

.PHONY: demo
demo: build ## build, then show a gateway in a lab: three routers, two failures, a table
	@$$($(SWIFT) build $(RELEASE) --show-bin-path)/everway lab demo

.PHONY: demo-ovn
demo-ovn: build ## build, then show two gateways of a Kube-OVN cluster: real OVN and Kubernetes API (built once, 3 minutes), seven faults, a table
	@Scripts/kube-apiserver >/dev/null || [ $$? -eq 3 ]
	@$$($(SWIFT) build $(RELEASE) --show-bin-path)/everway lab demo-ovn

.PHONY: test
test: setup lint ## install what is missing, build, run every test
	$(SWIFT) build --build-tests
	@Scripts/kube-apiserver || [ $$? -eq 3 ]
	$(SWIFT) test --skip-build --filter '$(PURE)'
	$(SWIFT) test --skip-build --filter 'SimulationTests'
	@# Fuzzing builds everything once more: below the others, while they wait for the network.
	@# So does counting instructions, of the few targets that a packet passes.
	@nice -n 19 bash -c 'Scripts/fuzz 3 && Scripts/count-instructions' >.build/fuzzing.log 2>&1 & fuzzing=$$!; \
	Scripts/test-network interop='$(INTEROP)' gateway='$(GATEWAY)' commands='$(COMMANDS)'; status=$$?; \
	[ $$status -ne 0 ] || Scripts/test-web || status=1; \
	if [ $$status -ne 0 ]; then kill $$fuzzing; exit $$status; fi; \
	wait $$fuzzing || status=1; cat .build/fuzzing.log; exit $$status
	Scripts/test-alerts

.PHONY: build
build: ## the release binary, statically linked
	@Scripts/setup lab
	$(SWIFT) build $(RELEASE)

.PHONY: setup
setup: ## install what building and testing need (Debian)
	@Scripts/setup

.PHONY: install
install: DESTINATION = $(DESTDIR)$(or $(PREFIX),/usr/local)
install: build ## into $(PREFIX), /usr/local by default; with OpenBFDD's names, and kubectl's plugin, as links
	install -D -s -m 0755 "$$($(SWIFT) build $(RELEASE) --show-bin-path)/everway" "$(DESTINATION)/sbin/everway"
	for name in bfdd-beacon bfdd-control; do ln -sf everway "$(DESTINATION)/sbin/$$name" || exit 1; done
	install -d "$(DESTINATION)/bin" && ln -sf ../sbin/everway "$(DESTINATION)/bin/kubectl-everway"
	for page in everway bfdd-beacon bfdd-control kubectl-everway; do \
	  install -D -m 0644 docs/man/$$page.8 "$(DESTINATION)/share/man/man8/$$page.8" && \
	  install -D -m 0644 docs/man/$$page.zh_CN.8 "$(DESTINATION)/share/man/zh_CN/man8/$$page.8" || exit 1; done

.PHONY: deb
deb: build ## a Debian package, in .build/deb
	@Scripts/deb "$$($(SWIFT) build $(RELEASE) --show-bin-path)/everway" .build/deb

.PHONY: soak
soak: ## simulate with fresh seeds for SECONDS_TO_RUN (default 600)
	EVERWAY_SOAK_SECONDS=$(or $(SECONDS_TO_RUN),600) $(SWIFT) test --filter SimulationTests

.PHONY: fuzz
fuzz: ## every parser, and sessions, fed hostile octets: FUZZ_SECONDS each (default 600), one TARGET or all
	Scripts/fuzz $(or $(FUZZ_SECONDS),600) $(TARGET)

.PHONY: bench
bench: setup ## measure everything, beside BIRD, FRR and OpenBFDD, and write Benchmarks/RESULTS.md: ARGS='--list', '--only failover', '--again'
	@Scripts/bench $(ARGS)

.PHONY: bench-failover
bench-failover: setup ## from the end of the detection time to the kernel's acknowledgement
	$(SWIFT) run -c release FailoverBenchmark

.PHONY: bench-speakers
bench-speakers: build ## what a BFD packet costs, beside BIRD, FRR and OpenBFDD: ARGS='--quick', '--curve', 'stress', 'suspend'
	$(SWIFT) build -c release --static-swift-stdlib --product SpeakerBenchmark
	@$$($(SWIFT) build $(RELEASE) --show-bin-path)/SpeakerBenchmark $(ARGS)

.PHONY: bench-instructions
bench-instructions: setup ## instructions for a packet, compared with the committed figures: ARGS='--write', '--profile'
	@Scripts/count-instructions $(ARGS)

.PHONY: lint
lint: ## check the format
	$(SWIFT) format lint --strict --recursive Sources Tests Fuzz Package.swift $(wildcard Benchmarks)

.PHONY: format
format: ## format in place
	$(SWIFT) format --in-place --recursive Sources Tests Fuzz Package.swift $(wildcard Benchmarks)

.PHONY: clean
clean: ## remove what was built
	rm -rf .build
