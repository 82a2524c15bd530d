#!/usr/bin/env bash
# Builds a release from a clean checkout, byte for byte the same wherever it is built
# with the same version of Go. docs/release.md says how, and how one is checked.
#
#   deploy/release/build.sh [OUT]       OUT is dist when not given
#
# PLATFORMS  what to build for; default: linux and darwin on amd64 and arm64
# PROGRAMS   of cmd/; default: all that are released
# SIGN_KEY   private SSH key that signs the checksums; without it they are not signed
set -euo pipefail
cd "$(dirname "$0")/../.."
out=$(mkdir -p "${1:-dist}" && cd "${1:-dist}" && pwd)
platforms=${PLATFORMS:-linux/amd64 linux/arm64 darwin/amd64 darwin/arm64}
programs=${PROGRAMS:-pointgrid chaincode partnersim}
export CGO_ENABLED=0 LC_ALL=C TZ=UTC GOFLAGS=-mod=readonly
export SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH:-$(git log -1 --format=%ct)}
umask 022

if [ -n "$(git status --porcelain --untracked-files=no)" ]; then
  echo "the checkout has changes that are not committed: a release is built from a commit" >&2
  exit 1
fi
version=$(git describe --tags --always --abbrev=12)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

go build -o "$work/here" ./cmd/pointgrid
for platform in $platforms; do
  name=pointgrid_${version}_${platform/\//_}
  mkdir "$work/$name"
  # The commit is in the program by -buildvcs, folders of this machine are not by -trimpath.
  GOOS=${platform%/*} GOARCH=${platform#*/} go build -trimpath -buildvcs=true -ldflags "-s -w -buildid=" \
    -o "$work/$name/" $(printf './cmd/%s ' $programs)
  for program in $programs; do
    "$work/here" version --sbom "$work/$name/$program" >"$work/$name/$program.cdx.json"
  done
  cp README.md "$work/$name/"
  chmod -R u=rwX,go=rX "$work/$name"
  tar -C "$work" --sort=name --format=ustar --owner=0 --group=0 --numeric-owner --mtime="@$SOURCE_DATE_EPOCH" -c "$name" |
    gzip -n -9 >"$out/$name.tar.gz"
  for program in $programs; do
    cp "$work/$name/$program.cdx.json" "$out/${name/pointgrid_/${program}_}.cdx.json"
  done
done
(cd "$out" && sha256sum -- *_"$version"_* >SHA256SUMS)
if [ -n "${SIGN_KEY:-}" ]; then
  rm -f "$out/SHA256SUMS.sig"
  ssh-keygen -q -Y sign -f "$SIGN_KEY" -n pointgrid-release "$out/SHA256SUMS"
fi
cat "$out/SHA256SUMS"
