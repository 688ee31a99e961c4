#!/usr/bin/env bash
# Run all systems on this machine: `make up`, with the address of the reports API said first.
set -euo pipefail

if [[ ${1:-} == -h || ${1:-} == --help ]]; then
  cat <<'EOF'
Run all systems on this machine until Ctrl-C: no AWS account, no Docker.

  scripts/dev.sh [FRESH=1] [VERBOSE=1] [DATA=folder] [REPORT=file] [PORT_OFFSET=number]

The reports API is on http://localhost:3001. While it runs, in a second terminal:

  TOKEN=$(make -s token)
  curl -X POST http://localhost:3001/reports -H "Authorization: Bearer $TOKEN" \
    -d '{"title": "Test Report"}'

Options are those of `make up`; docs/local-platform.md tells the rest.
EOF
  exit 0
fi

cd "$(dirname "${BASH_SOURCE[0]}")/.."
echo "The reports API will be on http://localhost:3001 (chat: 3000, interactions: 3002)," \
  "unless you have moved the ports."
exec make --no-print-directory up "$@"
