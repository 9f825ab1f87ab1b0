#!/usr/bin/env bash
# docs/errors.md and docs/configuration.md say what the program's own tables say.
set -euo pipefail
exec tools/reference.sh "${BUILD:-build}" --check
