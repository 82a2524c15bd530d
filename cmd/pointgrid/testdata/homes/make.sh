#!/usr/bin/env bash
# Makes the fixture of a release: a sandbox that the program of an earlier commit
# filled and stopped, packed, and what that program's own verification said of it.
#
#   cmd/pointgrid/testdata/homes/make.sh COMMIT NAME [flags of that sandbox]
set -euo pipefail
commit=$1 name=$2
shift 2
here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
root=$(git -C "$here" rev-parse --show-toplevel)
commit=$(git -C "$root" rev-parse "$commit^{commit}")
git -C "$root" archive -o "$work/source.tar" "$commit"
mkdir "$work/source" "$work/box"
tar -x -C "$work/source" -f "$work/source.tar"
(cd "$work/source" && go build -buildvcs=false -o "$work/pointgrid" ./cmd/pointgrid)
"$work/pointgrid" sandbox --addr 127.0.0.1:0 --dir "$work/box" "$@" >"$work/out" 2>&1 &
pid=$!
for _ in $(seq 600); do
  grep -q 'Ctrl-C ends it' "$work/out" && break
  kill -0 $pid 2>/dev/null || { cat "$work/out"; exit 1; }
  sleep 0.5
done
kill -TERM $pid
wait $pid
{
  echo "commit $commit"
  "$work/pointgrid" verify "$work/box/gateway"
} >"$here/$name.txt"
rm -rf "$work/box/tokens" "$work/box/network"
sed -i "s#$work/box#@DIR@#g" "$work/box/pointgrid.yaml"
tar -C "$work/box" --sort=name --owner=0 --group=0 --numeric-owner -c . | gzip -9n >"$here/$name.tar.gz"
ls -l "$here/$name".*
cat "$here/$name.txt"
