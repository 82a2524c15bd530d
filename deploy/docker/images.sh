#!/bin/bash
# Builds every image of docker-compose.yml from static binaries and, for what is
# not ours, from this machine's files, under the tag "local": nothing is pulled.
# It is how the tests run the file; for anything else take the public images.
#
#   images.sh FABRIC_PROGRAMS VARIABLES
#
# FABRIC_PROGRAMS is a folder with peer, orderer, configtxgen and configtxlator.
# VARIABLES is a file that gets the names of the images for Docker Compose.
set -euo pipefail
programs=$1 variables=$2
root=$(cd "$(dirname "$0")/../.." && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
export DOCKER_BUILDKIT=0 # the builder that every engine has

cd "$root"
mkdir -p "$work/out"
CGO_ENABLED=0 go build -ldflags '-s -w' -o "$work/out/" \
  ./cmd/pointgrid ./cmd/chaincode ./cmd/partnersim ./deploy/docker/healthcheck

# bring NAME FILE…: copies files, and the libraries that they need, to an image's
# folder under the same paths.
bring() {
  local to=$work/$1 file needed
  shift
  for file in "$@"; do
    { ldd "$file" 2>/dev/null | grep -o '/[^ ]*' || true; } | sort -u | while read -r needed; do
      mkdir -p "$to$(dirname "$needed")" && { [ -e "$to$needed" ] || cp -L "$needed" "$to$needed"; }
    done
    mkdir -p "$to$(dirname "$file")" && cp -L "$file" "$to$file"
  done
}

# own NAME PROGRAM…: the layout of an image of ours.
own() {
  local to=$work/$1 program
  shift
  mkdir -p "$to/usr/local/bin"
  for program in "$@"; do cp "$program" "$to/usr/local/bin/"; done
}

# image NAME LINE…: builds an image from its folder.
image() {
  local name=$1
  shift
  { echo "FROM scratch"; echo "COPY . /"; printf '%s\n' "$@"; } >"$work/$name.Dockerfile"
  docker build --quiet --tag "pointgrid-local/$name:local" --file "$work/$name.Dockerfile" "$work/$name" >/dev/null
  echo "built pointgrid-local/$name:local"
}

own pointgrid "$work/out/pointgrid" "$work/out/healthcheck"
mkdir -m 1777 -p "$work/pointgrid/var/lib/pointgrid"
image pointgrid 'USER 10001:10001' 'ENTRYPOINT ["/usr/local/bin/pointgrid"]'

own chaincode "$work/out/chaincode" "$work/out/healthcheck"
image chaincode 'USER 10001:10001' 'ENTRYPOINT ["/usr/local/bin/chaincode"]'

own partnersim "$work/out/partnersim" "$work/out/healthcheck"
mkdir -m 1777 -p "$work/partnersim/var/lib/partnersim"
image partnersim 'USER 10001:10001' 'ENTRYPOINT ["/usr/local/bin/partnersim"]'

own network "$work/out/pointgrid" "$programs"/{peer,orderer,configtxgen,configtxlator}
for volume in orderer0 orderer1 orderer2 peer.utility peer.sky peer.mart peer.tel; do
  mkdir -m 1777 -p "$work/network/volumes/$volume"
done
image network 'USER 10001:10001' 'ENV POINTGRID_FABRIC_PROGRAMS=/usr/local/bin' 'ENTRYPOINT ["/usr/local/bin/pointgrid"]'

# Fabric's own images: the program, a shell and, for the peer, the builder of
# chaincode as a service where the public image has it.
own fabric-orderer "$programs/orderer"
bring fabric-orderer /bin/bash
image fabric-orderer 'ENV PATH=/usr/local/bin:/usr/bin:/bin'

own fabric-peer "$programs/peer"
bring fabric-peer /bin/bash /bin/sh /bin/grep /bin/cp /bin/mkdir
mkdir -p "$work/fabric-peer/opt/hyperledger/ccaas_builder" "$work/fabric-peer/tmp"
chmod 1777 "$work/fabric-peer/tmp"
cp -r deploy/fabric/builder/bin "$work/fabric-peer/opt/hyperledger/ccaas_builder/"
chmod 755 "$work"/fabric-peer/opt/hyperledger/ccaas_builder/bin/*
image fabric-peer 'ENV PATH=/usr/local/bin:/usr/bin:/bin'

# PostgreSQL: this machine's, with as much of the public image's entrypoint as the
# file uses.
postgres=$(ls -d /usr/lib/postgresql/*/bin 2>/dev/null | sort -V | tail -n 1)
if [ -z "$postgres" ]; then
  echo "images.sh: no PostgreSQL under /usr/lib/postgresql (Debian: apt-get install postgresql)" >&2
  exit 1
fi
version=$(basename "$(dirname "$postgres")")
bring postgres /bin/bash /bin/sh /bin/mkdir /bin/chmod /bin/cat /usr/bin/locale
bring postgres "$postgres"/{postgres,initdb,pg_isready,psql,pg_ctl}
find "/usr/lib/postgresql/$version/lib" -name '*.so' | while read -r library; do bring postgres "$library"; done
mkdir -p "$work/postgres/usr/share/postgresql" "$work/postgres/tmp" "$work/postgres/var/run/postgresql" \
  "$work/postgres/var/lib/postgresql/data" "$work/postgres/etc" "$work/postgres/usr/share"
cp -r "/usr/share/postgresql/$version" "$work/postgres/usr/share/postgresql/"
cp -rL /usr/share/zoneinfo "$work/postgres/usr/share/"
chmod 1777 "$work/postgres/tmp" "$work/postgres/var/run/postgresql" "$work/postgres/var/lib/postgresql/data"
echo 'postgres:x:999:999::/var/lib/postgresql:/bin/sh' >"$work/postgres/etc/passwd"
echo 'postgres:x:999:' >"$work/postgres/etc/group"
install -m 755 deploy/docker/postgres-entrypoint.sh "$work/postgres/entrypoint.sh"
image postgres "ENV PATH=$postgres:/usr/bin:/bin LC_ALL=C.UTF-8" 'USER 999:999' 'ENTRYPOINT ["/bin/bash", "/entrypoint.sh"]'

cat >"$variables" <<END
POINTGRID_IMAGE=pointgrid-local/pointgrid:local
POINTGRID_CHAINCODE_IMAGE=pointgrid-local/chaincode:local
POINTGRID_PARTNERSIM_IMAGE=pointgrid-local/partnersim:local
POINTGRID_NETWORK_IMAGE=pointgrid-local/network:local
FABRIC_ORDERER_IMAGE=pointgrid-local/fabric-orderer:local
FABRIC_PEER_IMAGE=pointgrid-local/fabric-peer:local
POSTGRES_IMAGE=pointgrid-local/postgres:local
END
