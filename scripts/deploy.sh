#!/usr/bin/env bash
# Deploy every stack of an environment, with a Cognito user pool for the systems that take one.
# A wrapper over `make synth`, `make diff` and `make deploy`, which take the same with CDK_ARGS.
set -euo pipefail

readonly EXAMPLE="us-east-1_AbCdEfGhI"

usage() {
  cat <<EOF
Deploy an environment.

  scripts/deploy.sh --environment NAME --user-pool-id ID [--dry-run] [-- CDK OPTIONS]

  --environment NAME  one of: $(environments)
  --user-pool-id ID   the Cognito user pool whose users may call the systems that declare
                      user_pool=True, such as $EXAMPLE; the stack of each
                      of these systems makes a client in it
  --dry-run           deploy nothing: synthesize with all checks, and with credentials of AWS
                      show how that differs from what is deployed
  -h, --help          show this
  -- CDK OPTIONS      go to the CDK as they are, for example -- --require-approval never

Exit codes: 0 done, 1 it could not be synthesized or deployed, 2 wrong options.
EOF
}

environments() {
  local file names=()
  for file in environments/*.toml; do
    [[ $file == *.override.toml ]] && continue
    file=$(basename "$file" .toml)
    [[ $file == local ]] || names+=("$file")
  done
  echo "${names[*]}"
}

refuse() {
  echo "deploy.sh: $1" >&2
  echo "scripts/deploy.sh --help shows what it takes." >&2
  exit 2
}

has_credentials() {
  .venv/bin/python -c 'import boto3, sys; sys.exit(boto3.Session().get_credentials() is None)'
}

cd "$(dirname "${BASH_SOURCE[0]}")/.."
environment="" pool="" dry_run=""
while (($#)); do
  case $1 in
    --environment=* | --user-pool-id=*) set -- "${1%%=*}" "${1#*=}" "${@:2}" && continue ;;
    --environment | --user-pool-id)
      (($# > 1)) || refuse "$1 needs a value."
      [[ $1 == --environment ]] && environment=$2 || pool=$2
      shift
      ;;
    --dry-run) dry_run=yes ;;
    -h | --help) usage && exit 0 ;;
    --) shift && break ;;
    *) refuse "there is no option $1." ;;
  esac
  shift
done

[[ $environment ]] || refuse "--environment is missing: one of $(environments)."
[[ " $(environments) " == *" $environment "* ]] ||
  refuse "--environment $environment: there is no such environment to deploy; one of $(environments)."
[[ $pool ]] || refuse "--user-pool-id is missing, for example $EXAMPLE."
[[ $pool =~ ^[a-z]+(-[a-z]+)+-[0-9]+_[0-9A-Za-z]+$ ]] ||
  refuse "--user-pool-id $pool: is not an id of a Cognito user pool, such as $EXAMPLE."

# What the CDK is to get as it is passes through make, which expands $, and its shell.
run() {
  local target=$1 options=""
  shift
  (($#)) && options=$(printf ' %q' "$@")
  make --no-print-directory "$target" ENV="$environment" \
    CDK_ARGS="-c user_pool_id=$pool${options//\$/\$\$}" || exit 1
}

if [[ ! $dry_run ]]; then
  run deploy "$@"
  exit
fi
run synth "$@"
if has_credentials; then
  run diff "$@"
else
  echo "deploy.sh: synthesized, all checks passed. There are no credentials of AWS to compare with" \
    "what is deployed."
fi
