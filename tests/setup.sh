#!/bin/sh
# Installs what the tests need beside Python packages: by apt when this is root on Debian, else by a clear message.
set -eu

missing=""
command -v nginx >/dev/null 2>&1 || missing="$missing nginx-light"
command -v tmux >/dev/null 2>&1 || missing="$missing tmux"
command -v strace >/dev/null 2>&1 || missing="$missing strace"
[ -n "$missing" ] || exit 0

if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
    export DEBIAN_FRONTEND=noninteractive
    apt-get update -qq >/dev/null
    # shellcheck disable=SC2086 -- a list of package names
    apt-get install -y -qq --no-install-recommends $missing >/dev/null
else
    echo "The tests need:$missing. Install them with your system's package manager, then run make test again" >&2
    echo "(on Debian: sudo apt-get install$missing)." >&2
    exit 1
fi
