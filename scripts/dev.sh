#!/usr/bin/env bash
# Run all systems on this machine: `make up`, with the addresses of their APIs said first.
set -euo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")/.."

# What the sections of the systems say; `make up` itself names every API once it serves.
addresses() {
  awk '/^\[/ { name = $0; gsub(/^\[systems\.|\]$/, "", name) }
       /^local_port/ { print "  " name ": http://localhost:" $3 }' environments/local.toml
}

if [[ ${1:-} == -h || ${1:-} == --help ]]; then
  cat <<EOF
Run all systems on this machine until Ctrl-C: no AWS account, no Docker.

  scripts/dev.sh [FRESH=1] [VERBOSE=1] [DATA=folder] [REPORT=file] [PORT_OFFSET=number]

Each system has an API of its own:

$(addresses)

A token for them, in a second terminal: TOKEN=\$(make -s token)
The README of each system in systems/ shows calls. Options are those of \`make up\`;
docs/local-platform.md tells the rest.
EOF
  exit 0
fi

echo "Each system will have an API of its own, unless you have moved the ports:"
addresses
exec make --no-print-directory up "$@"
