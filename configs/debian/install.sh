#!/bin/sh
# Installs the Debian packages of the given lists (packages.txt where none is given) that are missing, as root or
# by sudo; else names them. Another system is left alone: the packages' names are Debian's.
set -eu
here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
command -v dpkg-query >/dev/null 2>&1 || exit 0

missing=""
for list in "${@:-packages.txt}"; do
    while read -r package; do
        state=$(dpkg-query -W -f='${db:Status-Status}' "$package" 2>/dev/null || true)
        [ "$state" = installed ] || missing="$missing $package"
    done <"$here/$list"
done
[ -n "$missing" ] || exit 0

if [ "$(id -u)" -eq 0 ]; then
    as_root=""
elif command -v sudo >/dev/null 2>&1 && sudo -n true 2>/dev/null; then
    as_root="sudo -n"
else
    echo "Debian packages are missing; as root: apt-get install --no-install-recommends$missing" >&2
    exit 1
fi
echo "Installing Debian packages:$missing"
$as_root apt-get update -qq
# shellcheck disable=SC2086
DEBIAN_FRONTEND=noninteractive $as_root apt-get install -y -qq --no-install-recommends $missing >/dev/null
