#!/usr/bin/env bash
# How long from a clone to a blackout in the browser, for somebody who has nothing but Debian's Python?
#
#   sudo bash hil_tests/benchmarks/first_impression.sh [ROOT]
#
# Makes (or uses) a minimal Debian root in ROOT with debootstrap, copies this checkout into it, and types the README's
# demo line there, word for word, twice: with an empty and with a filled download cache. The clock stops when the page
# itself says that the hub is an island.
set -euo pipefail

ROOT=${1:-/var/tmp/hallig-first-impression}
CLONE=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
PORT=18080
PATIENCE_S=300

if [[ ! -x $ROOT/usr/bin/python3 ]]; then
    debootstrap --variant=minbase --include=python3,python3-venv,ca-certificates bookworm "$ROOT"
fi
cp /etc/resolv.conf "$ROOT/etc/"
for settings in /etc/pip.conf /etc/ssl/certs/ca-certificates.crt; do # how this machine reaches the package index
    [[ ! -f $settings ]] || cp "$settings" "$ROOT$settings"
done
mountpoint -q "$ROOT/proc" || mount -t proc proc "$ROOT/proc"
mountpoint -q "$ROOT/dev" || mount --rbind /dev "$ROOT/dev"
trap 'umount -l "$ROOT/proc" "$ROOT/dev"' EXIT

LINE=$(grep -E '^python3 .*hallig demo$' "$CLONE/README.md")
rm -rf "$ROOT/root/.cache" # the first run downloads

for cache in empty filled; do
    rm -rf "$ROOT/root/hallig"
    mkdir -p "$ROOT/root/hallig"
    tar -C "$CLONE" --exclude=./.git --exclude-from="$CLONE/.gitignore" -cf - . | tar -C "$ROOT/root/hallig" -xf -
    began=$(date +%s.%N)
    env -i HOME=/root PATH=/usr/sbin:/usr/bin:/sbin:/bin LANG=C.UTF-8 setsid chroot "$ROOT" \
        /bin/bash -c "cd && cd hallig && $LINE --port $PORT" </dev/null >"$ROOT/root/demo.log" 2>&1 &
    group=$!
    until python3 -c "
import sys, urllib.request
page = urllib.request.urlopen('http://127.0.0.1:$PORT/?lang=en', timeout=1).read().decode()
sys.exit('Island' not in page)" 2>/dev/null; do
        kill -0 "$group" 2>/dev/null || { tail -20 "$ROOT/root/demo.log" >&2; exit 1; }
        (($(date +%s) < ${began%.*} + PATIENCE_S)) || { echo "not within $PATIENCE_S s" >&2; kill -TERM -- "-$group"; exit 1; }
        sleep 0.2
    done
    ended=$(date +%s.%N)
    kill -TERM -- "-$group"
    wait "$group" 2>/dev/null || true
    LC_ALL=C printf "download cache %s: %.0f s from the README line to an island on the page, 20 s of them the demo on grid\n" "$cache" "$(bc <<<"$ended - $began")"
done
