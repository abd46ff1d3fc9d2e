#!/bin/bash
# Everway as the device under test of an outside benchmark, which calls this with a verb and these variables:
#   BB_DIR  a directory of the run        BB_PEERS  a file, the address of a peer on each line
#   BB_TX_MS, BB_RX_MS, BB_MULT  timers   EVERWAY   the program, by default what this checkout has built
#   EVERWAY_ENGINE  its --engine, by default nothing, which leaves the choice to Everway
# "start" stays in the foreground, in the network namespace it is called in.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
everway=${EVERWAY:-$here/../../.build/release/everway}
: "${BB_DIR:?the directory of the run}"
case "${1:-}" in
gen)
	{
		echo "version: 1"
		echo "namespace: this"
		echo "egress-sysctls: false"
		echo "control: {socket: $BB_DIR/everway.sock}"
		echo "drain: {on-stop: false}"
		echo "bfd:"
		echo "  transmit-interval: ${BB_TX_MS}ms"
		echo "  receive-interval: ${BB_RX_MS}ms"
		echo "  detect-multiplier: $BB_MULT"
		echo "  listen: [0.0.0.0]"
		echo "  peers:"
		awk '{print "    - {name: p" NR ", address: " $1 "}"}' "$BB_PEERS"
	} >"$BB_DIR/everway.yaml"
	"$everway" check "$BB_DIR/everway.yaml" >"$BB_DIR/everway.check" 2>&1 || { cat "$BB_DIR/everway.check" >&2; exit 1; } ;;
start) exec "$everway" run --config "$BB_DIR/everway.yaml" --state-directory "$BB_DIR/state" --log-format text ${EVERWAY_ENGINE:+--engine "$EVERWAY_ENGINE"} ;;
configure) : ;;
count-up) "$everway" status sessions --socket "$BB_DIR/everway.sock" --json | grep -c '"local-state" : "up"' ;;
version) "$everway" --version 2>&1 | head -1 ;;
*) echo "$0: unknown verb '${1:-}': gen, start, configure, count-up or version" >&2; exit 2 ;;
esac
